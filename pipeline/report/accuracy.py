"""The chapter on accuracy."""

from eval.accuracy.overlap import OverlapResult
from eval.accuracy.result import GATED, Score, TaskScore
from pipeline.report.cells import figure, numbers, word, words
from pipeline.report.charts import accuracy_chart
from pipeline.report.comparison import loss_interval
from pipeline.report.control import control_sentence, control_table
from pipeline.report.document import Cell, Section, Table
from pipeline.report.format import MINUS, NONE, PLUS_MINUS, change, count, listed, score, share, with_error
from pipeline.report.inputs import Inputs

_ARMS = {"awq": "AWQ", "rtn": "rounded"}


def accuracy_section(inputs: Inputs) -> Section:
    """Return the scores of every arm, the differences with their errors, and the verdict per task."""
    accuracy, sources = inputs.accuracy, inputs.sources("eval")
    tables = [_scores(accuracy.gated, sources)]
    if accuracy.contrasts:
        tables.append(control_table(accuracy, sources))
    if any(task.flips_to_wrong is not None for task in accuracy.tasks):
        tables.append(_flips(accuracy.tasks, sources))
    sentences = (_how(len(accuracy.arms)), control_sentence(accuracy), _overlap(accuracy.overlap))
    return Section(
        id="accuracy",
        title="Accuracy",
        paragraphs=tuple(filter(None, sentences)),
        charts=(accuracy_chart(accuracy.gated),),
        tables=tuple(tables),
    )


def _how(arms: int) -> str:
    who = "Both variants" if arms == len(("baseline", "awq")) else "The baseline, AWQ and the control"
    return (
        f"{who} answered the same items through the same server settings. The gate compares AWQ's loss, unrounded, "
        f"with the margin agreed in the recipe."
    )


def _overlap(found: OverlapResult | None) -> str:
    if found is None:
        return ""
    seen = [f"{count(task.overlapping)} of {count(task.items)} items of {task.task}" for task in found.tasks]
    what = f"share a run of {found.run_words} words with the calibration text"
    if not any(task.overlapping for task in found.tasks):
        return f"No item of these tasks was found to {what}."
    return f"{listed(seen)} {what}: on these AWQ may look better than on text it was not calibrated on."


def _scores(tasks: tuple[TaskScore, ...], sources: tuple[str, ...]) -> Table:
    paired = "paired by item" if all(task.paired for task in tasks) else "paired by item where items are scored"
    return Table(
        id="accuracy-scores",
        title="Scores and verdicts",
        columns=(
            *words("Task", "Metric"),
            *numbers("Items", "Baseline", "AWQ", f"AWQ {MINUS} baseline", "95 % interval of loss", "Agreed margin"),
            *words("Verdict"),
        ),
        rows=tuple(_score_row(task) for task in tasks),
        origin="measured",
        note=(
            f"Score {PLUS_MINUS} standard error. The error of the difference is {paired}. "
            f"Higher is better unless stated; the loss counts in the worse direction."
        ),
        sources=sources,
    )


def _score_row(task: TaskScore) -> tuple[Cell, ...]:
    direction = "" if task.higher_is_better else " (lower is better)"
    interval = loss_interval(task)
    span = f"{change(interval[0])} to {change(interval[1])}" if interval else NONE
    return (
        word(task.task),
        word(f"{task.metric}{direction}"),
        figure(task.items, lambda items: _items(items, task.items_available)),
        _score(task.baseline),
        _score(task.candidate),
        figure(task.delta, lambda value: with_error(change(value), task.delta_stderr)),
        word(span),
        figure(task.margin, score),
        word("passed", "good") if task.passed else word("failed", "bad"),
    )


def _items(items: float, available: int) -> str:
    return count(items) if items >= available else f"{count(items)} of {count(available)}"


def _score(entry: Score) -> Cell:
    return figure(entry.value, lambda value: with_error(score(value), entry.stderr))


def _flips(tasks: tuple[TaskScore, ...], sources: tuple[str, ...]) -> Table:
    """Return the changed items; with the arm in a column where there is more than one."""
    counted = [task for task in tasks if task.flips_to_wrong is not None]
    several = any(task.arm != GATED for task in counted)
    rows = tuple(
        (
            word(task.task),
            *((word(_ARMS.get(task.arm, task.arm)),) if several else ()),
            figure(task.items, count),
            figure(task.flips_to_wrong, count),
            figure(task.flips_to_right, count),
            figure(_changed(task), share),
        )
        for task in counted
    )
    return Table(
        id="accuracy-flips",
        title="Items that changed",
        columns=(
            *words("Task", *(["Against the baseline"] if several else [])),
            *numbers("Items", *_flip_titles(several=several), "Share changed"),
        ),
        rows=rows,
        origin="measured",
        note="An unchanged score can hide answers that changed in both directions; this table shows them.",
        sources=sources,
    )


def _flip_titles(*, several: bool) -> tuple[str, str]:
    end = "" if several else " with AWQ"
    return f"Right to wrong{end}", f"Wrong to right{end}"


def _changed(task: TaskScore) -> float:
    return ((task.flips_to_wrong or 0) + (task.flips_to_right or 0)) / max(1, task.items)
