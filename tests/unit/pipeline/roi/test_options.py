"""What a year costs: rented, bought, paid per token."""

from dataclasses import replace
from fractions import Fraction

from pipeline.roi.options import machines_in, total_of, year_of
from tests.unit.pipeline.roi.options import API, BASELINE, BOUGHT, RENTED, STATED, VALUES


def test_rent_is_machines_times_hours() -> None:
    """2,000 tokens/s at the peak take 2 AWQ machines: 2 x 0.50 x 8,760 and a year's staff."""
    year = year_of(RENTED, VALUES, 1)
    assert (year.machines, year.rent, year.staff, year.cost) == (2, 8760, 1200, 9960)


def test_a_bought_machine_costs_what_it_loses_and_draws() -> None:
    """2 machines lose 900 a year each; 400 W at half load are 3,504 kWh of 0.20, and half of it more for cooling."""
    year = year_of(BOUGHT, VALUES, 1)
    assert year.depreciation == 1800
    assert year.energy == Fraction("700.8")
    assert year.cooling == Fraction("350.4")
    assert year.paid == year.energy + year.cooling + 1200


def test_an_api_is_paid_per_token() -> None:
    """864,000 requests a day: 0.05 for a million of 500 and 0.40 for one of 100 tokens, 365 days."""
    year = year_of(API, VALUES, 1)
    assert year.machines == 0
    assert year.fees == 365 * (432 * Fraction("0.05") + Fraction("86.4") * Fraction("0.4"))


def test_stated_machines_are_not_counted() -> None:
    """The deck's one A100 costs 17,520 a year whatever the load is said to be."""
    rented, baseline = STATED
    values = {**VALUES, "site.staff_usd_per_year": Fraction(0)}
    assert year_of(baseline, values, 1).cost == 17_520
    assert year_of(rented, values, 1).cost == 4_380


def test_several_gpus_and_spares_cost_more() -> None:
    """A machine of two GPUs costs twice, and a spare one once more."""
    assert year_of(replace(RENTED, gpus=2), VALUES, 1).rent == 2 * 8760
    assert year_of(replace(RENTED, spares=1), VALUES, 1).rent == 3 * 4380


def test_bought_machines_stay_when_the_load_falls() -> None:
    """Half the load in the second year: one is given back where rented, and none where bought."""
    values = {**VALUES, "load.growth_per_year": Fraction(-1, 2)}
    assert [machines_in(replace(RENTED), values, year) for year in (1, 2)] == [2, 1]
    assert [machines_in(BOUGHT, values, year) for year in (1, 2)] == [2, 2]


def test_the_engagement_is_carried_by_who_takes_it() -> None:
    """30,000 once and 100 a month for three years, and only of the option that is engaged."""
    values = {**VALUES, "engagement.monthly_usd": Fraction(100)}
    assert total_of(RENTED, values, 3) == 30_000 + 3 * (9960 + 1200)
    assert total_of(BASELINE, values, 3) == 3 * (4 * 17_520 + 1200)


def test_names() -> None:
    """Tables say how it is held."""
    assert (RENTED.name, API.name) == ("awq, rented", "api")
