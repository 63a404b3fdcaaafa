"""Draws a tornado: bars from where a figure stands to what each input moves it to, at either end."""

from typing import Any

from pipeline.report.charts.chart_style import BLUE, GREY, INK, SMALL, headline
from pipeline.report.document import Chart

_COLOURS = (GREY, BLUE)
"""Of the lower and of the upper end."""
_ROOM = 0.45
"""For labels, on either side, in parts of the width."""
_Bar = tuple[float, str, str]
"""Value, label and colour."""


def paint_tornado(figure: Any, chart: Chart) -> None:
    """Fill a figure with a chart of two series, one per end, and a mark where the figure stands."""
    stands, groups = chart.marks[0].value, chart.series[0].x
    bars = [_bars(chart, group) for group in range(len(groups))]
    reach = [stands, *(value for both in bars for value, _, _ in both)]
    room = (max(reach) - min(reach) or 1.0) * _ROOM
    axes = figure.subplots()
    for group, name in enumerate(groups):
        _paint_group(axes, -group, bars[group], stands)
        axes.annotate(
            str(name), (0, -group + 0.28), xycoords=("axes fraction", "data"), va="bottom", fontsize=SMALL, color=INK
        )
    for one, colour, place, side in zip(chart.series, _COLOURS, (0.0, 1.0), ("left", "right"), strict=True):
        axes.annotate(
            one.name, (place, 0), (0, -2), xycoords="axes fraction", textcoords="offset points", ha=side, va="top",
            fontsize=SMALL, color=colour, weight="bold",
        )  # fmt: skip
    axes.axvline(stands, color=INK, linewidth=1.2)
    axes.set_xlim(min(reach) - room, max(reach) + room)
    axes.set_ylim(-len(groups) + 0.4, 0.9)
    axes.axis("off")
    headline(axes, chart.y_title)


def _bars(chart: Chart, group: int) -> list[_Bar]:
    return [
        (one.y[group] or 0.0, one.labels[group], colour) for one, colour in zip(chart.series, _COLOURS, strict=True)
    ]


def _paint_group(axes: Any, y: float, bars: list[_Bar], stands: float) -> None:
    """Draw both ends of an input, the longer bar below the shorter one, the lower value named at the left."""
    for value, _, colour in sorted(bars, key=lambda bar: -abs(bar[0] - stands)):
        axes.barh(y, value - stands, left=stands, height=0.42, color=colour)
    lower, higher = sorted(bars, key=lambda bar: bar[0])
    for (_, text, colour), end, offset, side in (
        (lower, min(lower[0], stands), -6, "right"),
        (higher, max(higher[0], stands), 6, "left"),
    ):
        axes.annotate(
            text, (end, y), (offset, 0), textcoords="offset points", ha=side, va="center", fontsize=SMALL,
            color=colour, weight="bold",
        )  # fmt: skip
