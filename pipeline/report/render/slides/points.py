"""The figures of a chart as PowerPoint's charts take them: names, places, values and ranges, one list per series.

A series that is a range alone becomes two, its lower and its upper ends; a range along the x axis becomes a line from
end to end; a mark becomes a line of its own. Nothing is smoothed, and what is not known stays empty.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from pipeline.base.format import change
from pipeline.report.document import Chart, Labels, Mark, Series, Statistic

BY_CATEGORY = frozenset({"line", "dot", "bar"})
"""Kinds whose places are names."""
Value = float | None


@dataclass(frozen=True)
class Points:
    """One series of a native chart."""

    name: str
    arm: str | None
    x: tuple[float | str, ...]
    y: tuple[Value, ...]
    low: tuple[Value, ...] = ()
    """Of the ranges around y, their ends as they stand on the axis; empty where there are none."""
    high: tuple[Value, ...] = ()
    labels: tuple[str, ...] = ()
    line: bool = True
    markers: bool = True
    statistic: Statistic = "value"
    bar: float | None = None
    """Width in points of a line that is a range along the x axis; None for all others."""


def points_of(chart: Chart, labels: Labels) -> tuple[Points, ...]:
    """Return the native series of a chart, in the order of the document, marks last."""
    made = _FORMS.get(chart.kind, _plain)(chart, labels)
    return (*made, *(_mark(mark, chart, made) for mark in chart.marks))


def along(name: str, arm: str | None, low: Value, high: Value, y: float, width: float) -> Iterator[Points]:
    """Yield a range along the x axis, where it is known."""
    if low is not None and high is not None:
        yield Points(name, arm, (low, high), (y, y), markers=False, statistic="bounds", bar=width)


def edge(name: str, at: float, ends: tuple[float, float]) -> Points:
    """Return a line across the chart at a place of the x axis."""
    return Points(name, None, (at, at), ends, markers=False, statistic="margin")


def _plain(chart: Chart, labels: Labels) -> tuple[Points, ...]:
    return tuple(points for one in chart.series for points in _series(one, labels, line=chart.kind != "dot"))


def _series(one: Series, labels: Labels, *, line: bool = True) -> Iterator[Points]:
    if not one.y:
        for name, ends in ((labels.lowest, one.low), (labels.highest, one.high)):
            yield Points(f"{one.name}, {name}", one.arm, one.x, ends, line=False, statistic="bounds")
        return
    yield Points(
        one.name, one.arm, one.x, one.y, one.low, one.high, labels=one.labels, line=line, statistic=one.statistic
    )


def _crossover(chart: Chart, labels: Labels) -> tuple[Points, ...]:
    """Return the ratios, and the crossings on the line of 1 with their ranges along the concurrency."""
    ratios, *crossings = chart.series
    level, made = chart.marks[0].value, list(_series(ratios, labels))
    for one in crossings:
        made.append(Points(one.name, one.arm, one.x, (level,) * len(one.x), line=False))
        for low, high in zip(one.low, one.high, strict=True):
            made += along(one.name, one.arm, low, high, level, 3)
    return tuple(made)


def _step(chart: Chart, labels: Labels) -> tuple[Points, ...]:
    """Return staircases with their corners, and the lower and upper ends of what they can be."""
    made = []
    for one in chart.series:
        made.append(_stairs(one.name, one, one.y))
        if one.low != one.y or one.high != one.y:
            for name, ends in ((labels.lowest, one.low), (labels.highest, one.high)):
                made.append(_stairs(f"{one.name}, {name}", one, ends, "bounds"))
    return _as_long([one for one in made if one.x])


def _stairs(name: str, one: Series, values: Sequence[Value], statistic: Statistic = "value") -> Points:
    corners: list[tuple[float, float]] = []
    start = 0.0
    for end, value in zip((float(x) for x in one.x), values, strict=bool(values)):
        if value is not None:
            corners += [(start, value), (end, value)]
        start = end
    kept = [corner for place, corner in enumerate(corners) if place == 0 or corner != corners[place - 1]]
    x, y = tuple(x for x, _ in kept), tuple(y for _, y in kept)
    return Points(name, one.arm, x, y, markers=False, statistic=statistic)


def _as_long(made: Sequence[Points]) -> tuple[Points, ...]:
    """Return series of one length, the last point repeated: LibreOffice loses those shorter than a later one."""
    most = max((len(one.x) for one in made), default=0)
    return tuple(
        replace(one, x=one.x + one.x[-1:] * (most - len(one.x)), y=one.y + one.y[-1:] * (most - len(one.y)))
        for one in made
    )


def _time(chart: Chart, labels: Labels) -> tuple[Points, ...]:
    slices, *trends = chart.series
    made = [Points(slices.name, slices.arm, slices.x, slices.y, line=False)]
    for one in trends:
        made.append(Points(one.name, one.arm, one.x, one.y, markers=False, statistic="trend"))
        if one.low:
            for name, ends in ((labels.lowest, one.low), (labels.highest, one.high)):
                made.append(Points(f"{one.name}, {name}", one.arm, one.x, ends, markers=False, statistic="bounds"))
    return tuple(made)


def _mark(mark: Mark, chart: Chart, made: Sequence[Points]) -> Points:
    """Return a mark as a line across all that is drawn."""
    if chart.kind in BY_CATEGORY:
        places: tuple[float | str, ...] = made[0].x
        return Points(mark.text, None, places, (mark.value,) * len(places), markers=False, statistic="margin")
    others = [float(value) for one in made for value in (one.x if mark.axis == "y" else one.y) if value is not None]
    first, last = min(others, default=0.0), max(others, default=1.0)
    if mark.axis == "x":
        return edge(mark.text, mark.value, (0.0, last))
    return Points(mark.text, None, (first, last), (mark.value,) * 2, markers=False, statistic="margin")


def _forest(chart: Chart, labels: Labels) -> tuple[Points, ...]:
    """Return the losses in agreed margins: a row per task and arm, intervals, no loss and margin as lines."""
    margins = next(one for one in chart.series if one.statistic == "margin")
    losses = [one for one in chart.series if one.statistic == "value"]
    gates = {one.arm: one for one in chart.series if one.statistic == "bounds"}
    units = {task: _unit(margins.y[place], task, losses) for place, task in enumerate(margins.x)}
    rows, made, ranges = len(margins.x) * len(losses), [], list[Points]()
    for number, one in enumerate(losses):
        heights = [float(rows - margins.x.index(task) * len(losses) - number) for task in one.x]
        said = zip(one.x, one.y, one.labels, strict=True)
        made.append(
            Points(
                one.name,
                one.arm,
                tuple((loss or 0.0) / units[task] for task, loss in zip(one.x, one.y, strict=True)),
                tuple(heights),
                labels=tuple(f"{task}: {change(loss or 0.0)}, {word}" for task, loss, word in said),
                line=False,
            )
        )
        for source, width in ((one, 1.5), (gates.get(one.arm), 6.0)):
            if source is not None:
                for task, low, high in zip(source.x, source.low, source.high, strict=True):
                    first, last = (None if end is None else end / units[task] for end in (low, high))
                    ranges += along(f"{source.name}, {task}", one.arm, first, last, heights[one.x.index(task)], width)
    tall = (0.5, rows + 0.9)
    return (*made, *ranges, edge(labels.no_loss, 0.0, tall), edge(margins.name, 1.0, tall))


def _unit(margin: Value, task: float | str, losses: Sequence[Series]) -> float:
    """Return what is one on the axis: the agreed margin; where there is none the widest range of the task."""
    found = [
        abs(end)
        for one in losses
        if task in one.x
        for ends in (one.y, one.low, one.high)
        if ends and (end := ends[one.x.index(task)]) is not None
    ]
    return margin or max(found, default=1.0) or 1.0


_FORMS: dict[str, Callable[[Chart, Labels], tuple[Points, ...]]] = {
    "crossover": _crossover,
    "forest": _forest,
    "step": _step,
    "time": _time,
}
