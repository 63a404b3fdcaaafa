"""One way to serve a load against another: saving, payback, present value, break-even, and what decides."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from pipeline.roi.break_even import break_even, first_whole
from pipeline.roi.cashflow import Course, cash_years, course_of, payback_months, present_value
from pipeline.roi.demand import MONTHS_PER_YEAR
from pipeline.roi.figure import Decision
from pipeline.roi.options import Option, Values, total_of, year_of
from pipeline.roi.scenarios.pricing import Ends, OpenEnds, Pricing
from pipeline.roi.scenarios.result import Comparison, Swing
from pipeline.roi.sensitivity import tornado
from pipeline.roi.steps import steps_of
from pipeline.roi.uncertainty import draws, interval

_PAYBACK_DRAWS = 300
"""Fewer than of costs: each is followed month by month for up to ten years."""


@dataclass(frozen=True)
class Simulation:
    """What every option costs in every draw; nothing where no input is a range."""

    yearly: Mapping[str, list[Fraction]]
    total: Mapping[str, list[Fraction]]
    courses: Mapping[str, list[Course]]
    """For paybacks, of the first draws."""
    count: int


def simulate(pricing: Pricing) -> Simulation:
    """Return the costs of all options over the draws of the scenario."""
    quantities, options = pricing.inputs.quantities, pricing.inputs.options
    if not any(quantity.ranged for option in options for quantity in pricing.used(option).values()):
        return Simulation({}, {}, {}, 0)
    drawn = draws(quantities, pricing.scenario.draws, pricing.scenario.seed)
    yearly: dict[str, list[Fraction]] = {}
    total: dict[str, list[Fraction]] = {}
    for option in options:
        costs = [[year_of(option, values, number).cost for number in _planned(pricing)] for values in drawn]
        once = [values["engagement.one_time_usd"] if option.engaged else Fraction(0) for values in drawn]
        yearly[option.name] = [years[0] for years in costs]
        total[option.name] = [sum(years, price) for years, price in zip(costs, once, strict=True)]
    courses = {
        option.name: [course_of(option, values, pricing.years) for values in drawn[:_PAYBACK_DRAWS]]
        for option in options
    }
    return Simulation(yearly, total, courses, len(drawn))


def _planned(pricing: Pricing) -> range:
    return range(1, pricing.years + 1)


def pairs(pricing: Pricing) -> list[tuple[Option, Option]]:
    """Return who is compared with whom: every option with the baseline, and the candidate with every other one."""
    options, roles = pricing.inputs.options, {each.name: each.role for each in pricing.scenario.variants}
    base = [option for option in options if roles.get(option.variant) == "baseline"][:1]
    candidates = [option for option in options if roles.get(option.variant) == "candidate"]
    against = [(option, reference) for reference in base for option in options if option is not reference]
    others = [option for option in options if option not in (*base, *candidates)]
    return against + [(candidate, other) for candidate in candidates for other in others]


def compared(pricing: Pricing, simulation: Simulation, option: Option, reference: Option) -> Comparison:
    """Return what an option saves against another."""
    values, both = pricing.middle, (option, reference)
    yearly = year_of(reference, values, 1).cost - year_of(option, values, 1).cost
    total = saved(pricing, option, reference)(values)
    of_year = _interval(simulation.yearly, option, reference)
    of_all = _interval(simulation.total, option, reference)
    worth = _worth(pricing, reference) - _worth(pricing, option)
    months = None if of_year is None else (of_year[0] / MONTHS_PER_YEAR, of_year[1] / MONTHS_PER_YEAR)
    return Comparison(
        option=option.name,
        reference=reference.name,
        saving_per_month_usd=pricing.figure(yearly / MONTHS_PER_YEAR, "USD/month", both, months),
        saving_per_year_usd=pricing.figure(yearly, "USD/year", both, of_year),
        saving_total_usd=pricing.figure(total, "USD", both, of_all),
        net_present_value_usd=pricing.figure(worth, "USD", both),
        payback_months=pricing.figure(
            payback_months(*(course_of(each, values, pricing.years) for each in both)),
            "months",
            both,
            _payback_ends(simulation, option, reference),
        ),
        break_even_requests_per_day=pricing.figure(_break_even(pricing, option, reference), "requests/day", both),
        decision=_decision(total, of_all),
    )


def saved(pricing: Pricing, option: Option, reference: Option) -> Callable[[Values], Fraction]:
    """Return the function that gives what an option saves over all years, after the engagement."""
    return lambda values: total_of(reference, values, pricing.years) - total_of(option, values, pricing.years)


def swings(pricing: Pricing, option: Option, reference: Option) -> tuple[Swing, ...]:
    """Return the five inputs on which the saving depends most."""
    found = tornado(pricing.inputs.quantities, saved(pricing, option, reference))
    return tuple(
        Swing(
            input=swing.name,
            low=float(swing.low),
            high=float(swing.high),
            stated=swing.stated,
            saving_at_low_usd=float(swing.at_low),
            saving_at_high_usd=float(swing.at_high),
        )
        for swing in found
    )


def _worth(pricing: Pricing, option: Option) -> Fraction:
    values = pricing.middle
    return present_value(cash_years(option, values, pricing.years), values["discount_rate"])


def _interval(costs: Mapping[str, list[Fraction]], option: Option, reference: Option) -> Ends:
    if not costs:
        return None
    both = zip(costs[reference.name], costs[option.name], strict=True)
    return interval([dear - cheap for dear, cheap in both])


def _payback_ends(simulation: Simulation, option: Option, reference: Option) -> OpenEnds:
    """Return the middle part of what draws pay back; open above where some of these never do."""
    if not (option.engaged or option.tenure == "bought") or not simulation.count:
        return None
    both = zip(simulation.courses[option.name], simulation.courses[reference.name], strict=True)
    found = [payback_months(*courses) for courses in both]
    never = max((months for months in found if months is not None), default=Fraction(0)) + 1
    low, high = interval([never if months is None else months for months in found])
    return (None if low == never else low), (None if high == never else high)


def _break_even(pricing: Pricing, option: Option, reference: Option) -> Fraction | None:
    if not (pricing.countable(option) and pricing.countable(reference)):
        return None
    values, years = pricing.middle, pricing.years
    found = break_even(steps_of(option, values, years), steps_of(reference, values, years))
    return None if found is None else Fraction(first_whole(found))


def _decision(total: Fraction, ends: Ends) -> Decision:
    """Return whether the saving is above nothing; not decided where the interval holds both answers."""
    low, high = ends or (total, total)
    if low <= 0 < high:
        return "not decided"
    return "pays" if low > 0 else "does not pay"
