"""From two scored arms to a comparison with its verdict."""

import math
from collections.abc import Callable
from dataclasses import replace

import pytest

from eval.accuracy.result import TaskScore
from eval.comparison.comparison import adjusted, compare, compare_matched, floor_of
from eval.comparison.matching import match
from eval.comparison.scores import TaskScores
from eval.statistics import Margin, estimate, more_items
from pipeline.base.errors import VoidMeasurementError

ScoreOf = Callable[..., TaskScores]


def answers(right_to_wrong: int, wrong_to_right: int, both_right: int, both_wrong: int) -> tuple[list[float], ...]:
    """Return what both arms got, 1 being right."""
    before = [1.0] * right_to_wrong + [0.0] * wrong_to_right + [1.0] * both_right + [0.0] * both_wrong
    after = [0.0] * right_to_wrong + [1.0] * wrong_to_right + [1.0] * both_right + [0.0] * both_wrong
    return before, after


def arms(score: ScoreOf, counts: tuple[int, int, int, int]) -> tuple[TaskScores, TaskScores]:
    """Return two arms with these answers."""
    before, after = answers(*counts)
    return score(before), score(after)


def test_every_figure_of_a_comparison(score: ScoreOf) -> None:
    """100 items, 6 lost and 2 gained of 62: by hand, and by the exact McNemar test 2 * (1 + 8 + 28) / 256."""
    found = compare(*arms(score, (6, 2, 56, 36)), margin=Margin(absolute=0.1))
    assert (found.task, found.metric, found.items, found.clusters, found.paired) == ("task", "acc", 100, None, True)
    assert (found.baseline.value, found.candidate.value) == (pytest.approx(0.62), pytest.approx(0.58))
    assert (found.delta, found.loss) == (pytest.approx(-0.04), pytest.approx(0.04))
    assert found.recovery == pytest.approx(58 / 62)
    assert (found.flips_to_wrong, found.flips_to_right, found.discordance) == (6, 2, 0.08)
    assert found.p_difference == pytest.approx(2 * (1 + 8 + 28) / 256)
    assert found.delta_stderr == pytest.approx(math.sqrt(0.08 - 0.04**2) / 10, rel=0.01)
    assert found.interval is not None
    assert found.bounds is not None
    assert found.interval.low < found.bounds.low < found.loss < found.bounds.high < found.interval.high
    assert (found.margin, found.min_recovery, found.verdict) == (0.1, None, None)
    assert "McNemar" in found.method


def test_examples_show_both_directions(score: ScoreOf) -> None:
    """Up to three of each, with what was right and what both answered."""
    found = compare(*arms(score, (5, 1, 1, 0)))
    assert [item.doc_id for item in found.examples_to_wrong] == ["0", "1", "2"]
    (gained,) = found.examples_to_right
    assert (gained.question, gained.expected) == ("Question 5?", "right")
    assert (gained.baseline_answer, gained.candidate_answer) == ("wrong", "right")


@pytest.mark.parametrize(
    ("counts", "margin", "verdict"),
    [((2, 2, 300, 96), 0.05, "pass"), ((60, 2, 300, 38), 0.05, "fail"), ((6, 2, 56, 36), 0.05, "inconclusive")],
)
def test_verdict(score: ScoreOf, counts: tuple[int, int, int, int], margin: float, verdict: str) -> None:
    """Within, beyond, and neither shown; only the last says how many items are missing."""
    (found,) = adjusted([compare(*arms(score, counts), margin=Margin(absolute=margin))])
    assert found.verdict == verdict
    assert found.passed == (verdict == "pass")
    assert (found.more_items is not None) == (verdict == "inconclusive")


@pytest.mark.parametrize("kind", ["acc", "f1"], ids=["right or wrong", "numbers"])
def test_more_items_are_those_of_the_estimate(score: ScoreOf, kind: str) -> None:
    """What a comparison keeps is enough to plan with: spread and flips survive the way through it."""
    values = answers(6, 2, 56, 36)
    arm = tuple(score([value * (1 if kind == "acc" else 0.7) for value in side], kind) for side in values)
    (found,) = adjusted([compare(*arm, margin=Margin(absolute=0.05))])
    pairs = match(*arm).pairs()
    assert pairs is not None
    whole = estimate(pairs, higher_is_better=True, margin=Margin(absolute=0.05))
    assert found.verdict == "inconclusive"
    assert found.more_items == more_items(whole, 0.95)


def test_recovery_margin_becomes_points(score: ScoreOf) -> None:
    """Keeping 95 % of 0.62 allows a loss of 0.031."""
    found = compare(*arms(score, (6, 2, 56, 36)), margin=Margin(recovery=0.95))
    assert (found.min_recovery, found.margin) == (0.95, pytest.approx(0.031))


def test_recovery_of_what_is_better_when_low(score: ScoreOf) -> None:
    """1.0 bits against 1.25: the baseline's share of the candidate's, 80 %."""
    before, after = (
        score([[-bits * 100 * math.log(2), 100]] * 12, "bits_per_byte", higher_is_better=False) for bits in (1.0, 1.25)
    )
    found = compare(before, after, draws=1000)
    assert (found.recovery, found.loss) == (pytest.approx(0.8), pytest.approx(0.25))
    assert found.flips_to_wrong is None


