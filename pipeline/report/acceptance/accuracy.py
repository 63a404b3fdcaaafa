"""The clause on accuracy, by the one-sided bounds of the loss."""

from eval.accuracy.result import EvalResult, TaskScore
from eval.statistics import Margin, normal
from eval.statistics.loss import Loss
from eval.statistics.repeats import Interval, each_of
from pipeline.base.commands import command
from pipeline.base.phrase import phrase
from pipeline.base.results import Phrase
from pipeline.recipe.acceptance import AccuracyClause
from pipeline.report.acceptance.judgement import Found, Limit, Missing, Outcome, outcome
from pipeline.report.acceptance.measured import Measured, no_result
from pipeline.report.language.en.acceptance import AcceptanceSentences as Say

_VERDICTS: dict[str | None, Outcome] = {"pass": "passed", "fail": "failed", "inconclusive": "not decided"}
_GRAVITY: tuple[Outcome, ...] = ("failed", "not decided", "passed")


def accuracy_limit(clause: AccuracyClause) -> Limit:
    """Return what the clause asks for."""
    if clause.max_loss is not None:
        return Limit("at most", clause.max_loss, "loss")
    return Limit("at least", clause.min_recovery or 0.0, "recovery")


def accuracy(clause: AccuracyClause, measured: Measured) -> Found | Missing:
    """Return the task that is furthest from keeping the clause: all of them have to."""
    if measured.accuracy is None:
        return no_result(EvalResult.STAGE)
    if measured.accuracy.stopped is not None:
        return Missing(phrase(Say.alarm_stopped), command(EvalResult.STAGE))
    rows = [row for row in measured.accuracy.of(clause.arm) if clause.task in (None, row.task)]
    if not rows:
        return Missing(phrase(Say.task_not_measured, task=clause.task or clause.arm), command(EvalResult.STAGE))
    judged = [(_outcome(row, clause, len(rows)), row) for row in rows]
    said, row = min(judged, key=lambda one: (_GRAVITY.index(one[0]), -_share_of_limit(one[1], clause)))
    return _found(row, clause, said)


def _found(row: TaskScore, clause: AccuracyClause, said: Outcome) -> Found:
    bounds = (row.bounds.low, row.bounds.high) if row.bounds else None
    fields = ["baseline/value", "candidate/value", "loss", *(["bounds/low", "bounds/high"] if bounds else [])]
    in_recovery = clause.max_loss is None and row.recovery is not None
    return Found(
        value=row.recovery if in_recovery and row.recovery is not None else row.loss,
        interval=_recoveries(row, bounds) if in_recovery and bounds else bounds,
        parts=tuple((row, field) for field in fields),
        why_undecided=_why(row, clause),
        command=command(EvalResult.STAGE),
        outcome=said,
    )


def _outcome(row: TaskScore, clause: AccuracyClause, tasks: int) -> Outcome:
    """Return the verdict of `eval` where the same limit was agreed there; else what the bounds say."""
    limit = _limit(row, clause)
    if (row.margin, row.min_recovery) == (clause.max_loss, None) or row.min_recovery == clause.min_recovery is not None:
        return _VERDICTS.get(row.verdict, "not decided")
    bounds = (row.bounds.low, row.bounds.high) if row.bounds else None
    said = outcome(Limit("at most", limit, "loss"), bounds)
    if said == "passed" and row.above_chance is not None and limit >= row.above_chance:
        return "not decided"
    return "not decided" if said == "failed" and not _fails_among(row, limit, tasks) else said


def _fails_among(row: TaskScore, limit: float, tasks: int) -> bool:
    """Return whether the loss exceeds the limit at the confidence of all tasks together (Bonferroni)."""
    if tasks == 1:
        return True
    if row.delta_stderr is None:
        return False
    return row.loss - normal.quantile(each_of(row.confidence, tasks)) * row.delta_stderr > limit


def _limit(row: TaskScore, clause: AccuracyClause) -> float:
    """Return the largest loss in the metric's unit; of a recovery what it comes to at the baseline's score."""
    if clause.max_loss is not None:
        return clause.max_loss
    margin = Margin(recovery=clause.min_recovery)
    return Loss.of(row.baseline.value, margin, higher_is_better=row.higher_is_better).limit or 0.0


def _share_of_limit(row: TaskScore, clause: AccuracyClause) -> float:
    limit, worst = _limit(row, clause), row.upper if row.upper is not None else row.loss
    return worst / limit if limit else worst


def _recoveries(row: TaskScore, bounds: Interval) -> Interval:
    """Return the bounds of the loss as shares of the baseline's score that are kept."""
    base = row.baseline.value
    low, high = bounds
    if row.higher_is_better:
        return (base - high) / base, (base - low) / base
    return base / (base + high), base / (base + low)


def _why(row: TaskScore, clause: AccuracyClause) -> Phrase:
    if row.bounds is None:
        return phrase(Say.no_error_known, task=row.task)
    if row.above_chance is not None and _limit(row, clause) >= row.above_chance:
        return phrase(Say.beyond_chance, task=row.task)
    return phrase(Say.items_do_not_tell, task=row.task, items=str(row.items))
