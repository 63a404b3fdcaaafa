"""The forest plot of accuracy, from results to series."""

from collections.abc import Sequence

from eval.accuracy.result import GATED, TaskScore
from eval.comparison.result import Interval
from pipeline.base.format import change, score
from pipeline.report.document import Chart, Mark, Series, Statistic
from pipeline.report.evidence import Evidence, Keys
from pipeline.report.inputs import Inputs
from pipeline.report.language.en.forest import Forest
from pipeline.report.language.language import Language
from pipeline.report.verdicts import interval_text, verdict_tone, verdict_word


def forest_chart(inputs: Inputs) -> Chart:
    """Return the losses of all arms with their bounds and intervals against the margins; some task was scored."""
    tasks, say = inputs.accuracy.tasks, inputs.say.forest
    judged = _first_rows(tasks)
    arms = sorted(dict.fromkeys(row.arm for row in tasks), key=lambda arm: arm != GATED)
    margins = _against("margin", [(row, row.margin) for row in judged], inputs)
    floors = _against("floor", [(row, row.floor) for row in judged], inputs)
    return Chart(
        id="chart-accuracy",
        kind="forest",
        title=say.title,
        caption=_caption(tasks, say),
        alternative=say.alternative(_spoken(tasks, inputs.say)),
        x_title=say.x_title,
        y_title="",
        marks=_marks(judged, inputs),
        series=(
            margins,
            *((floors,) if any(floors.y) else ()),
            *(one for arm in arms for one in _losses([row for row in tasks if row.arm == arm], inputs)),
        ),
    )


def _marks(judged: Sequence[TaskScore], inputs: Inputs) -> tuple[Mark, ...]:
    """Return the lines of no loss and of the margin, which is one for all tasks."""
    say = inputs.say.forest
    margin = Mark(axis="x", value=1, text=say.margin_mark)
    return (Mark(axis="x", value=0, text=say.no_loss), *([margin] if any(row.margin for row in judged) else []))


def _first_rows(tasks: Sequence[TaskScore]) -> list[TaskScore]:
    """Return the row of each task that stands for it: AWQ's, where it has one."""
    names = dict.fromkeys(row.task for row in tasks)
    return [_of_task(tasks, name)[0] for name in names]


def _of_task(tasks: Sequence[TaskScore], name: str) -> list[TaskScore]:
    return sorted((row for row in tasks if row.task == name), key=lambda row: row.arm != GATED)


def _against(statistic: Statistic, figures: Sequence[tuple[TaskScore, float | None]], inputs: Inputs) -> Series:
    say = inputs.say.forest
    return Series(
        name=say.margin if statistic == "margin" else say.floor,
        statistic=statistic,
        x=tuple(row.task for row, _ in figures),
        y=tuple(value for _, value in figures),
        labels=tuple("" if value is None else say.margin_of(score(value)) for _, value in figures)
        if statistic == "margin"
        else (),
        unit=say.unit,
        origin="quoted" if statistic == "margin" else "measured",
        evidence=inputs.evidence.of_all((row, statistic) for row, value in figures if value is not None),
    )


def _losses(rows: Sequence[TaskScore], inputs: Inputs) -> tuple[Series, Series]:
    """Return an arm's losses with their two-sided intervals, and the one-sided bounds that the gate uses."""
    evidence, say = inputs.evidence, inputs.say.forest
    arm, places = rows[0].arm, tuple(row.task for row in rows)
    intervals, bounds = [row.interval for row in rows], [row.bounds for row in rows]
    losses = Series(
        name=say.name_of(arm),
        arm=arm,
        x=places,
        y=tuple(row.loss for row in rows),
        low=_lows(intervals),
        high=_highs(intervals),
        labels=tuple(verdict_word(row, inputs.say.verdicts) for row in rows),
        tones=tuple(map(verdict_tone, rows)),
        unit=say.unit,
        origin="measured",
        evidence=(*evidence.of_all((row, "loss") for row in rows), *_keys(intervals, evidence)),
    )
    gate = Series(
        name=say.bounds(say.name_of(arm)),
        arm=arm,
        statistic="bounds",
        x=places,
        low=_lows(bounds),
        high=_highs(bounds),
        unit=say.unit,
        origin="measured",
        evidence=_keys(bounds, evidence),
    )
    return losses, gate


def _lows(spans: Sequence[Interval | None]) -> tuple[float | None, ...]:
    return tuple(None if span is None else span.low for span in spans)


def _highs(spans: Sequence[Interval | None]) -> tuple[float | None, ...]:
    return tuple(None if span is None else span.high for span in spans)


def _keys(spans: Sequence[Interval | None], evidence: Evidence) -> Keys:
    return evidence.of_all((span, end) for span in spans if span is not None for end in ("low", "high"))


def _caption(tasks: Sequence[TaskScore], say: Forest) -> str:
    floor = say.caption_floor if any(row.floor for row in tasks) else ""
    others = say.caption_others if len({row.arm for row in tasks}) > 1 else ""
    return f"{say.caption}{floor}{others}"


def _spoken(tasks: Sequence[TaskScore], say: Language) -> str:
    rows = [row for name in dict.fromkeys(row.task for row in tasks) for row in _of_task(tasks, name)]
    return " ".join(
        say.forest.row(
            row.task,
            say.forest.name_of(row.arm),
            change(row.loss),
            interval_text(row, say.verdicts),
            "" if row.margin is None else say.forest.row_margin(score(row.margin)),
            verdict_word(row, say.verdicts),
        )
        for row in rows
    )
