"""`LoadSpec`: which load is offered."""

import math
from typing import Annotated, Self

from pydantic import Field, model_validator

from eval.bench.load.build_up import BuildUp, build_up
from pipeline.base.results import Result
from pipeline.base.token_range import TokenRange

Count = Annotated[int, Field(gt=0)]
Seconds = Annotated[float, Field(gt=0)]


class Arrivals(Result):
    """An open loop: requests come when they come, however many are still unanswered."""

    rate_per_s: Annotated[float, Field(gt=0)]
    burstiness: Annotated[float, Field(gt=0)] = 1.0
    """Shape of the gamma distribution of the gaps: 1 is a Poisson process, below 1 comes in bursts."""
    ramp_from_per_s: Annotated[float, Field(gt=0)] | None = None
    """Rate at the start, from which it rises (or falls) by the same step from request to request; None for a constant
    rate."""

    @property
    def mean_rate_per_s(self) -> float:
        """Return requests over time. On a ramp each gap is one over its own rate: (b - a) / ln(b / a)."""
        first, last = self.ramp_from_per_s or self.rate_per_s, self.rate_per_s
        return last if first == last else (last - first) / math.log(last / first)

    def requests_in(self, seconds: float) -> int:
        """Return how many come in a time."""
        return max(round(self.mean_rate_per_s * seconds), 1)


class LoadSpec(Result):
    """A load: closed loop with `concurrency`, open loop with `arrivals`; so many requests, or so long."""

    concurrency: Annotated[int, Field(gt=0, le=10_000)] | None = None
    """Requests unanswered at any time; with `arrivals`, the most there may be."""
    arrivals: Arrivals | None = None
    connections_per_s: Annotated[float, Field(gt=0)] | None = None
    """Most connections that a closed loop opens in a second while it is built up; None for all at once."""
    requests: Count | None = None
    duration_s: Seconds | None = None
    """Aim of a timed load; the number of requests follows from the rate just measured, and the result says how long it
    really was."""
    input_tokens: TokenRange | None
    """None for prompts that somebody else made."""
    output_tokens: TokenRange
    ignore_eos: bool = True
    """Whether answers go on to their length, whatever the model says."""
    seed: int = 0
    """Of the prompts; the same seed makes the same prompts for every arm."""

    @model_validator(mode="after")
    def _one_of_each(self) -> Self:
        if self.concurrency is None and self.arrivals is None:
            raise ValueError("concurrency or arrivals is needed")
        if (self.requests is None) == (self.duration_s is None):
            raise ValueError("either requests or duration_s is needed")
        return self

    @property
    def level(self) -> str:
        """Return its rate or its concurrency in words."""
        return f"rate {self.arrivals.rate_per_s:g}" if self.arrivals else f"concurrency {self.concurrency}"

    @property
    def build_up(self) -> BuildUp | None:
        """Return how its requests are released; None where all that may be are sent at once."""
        if self.connections_per_s is None or self.concurrency is None or self.arrivals is not None:
            return None
        return build_up(self.concurrency, self.requests or self.concurrency, self.connections_per_s)

    def built_up(self, connections_per_s: float | None) -> Self:
        """Return the same load with so many new connections a second, where it has more than are opened in one."""
        if connections_per_s is None or self.arrivals is not None or (self.concurrency or 0) <= connections_per_s:
            return self
        return self.model_copy(update={"connections_per_s": connections_per_s})

    def with_requests(self, requests: int) -> Self:
        """Return the same load as so many requests."""
        return self.model_copy(update={"requests": requests, "duration_s": None})
