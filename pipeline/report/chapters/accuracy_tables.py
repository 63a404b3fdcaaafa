"""The tables of accuracy: verdicts, scores and what changed, one row per task and arm."""

from collections.abc import Sequence

from eval.accuracy.result import EvalResult, TaskScore
from eval.comparison.result import Interval, Score
from eval.comparison.wording import margin_text
from pipeline.base.format import (
    MINUS,
    PLUS_MINUS,
    certainty,
    change,
    count,
    p_value,
    recovery,
    score,
    share,
    with_error,
)
from pipeline.recipe.arms import arm_name
from pipeline.report.cells import figure, numbers, shown, word, words
from pipeline.report.document import Cell, Column, Table
from pipeline.report.evidence import Evidence
from pipeline.report.inputs import Inputs
from pipeline.report.verdicts import (
    bounds_text,
    interval_text,
    items_text,
    metric_text,
    verdict_cell,
)

_OPEN_ROWS = 12


def verdicts_table(tasks: Sequence[TaskScore], inputs: Inputs) -> Table:
    """Return AWQ's losses with their intervals, the bounds against the margins, and the verdicts."""
    return Table(
        id="accuracy-verdicts",
        title="Verdicts",
        columns=(*words("Task", "Metric"), *_loss_columns(tasks), *words("Verdict")),
        rows=tuple(
            (word(row.task), word(metric_text(row)), *_loss_cells(row, inputs.evidence), verdict_cell(row))
            for row in tasks
        ),
        origin="measured",
        note=(
            f"Loss: how much worse AWQ is, in the metric's unit; negative is better. The interval is two-sided. Each "
            f"bound of the gate holds with {_sure(tasks)} confidence: a task passes when the upper one is below the "
            f"margin and fails when the lower one is above it; where several tasks are compared, a fail must also "
            f"hold after Holm's correction."
        ),
        sources=inputs.sources(EvalResult.STAGE),
    )


def others_table(tasks: Sequence[TaskScore], inputs: Inputs) -> Table:
    """Return the same of the other arms, held against the margins that were agreed for AWQ."""
    return Table(
        id="accuracy-others",
        title="Other arms against the baseline",
        columns=(*words("Task", "Arm"), *_loss_columns(tasks), *words("By AWQ's margin")),
        rows=tuple(
            (word(row.task), word(arm_name(row.arm)), *_loss_cells(row, inputs.evidence), verdict_cell(row))
            for row in tasks
        ),
        origin="measured",
        note="For comparison: no margin was agreed for these arms, and no gate applies to them.",
        sources=inputs.sources(EvalResult.STAGE),
    )


def _loss_columns(tasks: Sequence[TaskScore]) -> tuple[Column, ...]:
    sure = _sure(tasks)
    return numbers("Items", "Loss", f"{sure} interval", f"Bounds of the gate, {sure}", "Agreed margin")


def _loss_cells(row: TaskScore, evidence: Evidence) -> tuple[Cell, ...]:
    return (
        shown(evidence, row, "items", lambda _: items_text(row)),
        shown(evidence, row, "loss", change),
        _span(interval_text(row), row.interval, evidence),
        _span(bounds_text(row), row.bounds, evidence),
        shown(evidence, row, "margin", lambda _: margin_text(row)),
    )


def _span(text: str, span: Interval | None, evidence: Evidence) -> Cell:
    return word(text, evidence=() if span is None else evidence.of(span, "low", "high"))


def _sure(tasks: Sequence[TaskScore]) -> str:
    return certainty(tasks[0].confidence)


def scores_table(tasks: Sequence[TaskScore], inputs: Inputs) -> Table:
    """Return the scores of all arms beside the baseline's, with difference and recovery."""
    several = _several(tasks)
    return Table(
        id="accuracy-scores",
        title="Scores",
        columns=(
            *words("Task", "Metric", *(["Arm"] if several else [])),
            *numbers("Items", "Baseline", "Arm's score" if several else "AWQ"),
            *numbers("Difference" if several else f"AWQ {MINUS} baseline", "Recovery"),
        ),
        rows=tuple(_score_row(row, inputs.evidence, several=several) for row in tasks),
        origin="measured",
        note=(
            f"Score {PLUS_MINUS} standard error; the error of the difference is {_paired(tasks)}. Recovery: the score "
            f"as a share of the baseline's, the other way round where lower is better."
        ),
        sources=inputs.sources(EvalResult.STAGE),
        folded=len(tasks) > _OPEN_ROWS,
    )


def _score_row(row: TaskScore, evidence: Evidence, *, several: bool) -> tuple[Cell, ...]:
    return (
        word(row.task),
        word(metric_text(row)),
        *((word(arm_name(row.arm)),) if several else ()),
        shown(evidence, row, "items", lambda _: items_text(row)),
        _score(row.baseline, evidence),
        _score(row.candidate, evidence),
        shown(evidence, row, "delta", lambda value: with_error(change(value), row.delta_stderr)),
        shown(evidence, row, "recovery", recovery),
    )


def _score(entry: Score, evidence: Evidence) -> Cell:
    return shown(evidence, entry, "value", lambda value: with_error(score(value), entry.stderr))


def changes_table(tasks: Sequence[TaskScore], inputs: Inputs) -> Table:
    """Return which answers changed, and how likely the difference is by chance."""
    several = _several(tasks)
    return Table(
        id="accuracy-changes",
        title="Items that changed, and chance",
        columns=(
            *words("Task", *(["Arm"] if several else [])),
            *numbers("Items", "Right to wrong", "Wrong to right", "Share changed", "p", "p, Holm"),
        ),
        rows=tuple(_change_row(row, inputs.evidence, several=several) for row in tasks),
        origin="measured",
        note=(
            "An unchanged score can hide answers that changed in both directions. p: how often chance alone would give "
            "a difference as large if both were equally good, alone and corrected for the number of tasks. A large p "
            "is no proof that they are equal; the interval above says what can be ruled out."
        ),
        sources=inputs.sources(EvalResult.STAGE),
        folded=len(tasks) > _OPEN_ROWS,
    )


def _change_row(row: TaskScore, evidence: Evidence, *, several: bool) -> tuple[Cell, ...]:
    return (
        word(row.task),
        *((word(arm_name(row.arm)),) if several else ()),
        shown(evidence, row, "items", lambda _: items_text(row)),
        shown(evidence, row, "flips_to_wrong", count),
        shown(evidence, row, "flips_to_right", count),
        figure(row.discordance, share, evidence=evidence.of(row, "flips_to_wrong", "flips_to_right", "items")),
        shown(evidence, row, "p_difference", p_value),
        shown(evidence, row, "p_difference_adjusted", p_value),
    )


def _several(tasks: Sequence[TaskScore]) -> bool:
    return len({row.arm for row in tasks}) > 1


def _paired(tasks: Sequence[TaskScore]) -> str:
    return "paired by item" if all(row.paired for row in tasks) else "paired by item where items are scored"
