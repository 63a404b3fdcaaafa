"""What a recipe may ask of a soak."""

import pytest

from pipeline.base.errors import RecipeError
from pipeline.recipe.load import load_recipe
from pipeline.recipe.soak import Soak


def test_there_is_none_unless_it_is_asked_for() -> None:
    """Five minutes are nobody's default."""
    assert load_recipe("demo").recipe.bench.soak is None


@pytest.mark.parametrize("override", ["bench.soak={}", "bench.soak.minutes=5", "bench.soak.share=0.8"])
def test_any_key_asks_for_it(override: str) -> None:
    """What is not said is the default: five minutes in thirty slices at four fifths of the knee."""
    soak = load_recipe("demo", [override]).recipe.bench.soak
    assert soak == Soak()
    assert (soak.minutes, soak.share, soak.slice_s, soak.drift_limit) == (5.0, 0.8, 10.0, 0.05)


@pytest.mark.parametrize(("room", "expected"), [(4096, (128, 1024)), (500, (128, 500)), (64, (64, 64))])
def test_prompts_are_as_long_as_they_fit(room: int, expected: tuple[int, int]) -> None:
    """The usual mixture, cut where the context is short."""
    found = Soak().prompts(room)
    assert (found.low, found.high) == expected


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["bench.soak.arms=[fp8]"], r"soak\.arms names fp8, of which the sweep"),
        (["bench.soak.input_tokens=200-100"], r"ends before it begins"),
        (["bench.soak.input_tokens=100-100000"], r"exceed engine\.max_model_len"),
        (["bench.soak.slice_seconds=60"], r"make 5 slices; a trend needs from 15"),
        (["bench.soak.slice_seconds=0.1"], r"make 3000 slices"),
        (["bench.soak.minutes=0"], r"bench\.soak\.minutes"),
        (["bench.soak.drift_limit=1"], r"bench\.soak\.drift_limit"),
        (["bench.soak.hours=1"], r"bench\.soak\.hours"),
    ],
)
def test_what_cannot_be_is_refused(overrides: list[str], message: str) -> None:
    """Before anything starts, with the key."""
    with pytest.raises(RecipeError, match=message):
        load_recipe("demo", overrides)
