"""The accuracy verdict in words. Report, model card and terminal say it with these."""

from eval.accuracy.result import GATED, TaskScore
from eval.comparison.result import Comparison
from eval.comparison.wording import Undecided, shortfall, undecided_because
from eval.statistics import Verdict
from pipeline.base.format import NONE, certainty, change, count, score
from pipeline.report.document import Cell, Tone

_WORDS: dict[Verdict, str] = {"pass": "passed", "fail": "failed", "inconclusive": "inconclusive"}
_TONES: dict[Verdict, Tone] = {"pass": "good", "fail": "bad", "inconclusive": "caution"}
_REMEDIES: dict[Undecided, str] = {
    "no standard error": (
        "On {task} the loss has no standard error, so nothing can be concluded from it: measure more than one item, "
        "or choose a `metric` that gives a value per item."
    ),
    "too near the margin": (
        "On {task} no number of items is likely to decide it, because the loss is too near the margin: improve the "
        "checkpoint, or agree on another margin before new figures are looked at."
    ),
}
"""Where more items are no remedy."""
_SEVERITY: dict[Verdict, int] = {"pass": 0, "inconclusive": 1, "fail": 2}


def verdict_word(row: Comparison) -> str:
    """Return `passed`, `failed`, `inconclusive`, or that there is nothing to judge by."""
    return "no margin agreed" if row.verdict is None else _WORDS[row.verdict]


def verdict_tone(row: Comparison) -> Tone:
    """Return how the verdict is shown."""
    return "plain" if row.verdict is None else _TONES[row.verdict]


def verdict_cell(row: TaskScore) -> Cell:
    """Return the verdict of a row: coloured where the gate applies, in words alone for other arms."""
    if row.arm != GATED:
        return Cell(text=verdict_word(row))
    text = f"{verdict_word(row)}: {shortfall_text(row)}" if row.verdict == "inconclusive" else verdict_word(row)
    return Cell(text=text, tone=verdict_tone(row))


def shortfall_text(row: TaskScore) -> str:
    """Return in a few words what an undecided task lacks, and whether the task has it."""
    if row.more_items is None:
        return shortfall(row)
    left = row.items_available - row.items
    has = "" if row.more_items <= left else f", the task has {count(left) if left > 0 else 'no'} more"
    return f"{shortfall(row)}{has}"


def remedy(row: TaskScore) -> str:
    """Return in a sentence what would decide an undecided task."""
    if row.more_items is None:
        return _REMEDIES[undecided_because(row)].format(task=row.task)
    needed = f"On {row.task} about {count(row.more_items)} more items would decide it if the loss stays as measured"
    left = row.items_available - row.items
    if row.more_items <= left:
        return f"{needed}; the task has {count(left)} more (raise its `limit`)."
    has = f"only {count(left)} more" if left > 0 else "no more"
    return (
        f"{needed}, and the task has {has}: add a task of the same kind or your own questions, or agree on another "
        f"margin before new figures are looked at."
    )


def loss_bound(row: Comparison) -> str:
    """Return the bound that decides: of a failed task the lower one, otherwise the upper one."""
    if row.bounds is None:
        return f"a loss of {change(row.loss)}, without an interval"
    sure = f"with {certainty(row.confidence)} confidence"
    if row.verdict == "fail":
        return f"{sure} the loss is at least {score(row.bounds.low)}"
    if row.bounds.high < 0:
        return f"{sure} AWQ is better by at least {score(-row.bounds.high)}"
    return f"{sure} the loss is at most {score(row.bounds.high)}"


def interval_text(row: Comparison) -> str:
    """Return the two-sided interval of the loss; a dash where there is none."""
    return NONE if row.interval is None else f"{change(row.interval.low)} to {change(row.interval.high)}"


def bounds_text(row: Comparison) -> str:
    """Return the one-sided bounds that the gate uses; a dash where there are none."""
    return NONE if row.bounds is None else f"{change(row.bounds.low)} to {change(row.bounds.high)}"


def items_text(row: TaskScore) -> str:
    """Return how many items were measured, of how many, and in which groups they were resampled."""
    of = "" if row.items >= row.items_available else f" of {count(row.items_available)}"
    groups = "" if row.clusters is None else f" in {count(row.clusters)} groups"
    return f"{count(row.items)}{of}{groups}"


def metric_text(row: Comparison) -> str:
    """Return the metric, with its direction where lower is better."""
    return row.metric if row.higher_is_better else f"{row.metric} (lower is better)"


def gravest(tasks: tuple[TaskScore, ...]) -> TaskScore:
    """Return the task that is furthest from a pass: by verdict first, then by the share of the margin it uses."""
    return max(tasks, key=_gravity)


def _gravity(row: TaskScore) -> tuple[int, float]:
    severity = 0 if row.verdict is None else _SEVERITY[row.verdict]
    worst = row.loss if row.bounds is None else row.bounds.high
    return severity, worst / row.margin if row.margin else worst
