"""How accuracy was measured and judged, as lines of the method."""

from eval.accuracy.result import EvalResult, TaskScore
from pipeline.base.format import certainty, count, listed, plural
from pipeline.recipe.arms import arm_name
from pipeline.recipe.eval import EvalTask
from pipeline.report.inputs import Inputs

_ENOUGH = 100
"""Items from which a bootstrap of skewed losses keeps the gate's level closely enough."""


def accuracy_method(inputs: Inputs) -> tuple[str, ...]:
    """Return how the arms were asked, and how their answers were compared."""
    accuracy = inputs.accuracy
    lines = (_asked(inputs), _served(accuracy), _judged(accuracy), _several(accuracy))
    return tuple(filter(None, (*lines, _few(accuracy), _second_look(accuracy), _interrupted(accuracy))))


def _asked(inputs: Inputs) -> str:
    accuracy, settings = inputs.accuracy, inputs.recipe.eval
    template = (
        "through the chat template of its tokenizer, few-shot examples as earlier turns"
        if accuracy.chat_template
        else "as plain text, without a chat template"
    )
    tasks = listed([_task(task) for task in settings.all_tasks])
    if accuracy.stopped is not None:
        return f"Accuracy: the alarm stopped AWQ before lm-eval {accuracy.lm_eval_version} asked {tasks}."
    return (
        f"Accuracy: lm-eval {accuracy.lm_eval_version} against a running server, once per arm, on {tasks} (seed "
        f"{settings.seed}). The model was asked {template}."
    )


def _task(task: EvalTask) -> str:
    limit = "" if task.limit is None else f" (first {count(task.limit)} items)"
    shots = "few-shot count of the task" if task.num_fewshot is None else f"{task.num_fewshot}-shot"
    return f"{task.name}, {shots}{limit}"


def _served(accuracy: EvalResult) -> str:
    did = "was scored" if accuracy.stopped is None else "ran"
    return (
        f"Every arm {did} on {accuracy.engine_version} with the same engine arguments, the path of its "
        f"weights and how they are cast excepted: {' '.join(accuracy.engine_arguments) or 'none'}."
    )


def _judged(accuracy: EvalResult) -> str:
    if accuracy.stopped is not None:
        return ""
    by_method: dict[str, list[str]] = {}
    for row in accuracy.gated or accuracy.tasks:
        by_method.setdefault(row.method, []).append(row.task)
    used = "; ".join(f"{method}: {listed(list(dict.fromkeys(names)))}" for method, names in by_method.items())
    sure = certainty(accuracy.tasks[0].confidence)
    return (
        f"Verdict: a non-inferiority test on the differences of single items. Intervals are two-sided at {sure}; each "
        f"bound of the gate is one-sided at {sure}. Methods: {used}."
    )


def _several(accuracy: EvalResult) -> str:
    tasks = len(accuracy.gated)
    if tasks <= 1:
        return ""
    return (
        f"Several tasks: a pass needs no correction, because all {count(tasks)} tasks must pass. A fail of any one is "
        f"enough to reject, so its p-values are corrected by Holm's method over the {count(tasks)} tasks, and so are "
        f"those of the differences."
    )


def _few(accuracy: EvalResult) -> str:
    """Say where the gate's level is only nominal: bootstraps of few items."""
    few = [row for row in accuracy.gated if _resampled(row) and (row.clusters or row.items) < _ENOUGH]
    if not few:
        return ""
    names, risk = listed([row.task for row in few]), certainty(1 - few[0].confidence)
    return (
        f"Fewer than {_ENOUGH} items or groups were resampled on {names}: the gate's {risk} chance to pass a loss of "
        f"just the margin is nominal there, and somewhat larger for strongly skewed losses."
    )


def _resampled(row: TaskScore) -> bool:
    """Return whether the items are not right or wrong, which alone are resampled."""
    return row.discordance is None


def _second_look(accuracy: EvalResult) -> str:
    if not any(row.verdict == "inconclusive" for row in accuracy.gated):
        return ""
    return (
        "Measurement more items after an undecided verdict is a second look at the same question, and a little more "
        "likely to pass by chance than a first: agree on the final number of items beforehand."
    )


def _interrupted(accuracy: EvalResult) -> str:
    restarts = [f"{plural(times, 'time')} for {arm_name(arm)}" for arm, times in accuracy.restarts.items() if times]
    recalled = [f"{count(found)} of {arm_name(arm)}" for arm, found in accuracy.recalled.items() if found]
    parts = []
    if restarts:
        parts.append(f"the engine died and was started again {listed(restarts)}")
    if recalled:
        parts.append(f"responses kept from an earlier attempt were used: {listed(recalled)}")
    return f"Interruptions of the evaluation: {'; '.join(parts)}." if parts else ""
