"""What a run's costs per arm and its whole pricing say of the same money is made to agree.

A plain recipe (rent alone, three years, no growth, no spare, no service level, no range) is priced per arm with the
range that the repeats leave, in which both arms are looked at together; its values and their origins are those of the
whole pricing, and where the two decide differently nothing is decided. Of any other recipe the figures per arm are
those of the whole pricing.
"""

from typing import TypeVar

from eval.bench.result import BenchResult
from pipeline.recipe.roi import Roi
from pipeline.roi.figure import Figure
from pipeline.roi.options import rented
from pipeline.roi.result import ArmCost, RoiResult, Saving
from pipeline.roi.scenarios.result import Comparison, OptionCost, ScenarioResult

_Costs = TypeVar("_Costs", ArmCost, Saving)
YEARS = 3
"""That the costs per arm are of."""


def is_plain(roi: Roi, bench: BenchResult) -> bool:
    """Return whether the costs per arm have a range of their own."""
    engagement, site = roi.engagement, roi.site
    simple_engagement = engagement is None or (
        engagement.package is None and engagement.support is None and engagement.monthly_usd is None
    )
    return (
        bench.service_level is None
        and roi.years == YEARS
        and not roi.spares
        and not roi.load.growth_per_year
        and not roi.load.ranges
        and roi.hourly.low is None
        and simple_engagement
        and (site is None or site.staff_usd_per_year is None)
    )


def careful(scenario: ScenarioResult) -> ScenarioResult:
    """Return a pricing that decides nothing on a speed that was measured too few times to have an interval."""
    unknown = {
        option.name
        for option in scenario.options
        if (speed := option.goodput_tokens_per_s) and speed.origin == "measured" and speed.low is None
    }
    return _with_decisions(scenario, {pair for pair in _pairs(scenario) if unknown & set(pair)})


def agreed(result: RoiResult, scenario: ScenarioResult, three: ScenarioResult, *, plain: bool) -> RoiResult:
    """Return the costs per arm and the whole pricing in agreement.

    Args:
        result: the costs per arm by themselves.
        scenario: the whole pricing.
        three: the same of `YEARS` years.
        plain: whether `result` has ranges of its own.
    """
    if not plain:
        once = result.engagement_usd
        arms = tuple(_arm(cost, _option(three, cost.arm), once) for cost in result.arms)
        comparisons = tuple(_saving(one, three, scenario) for one in result.comparisons)
        return result.model_copy(update={"arms": arms, "comparisons": comparisons, "scenario": scenario})
    found = {(one.option, one.reference): one.decision for one in scenario.comparisons}
    differ = {
        rented_pair(one) for one in result.comparisons if found.get(rented_pair(one), one.decision) != one.decision
    }
    comparisons = tuple(
        one.model_copy(update={"decision": "not decided"}) if rented_pair(one) in differ else one
        for one in (_from(each, _saving(each, scenario, scenario)) for each in result.comparisons)
    )
    arms = tuple(_from(cost, _arm(cost, _option(scenario, cost.arm), None)) for cost in result.arms)
    changes = {"arms": arms, "comparisons": comparisons, "scenario": _with_decisions(scenario, differ)}
    return result.model_copy(update=changes)


def _from(own: _Costs, whole: _Costs) -> _Costs:
    """Return costs with the origins that the whole pricing gives them."""
    figures = {name: figure for name, figure in own if isinstance(figure, Figure)}
    origins = {
        name: figure.model_copy(update={"origin": getattr(whole, name).origin}) for name, figure in figures.items()
    }
    return own.model_copy(update=origins)


def _pairs(scenario: ScenarioResult) -> set[tuple[str, str]]:
    return {(one.option, one.reference) for one in scenario.comparisons}


def rented_pair(saving: Saving) -> tuple[str, str]:
    """Return what both arms of a saving, rented, are called by in a pricing."""
    return rented(saving.arm), rented(saving.reference)


def _with_decisions(scenario: ScenarioResult, undecided: set[tuple[str, str]]) -> ScenarioResult:
    comparisons = tuple(
        one.model_copy(update={"decision": "not decided"}) if (one.option, one.reference) in undecided else one
        for one in scenario.comparisons
    )
    return scenario.model_copy(update={"comparisons": comparisons})


def _option(scenario: ScenarioResult, arm: str) -> OptionCost | None:
    return next((one for one in scenario.options if one.name == rented(arm)), None)


def _arm(cost: ArmCost, option: OptionCost | None, once: Figure | None) -> ArmCost:
    """Return an arm's costs as the whole pricing has them; as they were where it cannot serve the load."""
    if option is None:
        return cost
    idle = option.idle_share
    changes = {
        "machines": option.machines,
        "monthly_usd": option.monthly_usd,
        "yearly_usd": option.yearly_usd,
        "three_year_usd": _less(option.total_usd, once if option.engaged else None),
        "usd_per_mtok_at_load": option.usd_per_mtok_useful,
        "utilisation": None
        if idle is None or idle.value is None
        else cost.utilisation.model_copy(
            update={"value": 1 - idle.value, "low": None, "high": None, "origin": idle.origin}
        ),
    }
    return cost.model_copy(update={name: figure for name, figure in changes.items() if figure is not None})


def _less(total: Figure, once: Figure | None) -> Figure:
    """Return a total without what is paid once; bounds are of both at once, so each end loses the price's same end."""
    if once is None or once.value is None:
        return total
    prices = {"value": once.value, "low": once.low, "high": once.high}
    changes = {
        name: end - (once.value if prices[name] is None else prices[name])
        for name in ("value", "low", "high")
        if (end := getattr(total, name)) is not None
    }
    return total.model_copy(update=changes)


def _saving(saving: Saving, three: ScenarioResult, scenario: ScenarioResult) -> Saving:
    """Return what the whole pricing says of a saving; nothing of an arm that cannot serve the load.

    Payback and break-even are those of the planned years, which every other place has of this pair.
    """
    names = rented_pair(saving)
    found, planned = (
        next((one for one in each.comparisons if (one.option, one.reference) == names), None)
        for each in (three, scenario)
    )
    if found is None or planned is None:
        gone = {
            name: figure.model_copy(update={"value": None, "low": None, "high": None})
            for name, figure in saving
            if isinstance(figure, Figure)
        }
        return saving.model_copy(update={**gone, "decision": "not decided"})
    return saving.model_copy(update=_figures(found, planned))


def _figures(found: Comparison, planned: Comparison) -> dict[str, object]:
    return {
        "saving_per_month_usd": found.saving_per_month_usd,
        "saving_three_years_usd": found.saving_total_usd,
        "payback_months": planned.payback_months,
        "break_even_requests_per_day": planned.break_even_requests_per_day,
        "decision": found.decision,
    }
