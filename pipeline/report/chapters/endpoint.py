"""The chapter on the endpoint."""

from eval.bench.result import BenchResult
from pipeline.base.format import number
from pipeline.report.cells import numbers, shown, word, words
from pipeline.report.chapter import Chapter
from pipeline.report.document import Section, Table
from pipeline.report.inputs import Inputs
from serve.result import ServeResult


def endpoint_section(inputs: Inputs) -> Section:
    """Return what was tried against the running endpoint."""
    endpoint, say = inputs.endpoint, inputs.say.endpoint
    rows = tuple(
        (
            word(inputs.say.stored.check_name(check.name)),
            word(say.passed, "good") if check.passed else word(say.failed, "bad"),
            word(inputs.say.stored.text(check.phrase, check.detail)),
            shown(inputs.evidence, check, "seconds", lambda value: number(value, 2)),
        )
        for check in endpoint.checks
    )
    return Section(
        id="endpoint",
        title=say.title,
        paragraphs=(
            say.started(
                say.with_tls if endpoint.tls else say.without_tls,
                ", ".join(endpoint.routes),
                endpoint.gateway_version,
                endpoint.engine_version,
                endpoint.kernel,
            ),
        ),
        tables=(
            Table(
                id="endpoint-checks",
                title=say.table,
                columns=(*words(*say.columns[:3]), *numbers(*say.columns[3:])),
                rows=rows,
                origin="measured",
                sources=inputs.sources("serve"),
            ),
        ),
    )


def endpoint_limits(inputs: Inputs) -> tuple[str, ...]:
    """Return what the smoke test does not answer."""
    say = inputs.say.endpoint
    return (say.limit_speed if inputs.has(BenchResult) else say.limit_load,)


ENDPOINT = Chapter(
    id="endpoint",
    write=endpoint_section,
    needs=(ServeResult,),
    limits=endpoint_limits,
    absent=lambda say: say.endpoint.absent,
)
