"""Which arms a recipe holds under load, and with what."""

import pytest

from eval.bench.soak.recipe_soak import plan_of, soaked_arms, soaked_endpoints
from pipeline.base.token_range import TokenRange
from pipeline.recipe.load import load_recipe
from pipeline.recipe.recipe import Recipe


def recipe(*overrides: str) -> Recipe:
    """Return the demo with changes."""
    return load_recipe("demo", overrides).recipe


@pytest.mark.parametrize(
    ("overrides", "arms"),
    [
        ([], ()),
        (["bench.soak={}"], ("awq",)),
        (["bench.soak={}", "bench.arms=[baseline]"], ("baseline",)),
        (["bench.soak.arms=[awq, baseline]"], ("baseline", "awq")),
    ],
)
def test_first_arm_beside_the_baseline_is_held(overrides: list[str], arms: tuple[str, ...]) -> None:
    """Unless others are named; none where no soak is asked for."""
    assert soaked_arms(recipe(*overrides)) == arms


def test_endpoints_are_held_where_they_are_named() -> None:
    """Somebody else's server is not loaded for minutes unless that was asked for."""
    theirs = ("arms=[baseline, awq, {name: theirs, url: 'http://host'}]", "bench.arms=[baseline, awq, theirs]")
    named = recipe(*theirs, "bench.soak.arms=[awq, theirs]")
    assert (soaked_arms(named), soaked_endpoints(named)) == (("awq",), ("theirs",))
    assert soaked_endpoints(recipe(*theirs, "bench.soak={}")) == ()


def test_recipe_without_a_soak_has_no_plan() -> None:
    """Nothing is held by default."""
    assert plan_of(recipe()) is None


def test_plan_is_the_recipes() -> None:
    """Prompts are as long as fits beside the answer; what is not said is that of the sweep."""
    plan = plan_of(recipe("bench.soak.minutes=2", "engine.max_model_len=512", "bench.output_tokens=64"))
    assert plan is not None
    assert (plan.minutes, plan.share, plan.slice_s, plan.ignore_eos) == (2, 0.8, 4, True)
    assert (plan.input_tokens, plan.output_tokens) == (TokenRange(low=128, high=448), TokenRange.fixed(64))


def test_answers_may_be_the_models_own() -> None:
    """Natural lengths, up to a bound of their own."""
    plan = plan_of(recipe("bench.soak.natural_lengths=true", "bench.soak.output_tokens=32"))
    assert plan is not None
    assert (plan.ignore_eos, plan.output_tokens) == (False, TokenRange.fixed(32))


def test_document_of_a_plan_names_all_that_it_depends_on() -> None:
    """As JSON has it, so that a soak that was made before is found again only under the same plan."""
    first, second = plan_of(recipe("bench.soak={}")), plan_of(recipe("bench.soak.minutes=6"))
    assert first is not None
    assert second is not None
    assert first.document() == plan_of(recipe("bench.soak={}")).document()  # type: ignore[union-attr]
    assert first.document() != second.document()
    assert first.document()["input_tokens"] == {"low": 128, "high": first.input_tokens.high}
