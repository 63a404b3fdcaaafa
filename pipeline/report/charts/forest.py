"""The forest plot: every task and arm on one axis, in units of the margin that was agreed for the task."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from eval.accuracy.result import GATED, TaskScore
from eval.comparison.result import Interval
from pipeline.base.format import MINUS, change, score
from pipeline.recipe.arms import arm_name
from pipeline.report.charts.chart_style import BAD, BLUE, CAUTION, GREY, INK, MUTED, SMALL, WIDTH, draw
from pipeline.report.document import Chart
from pipeline.report.verdicts import interval_text, verdict_word

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
_COLOURS = {"pass": BLUE, "inconclusive": CAUTION, "fail": BAD, None: BLUE}
_MARKERS = {"pass": "o", "inconclusive": "o", "fail": "D", None: "o"}


@dataclass(frozen=True)
class _Group:
    """One task: its rows, AWQ first, and the loss that one unit of the axis stands for."""

    rows: tuple[TaskScore, ...]
    unit: float

    @property
    def height(self) -> float:
        return _HEADING + _ROW * len(self.rows)

    def scaled(self, span: Interval | None) -> tuple[float, float] | None:
        return None if span is None else (span.low / self.unit, span.high / self.unit)


def forest_chart(tasks: Sequence[TaskScore]) -> Chart:
    """Return the losses of all arms with their bounds and intervals against the margins; `tasks` is not empty."""
    groups = _groups(tasks)
    several = len({row.arm for row in tasks}) > 1
    height = _TOP + sum(group.height for group in groups) + _BOTTOM
    return Chart(
        id="chart-accuracy",
        title="Loss of accuracy against the agreed margin",
        caption=_caption(tasks, several=several),
        alternative=f"Forest plot of the loss against the baseline; positive is worse. {_spoken(groups)}",
        svg=draw("chart-accuracy", math.ceil(height), lambda figure: _paint(figure, groups, height, several=several)),
    )


def _groups(tasks: Sequence[TaskScore]) -> tuple[_Group, ...]:
    names = dict.fromkeys(row.task for row in tasks)
    return tuple(_group([row for row in tasks if row.task == name]) for name in names)


def _group(rows: Sequence[TaskScore]) -> _Group:
    ordered = tuple(sorted(rows, key=lambda row: row.arm != GATED))
    return _Group(ordered, ordered[0].margin or _own_unit(ordered))


def _own_unit(rows: Sequence[TaskScore]) -> float:
    """Return a unit for a task whose margin is zero or was not agreed: its widest bar fills the usual axis."""
    ends = [abs(end) for row in rows for end in _ends(row)]
    return max(ends) / _OWN_REACH or 1.0


def _ends(row: TaskScore) -> tuple[float, ...]:
    spans = [span for span in (row.interval, row.bounds) if span is not None]
    return (row.loss, *(end for span in spans for end in (span.low, span.high)))


def _caption(tasks: Sequence[TaskScore], *, several: bool) -> str:
    floor = " Grey band: what measuring the baseline twice explains." if any(row.floor for row in tasks) else ""
    others = " Other arms are thinner; no gate applies to them." if several else ""
    return (
        f"To the right is worse, for every metric. Each task is drawn in units of its own agreed margin, so that all "
        f"margins lie on one line; shaded: beyond it. Dot: loss, also printed at the right in the metric's unit; "
        f"thick bar: the one-sided bounds that the gate uses; thin bar: two-sided interval; an arrow: goes on beyond "
        f"the drawing. Filled dot: passed; hollow: inconclusive; diamond: failed.{floor}{others}"
    )


def _spoken(groups: Sequence[_Group]) -> str:
    return " ".join(
        f"{row.task}, {arm_name(row.arm)}: {change(row.loss)}, interval {interval_text(row)}"
        f"{'' if row.margin is None else f', margin {score(row.margin)}'}, {verdict_word(row)}."
        for group in groups
        for row in group.rows
    )


def _paint(figure: Any, groups: Sequence[_Group], height: float, *, several: bool) -> None:
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
    _finish(axes, agreed=any(row.margin for group in groups for row in group.rows))


def _label_width(groups: Sequence[_Group]) -> float:
    longest = max(len(_shortened(arm_name(row.arm), _LONGEST_ARM)) for group in groups for row in group.rows)
    return _LETTER * longest + 2 * _GAP


def _reach(groups: Sequence[_Group]) -> tuple[float, float]:
    """Return the ends of the axis: all of AWQ and the dots of other arms, as far as the drawing stays readable."""
    rows = [(group, row) for group in groups for row in group.rows]
    gated = [end / group.unit for group, row in rows if row.arm == GATED for end in _ends(row)]
    others = [row.loss / group.unit for group, row in rows if row.arm != GATED]
    ends = [_within(end, _WIDEST) for end in gated] + [_within(end, _WIDEST_FOR_OTHERS) for end in others]
    return min(_NARROWEST[0], min(ends) - _ROOM), max(_NARROWEST[1], max(ends) + _ROOM)


def _within(value: float, limits: tuple[float, float]) -> float:
    return min(max(value, limits[0]), limits[1])


def _paint_group(axes: Any, group: _Group, top: float, left: float, *, several: bool) -> None:
    first, last = top + _HEADING - _GAP / 2, top + group.height
    judged = group.rows[0]
    if judged.margin is not None:
        edge, (_, end) = judged.margin / group.unit, axes.get_xlim()
        axes.fill_between([edge, end], first, last, color=BAD, alpha=0.09, linewidth=0)
        axes.plot([edge, edge], [first, last], color=BAD, linewidth=1.6, solid_capstyle="butt")
    if judged.floor:
        width = judged.floor / group.unit
        axes.fill_between([-width, width], first, last, color=GREY, alpha=0.22, linewidth=0)
    axes.plot([0, 0], [first, last], color=GREY, linewidth=1.6, solid_capstyle="butt")
    _heading(axes, judged, top + _HEADING * 0.55, left)
    for place, row in enumerate(group.rows):
        _paint_row(axes, group, row, top + _HEADING + _ROW * (place + 0.5), several=several)


def _heading(axes: Any, row: TaskScore, y: float, left: float) -> None:
    """Write the task and its margin above its rows, from edge to edge of the figure, and AWQ's verdict."""
    margin = "" if row.margin is None else f", margin {score(row.margin)}"
    text = _shortened(row.task, _LONGEST_HEADING - len(margin)) + margin
    _write(axes, text, 0.0, y, (-left + _GAP, 0), color=INK, ha="left")
    if row.arm == GATED:
        word = verdict_word(row)
        _write(axes, word, 1.0, y, (_VALUES - 2, 0), color=_COLOURS[row.verdict], ha="right", weight="bold")


