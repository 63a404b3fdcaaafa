"""`Assessment`: what is to be known of a point beside its speed; the words of it and its models."""

from typing import Literal

from eval.bench.load.service import RunService
from pipeline.base.results import Result

Resource = Literal["client", "KV cache", "queue", "memory bandwidth", "compute", "not known"]
Basis = Literal["counters", "roofline", "none"]
Counter = Literal[
    "client_cpu_share",
    "client_ceiling_share",
    "preempted_share",
    "kv_cache_usage",
    "waiting_share",
    "bandwidth_share",
    "compute_share",
]
Growth = Literal["proportional", "none", "between"]
"""Of throughput with concurrency. `proportional`: a step takes as long for more requests, so that not compute binds but
what a step costs once, weights read from memory or the engine's own work. `none`: more requests bring nothing."""
Reason = Literal["sequences", "KV cache", "queue"]
"""More requests than `max_num_seqs`; than the KV cache holds, or a lasting queue beside a full one; a lasting queue of
an engine that does not tell its limits. Within known limits a queue is none of overload: prompts that come together are
processed one batch after the other."""


class Sign(Result):
    """A counter that was looked at."""

    counter: Counter
    value: float
    limit: float
    """From which it counts."""


class Binding(Result):
    """What binds."""

    resource: Resource
    basis: Basis
    evidence: tuple[Sign, ...]
    """The counters that say so; where nothing is known, those that were looked at and do not."""
    growth: Growth | None = None
    """Of the throughput with concurrency; None where the repeats do not tell."""


class Overload(Result):
    """Why a level is beyond the engine's capacity."""

    reasons: tuple[Reason, ...]
    max_num_seqs: int | None
    kv_cache_requests: float | None
    waiting_share: float | None


class Assessment(Result):
    """How a level was served, whether it is beyond the engine's capacity, and what binds there."""

    service: tuple[RunService, ...]
    """Of the runs that stand."""
    overload: Overload | None
    """None where the engine could serve so many requests at once."""
    binding: Binding
