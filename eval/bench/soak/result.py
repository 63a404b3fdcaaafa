"""What a soak found."""

from typing import Literal

from pydantic import Field

from eval.bench.engine_proof import MemorySource
from eval.bench.load.result import EngineLoad, MachineLoad, RawFile, files_of
from eval.bench.soak.figures import Drift, Knee, SoakSlice, Verdict
from pipeline.base.phrase import phrases_or_quoted
from pipeline.base.results import Phrase, Result
from pipeline.base.token_range import TokenRange
from pipeline.hardware.health.summary import HealthSummary


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
    input_tokens: TokenRange
    output_tokens: TokenRange
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
    memory_of: MemorySource | None = None
    """Resident set of the server's processes, or memory of the device; None where neither can be read."""
    void: tuple[str, ...] | None = None
    """Why the soak must not be used; None where it may."""
    void_said: tuple[Phrase, ...] = ()
    """The same for other languages, in the same order; empty in results of earlier versions."""
    not_checked: dict[str, str] = Field(default_factory=dict)
    """Conditions that could not be checked, and why."""
    engine: EngineLoad | None = None
    machine: MachineLoad | None = None
    raw_file: str | None = None
    """Of the client, texts left out; relative to the folder of the results."""
    raw_sha256: str | None = None
    """Of that file."""
    health: HealthSummary | None = None
    """Of the machine meanwhile."""

    @property
    def files(self) -> tuple[RawFile, ...]:
        """Return all files that are kept of it."""
        health = (self.health.file, self.health.sha256) if self.health else (None, None)
        return files_of((self.raw_file, self.raw_sha256), health)

    @property
    def phrases(self) -> tuple[Phrase, ...]:
        """Return why the soak must not be used, as phrases; none where it may."""
        return phrases_or_quoted(self.void_said, self.void or ())

    @property
    def verdict(self) -> Verdict | None:
        """Return what can be said of all quantities together; None of a void soak."""
        found = {one.verdict for one in self.drifts}
        if self.void or not found:
            return None
        return next(verdict for verdict in _GRAVEST_FIRST if verdict in found)


_GRAVEST_FIRST: tuple[Verdict, ...] = ("drifting", "undecided", "stable")
