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
    endpoint = inputs.endpoint
    rows = tuple(
        (
            word(check.name),
            word("passed", "good") if check.passed else word("failed", "bad"),
            word(check.detail),
            shown(inputs.evidence, check, "seconds", lambda value: number(value, 2)),
        )
        for check in endpoint.checks
    )
    encrypted = "with TLS" if endpoint.tls else "without TLS"
    return Section(
        id="endpoint",
        title="Endpoint",
        paragraphs=(
            (
                f"The AWQ model was started behind its gateway {encrypted}, and the checks below were run against "
                f"it. Routes let through: {', '.join(endpoint.routes)}. Gateway {endpoint.gateway_version}, engine "
                f"{endpoint.engine_version}, kernel {endpoint.kernel}."
            ),
        ),
        tables=(
            Table(
                id="endpoint-checks",
                title="Smoke test",
                columns=(*words("Check", "Result", "Detail"), *numbers("Seconds")),
                rows=rows,
                origin="measured",
                sources=inputs.sources("serve"),
            ),
        ),
    )


def endpoint_limits(inputs: Inputs) -> tuple[str, ...]:
    """Return what the smoke test does not answer."""
    if not inputs.has(BenchResult):
        return ("Speed through the gateway: the checks are single requests, and none was timed under load.",)
    return ("Speed through the gateway: throughput and latency were measured at the engine, without TLS and API keys.",)


ENDPOINT = Chapter(
    id="endpoint",
    write=endpoint_section,
    needs=(ServeResult,),
    limits=endpoint_limits,
    absent=lambda _say: "The endpoint: gateway, TLS and API keys were not tested in this run.",
)
