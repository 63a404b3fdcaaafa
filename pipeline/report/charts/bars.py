"""Draws bars in groups, what they stand for written beside them, with lines over what they can be; or a tornado."""

from typing import Any

from pipeline.report.charts.chart_style import INK, MUTED, SMALL, colours_of, draw, headline
from pipeline.report.charts.swings import paint_tornado
from pipeline.report.document import Chart, Series

_HEIGHT = 400


def bar_svg(chart: Chart) -> str:
    """Return the SVG of a chart of the kind `bar`: with a mark, both series of a group are one bar from there."""
    paint = paint_tornado if chart.marks else _paint
    return draw(chart.id, _HEIGHT, lambda figure: paint(figure, chart))


def _paint(figure: Any, chart: Chart) -> None:
    groups, per_group = chart.series[0].x, len(chart.series)
    colours = colours_of(str(one.arm) for one in chart.series)
    values = [(place, one) for place in range(len(groups)) for one in chart.series]
    lowest = -(len(values) - 1 + 0.9 * (len(groups) - 1))
    axes = figure.subplots()
    widest = max(max(one.y[group] or 0.0, _end(one, group)) for group, one in values) or 1.0
    for place, (group, one) in enumerate(values):
        y, colour, value = -(place + 0.9 * (place // per_group)), colours[str(one.arm)], one.y[group] or 0.0
        axes.barh(y, value, height=0.78, color=colour)
        if _end(one, group) > (one.low[group] or 0.0):
            axes.plot([one.low[group], one.high[group]], [y, y], color=INK, linewidth=1.6, marker="|", markersize=7)
        right = max(value, _end(one, group)) + widest * 0.02
        axes.text(right, y, f"{one.name} {one.labels[group]}", va="center", color=colour, weight="bold")
        if place % per_group == 0:
            axes.text(0, y + 0.55, str(groups[group]), va="bottom", fontsize=SMALL, color=INK)
    axes.set_xlim(0, widest * 2.1)
    axes.set_ylim(lowest - 0.7, 1.2)
    axes.axis("off")
    axes.plot([0, 0], [lowest - 0.5, 0.5], color=MUTED, linewidth=1.2)
    headline(axes, chart.y_title)


def _end(one: Series, group: int) -> float:
    return (one.high[group] or 0.0) if one.high else 0.0
