"""The accuracy verdict in words. Report, model card and terminal say it with these."""

from eval.accuracy.result import GATED, TaskScore
from eval.comparison.result import Comparison, Interval
from eval.comparison.wording import undecided_because
from eval.statistics import Verdict
from pipeline.base.format import NONE, certainty, change, count, recovery, score
from pipeline.report.document import Cell, Tone
from pipeline.report.language.en.verdicts import Verdicts

_TONES: dict[Verdict, Tone] = {"pass": "good", "fail": "bad", "inconclusive": "caution"}
_SEVERITY: dict[Verdict, int] = {"pass": 0, "inconclusive": 1, "fail": 2}


def verdict_word(row: Comparison, say: Verdicts) -> str:
    """Return `passed`, `failed`, `inconclusive`, or that there is nothing to judge by."""
    return say.no_margin if row.verdict is None else say.words[row.verdict]


def verdict_tone(row: Comparison) -> Tone:
    """Return how the verdict is shown."""
    return "plain" if row.verdict is None else _TONES[row.verdict]


def verdict_cell(row: TaskScore, say: Verdicts) -> Cell:
    """Return the verdict of a row: coloured where the gate applies, in words alone for other arms."""
    word = verdict_word(row, say)
    if row.arm != GATED:
        return Cell(text=word)
    text = say.undecided(word, shortfall_text(row, say)) if row.verdict == "inconclusive" else word
    return Cell(text=text, tone=verdict_tone(row))


def shortfall_text(row: TaskScore, say: Verdicts) -> str:
    """Return in a few words what an undecided task lacks, and whether the task has it."""
    if row.more_items is None:
        return say.lacks[undecided_because(row)]
    needed = say.more_needed(count(row.more_items), one=row.more_items == 1)
    left = row.items_available - row.items
    has = "" if row.more_items <= left else say.task_has(count(left) if left > 0 else say.none_left)
    return f"{needed}{has}"


def margin_text(row: Comparison, say: Verdicts) -> str:
    """Return the agreed margin, with the recovery it comes from; a dash where none was agreed."""
    if row.margin is None:
        return NONE
    agreed = score(row.margin)
    return agreed if row.min_recovery is None else say.margin_of_recovery(agreed, recovery(row.min_recovery))


def remedy(row: TaskScore, say: Verdicts) -> str:
    """Return in a sentence what would decide an undecided task."""
    if row.more_items is None:
        return say.remedy(undecided_because(row), row.task)
    left = row.items_available - row.items
    if row.more_items <= left:
        return say.more_items(row.task, count(row.more_items), count(left))
    return say.too_few_items(row.task, count(row.more_items), count(left) if left > 0 else None)


def loss_bound(row: Comparison, say: Verdicts) -> str:
    """Return the bound that decides: of a failed task the lower one, otherwise the upper one."""
    if row.bounds is None:
        return say.loss_alone(change(row.loss))
    sure = certainty(row.confidence)
    if row.verdict == "fail":
        return say.at_least(sure, score(row.bounds.low))
    if row.bounds.high < 0:
        return say.better_by(sure, score(-row.bounds.high))
    return say.at_most(sure, score(row.bounds.high))


def interval_text(row: Comparison, say: Verdicts) -> str:
    """Return the two-sided interval of the loss; a dash where there is none."""
    return _span(row.interval, say)


def bounds_text(row: Comparison, say: Verdicts) -> str:
    """Return the one-sided bounds that the gate uses; a dash where there are none."""
    return _span(row.bounds, say)


def _span(span: Interval | None, say: Verdicts) -> str:
    return NONE if span is None else say.span(change(span.low), change(span.high))


def items_text(row: TaskScore, say: Verdicts) -> str:
    """Return how many items were measured, of how many, and in which groups they were resampled."""
    whole = row.items >= row.items_available
    items = count(row.items) if whole else say.part_of(count(row.items), count(row.items_available))
    return items if row.clusters is None else items + say.groups(count(row.clusters))


def metric_text(row: Comparison, say: Verdicts) -> str:
    """Return the metric, with its direction where lower is better."""
    return row.metric if row.higher_is_better else say.lower_is_better(row.metric)


def gravest(tasks: tuple[TaskScore, ...]) -> TaskScore:
    """Return the task that is furthest from a pass: by verdict first, then by the share of the margin it uses."""
    return max(tasks, key=_gravity)


def _gravity(row: TaskScore) -> tuple[int, float]:
    severity = 0 if row.verdict is None else _SEVERITY[row.verdict]
    worst = row.loss if row.bounds is None else row.bounds.high
    return severity, worst / row.margin if row.margin else worst
