"""The verdict on accuracy in plain words: shown to be within the margin, shown to be beyond it, or not decided."""

from collections.abc import Sequence

from eval.accuracy.result import GATED, EvalResult, TaskScore
from eval.statistics import Verdict
from pipeline.base.format import change, score
from pipeline.report.chapters.alarm import alarm_text, not_scored
from pipeline.report.document import Finding
from pipeline.report.language.en.words import Words
from pipeline.report.language.language import Language
from pipeline.report.verdicts import gravest, loss_bound, margin_text, remedy

_FEW = 3
"""Tasks that fit a sentence."""


def accuracy_findings(accuracy: EvalResult, say: Language) -> tuple[Finding, ...]:
    """Return the verdict on AWQ, and every alarm that was raised."""
    return accuracy_finding(accuracy, say), *_alarms(accuracy, say)


def accuracy_finding(accuracy: EvalResult, say: Language) -> Finding:
    """Say what the gate found, with the bound that decides, and how a difference stands to the noise floor."""
    if accuracy.stopped is not None:
        detail = not_scored(accuracy, say)
        return Finding(
            topic=say.findings.accuracy,
            stage=EvalResult.STAGE,
            headline=say.findings.not_scored,
            detail=detail,
            tone="bad",
        )
    tasks = accuracy.gated
    failed, undecided = by_verdict(tasks, "fail"), by_verdict(tasks, "inconclusive")
    if failed:
        return _failed(failed, undecided, tasks, say)
    return _undecided(undecided, tasks, say) if undecided else _passed(tasks, say)


def by_verdict(tasks: Sequence[TaskScore], verdict: Verdict) -> list[TaskScore]:
    """Return the tasks with this verdict."""
    return [row for row in tasks if row.verdict == verdict]


def named(tasks: Sequence[TaskScore], say: Words) -> str:
    """Return the names of tasks in a row."""
    return say.listing([row.task for row in tasks])


def _failed(
    failed: list[TaskScore], undecided: list[TaskScore], tasks: tuple[TaskScore, ...], say: Language
) -> Finding:
    open_ones = say.findings.not_decided(named(undecided, say.findings)) if undecided else ""
    return Finding(
        topic=say.findings.accuracy,
        stage=EvalResult.STAGE,
        headline=say.findings.gate_failed(named(failed, say.findings)),
        detail=_joined(*(_measured(row, say) for row in failed), open_ones, _floor(tasks, say)),
        tone="bad",
    )


def _undecided(undecided: list[TaskScore], tasks: tuple[TaskScore, ...], say: Language) -> Finding:
    rows = [f"{_measured(row, say)} {remedy(row, say.verdicts)}" for row in undecided]
    return Finding(
        topic=say.findings.accuracy,
        stage=EvalResult.STAGE,
        headline=say.findings.undecided(named(undecided, say.findings)),
        detail=_joined(*rows, _floor(tasks, say)),
        tone="caution",
    )


def _passed(tasks: tuple[TaskScore, ...], say: Language) -> Finding:
    every = say.findings.the_one_task if len(tasks) == 1 else say.findings.each_task(str(len(tasks)))
    shown = tasks if len(tasks) <= _FEW else (gravest(tasks),)
    rest = "" if len(shown) == len(tasks) else say.findings.other_tasks(say.findings.amount(len(tasks) - 1, "task"))
    return Finding(
        topic=say.findings.accuracy,
        stage=EvalResult.STAGE,
        headline=say.findings.gate_passed(every),
        detail=_joined(*(_measured(row, say) for row in shown), rest, _floor(tasks, say)),
        tone="good",
    )


def _measured(row: TaskScore, say: Language) -> str:
    margin = say.findings.no_margin if row.margin is None else say.findings.margin(margin_text(row, say.verdicts))
    before, after = score(row.baseline.value), score(row.candidate.value)
    bound = loss_bound(row, say.verdicts)
    return say.findings.scores(row.task, row.metric, before, after, change(row.delta), bound, margin)


def _floor(tasks: tuple[TaskScore, ...], say: Language) -> str:
    inside = [row for row in tasks if row.inside_floor]
    return say.findings.inside_floor(named(inside, say.findings)) if inside else ""


def _alarms(accuracy: EvalResult, say: Language) -> tuple[Finding, ...]:
    """Return the alarms that were raised, except AWQ's where the verdict has it already."""
    told = () if accuracy.stopped is None else (GATED,)
    raised = [one for one in accuracy.fidelity if one.absurd and one.arm not in told]
    if not raised:
        return ()
    return (
        Finding(
            topic=say.findings.alarm,
            stage=EvalResult.STAGE,
            headline=say.findings.alarm_raised,
            detail=" ".join(alarm_text(one, say) for one in raised),
            tone="bad",
        ),
    )


def _joined(*sentences: str) -> str:
    return " ".join(filter(None, sentences))
