"""The verdict on accuracy in plain words: shown to be within the margin, shown to be beyond it, or not decided."""

from collections.abc import Sequence

from eval.accuracy.result import GATED, EvalResult, TaskScore
from eval.comparison.wording import margin_text
from eval.statistics import Verdict
from pipeline.base.format import change, listed, plural, score
from pipeline.report.chapters.alarm import alarm_text, not_scored
from pipeline.report.document import Finding
from pipeline.report.language.language import Language
from pipeline.report.verdicts import gravest, loss_bound, remedy

_FEW = 3
"""Tasks that fit a sentence."""


def accuracy_findings(accuracy: EvalResult, say: Language) -> tuple[Finding, ...]:
    """Return the verdict on AWQ, and every alarm that was raised."""
    return accuracy_finding(accuracy, say), *_alarms(accuracy, say)


def accuracy_finding(accuracy: EvalResult, say: Language) -> Finding:
    """Say what the gate found, with the bound that decides, and how a difference stands to the noise floor."""
    if accuracy.stopped is not None:
        headline = "AWQ was not scored, so its accuracy is not known."
        return Finding(topic="Accuracy", headline=headline, detail=not_scored(accuracy, say.alarm), tone="bad")
    tasks = accuracy.gated
    failed, undecided = by_verdict(tasks, "fail"), by_verdict(tasks, "inconclusive")
    if failed:
        return _failed(failed, undecided, tasks, say)
    return _undecided(undecided, tasks, say) if undecided else _passed(tasks, say)


def by_verdict(tasks: Sequence[TaskScore], verdict: Verdict) -> list[TaskScore]:
    """Return the tasks with this verdict."""
    return [row for row in tasks if row.verdict == verdict]


def named(tasks: Sequence[TaskScore]) -> str:
    """Return the names of tasks in a row."""
    return listed([row.task for row in tasks])


def _failed(
    failed: list[TaskScore], undecided: list[TaskScore], tasks: tuple[TaskScore, ...], say: Language
) -> Finding:
    open_ones = f"Not decided: {named(undecided)}." if undecided else ""
    return Finding(
        topic="Accuracy",
        headline=f"The accuracy gate failed on {named(failed)}.",
        detail=_joined(*(_measured(row, say) for row in failed), open_ones, _floor(tasks)),
        tone="bad",
    )


def _undecided(undecided: list[TaskScore], tasks: tuple[TaskScore, ...], say: Language) -> Finding:
    return Finding(
        topic="Accuracy",
        headline=f"Not shown to be within the agreed margin: {named(undecided)}. Nor is it shown to be beyond it.",
        detail=_joined(*(f"{_measured(row, say)} {remedy(row, say.verdicts)}" for row in undecided), _floor(tasks)),
        tone="caution",
    )


def _passed(tasks: tuple[TaskScore, ...], say: Language) -> Finding:
    every = "the one task" if len(tasks) == 1 else f"each of the {len(tasks)} tasks"
    shown = tasks if len(tasks) <= _FEW else (gravest(tasks),)
    rest = "" if len(shown) == len(tasks) else f"The other {plural(len(tasks) - 1, 'task')} are further from theirs."
    return Finding(
        topic="Accuracy",
        headline=f"The accuracy gate passed: on {every} the loss is shown to be within the agreed margin.",
        detail=_joined(*(_measured(row, say) for row in shown), rest, _floor(tasks)),
        tone="good",
    )


def _measured(row: TaskScore, say: Language) -> str:
    margin = "no margin was agreed" if row.margin is None else f"the agreed margin is {margin_text(row)}"
    return (
        f"{row.task}: {row.metric} {score(row.baseline.value)} before, {score(row.candidate.value)} with AWQ "
        f"({change(row.delta)}); {loss_bound(row, say.verdicts)}, {margin}."
    )


def _floor(tasks: tuple[TaskScore, ...]) -> str:
    inside = [row for row in tasks if row.inside_floor]
    if not inside:
        return ""
    return (
        f"On {named(inside)} the difference is inside the noise floor: measuring the baseline twice explains as much."
    )


def _alarms(accuracy: EvalResult, say: Language) -> tuple[Finding, ...]:
    """Return the alarms that were raised, except AWQ's where the verdict has it already."""
    told = () if accuracy.stopped is None else (GATED,)
    raised = [one for one in accuracy.fidelity if one.absurd and one.arm not in told]
    if not raised:
        return ()
    return (
        Finding(
            topic="Alarm",
            headline="The alarm on token probabilities was raised. It is no verdict, but a reason to look.",
            detail=" ".join(alarm_text(one, say.alarm) for one in raised),
            tone="bad",
        ),
    )


def _joined(*sentences: str) -> str:
    return " ".join(filter(None, sentences))
