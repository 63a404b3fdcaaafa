"""What the chosen items can show, before the first token."""

from collections.abc import Callable
from typing import Any

import pytest

from eval.accuracy.resolution import TaskItems, resolution_warnings, resolutions
from eval.accuracy.result import EvalResult, Resolution, TaskScore
from pipeline.recipe.evaluation import Eval


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
    """A standard error of 0.004 over 100 items is a spread of 0.04."""
    row = make_task("lines", 0.6, 0.61, 0.02, metric="bits_per_byte", higher_is_better=False, items=100)
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
