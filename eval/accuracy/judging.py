"""From what was measured to the result of the stage `eval`: every arm against the baseline, gates and metrics."""

import re
from dataclasses import dataclass, field

from eval.accuracy.overlap import OverlapResult
from eval.accuracy.result import AGAIN, BASELINE, CONTROL, GATED, Contrast, EvalResult, TaskScore
from eval.alarm.result import Fidelity
from eval.comparison.comparing import adjusted, compare, floor_of
from eval.comparison.result import NoiseFloor
from eval.comparison.scored import Scored
from eval.statistics import Margin
from pipeline.recipe.evaluation import Eval, EvalTask
from pipeline.recipe.models import Recipe
from pipeline.record import Gate, Metric
from serve.engine import engine_arguments


@dataclass(frozen=True)
class Measured:
    """Everything measured on one arm."""

    scores: dict[str, Scored]
    """By task."""
    seconds: float
    kernel: str
    lm_eval: str
    engine: str
    settings: dict[str, str] = field(default_factory=dict)
    """As the engine resolved them."""
    recalled: int = 0
    """Responses that an earlier attempt had got."""
    restarts: int = 0


def result_of(
    recipe: Recipe,
    measured: dict[str, Measured],
    found: OverlapResult | None = None,
    fidelity: tuple[Fidelity, ...] = (),
) -> EvalResult:
    """Return every arm against the baseline, and AWQ against the control where there is one.

    Args:
        recipe: as resolved.
        measured: by arm; the baseline's second run, where there was one, under `again`.
        found: calibration text in the tasks.
        fidelity: of each arm whose token probabilities were compared.

    Raises:
        VoidMeasurementError: two arms did not answer the same items, or were asked otherwise.
    """
    settings = recipe.eval
    arms = [arm for arm in measured if arm != AGAIN]
    scores = {arm: entry.scores for arm, entry in measured.items()}
    floors = _floors(settings, scores)
    rows = {arm: _rows(settings, arm, scores, floors) for arm in arms if arm != BASELINE}
    return EvalResult(
        arms=tuple(arms),
        tasks=tuple(rows[arm][place] for place in range(len(settings.all_tasks)) for arm in rows),
        contrasts=tuple(_contrast(settings, task, scores) for task in settings.all_tasks) if CONTROL in scores else (),
        chat_template=settings.chat_template,
        fidelity=fidelity,
        noise_floor=tuple(floors.values()),
        overlap=found,
        lm_eval_version=measured[GATED].lm_eval,
        engine_version=measured[GATED].engine,
        engine_arguments=engine_arguments(recipe.engine),
        engine_settings=measured[BASELINE].settings,
        seconds={arm: entry.seconds for arm, entry in measured.items()},
        recalled={arm: entry.recalled for arm, entry in measured.items()},
        restarts={arm: entry.restarts for arm, entry in measured.items()},
        kernels={arm: entry.kernel for arm, entry in measured.items()},
    )


def concurrencies(settings: Eval) -> tuple[int, int]:
    """Return the requests in flight in the baseline's first and second run, which differ."""
    first = settings.num_concurrent
    return first, first // 2 if first > 1 else 2


def _floors(settings: Eval, scores: dict[str, dict[str, Scored]]) -> dict[str, NoiseFloor]:
    """Return the noise floor per task; empty where the baseline was measured once."""
    if AGAIN not in scores:
        return {}
    runs = zip(scores[BASELINE].items(), scores[AGAIN].values(), strict=True)
    found = {task: floor_of(first, second, concurrencies(settings)) for (task, first), second in runs}
    return {task: floor for task, floor in found.items() if floor is not None}


def _rows(
    settings: Eval, arm: str, scores: dict[str, dict[str, Scored]], floors: dict[str, NoiseFloor]
) -> tuple[TaskScore, ...]:
    """Return the tasks of one arm, its p-values adjusted over them."""
    return adjusted([_task_score(settings, task, arm, scores, floors.get(task.name)) for task in settings.all_tasks])


def _task_score(
    settings: Eval, task: EvalTask, arm: str, scores: dict[str, dict[str, Scored]], floor: NoiseFloor | None
) -> TaskScore:
    baseline, candidate = scores[BASELINE][task.name], scores[arm][task.name]
    margin = Margin(absolute=task.margin, recovery=task.min_recovery)
    found = compare(
        baseline, candidate, margin=margin, confidence=settings.confidence, draws=settings.draws, seed=settings.seed
    )
    return TaskScore(
        **dict(found),
        arm=arm,
        items_available=baseline.items_available,
        floor=None if floor is None else floor.floor,
    )


