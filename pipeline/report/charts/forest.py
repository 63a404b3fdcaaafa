"""Draws the forest plot: every task and arm on one axis, in units of the margin that was agreed for the task."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.base.format import change, plain
from pipeline.recipe.arms import AWQ
from pipeline.report.charts.chart_style import BAD, BLUE, CAUTION, GREY, INK, MUTED, SMALL, WIDTH, draw
from pipeline.report.document import Chart, Series, Tone

Span = tuple[float, float]
_ROW = 29
_HEADING = 38
_TOP = 30
_BOTTOM = 76
_VALUES = 92
"""Width of the losses at the right; all of these in units of the figure."""
_GAP = 6
_LETTER = 9.4
_LONGEST_ARM = 13
_LONGEST_HEADING = 40
_NARROWEST = (-1.0, 1.6)
_WIDEST = (-6.0, 8.0)
_WIDEST_FOR_OTHERS = (-2.0, 4.0)
"""Arms that no gate applies to must not make AWQ's bars small."""
_ROOM = 0.2
_OWN_REACH = 1.5
"""Units that the widest bar of a task without a positive margin takes."""
_COLOURS: dict[Tone, str] = {"good": BLUE, "caution": CAUTION, "bad": BAD, "plain": BLUE}


@dataclass(frozen=True)
class _Row:
    """One arm on one task, in the metric's unit."""

    name: str
    gated: bool
    loss: float
    interval: Span | None
    bounds: Span | None
    label: str
    tone: Tone

    @property
    def ends(self) -> tuple[float, ...]:
        spans = [span for span in (self.interval, self.bounds) if span is not None]
        return (self.loss, *(end for span in spans for end in span))


@dataclass(frozen=True)
class _Group:
    """One task: its rows, AWQ first, and the loss that one unit of the axis stands for."""

    task: str
    margin: float | None
    margin_text: str
    floor: float | None
    rows: tuple[_Row, ...]

    @property
    def unit(self) -> float:
        """Of a task whose margin is zero or was not agreed: its widest bar fills the usual axis."""
        widest = max(abs(end) for row in self.rows for end in row.ends)
        return self.margin or widest / _OWN_REACH or 1.0

    @property
    def height(self) -> float:
        return _HEADING + _ROW * len(self.rows)

    def scaled(self, span: Span | None) -> Span | None:
        return None if span is None else (span[0] / self.unit, span[1] / self.unit)


def forest_svg(chart: Chart) -> str:
    """Return the SVG of a chart of the kind `forest`."""
    groups = _groups(chart)
    several = max(len(group.rows) for group in groups) > 1
    height = _TOP + sum(group.height for group in groups) + _BOTTOM
    return draw(chart.id, math.ceil(height), lambda figure: _paint(figure, chart, groups, height, several=several))


def _groups(chart: Chart) -> tuple[_Group, ...]:
    margins = next(one for one in chart.series if one.statistic == "margin")
    floors = next((one for one in chart.series if one.statistic == "floor"), None)
    losses = [one for one in chart.series if one.statistic == "value"]
    bounds = {one.arm: one for one in chart.series if one.statistic == "bounds"}
    return tuple(
        _Group(
            task=str(task),
            margin=margins.y[place],
            margin_text=margins.labels[place],
            floor=floors.y[place] if floors else None,
            rows=tuple(_row(one, bounds[one.arm], one.x.index(task)) for one in losses if task in one.x),
        )
        for place, task in enumerate(margins.x)
    )


def _row(losses: Series, bounds: Series, place: int) -> _Row:
    return _Row(
        name=losses.name,
        gated=losses.arm == AWQ,
        loss=losses.y[place] or 0.0,
        interval=_span(losses, place),
        bounds=_span(bounds, place),
        label=losses.labels[place],
        tone=losses.tones[place],
    )


def _span(series: Series, place: int) -> Span | None:
    low, high = series.low[place], series.high[place]
    return None if low is None or high is None else (low, high)


def _paint(figure: Any, chart: Chart, groups: Sequence[_Group], height: float, *, several: bool) -> None:
    figure.set_layout_engine("none")  # the places are counted here
    left = _label_width(groups) if several else _GAP
    inside = sum(group.height for group in groups)
    box = (left / WIDTH, _BOTTOM / height, (WIDTH - left - _VALUES) / WIDTH, inside / height)
    axes = figure.add_axes(box)
    axes.set_xlim(*_reach(groups))
    axes.set_ylim(inside, 0)
    top = 0.0
    for group in groups:
        _paint_group(axes, group, top, left, several=several)
        top += group.height
    _finish(axes, chart)


def _label_width(groups: Sequence[_Group]) -> float:
    longest = max(len(_shortened(row.name, _LONGEST_ARM)) for group in groups for row in group.rows)
    return _LETTER * longest + 2 * _GAP


def _reach(groups: Sequence[_Group]) -> tuple[float, float]:
    """Return the ends of the axis: all of AWQ and the dots of other arms, as far as the drawing stays readable."""
    rows = [(group, row) for group in groups for row in group.rows]
    gated = [end / group.unit for group, row in rows if row.gated for end in row.ends]
    others = [row.loss / group.unit for group, row in rows if not row.gated]
    ends = [_within(end, _WIDEST) for end in gated] + [_within(end, _WIDEST_FOR_OTHERS) for end in others]
    return min(_NARROWEST[0], min(ends) - _ROOM), max(_NARROWEST[1], max(ends) + _ROOM)


