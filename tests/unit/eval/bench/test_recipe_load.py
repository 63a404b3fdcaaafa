"""The loads of a recipe: every run has prompts of its own, whatever else is measured."""

from eval.bench.recipe_load import spec_of, warm_up_of
from pipeline.recipe.bench import Bench

SETTINGS = Bench(concurrency=(1, 4), repeats=5, requests_per_concurrency=3, warmup_requests=2)


def test_no_two_loads_have_the_same_prompts() -> None:
    """Warm-up, repeats and second attempts of all levels differ in their seeds."""
    levels = (1, 2, 10_000)
    runs = [
        spec_of(SETTINGS, level, number, attempt) for level in levels for number in range(1, 6) for attempt in (1, 2)
    ]
    loads = [*runs, *(warm_up_of(SETTINGS, level) for level in levels)]
    assert len({load.seed for load in loads}) == len(loads)


def test_a_further_level_changes_no_other_load() -> None:
    """What was measured before is still what the recipe asks for."""
    more = SETTINGS.model_copy(update={"concurrency": (1, 2, 4)})
    assert spec_of(SETTINGS, 4, 1) == spec_of(more, 4, 1)


def test_requests_are_a_multiple_of_the_concurrency() -> None:
    """But for the warm-up, whose number is its own, and one whole batch at least; its answers are short."""
    asked = [warm_up_of(SETTINGS, concurrency).requests for concurrency in (1, 4)]

    assert (spec_of(SETTINGS, 4, 1).requests, asked) == (12, [2, 4])
    assert warm_up_of(Bench(output_tokens=500), 4).output_tokens.high == 32
