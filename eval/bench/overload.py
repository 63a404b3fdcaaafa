"""Overload: more requests than the engine can serve at once. There speed is not the question, sharing is.

Jain's index of fairness: (sum x)^2 / (n sum x^2), Jain, Chiu and Hawe 1984, DEC-TR-301. It is taken over the time per
token of each request from its arrival to its end, so that a long answer is not unfair.
"""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from eval.bench.assessment import Overload, Reason
from eval.bench.load.details import Answer
from eval.bench.load.service import Sharing

WAITING_SHARE = 0.5
"""Share of the time with requests that the engine has not begun, from which there is a lasting queue."""
KV_CACHE_USAGE = 0.9
"""A cache is full before its last block is taken."""


@dataclass(frozen=True)
class EngineLimits:
    """What an engine can serve at once."""

    max_num_seqs: int | None
    kv_cache_tokens: int | None
    tokens_per_request: float
    """Of prompt and answer together."""

    @property
    def kv_cache_requests(self) -> float | None:
        """How many requests of this length the KV cache holds; None where its size is not known."""
        return None if self.kv_cache_tokens is None else self.kv_cache_tokens / self.tokens_per_request


def overload_of(
    concurrency: int, limits: EngineLimits, waiting_share: float | None, kv_cache_usage: float | None = None
) -> Overload | None:
    """Return why so many requests are more than the engine serves at once; None where they are not.

    Args:
        concurrency: requests under way.
        limits: of the engine.
        waiting_share: of the time, with requests that wait; None where it is not known.
        kv_cache_usage: at most, of 1; None as above.
    """
    kv = limits.kv_cache_requests
    queue = waiting_share is not None and waiting_share > WAITING_SHARE
    full = queue and kv_cache_usage is not None and kv_cache_usage >= KV_CACHE_USAGE
    conditions: tuple[tuple[Reason, bool], ...] = (
        ("sequences", limits.max_num_seqs is not None and concurrency > limits.max_num_seqs),
        ("KV cache", full or (kv is not None and concurrency > kv)),
        ("queue", queue and limits.max_num_seqs is None),
    )
    reasons = tuple(reason for reason, holds in conditions if holds)
    return (
        Overload(reasons=reasons, max_num_seqs=limits.max_num_seqs, kv_cache_requests=kv, waiting_share=waiting_share)
        if reasons
        else None
    )


def sharing_of(answers: Sequence[Answer]) -> Sharing:
    """Return how evenly the answered requests were served, and how long the queue outlived the load."""
    if not answers:
        return Sharing(fairness=None, slowest_over_median=None, recovery_s=None)
    times = [answer.e2e / answer.tokens for answer in answers]
    return Sharing(
        fairness=fairness(times),
        slowest_over_median=max(times) / statistics.median(times),
        recovery_s=max(answer.start + answer.ttft for answer in answers) - max(answer.start for answer in answers),
    )


def fairness(times: Sequence[float]) -> float:
    """Return Jain's index of times that are above 0."""
    return sum(times) ** 2 / (len(times) * sum(time**2 for time in times))
