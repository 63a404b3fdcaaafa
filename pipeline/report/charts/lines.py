"""Draws lines over concurrency: means with their ranges, or p50 and p95 of every arm."""

from collections.abc import Sequence
from typing import Any

from pipeline.base.format import number
from pipeline.report.charts.chart_style import (
    colours_of,
    concurrency_axis,
    draw,
    end_labels,
    headline,
    horizontal_grid,
    marker_of,
    numbers_of,
)
from pipeline.report.document import Chart, Series

_HEIGHT = 400


def line_svg(chart: Chart) -> str:
    """Return the SVG of a chart of the kind `line`."""
    return draw(chart.id, _HEIGHT, lambda figure: _paint(figure, chart))


def _paint(figure: Any, chart: Chart) -> None:
    arms = dict.fromkeys(str(one.arm) for one in chart.series)
    colours = colours_of(arms)
    axes = figure.subplots()
    ends: list[tuple[str, float, str, str]] = []
    for arm in arms:
        ends += _paint_arm(axes, [one for one in chart.series if one.arm == arm], colours[arm])
    highest = [value for one in chart.series for value in numbers_of(one.high or one.y)]
    axes.set_ylim(0, 1.12 * max(highest) or 1.0)
    places = sorted({int(x) for one in chart.series for x in one.x})
    end_labels(axes, places[-1], ends)
    concurrency_axis(axes, places, chart.x_title)
    horizontal_grid(axes)
    headline(axes, chart.y_title)


def _paint_arm(axes: Any, series: Sequence[Series], colour: str) -> list[tuple[str, float, str, str]]:
    """Draw a mean with its range, or a percentile and the tail above it; return what is written at their ends."""
    middle, *tails = series
    x, y = list(middle.x), numbers_of(middle.y)
    if middle.low:
        low, high = numbers_of(middle.low), numbers_of(middle.high)
        axes.fill_between(x, low, high, color=colour, alpha=0.18, linewidth=0)
        axes.errorbar(
            x, y, yerr=[_minus(y, low), _minus(high, y)], fmt="none", ecolor=colour, elinewidth=1.6, capsize=4
        )
        axes.plot(x, y, color=colour, marker=marker_of(str(middle.arm)))
        return [(f"{middle.name} {number(y[-1])}", y[-1], colour, "bold")]
    ends = [(middle.name, y[-1], colour, "bold")]
    axes.plot(x, y, color=colour, marker=marker_of(str(middle.arm)))
    for tail in tails:
        values = numbers_of(tail.y)
        below = [value for place, value in zip(x, y, strict=True) if place in tail.x]
        axes.fill_between(list(tail.x), below, values, color=colour, alpha=0.10, linewidth=0)
        axes.plot(list(tail.x), values, color=colour, linewidth=1.6, linestyle=(0, (4, 2.5)))
        ends.append((tail.name, values[-1], colour, "normal"))
    return ends


def _minus(first: Sequence[float], second: Sequence[float]) -> list[float]:
    return [max(0.0, one - other) for one, other in zip(first, second, strict=True)]
