"""What the eval stage reports."""

from typing import ClassVar, Literal

from pydantic import Field

from eval.accuracy.overlap import OverlapResult
from eval.alarm.result import Fidelity
from eval.comparison.result import Comparison, Interval, NoiseFloor
from pipeline.base.results import Payload, Phrase, Result
from pipeline.recipe.arms import AGAIN, AWQ, BASELINE, RTN

GATED = AWQ
"""The arm that the margins are agreed for. Every other arm is information."""
CONTROL = RTN
"""The same model rounded to nearest without AWQ."""
__all__ = ["AGAIN", "BASELINE", "CONTROL", "GATED", "Contrast", "EvalResult", "Resolution", "TaskScore"]


class TaskScore(Comparison):
    """One task and one pair of arms on the same items."""

    arm: str
    reference: str = BASELINE
    """The arm that `arm` is compared with."""
    items_available: int
    """Of the whole task; larger than `items` when the recipe sets a limit."""
    floor: float | None = None
    """Largest difference that measuring the same model twice explains; None where it was not measured."""

    @property
    def inside_floor(self) -> bool:
        """Whether the difference is one that measuring the same model twice explains; a floor of 0 explains none."""
        return bool(self.floor) and abs(self.delta) <= (self.floor or 0.0)


class Resolution(Result):
    """What the chosen number of items of one task can show."""

    task: str
    metric: str
    items: int
    items_available: int
    discordance: float | None
    """Share of items expected to flip; None for metrics that are not right or wrong."""
    accuracy: float | None
    """Share of items expected to be right, for the unpaired figure."""
    spread: float | None
    """Standard deviation of the items' differences, in the metric's unit; None where it is not known yet."""
    origin: Literal["measured", "assumed", "unknown"]
    """Where these come from: an earlier evaluation of this recipe, or a usual value; `unknown` before a first run."""
    smallest_paired: float | None
    """Smallest difference seen with 80 % power by a paired test at the recipe's confidence, two-sided."""
    smallest_unpaired: float | None
    """The same without pairing."""
    margin: float | None
    above_chance: float | None = None
    """How much better the baseline is than guessed answers, as measured before or as usual; None where nobody knows."""
    items_needed: int | None
    """For the margin: items that show non-inferiority with 80 % power when there is no loss."""
    decidable: bool | None
    """Whether the chosen items suffice for that; None where it is not known."""


class Contrast(Result):
    """One task and one pair of quantized arms on the same items: what AWQ bought over plain rounding."""

    arm: str = GATED
    reference: str = CONTROL
    task: str
    metric: str
    delta: float
    """Arm minus reference, in the metric's unit."""
    delta_stderr: float | None
    """Standard error of the difference: paired where per-item values exist, else as for independent samples."""
    paired: bool
    gain: float
    """How much better the arm is than its reference; negative when it is worse."""
    interval: Interval | None
    """Two-sided, of the loss of the arm against its reference (the negative gain), at the recipe's confidence."""
    p_difference: float | None
    """Of the hypothesis that both are equal, two-sided."""


class EvalResult(Payload):
    """What the stage `eval` reports."""

    STAGE: ClassVar = "eval"
    schema_version: Literal[2] = 2

    arms: tuple[str, ...]
    """In the order measured, the baseline first; where the alarm stopped the evaluation, those it looked at."""
    tasks: tuple[TaskScore, ...]
    """One row per task and arm, the baseline's scores beside each; none where the alarm stopped the evaluation."""
    stopped: str | None = None
    """What the alarm said when it stopped AWQ before any task was scored; None where all tasks were."""
    stopped_said: Phrase | None = None
    """The same for other languages; None in results of earlier versions."""
    contrasts: tuple[Contrast, ...] = ()
    """One per task, where the control was measured."""
    lm_eval_version: str
    engine_version: str
    engine_arguments: tuple[str, ...]
    """Given to all servers alike, model path excepted."""
    engine_settings: dict[str, str] = Field(default_factory=dict)
    """As the baseline's engine resolved them; those of the other arms were checked to be the same."""
    chat_template: bool = False
    fidelity: tuple[Fidelity, ...] = ()
    """Per arm except the baseline; empty where the alarm was switched off."""
    noise_floor: tuple[NoiseFloor, ...] = ()
    """Per task, where the recipe asked for it."""
    overlap: OverlapResult | None = None
    """Items of the tasks that stand in the calibration text."""
    seconds: dict[str, float]
    """Per arm: lm-eval's wall time against the running server."""
    recalled: dict[str, int] = Field(default_factory=dict)
    """Per arm: responses that an earlier attempt had got already."""
    restarts: dict[str, int] = Field(default_factory=dict)
    """Per arm: how often its engine died and was started again."""
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
