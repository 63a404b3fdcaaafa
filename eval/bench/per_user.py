"""What each user gets against what a GPU gives at every concurrency, and which points no other beats. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from eval.bench.result import BenchResult, LoadPoint

_MS_PER_S = 1000.0


@dataclass(frozen=True)
class PerUser:
    """One arm at one concurrency."""

    arm: str
    point: LoadPoint
    tokens_per_s_per_user: float
    """Of a stream once it has begun: one over the median TPOT."""
    workers: int
    """GPUs that the engine used; 1 on the CPU."""
    unbeaten: bool = True
    """Whether it is on the Pareto frontier of all arms."""

    @property
    def tokens_per_s_per_gpu(self) -> float:
        """Return the throughput that one GPU gives to all users together."""
        return self.point.output_tokens_per_s / self.workers


def per_user(bench: BenchResult, workers: int) -> tuple[PerUser, ...]:
    """Return every point whose TPOT is known, arms in the order of the recipe, concurrency rising.

    Args:
        bench: what was measured.
        workers: GPUs that one engine used; 1 on the CPU.
    """
    found = [
        PerUser(load.arm, point, _MS_PER_S / point.tpot.p50_ms, workers)
        for load in bench.arms
        for point in load.points
        if point.tpot.p50_ms
    ]
    marks = unbeaten([(one.tokens_per_s_per_user, one.tokens_per_s_per_gpu) for one in found])
    return tuple(replace(one, unbeaten=mark) for one, mark in zip(found, marks, strict=True))


def unbeaten(points: Sequence[tuple[float, float]]) -> tuple[bool, ...]:
    """Return which points no other is at least as high as in both figures, and higher in one (the Pareto frontier)."""
    return tuple(not any(_beats(other, one) for other in points) for one in points)


def _beats(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return one != other and all(a >= b for a, b in zip(one, other, strict=True))
