"""Draws what each user gets against what all get together: a line per arm, a point per concurrency."""

from collections.abc import Sequence
from typing import Any

from pipeline.base.format import tick
from pipeline.report.charts.chart_style import (
    MUTED,
    SMALL,
    colours_of,
    draw,
    headline,
    horizontal_grid,
    marker_of,
    numbers_of,
)
from pipeline.report.document import Chart, Series

_HEIGHT = 440
_ROOM = 1.2
_NEAR = 0.09
"""Distance of two labels, in parts of the axes, below which they would cover each other."""
_STANDS_FOR = (0.5, 0.99)
"""Where the legend begins, in parts of the axes: the corner that a frontier leaves empty."""


def pareto_svg(chart: Chart) -> str:
    """Return the SVG of a chart of the kind `pareto`."""
    return draw(chart.id, _HEIGHT, lambda figure: _paint(figure, chart))


def _paint(figure: Any, chart: Chart) -> None:
    colours = colours_of(str(one.arm) for one in chart.series)
    axes = figure.subplots()
    for number, one in enumerate(chart.series):
        colour = colours[str(one.arm)]
        _paint_arm(axes, one, colour)
        x, y = _STANDS_FOR
        axes.plot(x, y - 0.08 * number, transform=axes.transAxes, color=colour, marker=marker_of(str(one.arm)))
        axes.annotate(
            one.name, (x, y - 0.08 * number), (10, 0), xycoords="axes fraction", textcoords="offset points",
            va="center", color=colour, weight="bold", fontsize=SMALL,
        )  # fmt: skip
    right = _ROOM * max(float(x) for one in chart.series for x in one.x)
    top = _ROOM * max(y for one in chart.series for y in numbers_of(one.y))
    axes.set_xlim(0, right)
    axes.set_ylim(0, top)
    _label(axes, chart.series, right, top)
    axes.xaxis.set_major_formatter(lambda value, _: tick(value))
    axes.locator_params(axis="x", nbins=5)
    axes.set_xlabel(chart.x_title)
    horizontal_grid(axes)
    headline(axes, chart.y_title)


def _paint_arm(axes: Any, one: Series, colour: str) -> None:
    """Draw an arm in the order of its concurrencies; a point that another one beats in both is hollow."""
    y = numbers_of(one.y)
    axes.plot(list(one.x), y, color=colour, linewidth=1.8)
    for x, height, tone in zip(one.x, y, one.tones, strict=True):
        filling = colour if tone == "good" else "white"
        axes.plot(
            x, height, color=colour, marker=marker_of(str(one.arm)), markerfacecolor=filling, mew=2.0, clip_on=False
        )


def _label(axes: Any, series: Sequence[Series], right: float, top: float) -> None:
    """Write the concurrency beside the points, those of the frontier first, where no other label is near."""
    points = [
        (float(x), y, label, tone == "good")
        for one in series
        for x, y, label, tone in zip(one.x, numbers_of(one.y), one.labels, one.tones, strict=True)
    ]
    written: list[tuple[float, float]] = []
    for x, y, label, _ in sorted(points, key=lambda point: not point[3]):
        near = (abs(x - other) / right < _NEAR and abs(y - height) / top < _NEAR for other, height in written)
        if not any(near):
            axes.annotate(label, (x, y), (8, 6), textcoords="offset points", fontsize=SMALL, color=MUTED)
            written.append((x, y))
