"""Is the endpoint as fast as its benchmark said? Only like is compared with like. Pure."""

import math
from collections.abc import Sequence
from typing import Literal

from eval.statistics.rates import binomial_excess
from pipeline.base.results import Result

Verdict = Literal["slower", "faster", "alike", "undecided", "not comparable"]
NEAR = 0.25
"""How far the requests in an engine may be from the benchmark's concurrency, relative to it."""
_PROMPTS = 2.0
"""How many times as long, or as short, prompts may be: the time per token depends on what is read."""
_FEWEST = 60
_TOLERANCE = 0.1
"""Difference that counts as alike."""
_CONFIDENCE = 0.95


class BenchmarkLevel(Result):
    """The release's time per output token at one concurrency, as its benchmark has it."""

    concurrency: int
    tpot_ms: float
    input_tokens: float


class Observation(Result):
    """One streamed answer of the operation."""

    running: float
    """Requests in the batch of an engine at that time."""
    prompt_tokens: int
    tpot_ms: float


class DriftVerdict(Result):
    """The operation beside the benchmark at one concurrency."""

    concurrency: int
    benchmark_ms: float
    verdict: Verdict
    requests: int
    """Comparable ones."""
    tpot_ms: float | None = None
    """Median of them."""
    low_ms: float | None = None
    high_ms: float | None = None
    """Exact interval of the median, 95 %."""

    @property
    def change(self) -> float | None:
        """Return the relative difference to the benchmark; positive where the operation takes longer."""
        return None if self.tpot_ms is None else self.tpot_ms / self.benchmark_ms - 1


def drift(levels: Sequence[BenchmarkLevel], seen: Sequence[Observation]) -> tuple[DriftVerdict, ...]:
    """Return for each level how fast the operation was there.

    Requests count for a level whose engine had about as many requests, and whose prompt was about as long.
    """
    return tuple(_verdict(level, sorted(one.tpot_ms for one in seen if _alike(level, one))) for level in levels)


def _alike(level: BenchmarkLevel, one: Observation) -> bool:
    near = abs(one.running - level.concurrency) <= NEAR * level.concurrency
    return near and level.input_tokens / _PROMPTS <= one.prompt_tokens <= level.input_tokens * _PROMPTS


def _verdict(level: BenchmarkLevel, times: Sequence[float]) -> DriftVerdict:
    found = DriftVerdict(
        concurrency=level.concurrency, benchmark_ms=level.tpot_ms, verdict="not comparable", requests=len(times)
    )
    if len(times) < _FEWEST:
        return found
    rank = _rank(len(times))
    low, high = times[rank], times[len(times) - 1 - rank]
    return found.model_copy(
        update={
            "verdict": _said(low / level.tpot_ms - 1, high / level.tpot_ms - 1),
            "tpot_ms": times[len(times) // 2],
            "low_ms": low,
            "high_ms": high,
        }
    )


def _said(low: float, high: float) -> Verdict:
    if low > _TOLERANCE:
        return "slower"
    if high < -_TOLERANCE:
        return "faster"
    return "alike" if low >= -_TOLERANCE and high <= _TOLERANCE else "undecided"


def _rank(amount: int) -> int:
    """Return the index of the lower end of the median's interval, by the exact binomial test at one half."""
    rank = max(0, math.floor(amount / 2 - math.sqrt(amount)) - 1)
    while binomial_excess(amount - rank, amount, 0.5) <= (1 - _CONFIDENCE) / 2:
        rank += 1
    return max(0, rank - 1)