def _contrast(settings: Eval, task: EvalTask, scores: dict[str, dict[str, Scored]]) -> Contrast:
    control, awq = scores[CONTROL][task.name], scores[GATED][task.name]
    found = compare(control, awq, confidence=settings.confidence, draws=settings.draws, seed=settings.seed)
    return Contrast(
        task=task.name,
        metric=found.metric,
        delta=found.delta,
        delta_stderr=found.delta_stderr,
        paired=found.paired,
        gain=-found.loss,
        interval=found.interval,
        p_difference=found.p_difference,
    )


def gates_of(result: EvalResult) -> tuple[Gate, ...]:
    """Return one gate per task, for AWQ alone: other arms are information."""
    return tuple(_gate(task) for task in result.gated)


def _gate(task: TaskScore) -> Gate:
    scores = f"{task.task}: {task.metric} {task.baseline.value:.4f} -> {task.candidate.value:.4f} on {task.items} items"
    return Gate(name=f"accuracy {task.task}", passed=task.passed, statement=f"{scores}; {_verdict(task)}")


def _verdict(task: TaskScore) -> str:
    margin, sure = f"the margin of {task.margin:.4g}", f"with {task.confidence:.0%} confidence"
    if task.bounds is None:
        return f"inconclusive: without a standard error the loss of {task.loss:+.4f} cannot be held against {margin}."
    if task.verdict == "pass":
        return f"pass: {sure} the loss is at most {task.bounds.high:.4f}, within {margin}."
    if task.verdict == "fail":
        return f"fail: {sure} the loss is at least {task.bounds.low:.4f}, beyond {margin}."
    more = "no number of items would decide it" if task.more_items is None else f"{task.more_items} more items needed"
    return f"inconclusive: {sure} the loss is at most {task.bounds.high:.4f}, not within {margin}; {more}."


def metrics_of(result: EvalResult) -> tuple[Metric, ...]:
    """Return every figure; AWQ's difference is `_delta`, that of another arm `_delta_<arm>`."""
    metrics: list[Metric] = []
    for task in result.tasks:
        stem = _stem(task.task, task.metric)
        if task.arm == GATED:
            metrics += _figures(f"{stem}_{BASELINE}", task.baseline.value, task.baseline.stderr)
        metrics += _figures(f"{stem}_{task.arm}", task.candidate.value, task.candidate.stderr)
        ending = "" if task.arm == GATED else f"_{task.arm}"
        metrics += _figures(f"{stem}_delta{ending}", task.delta, task.delta_stderr)
        metrics += [
            Metric(name=f"{stem}_{name}{ending}", value=float(value))
            for name, value in _of_verdict(task).items()
            if value is not None
        ]
    for one in result.contrasts:
        stem = _stem(one.task, one.metric)
        metrics += _figures(f"{stem}_{GATED}_minus_{CONTROL}", one.delta, one.delta_stderr)
    return (*metrics, *_of_floor(result), *_of_fidelity(result))


def _stem(task: str, metric: str) -> str:
    """Return what a task's metrics are called, in characters that MLflow takes (`pass@1` has one it does not)."""
    return re.sub(r"[^\w.-]", "_", f"{task}_{metric}")


def _of_verdict(task: TaskScore) -> dict[str, float | None]:
    return {
        "items": task.items,
        "recovery": task.recovery,
        "loss_low": task.interval.low if task.interval else None,
        "loss_high": task.interval.high if task.interval else None,
        "loss_at_least": task.bounds.low if task.bounds else None,
        "loss_at_most": task.bounds.high if task.bounds else None,
        "margin": task.margin,
        "p_difference": task.p_difference,
        "p_difference_holm": task.p_difference_adjusted,
        "p_noninferior": task.p_noninferior,
        "p_inferior_holm": task.p_inferior_adjusted,
        "flips_to_wrong": task.flips_to_wrong,
        "flips_to_right": task.flips_to_right,
        "discordance": task.discordance,
    }


def _of_floor(result: EvalResult) -> list[Metric]:
    metrics: list[Metric] = []
    for one in result.noise_floor:
        stem = _stem(one.task, one.metric)
        metrics += _figures(f"{stem}_noise_floor", one.floor, None)
        metrics += _figures(f"{stem}_delta_{AGAIN}", one.delta, None)
        metrics.append(Metric(name=f"{stem}_changed_{AGAIN}", value=float(one.changed)))
    return metrics


def _of_fidelity(result: EvalResult) -> list[Metric]:
    return [
        metric
        for one in result.fidelity
        for metric in (
            Metric(name=f"kl_nats_{one.arm}", value=one.mean_kl_nats),
            Metric(name=f"top1_agreement_{one.arm}", value=one.top1_agreement),
        )
    ]


def _figures(name: str, value: float, stderr: float | None) -> list[Metric]:
    error = [] if stderr is None else [Metric(name=f"{name}_stderr", value=stderr)]
    return [Metric(name=name, value=value), *error]