def test_holm_correction_counts_the_tasks(score: ScoreOf) -> None:
    """The smaller of two p-values doubles; rows of `awqctl eval` keep their type."""
    rows = [compare(*arms(score, counts)) for counts in ((6, 2, 56, 36), (9, 8, 40, 43))]
    first, second = adjusted([TaskScore(**dict(row), arm="awq", items_available=100) for row in rows])
    assert first.p_difference is not None
    assert first.p_difference_adjusted == pytest.approx(2 * first.p_difference)
    assert second.p_difference_adjusted == second.p_difference == 1.0
    assert isinstance(first, TaskScore)
    assert first.verdict is None


def test_arms_with_other_items_are_refused(score: ScoreOf) -> None:
    """Inside `awqctl eval` that cannot be: one of both is incomplete."""
    with pytest.raises(VoidMeasurementError, match=r"\(1 in common, 1 and 0 in one alone\)"):
        compare(score([1.0, 1.0]), score([1.0]))


def test_scores_are_those_of_the_matched_items(score: ScoreOf) -> None:
    """Items that one side lacks count on neither side, and lm-eval's standard error over all of them is not used."""
    found = compare_matched(match(score([1.0, 0.0, 1.0, 1.0]), score([1.0, 0.0])))
    assert (found.items, found.baseline.value, found.candidate.value) == (2, 0.5, 0.5)
    assert found.baseline.stderr == pytest.approx(0.5)


def test_unpaired_fallback_says_why(score: ScoreOf) -> None:
    """A task's own metric of pairs has no per-item values: the scores alone are compared, as of independent samples."""
    stated = score([1.0, 0.0]).score.model_copy(update={"value": 40.0, "stderr": 1.0})
    before = score([["a", "b"], ["c", "d"]], "meteor", stated=stated)
    after = replace(before, score=stated.model_copy(update={"value": 39.0}))
    found = compare(before, after)
    assert (found.paired, found.delta, found.delta_stderr) == (False, -1.0, pytest.approx(math.sqrt(2)))
    assert "independent" in found.method
    assert "cannot be paired" in found.method
    assert floor_of(before, after, (8, 4)) is None


def test_the_baseline_against_itself_has_no_floor(score: ScoreOf) -> None:
    """The same answers twice: nothing changed, and the difference is exactly zero."""
    arm = score([1.0, 0.0, 1.0])
    found = floor_of(arm, arm, (8, 4))
    assert found is not None
    assert (found.delta, found.floor, found.changed, found.flips_to_wrong) == (0.0, 0.0, 0, 0)


def test_noise_floor_by_hand(score: ScoreOf) -> None:
    """Two of four items flipped, in both directions: 1.96 * sqrt(2) / 4."""
    found = floor_of(score([1.0, 0.0, 1.0, 0.0]), score([0.0, 1.0, 1.0, 0.0]), (8, 4))
    assert found is not None
    assert (found.floor, found.changed, found.concurrency) == (pytest.approx(1.96 * math.sqrt(2) / 4), 2, (8, 4))
    assert (found.flips_to_wrong, found.flips_to_right) == (1, 1)


def test_twice_the_same_comparison_is_the_same(score: ScoreOf) -> None:
    """Draws depend on the seed alone."""
    before, after = (score([[-60.0 - shift * place, 100] for place in range(30)], "bits_per_byte") for shift in (1, 2))
    first, again, other = (compare(before, after, draws=1000, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert first.interval != other.interval


@pytest.mark.parametrize("margin", [0.17, 0.3], ids=["beyond", "within"])
def test_a_loss_larger_than_the_share_of_flips(score: ScoreOf, margin: float) -> None:
    """One of three items that weigh as much as a hundred others: a loss of 1/6 where 1 % flipped."""
    subtasks = ["a"] * 100 + ["b"] * 3
    stated = score([1.0, 1.0]).score
    before = score([1.0] * 103, subtasks=subtasks, stated=stated)
    wrong = score([1.0] * 102 + [0.0], subtasks=subtasks, stated=stated.model_copy(update={"value": 1 - 1 / 6}))
    (found,) = adjusted([compare(before, wrong, margin=Margin(absolute=margin))])
    assert (found.flips_to_wrong, found.loss) == (1, pytest.approx(1 / 6))
    assert (found.verdict, found.design_effect) == ("inconclusive", pytest.approx(found.spread**2 / (5 / 36), rel=0.02))
    assert (found.more_items or 0) > 1


def test_further_items_are_those_of_all_tasks_together(score: ScoreOf) -> None:
    """A loss beyond the margin that only Holm's correction leaves undecided needs more than one further item."""
    rows = 9 * [compare(*arms(score, (92, 50, 700, 158)), margin=Margin(absolute=0.02))]
    assert adjusted(rows[:1])[0].verdict == "fail"
    found = adjusted(rows)
    assert {row.verdict for row in found} == {"inconclusive"}
    assert {row.more_items for row in found} == {more_items(rows[0], 0.95, tasks=9)}
    assert (found[0].more_items or 0) > 500
