"""Crossovers of a sweep: up to which concurrency an arm wins, by speed and by what is of use at the service level."""

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from eval.bench.comparison import each_interval, speed_ratios
from eval.bench.crossover import Crossover, Level, crossover
from eval.bench.goodput import ServiceCapacity, service_capacity
from eval.bench.load.service import Goodput
from eval.bench.result import BenchResult, LoadPoint
from eval.statistics.repeats import Interval, geometric_mean, mean_interval, ratio_interval
from pipeline.recipe.arms import AWQ, BASELINE

Comparison = Literal["throughput", "goodput"]
"""At equal concurrency on the same GPU: output tokens per second of all requests, or of those that kept the service
level."""


@dataclass(frozen=True)
class ArmCrossover:
    """One arm against the reference."""

    arm: str
    reference: str
    comparison: Comparison
    levels: tuple[Level, ...]
    points: tuple[tuple[LoadPoint, LoadPoint], ...]
    """The reference's and the arm's, at each level."""
    crossover: Crossover
    overloaded: tuple[int, ...]
    """Concurrencies that are left out because one of both was overloaded."""


def speed_crossover(bench: BenchResult, arm: str = AWQ, reference: str = BASELINE) -> ArmCrossover:
    """Return up to which concurrency an arm makes more output tokens per second than the reference."""
    ratios = sorted(speed_ratios(bench, arm=arm, reference=reference), key=lambda one: one.concurrency)
    levels = tuple(Level(one.concurrency, one.value, one.interval) for one in ratios)
    points = tuple(one.points for one in ratios)
    left_out = overloaded(bench, arm, reference)
    return ArmCrossover(arm, reference, "throughput", levels, points, crossover(levels), left_out)


def goodput_crossover(bench: BenchResult, arm: str = AWQ, reference: str = BASELINE) -> ArmCrossover | None:
    """Return the same of the tokens that are of use; None where no service level was agreed.

    A level at which one of both has no goodput in a run has no ratio and decides nothing; nor then is anything said of
    every level. Where both have none throughout, there is nothing to compare.
    """
    if bench.service_level is None:
        return None
    pairs = [pair for pair in _pairs(bench, arm, reference) if not any(one.overloaded for one in pair)]
    found = [(pair, [[run.output_tokens_per_s for run in goodput_runs(one)] for one in pair]) for pair in pairs]
    kept = [(pair, runs) for pair, runs in found if all(one and min(one) > 0 for one in runs)]
    confidence, first = each_interval(bench)
    levels = tuple(
        Level(
            pair[0].concurrency,
            geometric_mean(runs[1]) / geometric_mean(runs[0]),
            ratio_interval(runs[1], runs[0], confidence, first=first),
        )
        for pair, runs in kept
    )
    without = [pair[0].concurrency for pair, runs in found if (pair, runs) not in kept and any(map(any, runs))]
    points, left_out = tuple(one for one, _ in kept), overloaded(bench, arm, reference)
    return ArmCrossover(arm, reference, "goodput", levels, points, _beside(crossover(levels), without), left_out)


def _beside(found: Crossover, undecided: Sequence[int]) -> Crossover:
    """Return a crossover beside levels of which nothing is decided."""
    if not undecided:
        return found
    everywhere = found.kind in ("above the highest", "below the lowest")
    return found.model_copy(
        update={
            "kind": "not decided" if everywhere else found.kind,
            "undecided_at": tuple(sorted((*found.undecided_at, *undecided))),
        }
    )


def overloaded(bench: BenchResult, *arms: str) -> tuple[int, ...]:
    """Return the concurrencies at which one of these arms was overloaded."""
    return tuple(sorted({one.concurrency for arm in arms for one in bench.points_of(arm) if one.overloaded}))


def capacity_at_service_level(bench: BenchResult, arm: str) -> ServiceCapacity | None:
    """Return up to which concurrency an arm keeps the service level; None where none was agreed."""
    if bench.service_level is None:
        return None
    levels = [(point.concurrency, goodput_runs(point)) for point in _rising(bench, arm)]
    return service_capacity(levels, bench.service_level.share)


def useful_point(bench: BenchResult, arm: str) -> LoadPoint | None:
    """Return the point of highest goodput among those within capacity that are shown to keep the service level."""
    found = capacity_at_service_level(bench, arm)
    if found is None or found.kept_at is None:
        return None
    below = [one for one in _rising(bench, arm) if one.concurrency <= found.kept_at and not one.overloaded]
    kept = [one for one in below if found.verdicts.get(one.concurrency) == "kept"]
    return max(kept, key=useful_tokens_per_s, default=None)


def useful_tokens_per_s(point: LoadPoint) -> float:
    """Return the output tokens per second of requests that kept the service level.

    The geometric mean over the runs, as throughput; the arithmetic one where a run had none.
    """
    runs = [run.output_tokens_per_s for run in goodput_runs(point)]
    return (geometric_mean(runs) or statistics.fmean(runs)) if runs else 0.0


def useful_interval(bench: BenchResult, point: LoadPoint) -> Interval | None:
    """Return the interval of a point's goodput; None where the repeats do not tell."""
    confidence, first = each_interval(bench)
    return mean_interval([run.output_tokens_per_s for run in goodput_runs(point)], confidence, first=first)


def goodput_runs(point: LoadPoint) -> tuple[Goodput, ...]:
    """Return the goodput of each run of a point; none where no service level was agreed."""
    service = point.assessment.service if point.assessment else ()
    return tuple(run.goodput for run in service if run.goodput)


def _pairs(bench: BenchResult, arm: str, reference: str) -> Iterator[tuple[LoadPoint, LoadPoint]]:
    points = {point.concurrency: point for point in bench.points_of(arm)}
    for point in _rising(bench, reference):
        if point.concurrency in points:
            yield point, points[point.concurrency]


def _rising(bench: BenchResult, arm: str) -> Sequence[LoadPoint]:
    return sorted(bench.points_of(arm), key=lambda point: point.concurrency)
