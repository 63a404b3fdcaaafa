"""How accuracy was measured and judged, as lines of the method."""

from eval.accuracy.result import EvalResult, TaskScore
from pipeline.base.format import certainty, count
from pipeline.recipe.eval import EvalTask
from pipeline.report.inputs import Inputs
from pipeline.report.language.en.method import Method
from pipeline.report.language.language import Language

_ENOUGH = 100
"""Items from which a bootstrap of skewed losses keeps the gate's level closely enough."""


def accuracy_method(inputs: Inputs) -> tuple[str, ...]:
    """Return how the arms were asked, and how their answers were compared."""
    accuracy, say = inputs.accuracy, inputs.say.method
    lines = (_asked(inputs), _served(accuracy, say), _judged(accuracy, inputs.say), _several(accuracy, say))
    rest = (_few(accuracy, say), _second_look(accuracy, say), _interrupted(accuracy, say))
    return tuple(filter(None, (*lines, *rest)))


def _asked(inputs: Inputs) -> str:
    accuracy, settings, say = inputs.accuracy, inputs.recipe.eval, inputs.say.method
    tasks = say.listing([_task(task, say) for task in settings.all_tasks])
    if accuracy.stopped is not None:
        return say.stopped(accuracy.lm_eval_version, tasks)
    template = say.chat_template if accuracy.chat_template else say.plain_text
    return say.asked(accuracy.lm_eval_version, tasks, str(settings.seed), template)


def _task(task: EvalTask, say: Method) -> str:
    limit = "" if task.limit is None else say.first_items(count(task.limit))
    shots = say.shots_of_task if task.num_fewshot is None else say.shots(str(task.num_fewshot))
    return say.task(task.name, shots, limit)


def _served(accuracy: EvalResult, say: Method) -> str:
    did = say.was_scored if accuracy.stopped is None else say.ran
    return say.served(did, accuracy.engine_version, " ".join(accuracy.engine_arguments) or say.no_arguments)


def _judged(accuracy: EvalResult, language: Language) -> str:
    if accuracy.stopped is not None:
        return ""
    say, by_method = language.method, dict[str, list[str]]()
    for row in accuracy.gated or accuracy.tasks:
        by_method.setdefault(language.stored.text(row.method_said, row.method), []).append(row.task)
    used = "; ".join(f"{method}: {say.listing(list(dict.fromkeys(names)))}" for method, names in by_method.items())
    return say.judged(certainty(accuracy.tasks[0].confidence), used)


def _several(accuracy: EvalResult, say: Method) -> str:
    tasks = len(accuracy.gated)
    return say.several(count(tasks)) if tasks > 1 else ""


def _few(accuracy: EvalResult, say: Method) -> str:
    """Say where the gate's level is only nominal: bootstraps of few items."""
    few = [row for row in accuracy.gated if _resampled(row) and (row.clusters or row.items) < _ENOUGH]
    if not few:
        return ""
    return say.few(str(_ENOUGH), say.listing([row.task for row in few]), certainty(1 - few[0].confidence))


def _resampled(row: TaskScore) -> bool:
    """Return whether the items are not right or wrong, which alone are resampled."""
    return row.discordance is None


def _second_look(accuracy: EvalResult, say: Method) -> str:
    return say.second_look if any(row.verdict == "inconclusive" for row in accuracy.gated) else ""


def _interrupted(accuracy: EvalResult, say: Method) -> str:
    restarts = [
        say.times(say.amount(times, "time"), say.name_of(arm)) for arm, times in accuracy.restarts.items() if times
    ]
    recalled = [say.recalled_of(count(found), say.name_of(arm)) for arm, found in accuracy.recalled.items() if found]
    parts = []
    if restarts:
        parts.append(say.restarted(say.listing(restarts)))
    if recalled:
        parts.append(say.recalled(say.listing(recalled)))
    return say.interrupted("; ".join(parts)) if parts else ""
