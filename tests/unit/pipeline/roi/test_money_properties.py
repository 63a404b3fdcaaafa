"""Properties of money over drawn scenarios: no order of rounding, no falling cost, no narrower interval."""

import random
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.roi.cashflow import cash_years, course_of, payback_months, present_value
from pipeline.roi.exact import cents
from pipeline.roi.options import Option, Values, total_of, year_of
from pipeline.roi.quantity import Quantity
from pipeline.roi.uncertainty import bounds, draws, interval
from tests.simulations import data_sets
from tests.unit.pipeline.roi.options import API, BOUGHT, RENTED, VALUES

pytestmark = pytest.mark.whole

drawn = settings(derandomize=True, deadline=None, database=None, max_examples=data_sets(100, part=2))
"""The same examples on every machine, whatever its speed."""
SELF_HOSTED = (RENTED, BOUGHT, replace(RENTED, gpus=2, spares=1), replace(BOUGHT, life_years=2, engaged=True))
RISING = (
    "load.requests_per_day",
    "load.output_tokens",
    "load.input_tokens",
    "load.peak_factor",
    "load.growth_per_year",
    "hours_per_month",
    "awq.hourly_usd",
    "awq.purchase_usd",
    "awq.watts",
    "api.output_usd_per_mtok",
    "site.usd_per_kwh",
    "site.pue",
    "site.staff_usd_per_year",
    "engagement.one_time_usd",
    "engagement.monthly_usd",
)
"""Inputs of which more never costs less."""
LIMITS = {
    "load.growth_per_year": (0, 1),
    "load.peak_factor": (1, 6),
    "discount_rate": (0, 1),
    "site.pue": (1, 2),
    "site.load": (0, 1),
    "awq.resale_share": (0, 1),
}


def decimals(low: float, high: float, places: int = 3) -> st.SearchStrategy[Fraction]:
    """Draw numbers as people write them, with decimal places."""
    scale = 10**places
    return st.integers(round(low * scale), round(high * scale)).map(lambda whole: Fraction(whole, scale))


def drawn_input(name: str) -> st.SearchStrategy[Fraction]:
    """Draw an input between a fifth and three times its usual value, or within its limits."""
    usual = float(VALUES[name])
    low, high = LIMITS.get(name, (usual / 5, usual * 3 + 1))
    return decimals(low, high)


values_of = st.fixed_dictionaries({name: drawn_input(name) for name in VALUES if not name.endswith("machines")})
self_hosted = st.sampled_from(SELF_HOSTED)
options = st.sampled_from((*SELF_HOSTED, API))
factors = decimals(1, 4)


@drawn
@given(values_of, options, st.randoms(use_true_random=False))
def test_no_order_of_additions_moves_a_cent(values: Values, option: Option, order: random.Random) -> None:
    """The parts of all months in any order, rounded once, are the total."""
    parts = [values["engagement.one_time_usd"] if option.engaged else Fraction(0)]
    for number in range(1, 4):
        year = year_of(option, values, number)
        for part in (year.rent, year.depreciation, year.energy, year.cooling, year.staff, year.fees, year.support):
            parts += [part / 12] * 12
    expected = cents(total_of(option, values, 3))
    order.shuffle(parts)
    assert cents(sum(parts, Fraction(0))) == expected
    assert cents(sum(parts[50:], Fraction(0)) + sum(parts[:50], Fraction(0))) == expected


@drawn
@given(values_of, options, st.sampled_from(RISING), factors)
def test_more_of_what_is_paid_for_never_costs_less(
    values: Mapping[str, Fraction], option: Option, name: str, factor: Fraction
) -> None:
    """Load, hours, prices: each raised alone raises the cost, or leaves it."""
    assert total_of(option, {**values, name: values[name] * factor}, 3) >= total_of(option, values, 3)


@drawn
@given(values_of, self_hosted, decimals(0, 1))
def test_a_cheaper_gpu_with_the_same_speed_never_costs_more(
    values: Mapping[str, Fraction], option: Option, factor: Fraction
) -> None:
    """Rented or bought, discounted or not, and it is never paid back later."""
    cheaper = {**values, **{f"awq.{key}": values[f"awq.{key}"] * factor for key in ("hourly_usd", "purchase_usd")}}
    assert total_of(option, cheaper, 3) <= total_of(option, values, 3)
    now, then = (present_value(cash_years(option, given, 3), values["discount_rate"]) for given in (values, cheaper))
    assert then <= now
    reference = course_of(Option("fp16", "rented"), values, 3)
    later, sooner = (payback_months(course_of(option, given, 3), reference) for given in (values, cheaper))
    assert later is None or (sooner is not None and sooner <= later)


@drawn
@given(values_of, self_hosted, factors)
def test_a_faster_machine_never_costs_more(values: Mapping[str, Fraction], option: Option, factor: Fraction) -> None:
    """Goodput raised alone."""
    faster = {**values, "awq.goodput_tokens_per_s": values["awq.goodput_tokens_per_s"] * factor}
    assert total_of(option, faster, 3) <= total_of(option, values, 3)


def ranged(values: Values, shares: Mapping[str, Fraction]) -> dict[str, Quantity]:
    """Return inputs of which some may be a share of their value more or less."""
    found = {name: Quantity(value, "assumed", "a test") for name, value in values.items()}
    for name, share in shares.items():
        value = values[name]
        low, high = value * (1 - share), value * (1 + share)
        found[name] = replace(found[name], low=low, high=high, shape="uniform")
    return found


shares_of = st.dictionaries(st.sampled_from((*RISING, "awq.goodput_tokens_per_s")), decimals(0, 0.5), max_size=5)


@drawn
@given(values_of, options, shares_of, st.dictionaries(st.sampled_from(RISING), decimals(0, 0.4), max_size=5))
def test_bounds_never_narrow_when_an_input_does_not(
    values: Values, option: Option, shares: dict[str, Fraction], more: dict[str, Fraction]
) -> None:
    """Every bound of a wider scenario holds those of the narrower one, whatever is widened or made a range."""
    wider = {name: shares.get(name, Fraction(0)) + more.get(name, Fraction(0)) for name in (*shares, *more)}

    def cost(given: Values) -> Fraction:
        return total_of(option, given, 3)

    (low, high), (lower, higher) = bounds(ranged(values, shares), cost), bounds(ranged(values, wider), cost)
    assert lower <= low <= high <= higher


@settings(drawn, max_examples=data_sets(20, part=2))
@given(values_of, decimals(0, 0.3), decimals(0, 0.3), st.integers(0, 10))
def test_a_simulated_interval_widens_with_a_price(values: Values, share: Fraction, more: Fraction, seed: int) -> None:
    """Around the same middle, where machines are stated and the cost is a line."""
    option, prices = replace(RENTED, stated=True), ("awq.hourly_usd", "engagement.one_time_usd")
    widths = []
    for each in (share, share + more):
        inputs = ranged({**values, "awq.machines": Fraction(2)}, dict.fromkeys(prices, each))
        low, high = interval([total_of(option, given, 3) for given in draws(inputs, 200, seed)])
        widths.append(high - low)
    assert widths == sorted(widths)
