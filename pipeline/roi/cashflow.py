"""Money in time: purchases with replacement and what is left of them, present value, and when a price is paid back.

Purchases, resales and the engagement are paid at the beginning of a year, everything else at its end; what a purchase
is still worth at the end of the last year comes back then.
"""

from dataclasses import dataclass
from fractions import Fraction

from pipeline.roi.demand import MONTHS_PER_YEAR
from pipeline.roi.options import Option, Values, lost_a_year, machine_price, machines_in, year_of

_LONGEST_YEARS = 10
"""For which a payback is looked for."""


@dataclass(frozen=True)
class CashYear:
    """What is paid in one year."""

    at_start: Fraction
    """Purchases less resales; in the first year also the engagement."""
    at_end: Fraction
    """Running costs; in the last year less what is left of the purchases."""


def cash_years(option: Option, values: Values, years: int) -> tuple[CashYear, ...]:
    """Return what an option pays in each year."""
    once = values["engagement.one_time_usd"] if option.engaged else Fraction(0)
    return tuple(
        CashYear(
            _bought(option, values, number) + (once if number == 1 else 0),
            year_of(option, values, number).paid - (_left(option, values, years) if number == years else 0),
        )
        for number in range(1, years + 1)
    )


def present_value(flows: tuple[CashYear, ...], rate: Fraction) -> Fraction:
    """Return what flows are worth at the beginning, discounted year by year."""
    return sum(
        (
            flow.at_start / (1 + rate) ** number + flow.at_end / (1 + rate) ** (number + 1)
            for number, flow in enumerate(flows)
        ),
        Fraction(0),
    )


@dataclass(frozen=True)
class Course:
    """What an option pays in each planned year: at its beginning, and during it."""

    outlays: tuple[Fraction, ...]
    paid: tuple[Fraction, ...]


def course_of(option: Option, values: Values, years: int) -> Course:
    """Return what a payback is computed from; what purchases are still worth does not count."""
    once = values["engagement.one_time_usd"] if option.engaged else Fraction(0)
    planned = range(1, years + 1)
    return Course(
        tuple(_bought(option, values, number) + (once if number == 1 else 0) for number in planned),
        tuple(year_of(option, values, number).paid for number in planned),
    )


def payback_months(option: Course, reference: Course) -> Fraction | None:
    """Return after how many months an option has paid back what it costs more at the beginning.

    Beyond the planned years the load of the last one goes on.

    Returns:
        0 where it costs no more at the beginning; None where it is not paid back within ten years.
    """
    balance, years = Fraction(0), len(option.paid)
    for place in range(_LONGEST_YEARS):
        if place < years:
            balance += reference.outlays[place] - option.outlays[place]
        if place == 0 and balance >= 0:
            return Fraction(0)
        planned = min(place, years - 1)
        saved = reference.paid[planned] - option.paid[planned]
        if balance < 0 <= balance + saved:
            return place * MONTHS_PER_YEAR - balance * MONTHS_PER_YEAR / saved
        balance += saved
    return None


def _added(option: Option, values: Values, number: int) -> int:
    before = machines_in(option, values, number - 1) if number > 1 else 0
    return machines_in(option, values, number) - before


def _bought(option: Option, values: Values, number: int) -> Fraction:
    """Return the purchases of a year: machines that are new, and those that replace worn ones, which are sold."""
    if option.tenure != "bought":
        return Fraction(0)
    price = machine_price(option, values)
    worn = sum(_added(option, values, first) for first in range(1, number) if (number - first) % option.life_years == 0)
    return price * _added(option, values, number) + worn * lost_a_year(option, values) * option.life_years


def _left(option: Option, values: Values, years: int) -> Fraction:
    """Return what bought machines are worth at the end of the last year."""
    if option.tenure != "bought":
        return Fraction(0)
    price, lost = machine_price(option, values), lost_a_year(option, values)
    return sum(
        (
            _added(option, values, first) * (price - lost * _age(years - first + 1, option.life_years))
            for first in range(1, years + 1)
        ),
        Fraction(0),
    )


def _age(held_years: int, life_years: int) -> int:
    """Return how old the machine is at the end: one that is worn then has its resale price left."""
    return (held_years - 1) % life_years + 1
