"""From what was measured to the result of the stage `eval`: every arm against the baseline, and the gates."""

from dataclasses import dataclass, field

from eval.accuracy.overlap import OverlapResult
from eval.accuracy.result import AGAIN, BASELINE, CONTROL, GATED, Contrast, EvalResult, TaskScore
from eval.alarm.result import Fidelity
from eval.comparison.comparison import adjusted, compare, floor_of
from eval.comparison.result import NoiseFloor
from eval.comparison.scores import TaskScores
from eval.comparison.wording import verdict_phrase
from eval.statistics import Margin
from pipeline.base.format import count, score
from pipeline.base.phrase import phrase_of
from pipeline.base.results import Gate, Phrase
from pipeline.base.sentences.stored import ENGLISH, StoredSentences
from pipeline.engines.vllm import engine_arguments
from pipeline.recipe.eval import Eval, EvalTask
from pipeline.recipe.recipe import Recipe


@dataclass(frozen=True)
class Measured:
    """Everything measured on one arm."""

    scores: dict[str, TaskScores]
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


def stopped_result(
    recipe: Recipe, awq: Measured, fidelity: tuple[Fidelity, ...], said: Phrase, found: OverlapResult | None
) -> EvalResult:
    """Return what is known where the alarm stopped AWQ: token probabilities, and no scores.

    Args:
        recipe: as resolved.
        awq: its engine and settings; no scores.
        fidelity: of each arm whose token probabilities were compared, AWQ's among them.
        said: by the alarm.
        found: calibration text in the tasks.
    """
    compared = {one.arm for one in fidelity} | {GATED}
    return EvalResult(
        arms=tuple(arm.name for arm in recipe.arms if arm.name in compared),
        tasks=(),
        stopped=ENGLISH.text(said),
        stopped_said=said,
        chat_template=recipe.eval.chat_template,
        fidelity=fidelity,
        overlap=found,
        lm_eval_version=awq.lm_eval,
        engine_version=awq.engine,
        engine_arguments=engine_arguments(recipe.engine),
        engine_settings=awq.settings,
        seconds={GATED: awq.seconds},
        restarts={GATED: awq.restarts},
        kernels={GATED: awq.kernel},
    )


def concurrencies(settings: Eval) -> tuple[int, int]:
    """Return the requests in flight in the baseline's first and second run, which differ."""
    first = settings.num_concurrent
    return first, first // 2 if first > 1 else 2


def _floors(settings: Eval, scores: dict[str, dict[str, TaskScores]]) -> dict[str, NoiseFloor]:
    """Return the noise floor per task; empty where the baseline was measured once."""
    if AGAIN not in scores:
        return {}
    runs = zip(scores[BASELINE].items(), scores[AGAIN].values(), strict=True)
    found = {task: floor_of(first, second, concurrencies(settings)) for (task, first), second in runs}
    return {task: floor for task, floor in found.items() if floor is not None}


def _rows(
    settings: Eval, arm: str, scores: dict[str, dict[str, TaskScores]], floors: dict[str, NoiseFloor]
) -> tuple[TaskScore, ...]:
    """Return the tasks of one arm, its p-values adjusted over them."""
    return adjusted([_task_score(settings, task, arm, scores, floors.get(task.name)) for task in settings.all_tasks])


def _task_score(
    settings: Eval, task: EvalTask, arm: str, scores: dict[str, dict[str, TaskScores]], floor: NoiseFloor | None
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


def _contrast(settings: Eval, task: EvalTask, scores: dict[str, dict[str, TaskScores]]) -> Contrast:
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
    """Return one gate per task, for AWQ alone: other arms are information. The alarm's alone where it stopped AWQ."""
    if result.stopped is not None:
        return (Gate(name="alarm", passed=False, statement=result.stopped, said=result.stopped_said),)
    return tuple(_gate(task) for task in result.gated)


def _gate(task: TaskScore) -> Gate:
    said = phrase_of(
        StoredSentences.task_verdict,
        (verdict_phrase(task),),
        task=task.task,
        metric=task.metric,
        before=score(task.baseline.value),
        after=score(task.candidate.value),
        items=count(task.items),
    )
    return Gate(
        name=f"accuracy {task.task}",
        passed=task.passed,
        verdict=task.verdict,
        statement=ENGLISH.text(said),
        said=said,
    )
