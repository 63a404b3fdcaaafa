"""What each user gets against what a GPU gives at every concurrency, and which points no other beats. Pure."""

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
    """Whether no other point of any arm is at least as high in both and higher in one (the Pareto frontier)."""

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
    return tuple(replace(one, unbeaten=not any(_beats(other, one) for other in found)) for one in found)


def _beats(one: PerUser, other: PerUser) -> bool:
    ours = one.tokens_per_s_per_user, one.tokens_per_s_per_gpu
    theirs = other.tokens_per_s_per_user, other.tokens_per_s_per_gpu
    return ours != theirs and all(a >= b for a, b in zip(ours, theirs, strict=True))
