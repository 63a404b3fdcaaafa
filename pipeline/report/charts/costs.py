"""The charts of costs, from results to series."""

from collections.abc import Sequence

from pipeline.base.format import currency, number, shown_amount, usd
from pipeline.recipe.arms import AWQ
from pipeline.report.cost_figures import figure_keys, ranged, requests_a_day
from pipeline.report.document import Chart, Mark, Series
from pipeline.report.inputs import Inputs
from pipeline.roi.arithmetic import machines_needed
from pipeline.roi.figure import Figure
from pipeline.roi.result import ArmCost

_MOST_STEPS = 60
"""Machines up to which a staircase is still one."""
STEPS = 600
"""Loads at which the staircase is looked at, equally far from each other."""


def cost_chart(inputs: Inputs) -> Chart:
    """Return cost per million output tokens, machine always busy and at the recipe's load."""
    costs, say = inputs.costs, inputs.say.costs
    groups = ((say.at_load, "usd_per_mtok_at_load"), (say.always_busy, "usd_per_mtok_full_load"))
    series = tuple(
        Series(
            name=say.title_of(cost.arm),
            arm=cost.arm,
            x=tuple(group for group, _ in groups),
            y=tuple(shown_amount(getattr(cost, field).value or 0.0) for _, field in groups),
            low=tuple(_shown(getattr(cost, field).low) for _, field in groups),
            high=tuple(_shown(getattr(cost, field).high) for _, field in groups),
            labels=tuple(ranged(getattr(cost, field), usd, say) for _, field in groups),
            unit=currency(),
            origin="modelled",
            evidence=tuple(key for _, field in groups for key in figure_keys(getattr(cost, field), inputs.evidence)),
        )
        for cost in costs.arms
    )
    spoken = [say.bar(group, one.name, one.labels[place]) for place, (group, _) in enumerate(groups) for one in series]
    return Chart(
        id="chart-cost",
        kind="bar",
        title=say.chart,
        caption=say.chart_caption,
        alternative=say.chart_alternative("; ".join(spoken)),
        x_title="",
        y_title=say.chart_y(currency()),
        series=series,
    )


def load_chart(inputs: Inputs) -> Chart:
    """Return monthly cost over load as the staircase that whole machines make, with the recipe's load marked."""
    costs, roi, say = inputs.costs, inputs.recipe.roi, inputs.say.costs
    load, figure = roi.load.requests_per_day, costs.saving(AWQ).break_even_requests_per_day
    even = None if figure.high is None else figure.value
    largest = max(_speed(one, inputs).value or 0.0 for one in costs.arms)
    limit = _furthest(load, even, largest / _peak_per_request(inputs))
    known = all(_speed(one, inputs).low is not None for one in costs.arms)
    where = ranged(figure, requests_a_day(say), say) if known else say.range_not_known
    marks = [Mark(axis="x", value=load, text=say.this_load)]
    if even is not None and even <= limit:
        marks.append(Mark(axis="x", value=even, text=say.the_break_even))
    return Chart(
        id="chart-load",
        kind="step",
        title=say.load_chart,
        caption=say.load_caption(number(load), where),
        alternative=say.load_alternative(
            number(load), ", ".join(f"{say.name_of(one.arm)} {ranged(one.monthly_usd, usd, say)}" for one in costs.arms)
        ),
        x_title=say.load_x,
        y_title=say.load_y(currency()),
        series=tuple(_staircase(one, limit, inputs) for one in costs.arms),
        marks=tuple(marks),
    )


def _staircase(cost: ArmCost, limit: float, inputs: Inputs) -> Series:
    """Return up to which load the machines stay as many, at the capacity and at both ends of what it can be."""
    loads = [limit * step / STEPS for step in range(1, STEPS + 1)]
    capacity = _speed(cost, inputs)
    paid = [_paid(loads, one, inputs) for one in (capacity.value, capacity.high, capacity.low)]
    months = list(zip(*paid, strict=True))
    ends = [place for place in range(STEPS) if place == STEPS - 1 or months[place + 1] != months[place]]
    mean, low, high = (tuple(one[place] for place in ends) for one in paid)
    return Series(
        name=inputs.say.costs.title_of(cost.arm),
        arm=cost.arm,
        x=tuple(loads[place] for place in ends),
        y=mean,
        low=low,
        high=high,
        unit=inputs.say.costs.load_unit(currency()),
        origin="modelled",
        evidence=(*figure_keys(capacity, inputs.evidence), *figure_keys(inputs.costs.hourly_usd, inputs.evidence)),
    )


def _shown(usd: float | None) -> float | None:
    """Return an end of a range in the currency of the report."""
    return None if usd is None else shown_amount(usd)


def _speed(cost: ArmCost, inputs: Inputs) -> Figure:
    """Return what machines are counted by: what keeps the service level, or the highest throughput without one."""
    useful = cost.useful.goodput_tokens_per_s if cost.useful and inputs.costs.scenario else None
    return useful or cost.capacity_tokens_per_s


def _paid(loads: Sequence[float], capacity: float | None, inputs: Inputs) -> list[float | None]:
    """Return what the machines for each load cost a month, spares included; None where the capacity is not known."""
    if capacity is None:
        return [None] * len(loads)
    roi, peak = inputs.recipe.roi, _peak_per_request(inputs)
    monthly, spares = shown_amount(roi.hourly.usd * roi.hours_per_month), roi.spares if inputs.costs.scenario else 0
    return [monthly * (machines_needed(load * peak, capacity) + spares) for load in loads]


def _peak_per_request(inputs: Inputs) -> float:
    """Return the output tokens per second at the peak for each request a day."""
    return (inputs.costs.peak_tokens_per_s.value or 0.0) / inputs.recipe.roi.load.requests_per_day


def _furthest(load: float, even: float | None, one_machine: float) -> float:
    """Return how far the x axis reaches: past the load and the break-even, where that is still readable."""
    reach = max(2 * load, 2.4 * one_machine)
    return max(reach, 1.2 * even) if even is not None and even <= _MOST_STEPS * one_machine else reach