def _within(value: float, limits: tuple[float, float]) -> float:
    return min(max(value, limits[0]), limits[1])


def _paint_group(axes: Any, group: _Group, top: float, left: float, *, several: bool) -> None:
    first, last = top + _HEADING - _GAP / 2, top + group.height
    if group.margin is not None:
        edge, (_, end) = group.margin / group.unit, axes.get_xlim()
        axes.fill_between([edge, end], first, last, color=BAD, alpha=0.09, linewidth=0)
        axes.plot([edge, edge], [first, last], color=BAD, linewidth=1.6, solid_capstyle="butt")
    if group.floor:
        width = group.floor / group.unit
        axes.fill_between([-width, width], first, last, color=GREY, alpha=0.22, linewidth=0)
    axes.plot([0, 0], [first, last], color=GREY, linewidth=1.6, solid_capstyle="butt")
    _heading(axes, group, top + _HEADING * 0.55, left)
    for place, row in enumerate(group.rows):
        _paint_row(axes, group, row, top + _HEADING + _ROW * (place + 0.5), several=several)


def _heading(axes: Any, group: _Group, y: float, left: float) -> None:
    """Write the task and its margin above its rows, from edge to edge of the figure, and AWQ's verdict."""
    judged = group.rows[0]
    margin = f", {group.margin_text}" if group.margin_text else ""
    text = _shortened(group.task, _LONGEST_HEADING - len(margin)) + margin
    _write(axes, text, 0.0, y, (-left + _GAP, 0), color=INK, ha="left")
    if judged.gated:
        colour = _COLOURS[judged.tone]
        _write(axes, judged.label, 1.0, y, (_VALUES - 2, 0), color=colour, ha="right", weight="bold")


def _paint_row(axes: Any, group: _Group, row: _Row, y: float, *, several: bool) -> None:
    colour = _COLOURS[row.tone] if row.gated else MUTED
    weight = "bold" if row.gated else "normal"
    thick, thin = (9, 2.0) if row.gated else (5, 1.2)
    _bar(axes, group.scaled(row.bounds), y, color=colour, linewidth=thick, alpha=0.4)
    _bar(axes, group.scaled(row.interval), y, color=colour, linewidth=thin)
    _dot(axes, row, row.loss / group.unit, y, colour)
    _write(axes, change(row.loss), 1.0, y, (_VALUES - 2, 0), color=colour, ha="right", weight=weight)
    if several:
        name = _shortened(row.name, _LONGEST_ARM)
        _write(axes, name, 0.0, y, (-2 * _GAP, 0), color=colour, ha="right", weight=weight)


def _bar(axes: Any, span: Span | None, y: float, **style: Any) -> None:
    if span is not None:
        axes.plot(span, [y, y], solid_capstyle="butt", **style)
        _arrows(axes, span, y, style["color"])


def _dot(axes: Any, row: _Row, x: float, y: float, colour: str) -> None:
    low, high = axes.get_xlim()
    if not low <= x <= high:
        _arrows(axes, (x, x), y, colour)
        return
    hollow = row.gated and row.tone == "caution"
    axes.plot(
        x, y, marker="D" if row.gated and row.tone == "bad" else "o", color=colour, markersize=10 if row.gated else 6,
        markerfacecolor="white" if hollow else colour, markeredgewidth=2.4 if hollow else 0,
    )  # fmt: skip


def _arrows(axes: Any, span: Span, y: float, colour: str) -> None:
    low, high = axes.get_xlim()
    for beyond, end, marker in ((span[0] < low, low, "<"), (span[1] > high, high, ">")):
        if beyond:
            axes.plot(end, y, marker=marker, color=colour, markersize=9, clip_on=False)


def _finish(axes: Any, chart: Chart) -> None:
    from matplotlib.ticker import MaxNLocator  # noqa: PLC0415 -- half a second that only a report should cost

    for side in ("left", "top", "right"):
        axes.spines[side].set_visible(False)
    axes.set_yticks([])
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
    axes.xaxis.set_major_formatter(lambda value, _: plain(value))
    axes.set_xlabel(chart.x_title)
    for mark in chart.marks:
        where, colour, side = (_GAP, BAD, "left") if mark.value else (-_GAP, MUTED, "right")
        _write(axes, mark.text, mark.value, 0.0, (where, 8), color=colour, ha=side, in_data=True)


def _write(
    axes: Any, text: str, x: float, y: float, offset: tuple[float, float], *, in_data: bool = False, **style: Any
) -> None:
    """Write beside a place: x as a part of the axes' width, or on the axis itself; the offset in points."""
    where = "data" if in_data else ("axes fraction", "data")
    axes.annotate(
        text, (x, y), offset, xycoords=where, textcoords="offset points", va="center", fontsize=SMALL,
        annotation_clip=False, **style,
    )  # fmt: skip


def _shortened(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}\N{HORIZONTAL ELLIPSIS}"
