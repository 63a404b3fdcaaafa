"""The order in which engines are up: drawn, repeatable, and balanced where it alternates."""

import pytest

from eval.bench.schedule import Turn, drawn_order, turns
from pipeline.recipe.repeats import Order

ARMS = ("baseline", "awq")


def test_the_order_is_the_seeds_not_the_recipes() -> None:
    """However the recipe lists the arms, one seed draws one order."""
    for seed in range(20):
        assert drawn_order(ARMS, seed) == drawn_order(ARMS[::-1], seed)


def test_each_arm_comes_first_about_as_often() -> None:
    """Of 2 000 seeds, half begin with the baseline: 1 000 with a standard error of 22."""
    first = [drawn_order(ARMS, seed)[0] for seed in range(2000)]

    assert first.count("baseline") == pytest.approx(1000, abs=70)


def test_another_arm_leaves_the_order_of_the_others() -> None:
    """A third arm stands somewhere between, before or after the two."""
    for seed in range(20):
        three = drawn_order((*ARMS, "fp8"), seed)
        assert tuple(arm for arm in three if arm in ARMS) == drawn_order(ARMS, seed)


def test_blocks_are_one_start_for_each_arm() -> None:
    """All repeats of an arm are in one engine."""
    assert turns("blocks", ARMS, range(3)) == (Turn("baseline", range(3)), Turn("awq", range(3)))


def test_alternating_goes_a_b_b_a() -> None:
    """Each turn is one repeat in a start of its own."""
    found = turns("alternate", ARMS, range(4))

    assert [turn.arm for turn in found] == ["baseline", "awq", "awq", "baseline", "baseline", "awq", "awq", "baseline"]
    assert [turn.repeats for turn in found[:4]] == [range(1), range(1), range(1, 2), range(1, 2)]


def test_further_repeats_go_on_where_the_first_have_stopped() -> None:
    """Three and then two are the same turns as five."""
    first, further, all_of = (turns("alternate", ARMS, repeats) for repeats in (range(3), range(3, 5), range(5)))

    assert first + further == all_of


@pytest.mark.parametrize("arms", [ARMS, ("a", "b", "c"), ("a", "b", "c", "d")])
def test_a_steady_drift_cancels_where_repeats_are_even(arms: tuple[str, ...]) -> None:
    """The mean place of every arm is the same."""
    found = turns("alternate", arms, range(4))
    places = {arm: sum(place for place, turn in enumerate(found) if turn.arm == arm) for arm in arms}

    assert len(set(places.values())) == 1


@pytest.mark.parametrize(("order", "bias"), [("blocks", 0.6), ("alternate", 0.0)])
def test_what_a_drift_makes_of_equal_arms(order: Order, bias: float) -> None:
    """A machine that gets 0.1 slower with every repeat: six of each arm are 0.6 apart in blocks, 0 alternating."""
    clock, speeds = 0, {"baseline": 0.0, "awq": 0.0}
    for turn in turns(order, ARMS, range(6)):
        for _ in turn.repeats:
            speeds[turn.arm] -= 0.1 * clock / 6
            clock += 1

    assert speeds["baseline"] - speeds["awq"] == pytest.approx(bias)
