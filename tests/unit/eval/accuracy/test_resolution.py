"""What the chosen items can show, before the first token."""

import math
from collections.abc import Callable
from typing import Any

import pytest

from eval.accuracy.resolution import TaskItems, resolution_warnings, resolutions
from eval.accuracy.result import EvalResult, Resolution, TaskScore
from eval.statistics import items_needed, more_items
from pipeline.recipe.eval import Eval


def one(task: dict[str, Any], items: int, available: int, earlier: EvalResult | None = None) -> Resolution:
    """Return the resolution of one task."""
    settings = Eval.model_validate({"tasks": [{"name": "lines", **task}]})
    (found,) = resolutions(settings, [TaskItems("lines", items, available)], earlier)
    return found


def test_gsm8k_comes_out_as_published() -> None:
    """1 319 items see 2.7 points when paired and 4.7 when not (shared planning figures)."""
    found = one({"margin": 0.01}, 1319, 1319)

    assert (round(found.smallest_paired or 0, 3), round(found.smallest_unpaired or 0, 3)) == (0.027, 0.047)
    assert found.items_needed == pytest.approx(7420, rel=0.01)
    assert (found.origin, found.decidable) == ("assumed", False)


def test_enough_items_need_no_warning() -> None:
    """One point takes about 7 400 items; with 8 000 nothing is said."""
    found = one({"margin": 0.01}, 8000, 8000)

    assert (found.decidable, resolution_warnings([found])) == (True, [])


@pytest.mark.parametrize(
    ("margin", "items", "available", "advice"),
    [
        (0.03, 200, 1500, "Raise its limit to"),
        (0.01, 1319, 1319, "agree on a wider margin, or add questions"),
        (0.01, 200, 1319, "agree on a wider margin, or add questions"),
        (0.0, 200, 1500, "no number of items can show"),
    ],
)
def test_margin_that_cannot_be_decided_is_warned_of(margin: float, items: int, available: int, advice: str) -> None:
    """With what would help: a higher limit where the task has the items, else another margin."""
    (warning,) = resolution_warnings([one({"margin": margin}, items, available)])

    assert advice in warning


def test_recovery_becomes_a_margin_at_the_assumed_score() -> None:
    """Keeping 99 % of 75 % may lose 0.75 points."""
    assert one({"min_recovery": 0.99}, 1000, 1000).margin == pytest.approx(0.0075)


def test_real_valued_metrics_are_not_known_before_a_first_run() -> None:
    """No usual spread of bits per byte is made up."""
    found = one({"metric": "bits_per_byte", "margin": 0.01}, 82, 82)

    assert (found.origin, found.smallest_paired, found.items_needed, found.decidable) == ("unknown", None, None, None)
    assert resolution_warnings([found]) == []


def test_an_earlier_evaluation_replaces_assumptions(make_task: Callable[..., TaskScore], make_accuracy: Any) -> None:
    """23 of 1 000 items flipped: 2.3 % instead of 12 %, so fewer are needed."""
    earlier = make_accuracy(make_task("lines", 0.6, 0.595, 0.02))

    found = one({"margin": 0.01}, 1000, 1000, earlier)

    assert (found.origin, found.discordance, found.accuracy) == ("measured", 0.023, 0.6)
    assert (found.items_needed or 0) < 2000


def test_an_earlier_spread_is_used_for_real_values(make_task: Callable[..., TaskScore], make_accuracy: Any) -> None:
    """The spread that a row keeps."""
    row = make_task("lines", 0.6, 0.61, 0.02, metric="bits_per_byte", higher_is_better=False, items=100, spread=0.04)
    earlier = make_accuracy(row.model_copy(update={"flips_to_wrong": None, "flips_to_right": None}))

    found = one({"metric": "bits_per_byte", "margin": 0.02}, 400, 400, earlier)

    assert found.spread == pytest.approx(0.04)
    assert found.smallest_paired == pytest.approx(2.8016 * 0.04 / 20, rel=0.01)
    assert found.items_needed == pytest.approx((2.4865 * 0.04 / 0.02) ** 2, abs=2)


def test_an_earlier_evaluation_with_another_metric_says_nothing(
    make_task: Callable[..., TaskScore], make_accuracy: Any
) -> None:
    """What flipped under `acc` is not what flips under `acc_norm`."""
    earlier = make_accuracy(make_task("lines", 0.6, 0.595, 0.02))

    assert one({"metric": "acc_norm", "margin": 0.01}, 1000, 1000, earlier).origin == "assumed"