def _paint_row(axes: Any, group: _Group, row: TaskScore, y: float, *, several: bool) -> None:
    gated = row.arm == GATED
    colour = _COLOURS[row.verdict] if gated else MUTED
    weight = "bold" if gated else "normal"
    thick, thin = (9, 2.0) if gated else (5, 1.2)
    _bar(axes, group.scaled(row.bounds), y, color=colour, linewidth=thick, alpha=0.4)
    _bar(axes, group.scaled(row.interval), y, color=colour, linewidth=thin)
    _dot(axes, row, row.loss / group.unit, y, colour)
    _write(axes, change(row.loss), 1.0, y, (_VALUES - 2, 0), color=colour, ha="right", weight=weight)
    if several:
        name = _shortened(arm_name(row.arm), _LONGEST_ARM)
        _write(axes, name, 0.0, y, (-2 * _GAP, 0), color=colour, ha="right", weight=weight)


def _bar(axes: Any, span: tuple[float, float] | None, y: float, **style: Any) -> None:
    if span is not None:
        axes.plot(span, [y, y], solid_capstyle="butt", **style)
        _arrows(axes, span, y, style["color"])


def _dot(axes: Any, row: TaskScore, x: float, y: float, colour: str) -> None:
    low, high = axes.get_xlim()
    if not low <= x <= high:
        _arrows(axes, (x, x), y, colour)
        return
    gated = row.arm == GATED
    hollow = gated and row.verdict == "inconclusive"
    axes.plot(
        x, y, marker=_MARKERS[row.verdict] if gated else "o", color=colour, markersize=10 if gated else 6,
        markerfacecolor="white" if hollow else colour, markeredgewidth=2.4 if hollow else 0,
    )  # fmt: skip


def _arrows(axes: Any, span: tuple[float, float], y: float, colour: str) -> None:
    low, high = axes.get_xlim()
    for beyond, end, marker in ((span[0] < low, low, "<"), (span[1] > high, high, ">")):
        if beyond:
            axes.plot(end, y, marker=marker, color=colour, markersize=9, clip_on=False)


def _finish(axes: Any, *, agreed: bool) -> None:
    from matplotlib.ticker import MaxNLocator  # noqa: PLC0415 -- half a second that only a report should cost

    for side in ("left", "top", "right"):
        axes.spines[side].set_visible(False)
    axes.set_yticks([])
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}".replace("-", MINUS))
    axes.set_xlabel("Loss in agreed margins; right is worse")
    _write(axes, "no loss", 0.0, 0.0, (-_GAP, 8), color=MUTED, ha="right", in_data=True)
    if agreed:
        _write(axes, "margin", 1.0, 0.0, (_GAP, 8), color=BAD, ha="left", in_data=True)


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
