"""What each user gets against what a GPU gives, at every level of every run, and which of them no other beats. Pure."""

from collections.abc import Sequence

from eval.bench.per_user import unbeaten
from eval.bench.rank.entry import Entry, Level
from eval.statistics.repeats import geometric_mean
from pipeline.base.results import Result

_MS_PER_S = 1000.0


class FrontierPoint(Result):
    """One run at one concurrency, by the means of its repeats."""

    run: str
    concurrency: int
    tokens_per_s_per_user: float
    """Of a stream once it has begun: one over the median TPOT."""
    tokens_per_s_per_gpu: float
    """Of all users together; of the machine where the engine ran without a GPU."""
    unbeaten: bool
    """Whether it is on the Pareto frontier."""


def frontier(entries: Sequence[Entry], concurrency: int | None = None) -> tuple[FrontierPoint, ...]:
    """Return the levels of all runs whose GPUs and TPOT are known, overload left out.

    Args:
        entries: the runs.
        concurrency: at which they are compared; None for all.
    """
    found = [
        (entry.name, level, _MS_PER_S / geometric_mean(level.tpot_p50_ms_runs), _per_gpu(entry, level))
        for entry in entries
        if entry.gpus is not None
        for level in entry.levels.values()
        if concurrency in (None, level.concurrency) and not level.overloaded and min(level.tpot_p50_ms_runs, default=0)
    ]
    marks = unbeaten([(user, gpu) for _, _, user, gpu in found])
    return tuple(
        FrontierPoint(
            run=run,
            concurrency=level.concurrency,
            tokens_per_s_per_user=user,
            tokens_per_s_per_gpu=gpu,
            unbeaten=mark,
        )
        for (run, level, user, gpu), mark in zip(found, marks, strict=True)
    )


def not_on_frontier(entries: Sequence[Entry], concurrency: int | None = None) -> dict[str, str]:
    """Return the runs of which `frontier` has no point, and why."""
    found = {point.run for point in frontier(entries, concurrency)}
    return {entry.name: _why_not(entry, concurrency) for entry in entries if entry.name not in found}


def _why_not(entry: Entry, concurrency: int | None) -> str:
    if entry.gpus is None:
        return "its GPUs are not known"
    levels = [level for level in entry.levels.values() if concurrency in (None, level.concurrency)]
    return "it was measured in overload alone" if all(level.overloaded for level in levels) else "TPOT is not known"


def _per_gpu(entry: Entry, level: Level) -> float:
    return level.output_tokens_per_s / (entry.gpus or 1)
