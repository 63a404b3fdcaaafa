"""Draws bars in groups, what they stand for written beside them."""

from typing import Any

from pipeline.base.format import usd
from pipeline.report.charts.chart_style import INK, MUTED, SMALL, colours_of, draw, headline
from pipeline.report.document import Chart

_HEIGHT = 400


def bar_svg(chart: Chart) -> str:
    """Return the SVG of a chart of the kind `bar`."""
    return draw(chart.id, _HEIGHT, lambda figure: _paint(figure, chart))


def _paint(figure: Any, chart: Chart) -> None:
    groups, per_group = chart.series[0].x, len(chart.series)
    colours = colours_of(str(one.arm) for one in chart.series)
    values = [(str(group), one, one.y[place] or 0.0) for place, group in enumerate(groups) for one in chart.series]
    lowest = -(len(values) - 1 + 0.9 * (len(groups) - 1))
    axes = figure.subplots()
    widest = max(value for *_, value in values) or 1.0
    for place, (group, one, value) in enumerate(values):
        y, colour = -(place + 0.9 * (place // per_group)), colours[str(one.arm)]
        axes.barh(y, value, height=0.78, color=colour)
        axes.text(value + widest * 0.02, y, f"{one.name} {usd(value)}", va="center", color=colour, weight="bold")
        if place % per_group == 0:
            axes.text(0, y + 0.55, group, va="bottom", fontsize=SMALL, color=INK)
    axes.set_xlim(0, widest * 1.75)
    axes.set_ylim(lowest - 0.7, 1.2)
    axes.axis("off")
    axes.plot([0, 0], [lowest - 0.5, 0.5], color=MUTED, linewidth=1.2)
    headline(axes, chart.y_title)
