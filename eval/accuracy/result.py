"""What the eval stage reports."""

from pipeline.record import Result


class Score(Result):
    """One variant on one task."""

    value: float
    stderr: float | None
    """Standard error over the items; None where lm-eval gives none."""


class TaskScore(Result):
    """One task, both variants, with the verdict."""

    task: str
    metric: str
    higher_is_better: bool
    items: int
    items_available: int
    """Of the whole task; larger than `items` when the recipe sets a limit."""
    baseline: Score
    awq: Score
    delta: float
    """AWQ minus baseline, in the metric's unit."""
    delta_stderr: float | None
    """Standard error of the difference: paired where per-item values exist, else as for independent samples."""
    paired: bool
    margin: float
    loss: float
    """How much worse AWQ is, in the metric's unit; negative when it is better."""
    passed: bool
    """loss <= margin, unrounded."""
    flips_to_wrong: int | None = None
    """Items right in the baseline and wrong with AWQ; 0/1 metrics only."""
    flips_to_right: int | None = None


class EvalResult(Result):
    """Payload of the stage `eval`."""

    tasks: tuple[TaskScore, ...]
    lm_eval_version: str
    engine_version: str
    engine_arguments: tuple[str, ...]
    """Given to both servers alike, model path excepted."""
    seconds: dict[str, float]
    """Per variant: lm-eval's wall time against the running server."""
    kernels: dict[str, str]
    """Per variant: the linear kernel named in the engine's log."""
