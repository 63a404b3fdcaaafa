"""How the requests of one load were served: figures that need each request, taken while its details are at hand."""

from pipeline.base.results import Result


class ServiceLimits(Result):
    """A service level: limits of each request, as the recipe's `bench.service_level` has them."""

    ttft_ms: float | None = None
    tpot_ms: float | None = None
    e2e_ms: float | None = None
    share: float = 0.95
    """Of the requests, that have to keep all limits."""


class Goodput(Result):
    """What was of use: requests that kept every limit of the service level, over the whole run."""

    kept: int
    """Requests that kept all limits."""
    sent: int
    """Failed ones included."""
    requests_per_s: float
    """Of those that kept them."""
    output_tokens_per_s: float
    """The same."""


class Sharing(Result):
    """How evenly the requests were served, and how long a queue lasted."""

    fairness: float | None
    """Jain's index of the time per token: 1 where all were served alike, 1/n where one waited for all of it. None
    without answers."""
    slowest_over_median: float | None
    """Of the time per token."""
    recovery_s: float | None
    """From the last request's arrival until every request had its first token: how long the queue outlived the
    load."""


class RunService(Result):
    """One run."""

    number: int
    """Of the run, as among the runs of its point."""
    goodput: Goodput | None = None
    """None where no service level was agreed."""
    sharing: Sharing
