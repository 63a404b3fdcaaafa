"""Properties of money over seeded scenarios: no order of rounding, no falling cost, no narrower interval."""

import random
from dataclasses import replace
from fractions import Fraction

import pytest

from pipeline.roi.cashflow import cash_years, course_of, payback_months, present_value
from pipeline.roi.exact import cents, exact
from pipeline.roi.options import Option, Values, total_of, year_of
from pipeline.roi.quantity import Quantity
from pipeline.roi.uncertainty import bounds, draws, interval
from tests.unit.pipeline.roi.options import API, BOUGHT, RENTED, VALUES, seeded

OPTIONS = (RENTED, BOUGHT, API, replace(RENTED, gpus=2, spares=1), replace(BOUGHT, life_years=2, engaged=True))
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


def some(draw: random.Random) -> dict[str, Fraction]:
    """Return inputs of a seeded scenario, written with decimals as users do."""
    values = {
        name: value if name.endswith("machines") else exact(round(float(value) * draw.uniform(0.2, 3), 4))
        for name, value in VALUES.items()
    }
    values["load.growth_per_year"] = exact(round(draw.uniform(0, 0.6), 2))
    values["awq.resale_share"] = exact(round(draw.uniform(0, 0.6), 2))
    values["site.pue"] = exact(round(draw.uniform(1, 2), 2))
    values["load.peak_factor"] = exact(round(draw.uniform(1, 6), 2))
    values["discount_rate"] = exact(round(draw.uniform(0, 0.2), 3))
    return values


@pytest.mark.parametrize("seed", range(60))
def test_no_order_of_additions_moves_a_cent(seed: int) -> None:
    """The parts of all months in any order, rounded once, are the total; rounded floats may not be."""
    draw = seeded(seed)
    values, option = some(draw), draw.choice(OPTIONS)
    parts = []
    for number in range(1, 4):
        year = year_of(option, values, number)
        for part in (year.rent, year.depreciation, year.energy, year.cooling, year.staff, year.fees, year.support):
            parts += [part / 12] * 12
    parts.append(values["engagement.one_time_usd"] if option.engaged else Fraction(0))
    expected = cents(total_of(option, values, 3))
    for _ in range(5):
        draw.shuffle(parts)
        assert cents(sum(parts, Fraction(0))) == expected
        middle = draw.randrange(len(parts))
        assert cents(sum(parts[middle:], Fraction(0)) + sum(parts[:middle], Fraction(0))) == expected


@pytest.mark.parametrize("seed", range(60))
def test_more_of_anything_that_is_paid_for_never_costs_less(seed: int) -> None:
    """Load, hours, prices: each raised alone raises the cost, or leaves it."""
    draw = seeded(seed)
    values, option = some(draw), draw.choice(OPTIONS)
    before = total_of(option, values, 3)
    for name in RISING:
        more = {**values, name: values[name] * exact(round(draw.uniform(1, 3), 2))}
        assert total_of(option, more, 3) >= before, name


@pytest.mark.parametrize("seed", range(60))
def test_a_cheaper_gpu_with_the_same_speed_never_costs_more(seed: int) -> None:
    """Rented or bought, discounted or not, and it is never paid back later."""
    draw = seeded(seed)
    values, option = some(draw), draw.choice([each for each in OPTIONS if each is not API])
    factor = exact(round(draw.uniform(0, 1), 2))
    cheaper = {**values, **{f"awq.{key}": values[f"awq.{key}"] * factor for key in ("hourly_usd", "purchase_usd")}}
    assert total_of(option, cheaper, 3) <= total_of(option, values, 3)
    rate = values["discount_rate"]
    assert present_value(cash_years(option, cheaper, 3), rate) <= present_value(cash_years(option, values, 3), rate)
    reference = course_of(Option("fp16", "rented"), values, 3)
    later, sooner = (payback_months(course_of(option, given, 3), reference) for given in (values, cheaper))
    assert later is None or (sooner is not None and sooner <= later)


@pytest.mark.parametrize("seed", range(60))
def test_a_faster_machine_never_costs_more(seed: int) -> None:
    """Goodput raised alone."""
    draw = seeded(seed)
    values, option = some(draw), draw.choice(OPTIONS)
    faster = {**values, "awq.goodput_tokens_per_s": values["awq.goodput_tokens_per_s"] * exact(draw.uniform(1, 4))}
    assert total_of(option, faster, 3) <= total_of(option, values, 3)


def ranged(values: Values, draw: random.Random, names: list[str], wider: Fraction = Fraction(0)) -> dict[str, Quantity]:
    """Return inputs of which some are ranges around their value, widened by a share of it."""
    found = {name: Quantity(value, "assumed", "a test") for name, value in values.items()}
    for name in names:
        share = exact(round(draw.uniform(0.05, 0.3), 2)) + wider
        value = values[name]
        low, high = value * (1 - share), value * (1 + share)
        found[name] = replace(found[name], low=low, high=high, shape="uniform")
    return found


@pytest.mark.parametrize("seed", range(60))
def test_bounds_never_narrow_when_an_input_does_not(seed: int) -> None:
    """Every bound of a wider scenario holds those of the narrower one."""
    draw = seeded(seed)
    values, option = some(draw), draw.choice(OPTIONS)
    names = draw.sample([name for name in RISING if name not in ("site.pue", "load.peak_factor")], 4)
    names.append("awq.goodput_tokens_per_s")
    wider = exact(round(draw.uniform(0, 0.5), 2))
    narrow, wide = (ranged(values, seeded(seed), names, extra) for extra in (Fraction(0), wider))

    def cost(given: Values) -> Fraction:
        return total_of(option, given, 3)

    (low, high), (lower, higher) = bounds(narrow, cost), bounds(wide, cost)
    assert lower <= low <= high <= higher


@pytest.mark.parametrize("seed", range(20))
def test_a_simulated_interval_widens_with_a_price(seed: int) -> None:
    """Around the same middle, where machines are stated and the cost is a line."""
    draw = seeded(seed)
    values, option = some(draw), replace(RENTED, stated=True)
    names = ["awq.hourly_usd", "engagement.one_time_usd"]
    widths = []
    for wider in (Fraction(0), Fraction(1, 10), Fraction(3, 10)):
        inputs = ranged(values, seeded(seed), names, wider)
        low, high = interval([total_of(option, given, 3) for given in draws(inputs, 200, seed)])
        widths.append(high - low)
    assert widths == sorted(widths)
