"""Which resource binds an arm at a level: by counters, by the roofline where the hardware's rates are known, or not.

In this order, because each explains those after it away: the client (then nothing is known of the engine), the KV cache
(requests are put off or computed again for want of it), the queue (requests wait most of the time), and last memory
bandwidth or compute, where what was measured comes near what that GPU attains. What no counter decides is `not known`;
then how throughput grew with concurrency is told, labelled as the inference that it is.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from eval.bench.assessment import Basis, Binding, Counter, Growth, Resource, Sign
from eval.bench.overload import KV_CACHE_USAGE, WAITING_SHARE
from eval.statistics.repeats import CONFIDENCE, ratio_interval

CLIENT_CPU_SHARE = 0.5
CLIENT_CEILING_SHARE = 0.9
"""Of the rate that the client was seen to measure rightly."""
PREEMPTED_SHARE = 0.01
ROOFLINE_SHARE = 0.7
"""Of the attainable rate: as near as the planner's own band is to the truth on one GPU (`roofline.BANDS`)."""
_PROPORTIONAL, _NONE = 0.8, 0.2
"""Exponents of concurrency."""


@dataclass(frozen=True)
class Counters:
    """What was counted at one level; None for what was not."""

    client_cpu_share: float | None = None
    """Of the machine's processors."""
    client_ceiling_share: float | None = None
    """Output rate over the highest that the client measures rightly."""
    preempted_share: float | None = None
    """Preemptions per request: the engine lacked blocks and computes them again."""
    kv_cache_usage: float | None = None
    """At most, of 1."""
    waiting_share: float | None = None
    """Of the time, with requests that the engine has not begun."""
    bandwidth_share: float | None = None
    """Bytes read per second over what the GPU attains."""
    compute_share: float | None = None
    """Operations per second over what the GPU attains."""


@dataclass(frozen=True)
class Rates:
    """What a model takes from the GPUs that it runs on, and what these attain; per GPU."""

    weights_bytes: float
    """Read in every decode step."""
    kv_bytes_per_token: float
    operations_per_token: float
    bandwidth_bytes_s: float
    """Attainable."""
    operations_s: float
    """Attainable, in the format that is multiplied in."""

    def bandwidth_share(self, concurrency: int, context_tokens: float, tpot_s: float) -> float:
        """Return bytes read per second in decode over what is attainable, with a step every `tpot_s`."""
        read = self.weights_bytes + concurrency * context_tokens * self.kv_bytes_per_token
        return read / tpot_s / self.bandwidth_bytes_s

    def compute_share(self, tokens_per_s: float) -> float:
        """Return operations per second over what is attainable; tokens of prompts and answers together."""
        return tokens_per_s * self.operations_per_token / self.operations_s


def binding(counters: Counters, growth: Growth | None = None) -> Binding:
    """Return what binds at a level, and by which counters."""
    looked = tuple(_signs(counters))
    over = {sign.counter: sign for sign in looked if sign.value >= sign.limit}

    def found(resource: Resource, basis: Basis, *names: Counter) -> Binding:
        return Binding(
            resource=resource,
            basis=basis,
            evidence=tuple(over[name] for name in names if name in over),
            growth=growth,
        )

    if "client_cpu_share" in over or "client_ceiling_share" in over:
        return found("client", "counters", "client_cpu_share", "client_ceiling_share")
    if "preempted_share" in over or {"kv_cache_usage", "waiting_share"} <= over.keys():
        return found("KV cache", "counters", "preempted_share", "kv_cache_usage", "waiting_share")
    if "waiting_share" in over:
        return found("queue", "counters", "waiting_share")
    rates: tuple[Counter, ...] = ("bandwidth_share", "compute_share")
    nearest = max((over[name] for name in rates if name in over), key=lambda sign: sign.value, default=None)
    if nearest is not None:
        resource: Resource = "memory bandwidth" if nearest.counter == "bandwidth_share" else "compute"
        return found(resource, "roofline", *rates)
    return Binding(resource="not known", basis="none", evidence=looked, growth=growth)


def growth(
    lower: tuple[int, Sequence[float]], upper: tuple[int, Sequence[float]], first: int | None = None
) -> Growth | None:
    """Return how throughput grew between two levels; None where their runs do not tell.

    Args:
        lower: a concurrency with its runs.
        upper: the same of the next one.
        first: how many runs of each decided how many were made; None where that was fixed.
    """
    interval = ratio_interval(upper[1], lower[1], CONFIDENCE, first=first)
    if interval is None or upper[0] <= lower[0]:
        return None
    low, high = (math.log(end) / math.log(upper[0] / lower[0]) for end in interval)
    if low >= _PROPORTIONAL:
        return "proportional"
    if high <= _NONE:
        return "none"
    return "between" if low > _NONE and high < _PROPORTIONAL else None


def _signs(counters: Counters) -> Iterator[Sign]:
    limits: tuple[tuple[Counter, float], ...] = (
        ("client_cpu_share", CLIENT_CPU_SHARE),
        ("client_ceiling_share", CLIENT_CEILING_SHARE),
        ("preempted_share", PREEMPTED_SHARE),
        ("kv_cache_usage", KV_CACHE_USAGE),
        ("waiting_share", WAITING_SHARE),
        ("bandwidth_share", ROOFLINE_SHARE),
        ("compute_share", ROOFLINE_SHARE),
    )
    for name, limit in limits:
        value = getattr(counters, name)
        if value is not None:
            yield Sign(counter=name, value=value, limit=limit)
