"""Draws dots with the ranges that they may lie in, against a line."""

from typing import Any

from pipeline.base.format import ratio, tick
from pipeline.report.charts.chart_style import BLUE, GREY, MUTED, SMALL, draw, headline, horizontal_grid, numbers_of
from pipeline.report.document import Chart

_HEIGHT = 400


def dot_svg(chart: Chart) -> str:
    """Return the SVG of a chart of the kind `dot`."""
    return draw(chart.id, _HEIGHT, lambda figure: _paint(figure, chart))


def _paint(figure: Any, chart: Chart) -> None:
    (series,), (mark,) = chart.series, chart.marks
    means = numbers_of(series.y)
    lows, highs = (
        [one if end is None else end for end, one in zip(ends, means, strict=True)]
        for ends in (series.low, series.high)
    )
    axes = figure.subplots()
    axes.axhline(mark.value, color=GREY, linewidth=2)
    for place, (mean, low, high, tone) in enumerate(zip(means, lows, highs, series.tones, strict=True)):
        axes.plot([place, place], [low, high], color=BLUE, linewidth=9, alpha=0.25, solid_capstyle="round")
        filling = "white" if tone == "plain" else BLUE
        axes.plot(place, mean, marker="o", color=BLUE, markerfacecolor=filling, mew=2.4)
        axes.annotate(
            ratio(mean),
            (place, high),
            (0, 12),
            textcoords="offset points",
            ha="center",
            color=BLUE,
            weight="bold",
            bbox={"facecolor": "white", "alpha": 0.8, "linewidth": 0, "pad": 1},
        )
    axes.set_xlim(-0.6, 1.18 * len(means) - 0.5)
    axes.set_ylim(0, max([2.0, *highs]) * 1.12)
    axes.set_xticks(range(len(means)), [tick(float(x)) for x in series.x])
    axes.set_xlabel(chart.x_title)
    axes.annotate(
        mark.text, (1, mark.value), (-2, -20), xycoords=("axes fraction", "data"), textcoords="offset points",
        ha="right", fontsize=SMALL, color=MUTED,
    )  # fmt: skip
    horizontal_grid(axes)
    headline(axes, chart.y_title)
