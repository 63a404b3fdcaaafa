"""The chapter on where the time goes."""

from eval.profile.result import ArmProfile, ProfileResult
from eval.profile.trace import Operation
from pipeline.base.format import count, decimal, share, size
from pipeline.report.cells import figure, numbers, shown, word, words
from pipeline.report.chapter import Chapter
from pipeline.report.chapters.throughput import length
from pipeline.report.document import Cell, Section, Table
from pipeline.report.inputs import Inputs

_MS = 1000


def profile_section(inputs: Inputs) -> Section:
    """Return the costliest kernels or operators of every arm."""
    found, say = inputs.profile, inputs.say.profile
    return Section(
        id="profile",
        background=True,
        title=say.title,
        paragraphs=(
            say.method(
                say.amount(found.iterations, "step"),
                str(found.concurrency),
                length(found.input_tokens),
                length(found.output_tokens),
            ),
        ),
        tables=(*(operations_table(one, inputs) for one in found.arms), _files(inputs)),
    )


def operations_table(one: ArmProfile, inputs: Inputs, *, prefix: str = "profile", most: int | None = None) -> Table:
    """Return an arm's costliest operations, and what the others come to."""
    say, profile = inputs.say.profile, one.profile
    rows = tuple(_row(operation, inputs) for operation in profile.operations[:most])
    return Table(
        id=f"{prefix}-{one.arm}",
        title=say.table(say.title_of(one.arm), say.kinds[profile.of]),
        columns=(*words(say.columns[0]), *numbers(*say.columns[1:])),
        rows=rows,
        origin="measured",
        note=say.note(one.kernel),
        sources=inputs.sources(ProfileResult.STAGE),
    )


def _row(operation: Operation, inputs: Inputs) -> tuple[Cell, ...]:
    evidence = inputs.evidence
    return (
        word(operation.name),
        shown(evidence, operation, "calls", count),
        figure(operation.self_s, lambda seconds: decimal(seconds * _MS, 1), evidence=evidence.of(operation, "self_s")),
        shown(evidence, operation, "share", share),
    )


def _files(inputs: Inputs) -> Table:
    say, evidence = inputs.say.profile, inputs.evidence
    rows = tuple(
        (word(f"{ProfileResult.STAGE}/{trace.name}"), shown(evidence, trace, "bytes", size), word(trace.sha256))
        for one in inputs.profile.arms
        for trace in one.traces
    )
    return Table(
        id="profile-traces",
        title=say.traces,
        columns=(*words(say.trace_columns[0]), *numbers(say.trace_columns[1]), *words(say.trace_columns[2])),
        rows=rows,
        origin="measured",
        note=say.perfetto,
        sources=inputs.sources(ProfileResult.STAGE),
    )


PROFILE = Chapter(id="profile", write=profile_section, needs=(ProfileResult,))
