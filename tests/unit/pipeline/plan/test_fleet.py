"""Investment in phases against the client's own figures, and fleets by number of users."""

import random
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.plan.fleet import Phase, Purchase, Running, capital_of, cents, fleet_for, renting, years

A6000 = Purchase("RTX A6000", 8, Decimal(4500), 300)
XTX = Purchase("RX 7900 XTX", 40, Decimal(999), 355)
FIRST = Phase("first", 0, (A6000, XTX))
SECOND = Phase("second", 12, (XTX,), Decimal(500_000))
RUNNING = Running(Decimal("0.25"), 1.4, 1.0, Decimal(60_000), Decimal(20_000), 3, 730)


def test_capital_of_the_deck() -> None:
    """36 000 + 39 960 = 75 960; the second phase 39 960 + 500 000."""
    assert capital_of(FIRST) == 75_960
    assert capital_of(SECOND) == 539_960


def test_years() -> None:
    """Energy by hand: (8 x 300 + 40 x 355) W for 8 760 h at 0.25; cooling is 40 % of it; a third is written off."""
    first, second, third, fourth = years((FIRST, SECOND), RUNNING, 4)
    assert first.energy_kwh == pytest.approx(16.6 * 8760)
    assert cents(first.energy) == Decimal("36354.00")
    assert cents(first.cooling) == Decimal("14541.60")
    assert first.cash == 75_960 + first.energy + first.cooling + 80_000
    assert first.depreciation == 25_320
    assert cents(second.depreciation) == cents(Decimal(25_320) + Decimal(539_960) / 3)
    assert third.capital == 0
    assert cents(fourth.depreciation) == cents(Decimal(539_960) / 3)


def test_a_phase_in_the_middle_of_a_year_runs_for_the_rest_of_it() -> None:
    """Six months of energy and of depreciation."""
    (year,) = years((Phase("half", 6, (A6000,)),), RUNNING, 1)
    assert year.energy_kwh == pytest.approx(2.4 * 730 * 6)
    assert year.depreciation == 6_000


def rented_for(usd_per_hour: str | None, month: int = 0) -> tuple[Decimal, int | None, tuple[str, ...]]:
    """Return what renting one card of 1 000 dollars and 1 kW costs over two years, beside buying it in a month."""
    rent = None if usd_per_hour is None else Decimal(usd_per_hour)
    phase = Phase("p", month, (Purchase("card", 1, Decimal(1000), 1000.0, rent),))
    running = Running(Decimal("0.10"), 1.0, 1.0, Decimal(0), Decimal(0), 2, 100)
    found = renting((phase,), running, 2)
    return found.usd, found.break_even_month, found.unknown


def test_renting_beside_buying() -> None:
    """By hand: 10 USD of energy a month; 100 hours of rent at 1.10 save 100 a month, so it pays after 10 months."""
    assert rented_for("1.10") == (Decimal("2640.00"), 10, ())
    assert rented_for("1.10", month=12) == (Decimal("1320.00"), 22, ())
    assert rented_for("0.20") == (Decimal("480.00"), None, ())
    assert rented_for(None) == (Decimal(0), None, ("card",))


def test_a_later_purchase_moves_the_break_even() -> None:
    """Cheaper at the end of the years counts, not for a while before the next phase."""
    rent = Decimal("1.10")
    phases = (
        Phase("first", 0, (Purchase("card", 1, Decimal(1000), 1000.0, rent),)),
        Phase("second", 18, (), Decimal(5000)),
    )
    running = Running(Decimal("0.10"), 1.0, 1.0, Decimal(0), Decimal(0), 2, 100)
    assert renting(phases, running, 2).break_even_month is None


amounts = st.integers(1, 10**8).map(lambda cent: Decimal(cent) / 100)
purchases = st.builds(Purchase, st.just("x"), st.integers(1, 999), amounts, st.floats(1, 2000), amounts)
bought = st.lists(
    st.builds(Phase, st.just("p"), st.integers(0, 40), st.lists(purchases, max_size=3).map(tuple), amounts), max_size=5
)


@settings(derandomize=True, deadline=None, database=None)
@given(bought, st.randoms(use_true_random=False))
def test_money_does_not_depend_on_order(phases: list[Phase], draw: random.Random) -> None:
    """Phases, and purchases within them, in any order: the same, to the last digit."""
    mixed = [
        replace(phase, purchases=tuple(draw.sample(phase.purchases, len(phase.purchases))))
        for phase in draw.sample(phases, len(phases))
    ]
    assert years(mixed, RUNNING, 4) == years(phases, RUNNING, 4)
    assert renting(mixed, RUNNING, 4) == renting(phases, RUNNING, 4)


@settings(derandomize=True, deadline=None, database=None)
@given(purchases, st.integers(2, 9))
def test_money_does_not_depend_on_how_a_purchase_is_divided(whole: Purchase, parts: int) -> None:
    """Cards bought in several lines cost what they cost in one, energy and depreciation to the cent."""
    each = replace(whole, count=1)
    (split,) = years((Phase("p", 3, (each,) * parts),), RUNNING, 1)
    (once,) = years((Phase("p", 3, (replace(whole, count=parts),)),), RUNNING, 1)
    assert split.capital == once.capital
    assert cents(split.cash) == cents(once.cash)
    assert cents(split.depreciation) == cents(once.depreciation)


def sized(users: int, tokens_per_s: float) -> tuple[int, int, int, str]:
    """Return replicas, GPUs, nodes and what binds for a number of users."""
    found = fleet_for(
        users,
        active_share=0.1,
        tokens_per_s_per_user=10,
        sequences=64,
        tokens_per_s=tokens_per_s,
        gpus=2,
        gpus_per_node=8,
    )
    return found.replicas, found.gpus, found.nodes, found.bound_by


def test_fleets() -> None:
    """By the sequences of a replica, or by its tokens per second; never none; never fewer for more users."""
    assert sized(10, 1000) == (1, 2, 1, "sequences")
    assert sized(10_000, 1000) == (16, 32, 4, "sequences")
    assert sized(10_000, 500) == (20, 40, 5, "tokens per second")
    gpus = [sized(10**power, 700)[1] for power in range(2, 7)]
    assert gpus == sorted(gpus)
