"""Arms against each other: what the repeats of a sweep allow to be said of speed and latency.

The ratios of one quantity at all concurrencies, and that of the highest throughputs, hold together with `CONFIDENCE`;
so do the highest throughputs of two arms with their ratio, which is what costs are calculated from. The repeats are
of one start of each engine: what differs from start to start is not in them, unless the arms alternated. Where a
precision was asked for, the first repeats alone say how far repeats differ (`eval.statistics.repeats`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from eval.bench.result import BenchResult, Latency, LoadPoint
from eval.statistics.repeats import CONFIDENCE, Interval, each_of, mean_interval, ratio_interval
from pipeline.recipe.arms import AWQ, BASELINE

Quantity = Literal["throughput", "ttft", "tpot"]
"""Output throughput, or the median over the requests of a latency."""
Direction = Literal["faster", "slower", "not decided", "not repeated"]
"""`not repeated`: there are no repeats to decide by, because each point was run once or the runs were not kept."""
_TOGETHER = 3
"""Intervals that a cost rests on: two capacities and their ratio."""


@dataclass(frozen=True)
class SpeedRatio:
    """One arm's speed or latency over the reference's."""

    concurrency: int
    """The reference's."""
    value: float
    interval: Interval | None
    """None where the repeats do not tell."""
    direction: Direction
    points: tuple[LoadPoint, LoadPoint]
    """The reference's and the arm's."""


def speed_ratios(
    bench: BenchResult, quantity: Quantity = "throughput", *, arm: str = AWQ, reference: str = BASELINE
) -> tuple[SpeedRatio, ...]:
    """Return one ratio per concurrency at which both arms have a point that stands, neither of them overloaded."""
    points = {point.concurrency: point for point in bench.points_of(arm) if not point.overloaded}
    pairs = ((point, points.get(point.concurrency)) for point in bench.points_of(reference) if not point.overloaded)
    return tuple(
        _ratio(point, other, quantity, bench)
        for point, other in pairs
        if other is not None and min(measured(point, quantity), measured(other, quantity)) > 0
    )


def capacity_ratio(bench: BenchResult, arm: str = AWQ, reference: str = BASELINE) -> SpeedRatio:
    """Return the ratio of the highest output throughputs, whatever concurrencies they are at.

    Raises:
        VoidMeasurementError: all points of one of the arms are void.
    """
    return _ratio(bench.best(reference), bench.best(arm), "throughput", bench)


def capacity_interval(bench: BenchResult, arm: str) -> Interval | None:
    """Return the interval of an arm's highest output throughput; None where the repeats do not tell.

    Raises:
        VoidMeasurementError: all points of the arm are void.
    """
    return mean_interval(bench.best(arm).output_tokens_per_s_runs, _each(bench), first=deciding_repeats(bench))


def measured(point: LoadPoint, quantity: Quantity) -> float:
    """Return the figure of a point that is compared: tokens per second, or milliseconds; 0 where there is none."""
    return point.output_tokens_per_s if quantity == "throughput" else _latency(point, quantity).p50_ms or 0.0


def confidence_of_each(levels: int) -> float:
    """Return the confidence of each interval of a benchmark with so many concurrencies."""
    return each_of(CONFIDENCE, max(levels + 1, _TOGETHER))


def deciding_repeats(bench: BenchResult) -> int | None:
    """Return how many repeats decided how many were made; None where their number was fixed."""
    return bench.fair.deciding_repeats if bench.fair else None


def each_interval(bench: BenchResult) -> tuple[float, int | None]:
    """Return the confidence of each interval of one quantity, and how many repeats decided how many were made.

    The intervals of all concurrencies hold together.
    """
    return _each(bench), deciding_repeats(bench)


def _each(bench: BenchResult) -> float:
    levels = {
        *(point.concurrency for load in bench.arms for point in load.points),
        *(point.concurrency for _, point in bench.void_points),
    }
    return confidence_of_each(len(levels))


def _ratio(reference: LoadPoint, point: LoadPoint, quantity: Quantity, bench: BenchResult) -> SpeedRatio:
    interval = ratio_interval(
        _runs(point, quantity), _runs(reference, quantity), _each(bench), first=deciding_repeats(bench)
    )
    return SpeedRatio(
        concurrency=reference.concurrency,
        value=measured(point, quantity) / measured(reference, quantity),
        interval=interval,
        direction=_direction(interval, quantity) if _repeated(reference, point, quantity) else "not repeated",
        points=(reference, point),
    )


def _repeated(reference: LoadPoint, point: LoadPoint, quantity: Quantity) -> bool:
    return all(len(_runs(one, quantity)) > 1 for one in (reference, point))


def _direction(interval: Interval | None, quantity: Quantity) -> Direction:
    if interval is None or interval[0] <= 1 <= interval[1]:
        return "not decided"
    low, _ = interval
    return "faster" if (low > 1) == (quantity == "throughput") else "slower"


def _runs(point: LoadPoint, quantity: Quantity) -> Sequence[float]:
    return point.output_tokens_per_s_runs if quantity == "throughput" else _latency(point, quantity).p50_ms_runs


def _latency(point: LoadPoint, quantity: Quantity) -> Latency:
    found: Latency = getattr(point, quantity)
    return found
