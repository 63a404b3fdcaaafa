"""The tables of accuracy: verdicts, scores and what changed, one row per task and arm."""

from collections.abc import Sequence

from eval.accuracy.result import EvalResult, TaskScore
from eval.comparison.result import Interval, Score
from pipeline.base.format import certainty, change, count, p_value, recovery, score, share, with_error
from pipeline.report.cells import figure, is_long, numbers, shown, word, words
from pipeline.report.document import Cell, Column, Table
from pipeline.report.evidence import Evidence
from pipeline.report.inputs import Inputs
from pipeline.report.language.en.accuracy import Accuracy
from pipeline.report.verdicts import bounds_text, interval_text, items_text, margin_text, metric_text, verdict_cell


def verdicts_table(tasks: Sequence[TaskScore], inputs: Inputs) -> Table:
    """Return AWQ's losses with their intervals, the bounds against the margins, and the verdicts."""
    say, verdicts = inputs.say.accuracy, inputs.say.verdicts
    return Table(
        id="accuracy-verdicts",
        title=say.verdicts,
        columns=(*words(say.task, say.metric), *_loss_columns(tasks, say), *words(say.verdict)),
        rows=tuple(
            (word(row.task), word(metric_text(row, verdicts)), *_loss_cells(row, inputs), verdict_cell(row, verdicts))
            for row in tasks
        ),
        origin="measured",
        note=say.verdicts_note(_sure(tasks)),
        sources=inputs.sources(EvalResult.STAGE),
    )


def others_table(tasks: Sequence[TaskScore], inputs: Inputs) -> Table:
    """Return the same of the other arms, held against the margins that were agreed for AWQ."""
    say = inputs.say.accuracy
    return Table(
        id="accuracy-others",
        title=say.others,
        columns=(*words(say.task, say.arm), *_loss_columns(tasks, say), *words(say.by_margin)),
        rows=tuple(
            (
                word(row.task),
                word(say.name_of(row.arm)),
                *_loss_cells(row, inputs),
                verdict_cell(row, inputs.say.verdicts),
            )
            for row in tasks
        ),
        origin="measured",
        note=say.others_note,
        sources=inputs.sources(EvalResult.STAGE),
    )


def _loss_columns(tasks: Sequence[TaskScore], say: Accuracy) -> tuple[Column, ...]:
    sure = _sure(tasks)
    return numbers(say.items, say.loss, say.interval(sure), say.bounds(sure), say.margin)


def _loss_cells(row: TaskScore, inputs: Inputs) -> tuple[Cell, ...]:
    evidence, say = inputs.evidence, inputs.say.verdicts
    return (
        _items(row, inputs),
        shown(evidence, row, "loss", change),
        _span(interval_text(row, say), row.interval, evidence),
        _span(bounds_text(row, say), row.bounds, evidence),
        shown(evidence, row, "margin", lambda _: margin_text(row, inputs.say.verdicts)),
    )


def _items(row: TaskScore, inputs: Inputs) -> Cell:
    return shown(inputs.evidence, row, "items", lambda _: items_text(row, inputs.say.verdicts))


def _span(text: str, span: Interval | None, evidence: Evidence) -> Cell:
    return word(text, evidence=() if span is None else evidence.of(span, "low", "high"))


def _sure(tasks: Sequence[TaskScore]) -> str:
    return certainty(tasks[0].confidence)


def scores_table(tasks: Sequence[TaskScore], inputs: Inputs) -> Table:
    """Return the scores of all arms beside the baseline's, with difference and recovery."""
    say, several = inputs.say.accuracy, _several(tasks)
    return Table(
        id="accuracy-scores",
        title=say.scores,
        columns=(
            *words(say.task, say.metric, *([say.arm] if several else [])),
            *numbers(say.items, say.baseline, say.score_of_arm if several else say.score_of_awq),
            *numbers(say.difference if several else say.difference_of_awq, say.recovery),
        ),
        rows=tuple(_score_row(row, inputs, several=several) for row in tasks),
        origin="measured",
        note=say.scores_note(say.paired if all(row.paired for row in tasks) else say.partly_paired),
        sources=inputs.sources(EvalResult.STAGE),
        folded=is_long(tasks),
    )


def _score_row(row: TaskScore, inputs: Inputs, *, several: bool) -> tuple[Cell, ...]:
    evidence, say = inputs.evidence, inputs.say.accuracy
    return (
        word(row.task),
        word(metric_text(row, inputs.say.verdicts)),
        *((word(say.name_of(row.arm)),) if several else ()),
        _items(row, inputs),
        _score(row.baseline, evidence),
        _score(row.candidate, evidence),
        shown(evidence, row, "delta", lambda value: with_error(change(value), row.delta_stderr)),
        shown(evidence, row, "recovery", recovery),
    )


def _score(entry: Score, evidence: Evidence) -> Cell:
    return shown(evidence, entry, "value", lambda value: with_error(score(value), entry.stderr))


def changes_table(tasks: Sequence[TaskScore], inputs: Inputs) -> Table:
    """Return which answers changed, and how likely the difference is by chance."""
    say, several = inputs.say.accuracy, _several(tasks)
    return Table(
        id="accuracy-changes",
        title=say.changes,
        columns=(*words(say.task, *([say.arm] if several else [])), *numbers(say.items, *say.changed)),
        rows=tuple(_change_row(row, inputs, several=several) for row in tasks),
        origin="measured",
        note=say.changes_note,
        sources=inputs.sources(EvalResult.STAGE),
        folded=is_long(tasks),
    )


def _change_row(row: TaskScore, inputs: Inputs, *, several: bool) -> tuple[Cell, ...]:
    evidence, say = inputs.evidence, inputs.say.accuracy
    flips = evidence.of(row, "flips_to_wrong", "flips_to_right", "items")
    return (
        word(row.task),
        *((word(say.name_of(row.arm)),) if several else ()),
        _items(row, inputs),
        shown(evidence, row, "flips_to_wrong", count),
        shown(evidence, row, "flips_to_right", count),
        figure(row.discordance, share, evidence=flips),
        shown(evidence, row, "p_difference", p_value),
        shown(evidence, row, "p_difference_adjusted", p_value),
    )


def _several(tasks: Sequence[TaskScore]) -> bool:
    return len({row.arm for row in tasks}) > 1
