"""Keys of `bench` on repeats: what limits them belongs to a precision, and the first ones are enough to judge by."""

import pytest
from pydantic import ValidationError

from pipeline.recipe.bench import Bench


def test_without_a_precision_the_repeats_are_fixed() -> None:
    """As many as the recipe says, in blocks, every engine started anew."""
    bench = Bench(repeats=3)

    assert (bench.first_repeats, bench.order, bench.reuse_engine) == (3, "blocks", False)


@pytest.mark.parametrize(("repeats", "first"), [(1, 5), (5, 5), (8, 8)])
def test_a_precision_is_judged_from_five_repeats(repeats: int, first: int) -> None:
    """Fewer know the variance too badly."""
    assert Bench(repeats=repeats, precision=0.05).first_repeats == first


@pytest.mark.parametrize("limit", [{"max_repeats": 9}, {"budget_minutes": 5}, {"max_repeats": 9, "budget_minutes": 5}])
def test_limits_need_a_precision(limit: dict[str, int]) -> None:
    """They would be ignored without one."""
    with pytest.raises(ValidationError, match=f"{' and '.join(limit)} limit repeats .* set precision, too"):
        Bench.model_validate(limit)


def test_the_limit_is_not_below_the_first_repeats() -> None:
    """Five are made before anything is decided."""
    with pytest.raises(ValidationError, match="max_repeats must be 5 or more"):
        Bench(repeats=3, precision=0.05, max_repeats=4)


def test_alternating_arms_reuse_no_engine() -> None:
    """The key would be ignored."""
    with pytest.raises(ValidationError, match="reuse_engine is for order: blocks"):
        Bench(order="alternate", reuse_engine=True)


@pytest.mark.parametrize("precision", [0, -0.1, 1.5, float("inf")])
def test_a_precision_is_a_share(precision: float) -> None:
    """A half-width of 0 is never reached."""
    with pytest.raises(ValidationError):
        Bench(precision=precision)


def test_a_resolved_section_is_read_again() -> None:
    """A record holds every key, those without a value too."""
    for bench in (Bench(), Bench(precision=0.1, budget_minutes=2.5)):
        assert Bench.model_validate(bench.model_dump()) == bench
