"""Draws one quantity over the time of a run: a dot per slice, the trend through them, what its slope can be."""

from typing import Any

from pipeline.report.charts.chart_style import BLUE, GREY, draw, headline, horizontal_grid, numbers_of
from pipeline.report.document import Chart, Series

_HEIGHT = 300
_ROOM = 0.25
"""Above the highest dot and below the lowest, in parts of what is between them."""
_LEAST_SHARE = 0.1
"""Of the level, that the axis shows at least, so that a hundredth does not look like a fall."""


def time_svg(chart: Chart) -> str:
    """Return the SVG of a chart of the kind `time`."""
    return draw(chart.id, _HEIGHT, lambda figure: _paint(figure, chart))


def _paint(figure: Any, chart: Chart) -> None:
    slices, *trends = chart.series
    axes = figure.subplots()
    known = [(x, y) for x, y in zip(slices.x, slices.y, strict=True) if y is not None]
    axes.plot([x for x, _ in known], [y for _, y in known], linestyle="none", marker="o", markersize=5, color=GREY)
    for trend in trends:
        _paint_trend(axes, trend)
    values = [y for _, y in known]
    middle, reach = (max(values) + min(values)) / 2, (max(values) - min(values)) * (0.5 + _ROOM)
    reach = max(reach, _LEAST_SHARE * abs(middle)) or 1.0
    axes.set_ylim(max(middle - reach, 0.0), middle + reach)
    axes.set_xlim(left=0)
    axes.locator_params(axis="x", nbins=6)
    axes.set_xlabel(chart.x_title)
    horizontal_grid(axes)
    headline(axes, chart.y_title)


def _paint_trend(axes: Any, trend: Series) -> None:
    axes.plot(list(trend.x), numbers_of(trend.y), color=BLUE)
    low, high = numbers_of(trend.low), numbers_of(trend.high)
    if low and high:
        axes.fill_between(list(trend.x), low, high, color=BLUE, alpha=0.18, linewidth=0)
