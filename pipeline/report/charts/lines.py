"""Draws lines over concurrency: means with intervals and ranges, or percentiles of every arm; void points as gaps."""

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
    with_gaps,
)
from pipeline.report.document import Chart, Series, Statistic

_HEIGHT = 400
_ROOM = 1.12
_HIGHEST_BAND = 2.0
"""Times the highest mean, above which a band leaves the chart: of two runs it can reach anywhere."""
_MOST_LABELS = 6
"""At the right end; of more only those of means and medians are written."""
_MOST_SHADED = 2
"""Arms between whose percentiles shades can be told apart."""
_TAILS: dict[Statistic, Any] = {"p95": (0, (4, 2.5)), "p99": (0, (1, 1.6))}
"""Dashes by percentile."""
_End = tuple[str, float, str, str]
"""Text, height, colour and weight of what is written at the right end of a line."""


def line_svg(chart: Chart) -> str:
    """Return the SVG of a chart of the kind `line`."""
    return draw(chart.id, _HEIGHT, lambda figure: _paint(figure, chart))


def _paint(figure: Any, chart: Chart) -> None:
    arms = dict.fromkeys(str(one.arm) for one in chart.series)
    colours = colours_of(arms)
    axes = figure.subplots()
    ends: list[_End] = []
    shaded = len(arms) <= _MOST_SHADED
    for place, arm in enumerate(arms):
        own = [one for one in chart.series if one.arm == arm]
        ends += [end for one in own if (end := _paint_one(axes, one, own[0] if shaded else None, colours[arm]))]
        _mark_void(axes, own[0], colours[arm], place)
    means = [value for one in chart.series for value in numbers_of(one.y)]
    spans = [value for one in chart.series for value in numbers_of(one.high)]
    axes.set_ylim(0, _ROOM * min(max(means + spans), _HIGHEST_BAND * max(means)) or 1.0)
    places = sorted({int(x) for one in chart.series for x in one.x})
    end_labels(axes, places[-1], ends if len(ends) <= _MOST_LABELS else [end for end in ends if end[3] == "bold"])
    concurrency_axis(axes, places, chart.x_title)
    horizontal_grid(axes)
    headline(axes, chart.y_title)


def _paint_one(axes: Any, one: Series, median: Series | None, colour: str) -> _End | None:
    """Draw one series of an arm, shaded from its median where that is given; return what is written at its end."""
    x, y = list(one.x), with_gaps(one.y)
    if one.statistic == "bounds":
        axes.vlines(x, with_gaps(one.low), with_gaps(one.high), color=colour, linewidth=1.6)
        return None
    last = numbers_of(one.y)[-1]
    if one.statistic in _TAILS:
        if median is not None:
            axes.fill_between(x, with_gaps(median.y), y, color=colour, alpha=0.08, linewidth=0)
        axes.plot(x, y, color=colour, linewidth=1.6, linestyle=_TAILS[one.statistic], marker=".", markersize=5)
        return one.name, last, colour, "normal"
    if one.low:
        axes.fill_between(x, with_gaps(one.low), with_gaps(one.high), color=colour, alpha=0.18, linewidth=0)
    axes.plot(x, y, color=colour, marker=marker_of(str(one.arm)))
    return f"{one.name} {number(last)}" if one.statistic == "mean" else one.name, last, colour, "bold"


def _mark_void(axes: Any, one: Series, colour: str, place: int) -> None:
    """Put a cross above each concurrency whose point is void, where no figure is ever drawn, arms below each other."""
    void = [x for x, label, y in zip(one.x, one.labels, one.y, strict=False) if label and y is None]
    if void:
        heights = [0.97 - 0.05 * place] * len(void)
        axes.plot(
            void, heights, transform=axes.get_xaxis_transform(), color=colour, marker="x", linestyle="none", mew=2.4
        )
