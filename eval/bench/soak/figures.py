"""The figures of a soak: knee, slices, drifts."""

from typing import Literal

from pipeline.base.results import Result

Quantity = Literal["throughput", "ttft", "itl", "memory"]
Verdict = Literal["stable", "drifting", "undecided"]


class Knee(Result):
    """The concurrency from which on more requests at once bring hardly more throughput."""

    concurrency: int
    basis: Literal["sweep", "highest measured", "highest asked"]
    """`highest measured`: throughput still rose at the end of the sweep, or there was one concurrency; `highest asked`:
    no point of the sweep has figures."""


class SoakSlice(Result):
    """A part of the run; None for what is not known of it."""

    start_s: float
    """After the first request of the run."""
    output_tokens_per_s: float
    ttft_ms: float | None = None
    """Median over the requests whose first token came in it; of mixed prompts, as for one of the run's mean length."""
    itl_ms: float | None = None
    """Median over the intervals that ended in it."""
    memory_gib: float | None = None
    """Mean of the samples."""
    requests_running: float | None = None
    requests_waiting: float | None = None
    kv_cache_usage: float | None = None


class Drift(Result):
    """One quantity over the run; drifts are relative to its level, over the whole of the slices."""

    quantity: Quantity
    verdict: Verdict
    level: float
    """Median of the slices, in the unit of their field."""
    centre_s: float
    """Median time of those slices; the trend goes through the level there."""
    slices: int
    """That have a figure."""
    drift: float | None = None
    """Theil-Sen; None of too few slices."""
    low: float | None = None
    """Of the interval; those of all quantities hold together. None where the slices do not bound it."""
    high: float | None = None
    smallest_drift: float | None = None
    """That the run would have told from none with 80 % power; None where no drift would have shown."""
    autocorrelation: float | None = None
    """From one slice to the next, beside the trend."""
