"""Speed and latency of runs against the first: refused where a ranking would refuse them, too."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from eval.bench.comparison import deciding_repeats
from eval.bench.rank.entry import Entry
from eval.bench.rank.likeness import differences
from eval.bench.rank.runs import entries_of
from eval.bench.result import BenchResult, Latency, LoadPoint
from eval.statistics.repeats import CONFIDENCE, each_of, geometric_mean, mean_interval, ratio_interval
from pipeline.base.errors import AwqctlError
from pipeline.record.record import RunRecord
from pipeline.runs.result import FigureRow, Refusal, RunFigure, Verdict

_LATENCIES = (("ttft", "TTFT p50"), ("tpot", "TPOT p50"))


@dataclass(frozen=True)
class _Question:
    """One figure of every run, with its repeats."""

    name: str
    unit: str
    runs: Mapping[str, Sequence[float]]


def speed_rows(
    runs: Mapping[str, Path], records: Mapping[str, RunRecord]
) -> tuple[tuple[FigureRow, ...], tuple[Refusal, ...]]:
    """Return throughput and median latencies of every arm that all runs measured, and what is not compared.

    Args:
        runs: output folders by name, the first one before all others.
        records: the same.
    """
    benches = {name: bench for name, record in records.items() if (bench := record.find(BenchResult))}
    if lacking := [name for name in records if name not in benches]:
        return (), (Refusal(topic="speed", what="all figures", why=f"{', '.join(lacking)} has no benchmark"),)
    questions: list[_Question] = []
    refused: list[Refusal] = []
    first = next(iter(benches.values()))
    for arm in [load.arm for load in first.arms if all(bench.has_arms(load.arm) for bench in benches.values())]:
        for one in _questions(arm, runs, benches):
            if isinstance(one, Refusal):
                refused.append(one)
            else:
                questions.append(one)
    if not questions and not refused:
        refused.append(Refusal(topic="speed", what="all figures", why="no arm was measured by all runs"))
    each = each_of(CONFIDENCE, max(1, len(questions) * (len(runs) - 1)))
    deciding = {name: deciding_repeats(bench) for name, bench in benches.items()}
    return tuple(_row(one, each, deciding) for one in questions), tuple(refused)


def _questions(arm: str, runs: Mapping[str, Path], benches: Mapping[str, BenchResult]) -> Iterator[_Question | Refusal]:
    """Yield the figures of an arm at every concurrency that all runs have; why others are not compared."""
    try:
        entries = dict(zip(runs, entries_of(list(runs.values()), arm), strict=True))
    except AwqctlError as problem:
        yield Refusal(topic="speed", what=arm, why=problem.message)
        return
    unlike = differences({name: entry.settings for name, entry in entries.items()})
    if unlike:
        yield Refusal(topic="speed", what=arm, why=f"load or engine differ in {'; '.join(map(str, unlike))}")
        return
    levels = sorted({level for entry in entries.values() for level in (*entry.levels, *entry.void)})
    for level in levels:
        if why := _why_not(level, entries):
            yield Refusal(topic="speed", what=f"{arm} at concurrency {level}", why=why)
        else:
            yield from _at(level, arm, entries, benches)


def _why_not(level: int, entries: Mapping[str, Entry]) -> str:
    void = [f"{name} is void: {'; '.join(entry.void[level])}" for name, entry in entries.items() if level in entry.void]
    lacking = [name for name, entry in entries.items() if level not in entry.levels and level not in entry.void]
    without = [f"not measured by {', '.join(lacking)}"] if lacking else []
    return "; ".join((*void, *without))


def _at(level: int, arm: str, entries: Mapping[str, Entry], benches: Mapping[str, BenchResult]) -> Iterator[_Question]:
    throughput = {name: entry.levels[level].output_tokens_per_s_runs for name, entry in entries.items()}
    yield _Question(f"{arm}, output throughput at {level}", "tokens/s", throughput)
    points = {name: _point(bench, arm, level) for name, bench in benches.items()}
    for field, title in _LATENCIES:
        runs = {name: _medians(getattr(point, field)) for name, point in points.items()}
        if all(runs.values()):
            yield _Question(f"{arm}, {title} at {level}", "ms", runs)


def _point(bench: BenchResult, arm: str, level: int) -> LoadPoint:
    return next(point for point in bench.points_of(arm) if point.concurrency == level)


def _medians(latency: Latency) -> tuple[float, ...]:
    return latency.p50_ms_runs


def _row(question: _Question, each: float, deciding: Mapping[str, int | None]) -> FigureRow:
    (first, reference), *_ = question.runs.items()
    return FigureRow(
        topic="speed",
        name=question.name,
        unit=question.unit,
        origin="measured",
        runs={
            name: _figure(runs, None if name == first else reference, each, _first(deciding, name, first))
            for name, runs in question.runs.items()
        },
    )


def _first(deciding: Mapping[str, int | None], *runs: str) -> int | None:
    return min((first for run in runs if (first := deciding[run]) is not None), default=None)


def _figure(runs: Sequence[float], reference: Sequence[float] | None, each: float, first: int | None) -> RunFigure:
    value, own = geometric_mean(runs), mean_interval(runs, CONFIDENCE, first=first)
    if reference is None:
        return RunFigure(value=value, interval=own)
    between = ratio_interval(runs, reference, each, first=first)
    base = geometric_mean(reference)
    return RunFigure(
        value=value,
        interval=own,
        against_first=value / base if base else None,
        against_first_interval=between,
        verdict=_verdict(between, repeated=min(len(runs), len(reference)) > 1),
    )


def _verdict(between: tuple[float, float] | None, *, repeated: bool) -> Verdict:
    if not repeated:
        return "not repeated"
    if between is None or between[0] <= 1 <= between[1]:
        return "not decided"
    return "higher" if between[0] > 1 else "lower"
