"""The charts of costs, from result models to `Chart`."""

from typing import Any

from pipeline.base.format import count, number, usd
from pipeline.recipe.arms import AWQ, BASELINE, arm_name
from pipeline.recipe.roi import Roi
from pipeline.report.charts.chart_style import (
    BLUE,
    INK,
    MUTED,
    SMALL,
    colours_of,
    draw,
    end_labels,
    headline,
    horizontal_grid,
    title_of,
)
from pipeline.report.document import Chart
from pipeline.roi.arithmetic import machines_needed
from pipeline.roi.result import RoiResult

_MOST_STEPS = 60
"""Machines up to which a staircase is still one."""
_ENOUGH_STEPS = 600
"""Points of a curve."""


def cost_chart(costs: RoiResult) -> Chart:
    """Return cost per million output tokens, machine always busy and at the recipe's load."""
    groups = (("At this load", "usd_per_mtok_at_load"), ("Machine always busy", "usd_per_mtok_full_load"))
    values = [(group, cost.arm, getattr(cost, field).value or 0.0) for group, field in groups for cost in costs.arms]

    per_group, colours = len(costs.arms), colours_of(cost.arm for cost in costs.arms)
    lowest = -(len(values) - 1 + 0.9 * (len(groups) - 1))

    def paint(figure: Any) -> None:
        axes = figure.subplots()
        widest = max(value for *_, value in values) or 1.0
        for place, (group, arm, value) in enumerate(values):
            y = -(place + 0.9 * (place // per_group))
            axes.barh(y, value, height=0.78, color=colours[arm])
            axes.text(
                value + widest * 0.02,
                y,
                f"{title_of(arm)} {usd(value)}",
                va="center",
                color=colours[arm],
                weight="bold",
            )
            if place % per_group == 0:
                axes.text(0, y + 0.55, group, va="bottom", fontsize=SMALL, color=INK)
        axes.set_xlim(0, widest * 1.75)
        axes.set_ylim(lowest - 0.7, 1.2)
        axes.axis("off")
        axes.plot([0, 0], [lowest - 0.5, 0.5], color=MUTED, linewidth=1.2)
        headline(axes, "USD per million output tokens; lower is better")

    return Chart(
        id="chart-cost",
        title="Cost per million output tokens",
        caption="At this load, idle hours are paid for too. Modelled from measured throughput and the hourly price.",
        alternative="Bar chart. "
        + "; ".join(f"{group}, {title_of(name)}: {usd(value)}" for group, name, value in values)
        + ".",
        svg=draw("chart-cost", 400, paint),
    )


def load_chart(costs: RoiResult, roi: Roi) -> Chart:
    """Return monthly cost over load as the staircase that whole machines make, with the recipe's load marked."""
    peak_per_request = roi.load.output_tokens_per_request * roi.load.peak_to_average / 86400
    capacities = {one.arm: one.capacity_tokens_per_s.value or 0.0 for one in costs.arms}
    colours = colours_of(capacities)
    load, even = roi.load.requests_per_day, costs.saving(AWQ).break_even_requests_per_day.value
    monthly = roi.hourly.usd * roi.hours_per_month
    limit = _furthest(load, even, max(capacities.values()) / peak_per_request)

    def paint(figure: Any) -> None:
        axes = figure.subplots()
        ends, curves = [], {}
        x = [limit * step / _ENOUGH_STEPS for step in range(1, _ENOUGH_STEPS + 1)]
        for arm, capacity in capacities.items():
            y = [monthly * machines_needed(one * peak_per_request, capacity) for one in x]
            curves[arm] = y
            style = (0, (5, 2)) if arm == BASELINE else "solid"
            axes.step([0.0, *x], [y[0], *y], where="pre", color=colours[arm], linestyle=style)
            ends.append((title_of(arm), y[-1], colours[arm], "bold"))
        pair = curves[BASELINE], curves[AWQ]
        cheaper = [two < one for one, two in zip(*pair, strict=True)]
        axes.fill_between(x, *pair, where=cheaper, step="pre", color=BLUE, alpha=0.14, linewidth=0)
        top = max(position for _, position, *_ in ends) or 1.0
        axes.set_ylim(0, top * 1.4)
        axes.set_xlim(0, limit * 1.22)
        end_labels(axes, limit, ends)
        _mark(axes, load, "this load", colour=INK, height=0.97, limit=limit)
        if even is not None and even <= limit:
            _mark(axes, even, "break-even", colour=BLUE, height=0.87, limit=limit)
        axes.locator_params(axis="x", nbins=4)
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
        axes.set_xlabel("Requests per day")
        horizontal_grid(axes)
        headline(axes, "USD per month, in whole machines")

    where = "not reached at any load" if even is None else f"{count(even)} requests a day"
    return Chart(
        id="chart-load",
        title="Monthly cost over load",
        caption=f"This load: {number(load)} requests a day. Break-even: {where}. Shaded: AWQ is cheaper. Modelled.",
        alternative=(
            f"Step chart of monthly cost over requests per day. At {number(load)} requests a day: baseline "
            f"{', '.join(f'{arm_name(one.arm)} {usd(one.monthly_usd.value or 0)}' for one in costs.arms)}."
        ),
        svg=draw("chart-load", 400, paint),
    )


def _furthest(load: float, even: float | None, one_machine: float) -> float:
    """Return how far the x axis reaches: past the load and the break-even, where that is still readable."""
    reach = max(2 * load, 2.4 * one_machine)
    return max(reach, 1.2 * even) if even is not None and even <= _MOST_STEPS * one_machine else reach


def _mark(axes: Any, x: float, text: str, *, colour: str, height: float, limit: float) -> None:
    axes.axvline(x, ymax=height, color=colour, linewidth=1.4, linestyle=(0, (1, 1.6)))
    left = x > limit / 2
    axes.annotate(
        text, (x, height), (-7 if left else 7, 0), xycoords=("data", "axes fraction"), textcoords="offset points",
        ha="right" if left else "left", va="top", fontsize=SMALL, color=colour,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5, "alpha": 0.85},
    )  # fmt: skip
