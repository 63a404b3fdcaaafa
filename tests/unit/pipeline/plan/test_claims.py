"""Stated figures against planned ones: what arithmetic decides, what an interval does not."""

import pytest

from pipeline.plan.claims import (
    count_finding,
    efficiency_finding,
    not_planned,
    per_gpu_ratio,
    rate_finding,
    sequences_finding,
    size_finding,
)


@pytest.mark.parametrize(
    ("stated", "planned", "judged"),
    [
        ((4, 4), 3.94, "stands"),
        ((3.5, 3.5), 10.1, "wrong"),
        ((7, 7), 7.7, "stands"),
        ((7, 7), 7.71, "wrong"),
        ((16, 20), 15, "stands"),
        ((16, 20), 14, "wrong"),
    ],
)
def test_sizes_are_about_so_much(stated: tuple[float, float], planned: float, judged: str) -> None:
    """A tenth more or less stands, of a range below its low and above its high end."""
    assert size_finding("weights_gb", stated, planned).judged == judged


def test_counts_are_exact() -> None:
    """520 is not 521."""
    assert count_finding("gpus", (520, 520), 521).judged == "wrong"
    assert count_finding("gpus", (521, 521), 521).judged == "stands"


def test_as_many_as_stated_have_to_fit() -> None:
    """The high end decides; more room is no error."""
    assert sequences_finding((4, 8), 16, 2048).judged == "stands"
    assert sequences_finding((4, 8), 7, 2048).judged == "wrong"
    assert "2,048" in sequences_finding((4, 8), 16, 2048).why


@pytest.mark.parametrize(
    ("stated", "judged", "why"),
    [
        ((90, 110), "possible", ""),
        ((110, 130), "possible", ""),
        ((121, 130), "wrong", "more than can be expected"),
        ((10, 79), "wrong", "less than is expected"),
    ],
)
def test_an_interval_confirms_nothing(stated: tuple[float, float], judged: str, why: str) -> None:
    """Inside it a rate is possible and no more; outside, it says on which side."""
    found = rate_finding("tokens_per_s", stated, (80, 120))
    assert (found.judged, found.why) == (judged, why)


def test_a_reason_follows_what_is_beyond() -> None:
    """Both are told."""
    assert rate_finding("times", (9, 9), (1, 2), "to the other").why == "more than can be expected; to the other"


def test_efficiencies() -> None:
    """None of what cannot run, none above 100 %, and none below that without its base."""
    assert efficiency_finding((54, 54), runs=False).judged == "wrong"
    assert efficiency_finding((334.5, 334.5), runs=True).judged == "wrong"
    assert efficiency_finding((54, 54), runs=True).judged == "cannot be told"


def test_what_no_plan_has() -> None:
    """Such a figure has no planned one beside it."""
    found = not_planned("users", (100, 150), "nobody said what they ask")
    assert (found.judged, found.planned) == ("cannot be told", None)


def test_ratios_are_per_gpu_and_as_wide_as_both_intervals() -> None:
    """Low over high to high over low, each divided by its GPUs."""
    assert per_gpu_ratio((80, 120), (40, 60), 2, 1) == (pytest.approx(40 / 60), pytest.approx(60 / 40))
