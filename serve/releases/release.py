"""`Release`: one thing that an endpoint can serve, with all that it takes to serve it again."""

from typing import Literal

from pipeline.base.results import Outcome, Result
from pipeline.recipe.engine import EngineSettings

UNRELEASED = "unreleased"
"""What stands for a release where there is none."""
Arm = Literal["awq", "baseline"]
"""What of a run: its AWQ checkpoint, or the 16-bit model that this was made from."""


class ReleasedGate(Result):
    """What one gate of the run said when the release was registered."""

    stage: str
    name: str
    outcome: Outcome
    statement: str


class Release(Result):
    """Weights by folder and digest, the settings that they are served with, and what was measured of them.

    It is complete without the run's record: that may be of another checkpoint by then.
    """

    endpoint: str
    version: int = 0
    """In the registry, from 1; 0 until it is registered."""
    arm: Arm = "awq"
    checkpoint: str
    """Absolute folder, as it was when the release was registered."""
    digest: str
    """Of the weights: the manifest's, or over the sums of the baseline's `files`."""
    files: tuple[str, ...] = ()
    """Of the baseline, whose folder has no manifest."""
    code_digest: str = ""
    """Of the Python files that come with the model and are trusted; empty without any."""
    made_at: str | None = None
    model_name: str
    """What clients ask for."""
    engine: EngineSettings
    trust_remote_code: bool = False
    recipe: str
    """What names it on a command line."""
    run: str
    """The output folder, absolute."""
    mlflow_run_id: str | None = None
    gates: tuple[ReleasedGate, ...] = ()
    accuracy_measured: bool = False
    despite: tuple[str, ...] = ()
    """What gates say that were passed over."""
    start_seconds: float | None = None
    """Of the endpoint in the run's own stage `serve`; None where it was not measured."""
    registered_at: str = ""
    """UTC, ISO 8601."""

    @property
    def label(self) -> str:
        """Return what stands for it in the audit and in the metrics."""
        return f"v{self.version}" if self.version else UNRELEASED

    @property
    def gates_in_short(self) -> str:
        """Return in words what the gates said."""
        if self.arm == "baseline":
            return "the reference"
        against = [gate.name for gate in self.gates if gate.outcome != "passed"]
        if against:
            return f"not passed: {', '.join(against)}"
        if not self.accuracy_measured:
            return "accuracy not measured"
        return f"{len(self.gates)} passed"
