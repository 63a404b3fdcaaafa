"""The smallest load at which one way costs less than another."""

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.roi.break_even import Steps, break_even, first_whole
from tests.simulations import data_sets


def steps(fixed: float = 0, machine: float = 0, load: float = 0, request: float = 0, spares: int = 0) -> Steps:
    """Return a month's costs."""
    return Steps(*(Fraction(str(value)) for value in (fixed, machine, load, request)), spares)


def test_against_a_paid_api() -> None:
    """A machine of 365 for 1,000 requests a day against 0.73 a month for each: from 500 on."""
    assert break_even(steps(machine=365, load=1000), steps(request=0.73)) == 500


def test_an_api_that_is_cheaper_than_a_full_machine_is_never_reached() -> None:
    """0.30 for each request a day against 0.365."""
    assert break_even(steps(machine=365, load=1000), steps(request=0.3)) is None


def test_fixed_costs_move_it() -> None:
    """With 365 more for staff the first machine is not enough: just above it a second one is needed, and 1,500."""
    assert break_even(steps(fixed=365, machine=365, load=1000), steps(request=0.73)) == 1500
    assert break_even(steps(fixed=730, machine=365, load=1000), steps(request=0.73)) == 2500


def test_the_same_machine_with_less_goodput() -> None:
    """Of 100 and 150 requests a machine: just above 100 the slower takes two."""
    found = break_even(steps(fixed=300, machine=365, load=150), steps(machine=365, load=100))
    assert found == 100
    assert first_whole(found) == 101


def test_a_cheaper_card_pays_from_the_first_request() -> None:
    """Both need one machine, and one of them costs less."""
    assert break_even(steps(machine=365, load=100), steps(machine=1460, load=100)) == 0


def test_equal_ways_with_a_fixed_price_never_do() -> None:
    """What only adds an engagement saves nothing at any load."""
    assert break_even(steps(fixed=1, machine=365, load=100), steps(machine=365, load=100)) is None


def test_ways_that_cost_the_same_have_none_before_one_costs_less() -> None:
    """One machine each at the same price is no saving: it begins where the slower takes a second one."""
    assert break_even(steps(machine=365, load=150), steps(machine=365, load=100)) == 100
    assert break_even(steps(machine=365, load=100), steps(machine=365, load=100)) is None
    assert break_even(steps(request=0.1), steps(request=0.1)) is None
    assert break_even(steps(request=0.1), steps(request=0.2)) == 0


def test_two_prices_per_request_have_a_line_between_them() -> None:
    """10 fixed against a tenth more for each request."""
    assert break_even(steps(fixed=10, request=0.1), steps(request=0.2)) == 100
    assert break_even(steps(fixed=10, request=0.2), steps(request=0.1)) is None


whole = st.integers
machines = st.builds(steps, whole(0, 800), whole(100, 900), whole(5, 40), spares=whole(0, 1))
others = st.builds(steps, machine=whole(100, 900), load=whole(5, 40)) | st.builds(steps, request=whole(1, 60))


@settings(derandomize=True, deadline=None, database=None, max_examples=data_sets(60, part=3))
@given(machines, others)
def test_no_smaller_load_pays(option: Steps, reference: Steps) -> None:
    """Tried one by one: nothing below it costs less, and it does."""
    found = break_even(option, reference)
    limit = 300 if found is None else min(300, first_whole(found))
    below = [load for load in range(1, limit) if option.at(Fraction(load)) < reference.at(Fraction(load))]
    assert below == []
    if found is not None:
        just_above = found + Fraction(1, 10**9)
        assert option.at(just_above) < reference.at(just_above)
