"""The chart of the crossover: the ratio over concurrency with its band, and where it passes 1."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from eval.bench.arm_crossover import ArmCrossover
from pipeline.base.format import ratio
from pipeline.report.cells import DIRECTION_TONES
from pipeline.report.charts.chart_style import (
    GREY,
    MUTED,
    SMALL,
    colours_of,
    concurrency_axis,
    draw,
    headline,
    horizontal_grid,
    marker_of,
    numbers_of,
)
from pipeline.report.document import Chart, Mark, Series
from pipeline.report.evidence import Keys
from pipeline.report.inputs import Inputs

_HEIGHT = 400
_STEPS = 16
"""Into which the line between two levels is broken, because the y axis is no logarithm."""
_WON = {True: DIRECTION_TONES["faster"], False: DIRECTION_TONES["slower"], None: "plain"}


def crossover_chart(one: ArmCrossover, sentence: str, keys: Keys, inputs: Inputs) -> Chart:
    """Return the ratios of an arm over concurrency, and the crossings with their intervals.

    Args:
        one: the arm against the reference.
        sentence: what is said of it.
        keys: where the runs stand that it is from.
        inputs: of the report.
    """
    say = inputs.say.crossover
    spoken = [inputs.say.throughput.at(ratio(level.ratio), str(level.concurrency)) for level in one.levels]
    ratios = Series(
        name=say.chart_band,
        arm=one.arm,
        statistic="mean",
        x=tuple(level.concurrency for level in one.levels),
        y=tuple(level.ratio for level in one.levels),
        low=tuple(level.interval[0] if level.interval else None for level in one.levels),
        high=tuple(level.interval[1] if level.interval else None for level in one.levels),
        tones=tuple(_WON[level.wins] for level in one.levels),
        unit="",
        origin="measured",
        evidence=keys,
    )
    crossings = Series(
        name=say.chart_crossing,
        arm=one.arm,
        statistic="bounds",
        x=tuple(crossing.concurrency for crossing in one.crossover.crossings),
        low=tuple(crossing.low for crossing in one.crossover.crossings),
        high=tuple(crossing.high for crossing in one.crossover.crossings),
        unit="",
        origin="measured",
        evidence=keys,
    )
    return Chart(
        id="chart-crossover",
        kind="crossover",
        title=say.chart,
        caption=say.chart_caption,
        alternative=say.chart_alternative(sentence, inputs.say.throughput.listing(spoken)),
        x_title=inputs.say.throughput.concurrency,
        y_title=say.chart_y,
        series=(ratios, crossings) if one.crossover.crossings else (ratios,),
        marks=(Mark(axis="y", value=1, text=say.chart_mark),),
    )


def crossover_svg(chart: Chart) -> str:
    """Return the SVG of a chart of the kind `crossover`."""
    return draw(chart.id, _HEIGHT, lambda figure: _paint(figure, chart))


def _paint(figure: Any, chart: Chart) -> None:
    (ratios, *crossings), (mark,) = chart.series, chart.marks
    colour = colours_of([str(ratios.arm)])[str(ratios.arm)]
    places, values = [int(x) for x in ratios.x], numbers_of(ratios.y)
    axes = figure.subplots()
    axes.axhline(mark.value, color=GREY, linewidth=2)
    for one in crossings:
        for x, low, high in zip(one.x, one.low, one.high, strict=True):
            axes.axvspan(low, high, color=GREY, alpha=0.22, linewidth=0)
            axes.axvline(float(x), color=GREY, linewidth=1.4, linestyle=(0, (1, 1.6)))
    axes.fill_between(
        _between(places), _between(ratios.low), _between(ratios.high),
        color=colour, alpha=0.18, linewidth=0,
    )  # fmt: skip
    axes.plot(_between(places), _between(values), color=colour)
    for x, y, tone in zip(places, values, ratios.tones, strict=True):
        axes.plot(
            x, y, marker=marker_of(str(ratios.arm)), color=colour, mew=2.4,
            markerfacecolor="white" if tone == "plain" else colour,
        )  # fmt: skip
    axes.set_ylim(0, max([2.0, *values, *numbers_of(ratios.high)]) * 1.12)
    axes.annotate(
        ratio(values[-1]), (places[-1], values[-1]), (10, 8 if values[-1] >= mark.value else -20),
        textcoords="offset points", color=colour, weight="bold", fontsize=SMALL,
    )  # fmt: skip
    axes.annotate(
        mark.text, (1, mark.value), (-2, -20), xycoords=("axes fraction", "data"), textcoords="offset points",
        ha="right", fontsize=SMALL, color=MUTED,
    )  # fmt: skip
    concurrency_axis(axes, places, chart.x_title)
    horizontal_grid(axes)
    headline(axes, chart.y_title)


def _between(values: Sequence[float | None]) -> list[float]:
    """Return figures on the way between levels, on straight lines of logarithms as crossovers are found by.

    Beside a figure that is not known they are not numbers, which is not drawn.
    """
    logs = [math.nan if value is None else math.log(value) for value in values]
    steps = [step / _STEPS for step in range(_STEPS)]
    return [math.exp(one + (two - one) * step) for one, two in pairwise(logs) for step in steps] + [math.exp(logs[-1])]
