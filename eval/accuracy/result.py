"""What the eval stage reports."""

from eval.accuracy.overlap import OverlapResult
from pipeline.record import Result

BASELINE = "baseline"
GATED = "awq"
"""The arm that the margins are agreed for. Every other arm is information."""
CONTROL = "rtn"
"""The same model rounded to nearest without AWQ."""


class Score(Result):
    """One arm on one task."""

    value: float
    stderr: float | None
    """Standard error over the items; None where lm-eval gives none."""


class TaskScore(Result):
    """One task and one arm, against the baseline on the same items."""

    task: str
    arm: str
    """`awq`, `rtn` or another set of weights; never the baseline."""
    metric: str
    higher_is_better: bool
    items: int
    items_available: int
    """Of the whole task; larger than `items` when the recipe sets a limit."""
    baseline: Score
    candidate: Score
    """Of the arm."""
    delta: float
    """Candidate minus baseline, in the metric's unit."""
    delta_stderr: float | None
    """Standard error of the difference: paired where per-item values exist, else as for independent samples."""
    paired: bool
    margin: float
    """Agreed for AWQ; a yardstick for other arms."""
    loss: float
    """How much worse the arm is, in the metric's unit; negative when it is better."""
    passed: bool
    """loss <= margin, unrounded. A gate where `arm` is `awq`."""
    flips_to_wrong: int | None = None
    """Items right in the baseline and wrong with the arm; 0/1 metrics only."""
    flips_to_right: int | None = None


class Contrast(Result):
    """One task, AWQ against plain rounding on the same items."""

    task: str
    metric: str
    delta: float
    """AWQ minus control, in the metric's unit."""
    delta_stderr: float | None
    """Standard error of the difference: paired where per-item values exist, else as for independent samples."""
    paired: bool
    gain: float
    """How much better AWQ is than the control; negative when it is worse."""


class EvalResult(Result):
    """Payload of the stage `eval`."""

    arms: tuple[str, ...]
    """In the order measured, the baseline first."""
    tasks: tuple[TaskScore, ...]
    """One row per task and arm, the baseline's scores beside each."""
    contrasts: tuple[Contrast, ...] = ()
    """One per task, where the control was measured."""
    lm_eval_version: str
    engine_version: str
    engine_arguments: tuple[str, ...]
    """Given to all servers alike, model path excepted."""
    overlap: OverlapResult | None = None
    """Items of the tasks that stand in the calibration text."""
    seconds: dict[str, float]
    """Per arm: lm-eval's wall time against the running server."""
    kernels: dict[str, str]
    """Per arm: the linear kernel named in the engine's log."""

    def of(self, arm: str) -> tuple[TaskScore, ...]:
        """Return the rows of one arm, in the recipe's order; empty where it was not measured."""
        return tuple(row for row in self.tasks if row.arm == arm)

    @property
    def gated(self) -> tuple[TaskScore, ...]:
        """The rows that the agreed margins apply to: AWQ's."""
        return self.of(GATED)

    @property
    def control(self) -> tuple[TaskScore, ...]:
        """The rows of the round-to-nearest control; empty where it was not measured."""
        return self.of(CONTROL)
