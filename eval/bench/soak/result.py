"""What a soak found."""

from typing import Literal

from pydantic import Field

from eval.bench.load.result import EngineLoad, MachineLoad
from eval.bench.load.spec import Lengths
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


class Soak(Result):
    """One load held for minutes; a void one has neither slices nor drifts."""

    arm: str | None = None
    """None of an endpoint."""
    minutes: float
    """Asked for."""
    knee: Knee
    share: float
    """Of the knee, that was asked for."""
    concurrency: int
    input_tokens: Lengths
    output_tokens: Lengths
    lengths: Literal["fixed by ignore_eos", "natural"]
    drift_limit: float
    """Relative drift over the run that is still called stable."""
    confidence: float
    """With which all intervals hold together."""
    requests: int
    failed: int
    duration_s: float | None = None
    """How long the load really was, ramps included."""
    window_s: float | None = None
    """Of it, without the first wave of requests and the drain: what the slices divide."""
    slice_s: float | None = None
    slices: tuple[SoakSlice, ...] = ()
    drifts: tuple[Drift, ...] = ()
    memory_of: Literal["processes", "device"] | None = None
    """Resident set of the server's processes, or memory of the device; None where neither can be read."""
    void: tuple[str, ...] | None = None
    """Why the soak must not be used; None where it may."""
    not_checked: dict[str, str] = Field(default_factory=dict)
    """Conditions that could not be checked, and why."""
    engine: EngineLoad | None = None
    machine: MachineLoad | None = None
    raw_file: str | None = None
    """Of the client, texts left out; relative to the folder of the results."""
    raw_sha256: str | None = None
    """Of that file."""

    @property
    def verdict(self) -> Verdict | None:
        """Return what can be said of all quantities together; None of a void soak."""
        found = {one.verdict for one in self.drifts}
        if self.void or not found:
            return None
        return next(verdict for verdict in _GRAVEST_FIRST if verdict in found)


_GRAVEST_FIRST: tuple[Verdict, ...] = ("drifting", "undecided", "stable")
