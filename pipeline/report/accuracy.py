"""The chapter on accuracy."""

from eval.accuracy.result import Score, TaskScore
from pipeline.report.cells import figure, numbers, word, words
from pipeline.report.charts import accuracy_chart
from pipeline.report.comparison import loss_interval
from pipeline.report.document import Cell, Section, Table
from pipeline.report.format import MINUS, NONE, PLUS_MINUS, change, count, score
from pipeline.report.inputs import Inputs


def accuracy_section(inputs: Inputs) -> Section:
    """Return scores of both variants, the difference with its error, and the verdict per task."""
    tasks = inputs.accuracy.tasks
    sources = inputs.sources("eval")
    tables = [_scores(tasks, sources)]
    if any(task.flips_to_wrong is not None for task in tasks):
        tables.append(_flips(tasks, sources))
    return Section(
        id="accuracy",
        title="Accuracy",
        paragraphs=(
            (
                "Both variants answered the same items through the same server settings. The gate compares the "
                "loss, unrounded, with the margin agreed in the recipe."
            ),
        ),
        charts=(accuracy_chart(tasks),),
        tables=tuple(tables),
    )


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
    delta = Score(value=task.delta, stderr=task.delta_stderr)
    return (
        word(task.task),
        word(f"{task.metric}{direction}"),
        figure(task.items, lambda items: _items(items, task.items_available)),
        _with_error(task.baseline),
        _with_error(task.awq),
        figure(delta.value, lambda value: change(value) + _error(delta.stderr)),
        word(span),
        figure(task.margin, score),
        word("passed", "good") if task.passed else word("failed", "bad"),
    )


def _items(items: float, available: int) -> str:
    return count(items) if items >= available else f"{count(items)} of {count(available)}"


def _with_error(value: Score) -> Cell:
    return figure(value.value, lambda number: score(number) + _error(value.stderr))


def _error(stderr: float | None) -> str:
    return "" if stderr is None else f" {PLUS_MINUS} {score(stderr)}"


def _flips(tasks: tuple[TaskScore, ...], sources: tuple[str, ...]) -> Table:
    rows = tuple(
        (
            word(task.task),
            figure(task.items, count),
            figure(task.flips_to_wrong, count),
            figure(task.flips_to_right, count),
            figure(_changed(task), lambda share: f"{share:.1%}".replace("%", " %")),
        )
        for task in tasks
        if task.flips_to_wrong is not None
    )
    return Table(
        id="accuracy-flips",
        title="Items that changed",
        columns=(
            *words("Task"),
            *numbers("Items", "Right to wrong with AWQ", "Wrong to right with AWQ", "Share changed"),
        ),
        rows=rows,
        origin="measured",
        note="An unchanged score can hide answers that changed in both directions; this table shows them.",
        sources=sources,
    )


def _changed(task: TaskScore) -> float:
    return ((task.flips_to_wrong or 0) + (task.flips_to_right or 0)) / max(1, task.items)