def test_an_earlier_spread_counts_what_groups_have_in_common(
    make_task: Callable[..., TaskScore], make_accuracy: Any
) -> None:
    """6 % of items flip, in subjects that differ: a spread of 0.4 asks for 2.7 times as many items as the flips do."""
    flips = {"items": 1000, "flips_to_wrong": 30, "flips_to_right": 30}
    grouped, alone = (
        one({"margin": 0.01}, 1000, 90_000, make_accuracy(make_task("lines", 0.6, 0.6, 0.01, **flips, **more)))
        for more in ({"clusters": 57, "spread": 0.4, "design_effect": 0.16 / 0.06}, {"spread": 0.245})
    )

    effect, flipping = 0.16 / 0.06, 0.06 * 999 / 1000
    assert grouped.items_needed == items_needed(0.01, discordance=flipping, effect=effect)
    assert grouped.items_needed == pytest.approx((2.4865 * 0.4 / 0.01) ** 2, rel=0.02)
    assert grouped.smallest_paired == pytest.approx(2.8016 * 0.4 / math.sqrt(1000), rel=1e-3)
    assert (grouped.items_needed or 0) > 2.5 * (alone.items_needed or 0)
    assert (grouped.discordance, alone.discordance, alone.spread) == (0.06, 0.06, None)
    assert "6.0% of the items flip, in groups, measured before" in resolution_warnings([grouped])[0]


@pytest.mark.parametrize("items", [3, 30, 300])
def test_no_difference_is_larger_than_what_flips(items: int) -> None:
    """Of three items 12 % cannot lose 45 %: such a figure is left out, and what is assumed keeps its origin."""
    found = one({"margin": 0.03}, items, 1500)

    assert (found.smallest_paired is None) == (items < 300)
    assert (found.origin, found.decidable) == ("assumed", False)


def test_grouped_items_are_planned_as_further_items_are(
    make_task: Callable[..., TaskScore], make_accuracy: Any
) -> None:
    """Before a run and after it the same figure, once no loss is assumed."""
    flips = {"items": 1000, "flips_to_wrong": 30, "flips_to_right": 30, "design_effect": 2.5}
    row = make_task("lines", 0.6, 0.6, 0.01, **flips, clusters=57, spread=0.4)
    further = more_items(row.model_copy(update={"p_noninferior": 0.5, "p_inferior": 0.5}), 0.95)

    assert one({"margin": 0.01}, 1000, 90_000, make_accuracy(row)).items_needed == (further or 0) + 1000


@pytest.mark.parametrize("name", ["truthfulqa_mc2", "truthfulqa-multi_mc2_es", "truthfulqa_gl_mc2", "tinyTruthfulQA"])
def test_a_probability_is_not_right_or_wrong(name: str) -> None:
    """TruthfulQA's `acc` with several right answers is their probability: nothing is assumed of its flips."""
    settings = Eval.model_validate({"tasks": [{"name": name, "metric": "acc", "margin": 0.02}]})
    (found,) = resolutions(settings, [TaskItems(name, 817, 817)])

    assert (found.origin, found.discordance, found.items_needed) == ("unknown", None, None)


@pytest.mark.parametrize("name", ["truthfulqa_mc1", "mmlu"])
def test_other_accuracies_are_right_or_wrong(name: str) -> None:
    """MC1 asks for the one best answer."""
    settings = Eval.model_validate({"tasks": [{"name": name, "metric": "acc", "margin": 0.02}]})
    (found,) = resolutions(settings, [TaskItems(name, 817, 817)])

    assert (found.origin, found.discordance) == ("assumed", 0.12)


@pytest.mark.parametrize(
    ("margin", "chance", "warned"),
    [
        (0.3, 0.25, True),
        (0.03, 0.25, False),
        (0.15, 0.5, True),
        (0.1, 0.5, False),
        (0.4, 0.0, True),
        (0.9, None, False),
    ],
)
def test_a_wide_margin_is_warned_of_before_a_first_run(margin: float, chance: float | None, warned: bool) -> None:  # noqa: FBT001 -- a parameter
    """More than half of what 0.75 right is above chance; the score is named from which on a pass is possible."""
    settings = Eval.model_validate({"tasks": [{"name": "lines", "margin": margin}]})
    found = resolutions(settings, [TaskItems("lines", 20_000, 20_000, chance)])
    said = [text for text in resolution_warnings(found) if "chance" in text]
    assert bool(said) is warned
    if warned:
        assert f"more than {(chance or 0.0) + margin:.4g} right" in said[0]


def test_a_margin_that_guesses_are_within_is_warned_of_as_measured(
    make_task: Callable[..., TaskScore], make_accuracy: Callable[..., EvalResult]
) -> None:
    """0.30 of four choices in the run before: a margin of 0.05 is never passed, one of 0.02 may be."""
    earlier = make_accuracy(make_task("lines", 0.30, 0.30, 0.05, chance=0.25))
    for margin, warned in ((0.05, True), (0.02, False)):
        found = one({"margin": margin}, 20_000, 20_000, earlier)
        said = [text for text in resolution_warnings([found]) if "there will be no pass" in text]
        assert bool(said) is warned
