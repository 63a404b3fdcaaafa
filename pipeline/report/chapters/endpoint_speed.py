"""Servers that somebody runs already, and loads that come at a rate: their tables in the chapter on throughput."""

from collections.abc import Iterator

from eval.bench.load.endpoint_result import EndpointArm, EndpointPoint
from eval.bench.result import BenchResult
from eval.bench.runs import LoadRun
from pipeline.base.format import count, plain
from pipeline.report.cells import numbers, shown, word, words
from pipeline.report.document import Cell, Table
from pipeline.report.inputs import Inputs


def endpoint_tables(inputs: Inputs) -> tuple[Table, ...]:
    """Return a line for each load on such a server, with what could not be checked; no table where there are none."""
    say, arms = inputs.say.endpoint_speed, inputs.load.endpoints
    if not arms:
        return ()
    missing = dict.fromkeys(line for arm in arms for point in arm.load.points for line in _missing(point, inputs))
    table = Table(
        id="endpoint-speed",
        title=say.table,
        columns=(*words(*say.columns[:2]), *numbers(*say.columns[2:6]), *words(*say.columns[6:])),
        rows=tuple(_row(arm, point, inputs) for arm, point in _points(arms)),
        origin="measured",
        note=f"{say.note} {say.not_checked('; '.join(missing))}" if missing else say.note,
        sources=inputs.sources(BenchResult.STAGE),
    )
    return (table,)


def open_loop_tables(inputs: Inputs) -> tuple[Table, ...]:
    """Return a line for each arm at each rate; no table where none was offered."""
    say, evidence = inputs.say.endpoint_speed, inputs.evidence
    rows = tuple(
        (
            word(say.title_of(load.arm)),
            shown(evidence, loop, "rate_per_s"),
            shown(evidence, loop, "requests", count),
            *_figures(loop.run, inputs),
            shown(evidence, loop.run, "peak_concurrency", count),
            word(
                "; ".join(inputs.say.stored.texts(loop.run.phrases, loop.run.void)) or say.stands,
                "bad" if loop.run.void else "plain",
            ),
        )
        for load in inputs.load.arms
        for loop in load.open_loop
    )
    table = Table(
        id="open-loop",
        title=say.rates,
        columns=(*words(*say.rates_columns[:1]), *numbers(*say.rates_columns[1:8]), *words(*say.rates_columns[8:])),
        rows=rows,
        origin="measured",
        note=say.rates_note,
        sources=inputs.sources(BenchResult.STAGE),
    )
    return (table,) if rows else ()


def _missing(point: EndpointPoint, inputs: Inputs) -> Iterator[str]:
    """Yield the conditions that could not be checked, and why."""
    say = inputs.say.stored
    for name, why in point.not_checked.items():
        yield f"{say.condition_name(name)} ({say.text(point.not_checked_said.get(name), why)})"


def _figures(run: LoadRun, inputs: Inputs) -> tuple[Cell, ...]:
    if run.figures is None:
        return (word(""),) * 4
    evidence = inputs.evidence
    whole = shown(evidence, run.figures, "whole_run_output_tokens_per_s")
    ttft, e2e = run.figures.ttft_ms, run.figures.e2e_ms
    return (whole, *(shown(evidence, part, name) for part, name in ((ttft, "mean"), (ttft, "p95"), (e2e, "p95"))))


def _points(arms: tuple[EndpointArm, ...]) -> Iterator[tuple[EndpointArm, EndpointPoint]]:
    for arm in arms:
        for point in arm.load.points:
            yield arm, point


def _row(arm: EndpointArm, point: EndpointPoint, inputs: Inputs) -> tuple[Cell, ...]:
    say, evidence = inputs.say.endpoint_speed, inputs.evidence
    level = str(point.concurrency) if point.concurrency else say.rate(plain(point.rate_per_s or 0.0))
    times = (point.ttft_ms, point.tpot_ms)
    reasons = "; ".join(inputs.say.stored.texts(point.phrases, point.void or ()))
    return (
        word(say.server(arm.arm, arm.load.model)),
        word(level),
        shown(evidence, point, "requests", count),
        shown(evidence, point, "output_tokens_per_s"),
        *(shown(evidence, latency, "mean") for latency in times),
        word(reasons or say.stands, "bad" if reasons else "plain", evidence=evidence.of(point, "void")),
    )
