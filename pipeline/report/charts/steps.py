"""Draws staircases with bands over what they can be, loads marked, and shades where AWQ's band is the lower one."""

import math
from bisect import bisect_left
from collections.abc import Sequence
from typing import Any

from pipeline.base.format import count
from pipeline.recipe.arms import AWQ, BASELINE
from pipeline.report.charts.chart_style import (
    BLUE,
    INK,
    SMALL,
    colours_of,
    draw,
    end_labels,
    headline,
    horizontal_grid,
)
from pipeline.report.charts.costs import STEPS
from pipeline.report.document import Chart, Mark, Series

_HEIGHT = 400
_MARKS = ((INK, 0.97), (BLUE, 0.87))
"""Colour and height of each mark, in order."""
_SLACK = 1 - 1e-9
"""The load at which a step ends belongs to it, whatever binary fractions say."""


def step_svg(chart: Chart) -> str:
    """Return the SVG of a chart of the kind `step`."""
    return draw(chart.id, _HEIGHT, lambda figure: _paint(figure, chart))


def _paint(figure: Any, chart: Chart) -> None:
    colours = colours_of(str(one.arm) for one in chart.series)
    limit = float(chart.series[0].x[-1])
    axes = figure.subplots()
    x = [limit * step / STEPS for step in range(1, STEPS + 1)]
    curves = {str(one.arm): _curve(one, one.y, x) for one in chart.series}
    bands = {str(one.arm): (_curve(one, one.low, x), _curve(one, one.high, x)) for one in chart.series}
    ends = []
    for one in chart.series:
        arm = str(one.arm)
        y, style = curves[arm], (0, (5, 2)) if arm == BASELINE else "solid"
        axes.step([0.0, *x], [y[0], *y], where="pre", color=colours[arm], linestyle=style)
        axes.fill_between(x, *bands[arm], step="pre", color=colours[arm], alpha=0.12, linewidth=0)
        ends.append((one.name, y[-1], colours[arm], "bold"))
    pair = bands[BASELINE][0], bands[AWQ][1]
    cheaper = [two < one for one, two in zip(*pair, strict=True)]
    axes.fill_between(x, *pair, where=cheaper, step="pre", color=BLUE, alpha=0.4, linewidth=0)
    tops = [*(position for _, position, *_ in ends), *(high[-1] for _, high in bands.values() if high[-1] > 0)]
    axes.set_ylim(0, (max(tops) or 1.0) * 1.4)
    axes.set_xlim(0, limit * 1.22)
    end_labels(axes, limit, ends)
    for mark, (colour, height) in zip(chart.marks, _MARKS, strict=False):
        _mark(axes, mark, colour=colour, height=height, limit=limit)
    axes.locator_params(axis="x", nbins=4)
    axes.xaxis.set_major_formatter(lambda value, _: count(value))
    axes.set_xlabel(chart.x_title)
    horizontal_grid(axes)
    headline(axes, chart.y_title)


def _curve(series: Series, paid: Sequence[float | None], loads: list[float]) -> list[float]:
    """Return what is paid at each load; not a number where it is not known, which is not drawn."""
    ends, values = [float(x) for x in series.x], [math.nan if one is None else one for one in paid]
    return [values[bisect_left(ends, load * _SLACK)] for load in loads]


def _mark(axes: Any, mark: Mark, *, colour: str, height: float, limit: float) -> None:
    axes.axvline(mark.value, ymax=height, color=colour, linewidth=1.4, linestyle=(0, (1, 1.6)))
    left = mark.value > limit / 2
    axes.annotate(
        mark.text, (mark.value, height), (-7 if left else 7, 0), xycoords=("data", "axes fraction"),
        textcoords="offset points", ha="right" if left else "left", va="top", fontsize=SMALL, color=colour,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5, "alpha": 0.85},
    )  # fmt: skip
