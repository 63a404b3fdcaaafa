"""Money in time."""

from dataclasses import replace
from fractions import Fraction

import pytest

from pipeline.roi.cashflow import CashYear, cash_years, course_of, payback_months, present_value
from pipeline.roi.options import Option, Values, total_of
from tests.unit.pipeline.roi.options import BASELINE, BOUGHT, RENTED, STATED, VALUES


def payback(option: Option, reference: Option, values: Values) -> Fraction | None:
    """Return the payback of an option over three planned years."""
    return payback_months(course_of(option, values, 3), course_of(reference, values, 3))


PLAIN = {**VALUES, "site.staff_usd_per_year": Fraction(0)}


def test_present_value_of_known_flows() -> None:
    """100 now, 110 in a year and 121 in two at 10 %: 300."""
    flows = (CashYear(Fraction(100), Fraction(110)), CashYear(Fraction(0), Fraction(121)))
    assert present_value(flows, Fraction(1, 10)) == 300
    assert present_value(flows, Fraction(0)) == 331


@pytest.mark.parametrize("years", [1, 2, 3, 4, 5, 6, 7])
@pytest.mark.parametrize("growth", ["0", "0.5", "-0.3"])
@pytest.mark.parametrize("life", [1, 2, 3, 5])
def test_undiscounted_cash_is_the_cost(years: int, growth: str, life: int) -> None:
    """Purchases less what is left of them are the depreciation, whatever is replaced or added on the way."""
    values = {**VALUES, "load.growth_per_year": Fraction(growth)}
    option = replace(BOUGHT, life_years=life, engaged=True)
    assert present_value(cash_years(option, values, years), Fraction(0)) == total_of(option, values, years)


def test_a_purchase_is_paid_first() -> None:
    """Two machines and the engagement at the beginning; energy at the end, with what is left in the last year."""
    first, second, third = cash_years(replace(BOUGHT, engaged=True), PLAIN, 3)
    assert (first.at_start, second.at_start, third.at_start) == (2 * 3600 + 30_000, 0, 0)
    assert second.at_end == Fraction("1051.2")
    assert third.at_end == Fraction("1051.2") - 2 * 900


def test_payback_of_the_deck() -> None:
    """1,095 a month pay 25,000 within 23 and 40,000 within 37 months, and 100,000 not in three years but in eight."""
    rented, baseline = STATED
    months = [
        payback(rented, baseline, {**PLAIN, "engagement.one_time_usd": Fraction(price)})
        for price in (25_000, 40_000, 60_000, 100_000)
    ]
    assert months == [Fraction(price, 1095) for price in (25_000, 40_000, 60_000, 100_000)]


def test_what_saves_nothing_is_never_paid_back() -> None:
    """The dearer card against the cheaper one; and what costs no more at the beginning needs no payback."""
    rented, baseline = STATED
    values = {**PLAIN, "awq.hourly_usd": Fraction(3)}
    assert payback(rented, baseline, values) is None
    assert payback(BASELINE, RENTED, PLAIN) == 0


def test_growth_pays_back_sooner() -> None:
    """More machines are saved from the second year on."""
    slow = payback(RENTED, BASELINE, {**PLAIN, "engagement.one_time_usd": Fraction(90_000)})
    values = {**PLAIN, "engagement.one_time_usd": Fraction(90_000), "load.growth_per_year": Fraction(1)}
    fast = payback(RENTED, BASELINE, values)
    assert slow is not None
    assert fast is not None
    assert 12 < fast < slow


def test_support_is_taken_from_the_saving() -> None:
    """2,000 a month for support and 1,095 saved: never."""
    rented, baseline = STATED
    values = {**PLAIN, "engagement.monthly_usd": Fraction(2000)}
    assert payback(rented, baseline, values) is None
