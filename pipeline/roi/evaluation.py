"""What a pricing model comes to, exactly: the reference that the page's and the workbook's own formulas are held to."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from pipeline.roi.break_even import break_even, first_whole
from pipeline.roi.cashflow import cash_years, course_of, payback_months, present_value
from pipeline.roi.demand import MONTHS_PER_YEAR
from pipeline.roi.model import PricingModel
from pipeline.roi.options import Option, Values, Year, demand_in, machines_in, total_of, year_of
from pipeline.roi.sizing import idle_share
from pipeline.roi.steps import steps_of

_TOKENS = ("load.requests_per_day", "load.input_tokens", "load.output_tokens")


@dataclass(frozen=True)
class OptionCosts:
    """What one way to serve the load costs; amounts in US dollars."""

    machines: int
    """In the first year."""
    idle_share: Fraction | None
    """Of the machines' goodput, in the first year; None where none is known, or tokens are paid."""
    monthly: Fraction
    """In the first year, the engagement's one-time price left out."""
    yearly: Fraction
    total: Fraction
    """Of all years, the engagement included."""
    present_value: Fraction
    per_mtok: Fraction | None
    """Per million output tokens in the first year; None where no tokens are stated."""
    years: tuple[Year, ...]


@dataclass(frozen=True)
class PairCosts:
    """What an option saves against its reference; amounts in US dollars."""

    saving_per_month: Fraction
    saving_per_year: Fraction
    saving_total: Fraction
    """Of all years, after the engagement."""
    net_present_value: Fraction
    payback_months: Fraction | None
    """None: not within ten years."""
    break_even_requests_per_day: int | None
    """None: at no load, or machines cannot be counted."""


@dataclass(frozen=True)
class Evaluation:
    """The costs of every option and of every pair, by name."""

    options: Mapping[str, OptionCosts]
    pairs: Mapping[tuple[str, str], PairCosts]


def evaluate(model: PricingModel) -> Evaluation:
    """Return what a model comes to."""
    values = model.values
    options = {one.name: one.option for one in model.options}
    return Evaluation(
        {name: _costs(option, values, model.years) for name, option in options.items()},
        {pair: _pair(options[pair[0]], options[pair[1]], values, model.years) for pair in model.pairs},
    )


def _costs(option: Option, values: Values, years: int) -> OptionCosts:
    every = tuple(year_of(option, values, number) for number in range(1, years + 1))
    tokens = demand_in(values, 1).output_mtok_per_month * MONTHS_PER_YEAR if _stated(values) else None
    idle = None
    if option.tenure != "paid per token" and _countable(option, values):
        average, goodput = demand_in(values, 1).average_tokens_per_s, values[f"{option.variant}.goodput_tokens_per_s"]
        idle = idle_share(average, machines_in(option, values, 1), goodput)
    return OptionCosts(
        machines=every[0].machines,
        idle_share=idle,
        monthly=every[0].cost / MONTHS_PER_YEAR,
        yearly=every[0].cost,
        total=total_of(option, values, years),
        present_value=present_value(cash_years(option, values, years), values["discount_rate"]),
        per_mtok=every[0].cost / tokens if tokens else None,
        years=every,
    )


def _pair(option: Option, reference: Option, values: Values, years: int) -> PairCosts:
    yearly = year_of(reference, values, 1).cost - year_of(option, values, 1).cost
    even = None
    if _countable(option, values) and _countable(reference, values):
        even = break_even(steps_of(option, values, years), steps_of(reference, values, years))
    worth = [present_value(cash_years(one, values, years), values["discount_rate"]) for one in (reference, option)]
    return PairCosts(
        saving_per_month=yearly / MONTHS_PER_YEAR,
        saving_per_year=yearly,
        saving_total=total_of(reference, values, years) - total_of(option, values, years),
        net_present_value=worth[0] - worth[1],
        payback_months=payback_months(course_of(option, values, years), course_of(reference, values, years)),
        break_even_requests_per_day=None if even is None else first_whole(even),
    )


def _stated(values: Values) -> bool:
    return all(values.get(name) for name in _TOKENS if name != "load.input_tokens") and _TOKENS[1] in values


def _countable(option: Option, values: Values) -> bool:
    if not _stated(values):
        return False
    return option.tenure == "paid per token" or f"{option.variant}.goodput_tokens_per_s" in values
