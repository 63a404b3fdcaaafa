"""What each way to serve a load costs: figures with their bounds, year by year, and over load."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from fractions import Fraction

from pipeline.catalogue.gpus import find_gpu
from pipeline.roi.cashflow import cash_years, present_value
from pipeline.roi.demand import MONTHS_PER_YEAR
from pipeline.roi.figure import Figure
from pipeline.roi.options import Option, Values, demand_in, machines_in, total_of, year_of
from pipeline.roi.scenarios.forms import VariantForm
from pipeline.roi.scenarios.inputs import Inputs
from pipeline.roi.scenarios.pricing import Ends, Pricing
from pipeline.roi.scenarios.result import CurvePoint, OptionCost, YearCost
from pipeline.roi.sizing import idle_share
from pipeline.roi.uncertainty import bounds, corners

_LOADS = tuple(map(Fraction, ("1/8", "1/4", "1/2", "3/4", "1", "3/2", "2", "3", "4", "6", "8")))
"""Of the curve, times the stated load."""


def cost_of(pricing: Pricing, option: Option) -> OptionCost:
    """Return what an option costs."""
    values, inputs = pricing.middle, pricing.inputs
    first, month = year_of(option, values, 1), Fraction(1, MONTHS_PER_YEAR)

    def figure(unit: str, cost: Callable[[Values], Fraction]) -> Figure:
        return pricing.figure(cost(values), unit, (option,), _bounds(pricing, option, cost))

    def yearly(given: Values) -> Fraction:
        return year_of(option, given, 1).cost

    def total(given: Values) -> Fraction:
        return total_of(option, given, pricing.years)

    def present(given: Values) -> Fraction:
        return present_value(cash_years(option, given, pricing.years), given["discount_rate"])

    variant, plan = _variant(pricing, option), inputs.plans.get(option.variant)
    return OptionCost(
        name=option.name,
        variant=option.variant,
        tenure=option.tenure,
        gpu=find_gpu(variant.gpu).name if variant and variant.gpu else None,
        machine=variant.machine if variant else None,
        gpus_per_machine=option.gpus if variant else 0,
        quantization=variant.quantization if variant and variant.gpu else None,
        engaged=option.engaged,
        machines_stated=option.stated,
        concurrency=plan.concurrency if plan else None,
        goodput_tokens_per_s=_goodput(inputs, option),
        machines=figure("machines", lambda given: Fraction(machines_in(option, given, 1))),
        idle_share=_idle(pricing, option, first.machines),
        monthly_usd=figure("USD/month", lambda given: yearly(given) * month),
        yearly_usd=figure("USD/year", yearly),
        total_usd=figure("USD", total),
        present_value_usd=pricing.figure(present(values), "USD", (option,)),
        usd_per_mtok_useful=_per_mtok(pricing, option),
        years=tuple(_year(pricing, option, number) for number in range(1, pricing.years + 1)),
        curve=tuple(_curve(pricing, option)),
    )


def _bounds(pricing: Pricing, option: Option, cost: Callable[[Values], Fraction]) -> Ends:
    used = pricing.used(option)
    if not any(quantity.ranged for quantity in used.values()):
        return None
    return bounds(pricing.inputs.quantities, cost)


def _goodput(inputs: Inputs, option: Option) -> Figure | None:
    found = inputs.quantities.get(f"{option.variant}.goodput_tokens_per_s")
    if found is None:
        return None
    low, high = found.ends if found.ranged else (None, None)
    return Figure(
        value=float(found.value),
        low=None if low is None else float(low),
        high=None if high is None else float(high),
        unit="tokens/s",
        origin=found.origin,
        source=found.source,
    )


def _idle(pricing: Pricing, option: Option, machines: int) -> Figure | None:
    if not pricing.countable(option) or option.tenure == "paid per token":
        return None
    values = pricing.middle
    average = demand_in(values, 1).average_tokens_per_s
    idle = idle_share(average, machines, values[f"{option.variant}.goodput_tokens_per_s"])
    return pricing.figure(idle, "of goodput", (option,))


def _per_mtok(pricing: Pricing, option: Option) -> Figure | None:
    if pricing.inputs.missing:
        return None

    def tokens(given: Values) -> Fraction:
        return demand_in(given, 1).output_mtok_per_month * MONTHS_PER_YEAR

    middle, (cheap, dear) = pricing.middle, corners(pricing.inputs.quantities)
    if option.tenure == "paid per token":  # a longer answer spreads what its prompt costs
        output = "load.output_tokens"
        cheap, dear = {**cheap, output: dear[output]}, {**dear, output: cheap[output]}
        ends = (year_of(option, cheap, 1).cost / tokens(cheap), year_of(option, dear, 1).cost / tokens(dear))
    else:  # machines are whole, so the load at either end may go with any number of them
        ends = (year_of(option, cheap, 1).cost / tokens(dear), year_of(option, dear, 1).cost / tokens(cheap))
    return pricing.figure(year_of(option, middle, 1).cost / tokens(middle), "USD/Mtok", (option,), ends)


def _year(pricing: Pricing, option: Option, number: int) -> YearCost:
    year = year_of(option, pricing.middle, number)
    flow = cash_years(replace(option, engaged=False), pricing.middle, pricing.years)[number - 1]
    return YearCost(
        year=number,
        machines=year.machines,
        rent_usd=float(year.rent),
        depreciation_usd=float(year.depreciation),
        energy_usd=float(year.energy),
        cooling_usd=float(year.cooling),
        staff_usd=float(year.staff),
        fees_usd=float(year.fees),
        support_usd=float(year.support),
        purchases_usd=float(flow.at_start),
        cost_usd=float(year.cost),
    )


def _curve(pricing: Pricing, option: Option) -> Iterable[CurvePoint]:
    if not pricing.countable(option):
        return
    counted = replace(option, stated=False)
    for times in _LOADS:
        requests = pricing.middle["load.requests_per_day"] * times
        values = {**pricing.middle, "load.requests_per_day": requests}
        year, tokens = year_of(counted, values, 1), demand_in(values, 1).output_mtok_per_month * MONTHS_PER_YEAR
        yield CurvePoint(
            requests_per_day=float(requests), machines=year.machines, usd_per_mtok=float(year.cost / tokens)
        )


def _variant(pricing: Pricing, option: Option) -> VariantForm | None:
    return next((each for each in pricing.scenario.variants if each.name == option.variant), None)
