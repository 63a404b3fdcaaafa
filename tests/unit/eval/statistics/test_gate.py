"""Verdicts, corrections, further items and the noise floor."""

import dataclasses
import math

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from eval.statistics import (
    Estimate,
    Margin,
    Pairs,
    estimate,
    exp_mean,
    holm,
    judge,
    more_items,
    noise_floor,
    power_noninferiority,
    unpaired,
)


def answers(items: int, worse: int, better: int, margin: float | None) -> Estimate:
    """Return the estimate for so many flips among right answers."""
    table = np.repeat([[1, 0], [0, 1], [1, 1]], [worse, better, items - worse - better], axis=0)
    agreed = None if margin is None else Margin(absolute=margin)
    return estimate(Pairs.of(*table.T), higher_is_better=True, margin=agreed)


@pytest.mark.parametrize("count", [1, 2, 9])
def test_holm_agrees_with_statsmodels(count: int) -> None:
    """Random p-values, ties among them."""
    p = np.round(np.random.default_rng(count).random(count) ** 3, 2).tolist()

    assert holm(p) == pytest.approx(multipletests(p, method="holm")[1].tolist())


def test_holm_leaves_the_unknown_out() -> None:
    """None passes through and does not count: two p-values, not three."""
    assert holm([0.02, None, 0.04]) == pytest.approx([0.04, None, 0.04])
    assert holm([]) == []


@pytest.mark.parametrize(
    ("worse", "better", "margin", "verdict"),
    [(60, 60, 0.03, "pass"), (160, 60, 0.03, "fail"), (75, 60, 0.015, "inconclusive"), (60, 60, None, None)],
)
def test_verdicts(worse: int, better: int, margin: float | None, verdict: str | None) -> None:
    """A loss of 0, 10 and 1.5 points on 1000 items."""
    found = answers(1000, worse, better, margin)

    assert judge(found, found.p_inferior, 0.95) == verdict


def test_a_fail_needs_the_adjusted_p_value() -> None:
    """What fails alone is inconclusive among enough tasks; a pass needs no correction."""
    found = answers(1000, 92, 50, 0.02)

    assert judge(found, found.p_inferior, 0.95) == "fail"
    assert judge(found, holm([found.p_inferior] * 9)[0], 0.95) == "inconclusive"
    assert judge(answers(1000, 50, 50, 0.02), 1.0, 0.95) == "pass"


@pytest.mark.parametrize(("worse", "better", "margin"), [(60, 60, 0.012), (70, 60, 0.02), (12, 10, 0.006)])
def test_more_items_bring_a_pass(worse: int, better: int, margin: float) -> None:
    """With that many further items the gate passes with 80 % power, by the exact sum."""
    found = answers(1000, worse, better, margin)
    items = 1000 + more_items(found, 0.95)

    assert judge(found, found.p_inferior, 0.95) == "inconclusive"
    assert power_noninferiority(items, (worse + better) / 1000, margin, found.loss) == pytest.approx(0.8, abs=0.02)


def test_more_items_bring_a_fail() -> None:
    """A loss above the margin: 80 % of data sets of that size fail."""
    found = answers(1000, 85, 60, 0.015)
    items = 1000 + more_items(found, 0.95)
    rng = np.random.default_rng(1)

    flips = rng.multinomial(items, [0.085, 0.06, 0.855], 300)
    failed = [answers(items, worse, better, 0.015).p_inferior <= 0.05 for worse, better, _ in flips]

    assert judge(found, found.p_inferior, 0.95) == "inconclusive"
    assert np.mean(failed) == pytest.approx(0.8, abs=3 * math.sqrt(0.16 / 300))


def test_more_items_of_real_values() -> None:
    """((1.645 + 0.842) s / distance)^2 in all, less those that are there."""
    rng = np.random.default_rng(2)
    found = estimate(
        Pairs.of(np.zeros(200), rng.normal(0.0, 1.0, 200)), higher_is_better=False, margin=Margin(absolute=0.08)
    )
    needed = (2.4865 * found.spread / (0.08 - found.loss)) ** 2

    assert more_items(found, 0.95) == pytest.approx(needed - 200, abs=1)


@pytest.mark.parametrize("change", [{"loss": 0.02}, {"loss": 0.02 - 1e-7}, {"margin": None}, {"spread": None}])
def test_no_number_of_items_is_named(change: dict[str, float | None]) -> None:
    """At the margin, so near that it takes over ten million, without margin, without spread."""
    found = dataclasses.replace(answers(1000, 60, 45, 0.02), **change)

    assert more_items(found, 0.95) is None


def test_no_flips_need_items_for_the_width() -> None:
    """Nothing flipped in 40 items: z^2 (1 - m) / m of them show a margin m, 268 for one point.

    Of 20 groups that many and some more, up to what Student's t of 19 degrees of freedom takes.
    """
    grouped = estimate(
        Pairs.of(np.ones(40), np.ones(40), np.arange(40) // 2), higher_is_better=True, margin=Margin(absolute=0.01)
    )

    assert more_items(answers(40, 0, 0, 0.01), 0.95) == 268 - 40
    assert 268 - 40 < (more_items(grouped, 0.95) or 0) < stats.t.ppf(0.95, 19) ** 2 * 99 - 40


def test_unpaired_by_hand() -> None:
    """Loss 0.03, standard error sqrt(0.02^2 + 0.015^2) = 0.025."""
    found = unpaired(0.7, 0.02, 0.67, 0.015, items=500, higher_is_better=True, margin=Margin(absolute=0.05))

    assert (found.stderr, found.loss) == pytest.approx((0.025, 0.03))
    assert found.interval == pytest.approx((0.03 - 1.959964 * 0.025, 0.03 + 1.959964 * 0.025))
    assert found.bounds == pytest.approx((0.03 - 1.644854 * 0.025, 0.03 + 1.644854 * 0.025))
    assert found.p_difference == pytest.approx(0.230139, abs=1e-6)
    assert (found.p_noninferior, found.p_inferior) == pytest.approx((0.211855, 0.788145), abs=1e-6)


def test_unpaired_recovery_by_hand() -> None:
    """Better when low, 0.98 kept: c - b / 0.98 has the standard error hypot(0.02 / 0.98, 0.015)."""
    found = unpaired(0.49, 0.02, 0.5, 0.015, items=500, higher_is_better=False, margin=Margin(recovery=0.98))
    stderr = math.hypot(0.02 / 0.98, 0.015)

    assert (found.margin, found.loss) == pytest.approx((0.01, 0.01))
    assert found.p_noninferior == pytest.approx(0.5)
    assert found.bounds == pytest.approx((0.01 - 1.644854 * stderr, 0.01 + 1.644854 * stderr))


@pytest.mark.parametrize("stderrs", [(None, 0.1), (0.1, None), (0.0, 0.0)])
def test_unknown_errors_decide_nothing(stderrs: tuple[float | None, float | None]) -> None:
    """No interval, no test: inconclusive, and no number of items to name."""
    found = unpaired(0.7, stderrs[0], 0.7, stderrs[1], items=50, higher_is_better=True, margin=Margin(absolute=0.05))

    assert (found.interval, found.bounds, found.p_difference, found.p_noninferior) == (None, None, None, None)
    assert judge(found, None, 0.95) == "inconclusive"
    assert more_items(found, 0.95) is None


def test_unpaired_without_items_is_refused() -> None:
    """Nothing was measured."""
    with pytest.raises(ValueError, match="at least one item"):
        unpaired(0.7, 0.1, 0.7, 0.1, items=0, higher_is_better=True)


def test_noise_floor_of_answers_by_hand() -> None:
    """Three of 100 answers changed: 1.96 sqrt(3) / 100."""
    first = np.zeros(100)
    second = first.copy()
    second[:3] = 1

    assert noise_floor(Pairs.of(first, second)) == pytest.approx((0.03, 1.96 * math.sqrt(3) / 100, 3))


def test_noise_floor_of_weighted_values_by_hand() -> None:
    """Bits changed by 1 and -2 over 10 bytes: 1.96 sqrt(5) / 10."""
    first, second = np.array([[3, 4], [5, 6.0]]), np.array([[4, 4], [3, 6.0]])

    assert noise_floor(Pairs(first, second)) == pytest.approx((-0.1, 1.96 * math.sqrt(5) / 10, 2))


def test_noise_floor_of_a_perplexity() -> None:
    """For small changes the derivative times the floor of the mean."""
    rng = np.random.default_rng(1)
    first = np.column_stack([rng.gamma(2, 1, 400), np.ones(400)])
    second = first + np.column_stack([rng.normal(0, 1e-4, 400), np.zeros(400)])
    mean_floor = noise_floor(Pairs(first, second))[1]
    perplexity = float(exp_mean(first.sum(axis=0)))

    assert noise_floor(Pairs(first, second, exp_mean))[1] == pytest.approx(perplexity * mean_floor, rel=1e-4)


def test_no_change_has_no_floor() -> None:
    """Two runs with the same answers."""
    assert noise_floor(Pairs.of([1, 0, 1], [1, 0, 1])) == (0, 0, 0)


@pytest.mark.parametrize(
    ("baseline", "candidate", "message"),
    [
        (np.empty((0, 2)), np.empty((0, 2)), "at least one item"),
        (np.ones((3, 2)), np.ones((4, 2)), "shapes differ"),
        (np.ones((3, 2)), np.full((3, 2), np.nan), "finite"),
    ],
)
def test_what_are_not_pairs_is_refused(baseline: np.ndarray, candidate: np.ndarray, message: str) -> None:
    """No items, unequal numbers of them, missing values."""
    with pytest.raises(ValueError, match=message):
        Pairs(baseline, candidate)


def test_one_cluster_per_item() -> None:
    """A shorter list of groups is an error."""
    with pytest.raises(ValueError, match="one cluster per item"):
        Pairs.of([1, 0], [1, 1], [1])


@pytest.mark.parametrize("margin", [{}, {"absolute": 0.1, "recovery": 0.9}, {"absolute": -0.1}, {"recovery": 1.1}])
def test_what_is_not_a_margin_is_refused(margin: dict[str, float]) -> None:
    """None, both, or out of range."""
    with pytest.raises(ValueError, match=r"margin|recovery"):
        Margin(**margin)


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        (Pairs.of([0, 1], [1, 1]), True),
        (Pairs.of([0, 1], [1, 1], [0, 1]), True),
        (Pairs.of([0, 0.5], [1, 1]), False),
        (Pairs(np.array([[0, 2.0], [0.3, 0.3]]), np.array([[2, 2.0], [0, 0.3]])), True),
        (Pairs(np.array([[1, 2.0]]), np.array([[0, 2.0]])), False),
        (Pairs(np.array([[2, 2.0]]), np.array([[1, 1.0]])), False),
        (Pairs(np.array([[1, 1.0]]), np.array([[0, 1.0]]), exp_mean), False),
    ],
)
def test_right_or_wrong(pairs: Pairs, *, expected: bool) -> None:
    """0 or 1 whatever the weight, if both sides share it and the score is a mean."""
    assert pairs.right_or_wrong == expected


@pytest.mark.parametrize("p", [[math.nan, 0.001, 0.5], [0.001, math.nan, 0.5]])
def test_holm_refuses_what_is_not_a_number(p: list[float]) -> None:
    """Sorting would make every task's p-value 1."""
    with pytest.raises(ValueError, match="not a number"):
        holm(p)


@pytest.mark.parametrize("change", [{"loss": math.nan}, {"margin": math.nan}, {"spread": math.nan}])
def test_more_items_of_nothing_is_refused(change: dict[str, float]) -> None:
    """Arithmetic with what is not a number once named one further item."""
    with pytest.raises(ValueError, match="not a number"):
        more_items(dataclasses.replace(answers(1000, 60, 45, 0.02), **change), 0.95)


def test_more_items_for_one_fail_among_many() -> None:
    """Nine tasks: alone it would fail already; corrected it fails in 80 % of data sets of the size that is named."""
    found = answers(1000, 92, 50, 0.02)
    items = 1000 + more_items(found, 0.95, tasks=9)
    rng = np.random.default_rng(3)

    flips = rng.multinomial(items, [0.092, 0.05, 0.858], 300)
    failed = [answers(items, worse, better, 0.02).p_inferior <= 0.05 / 9 for worse, better, _ in flips]

    assert judge(found, found.p_inferior, 0.95) == "fail"
    assert judge(found, holm([found.p_inferior] * 9)[0], 0.95) == "inconclusive"
    assert np.mean(failed) == pytest.approx(0.8, abs=3 * math.sqrt(0.16 / 300))


def test_more_items_are_enough_for_the_test_that_was_made() -> None:
    """A bound beyond the margin although the spread alone asks for fewer items: the deviate has to grow to 1.645."""
    found = dataclasses.replace(answers(50, 0, 0, 0.1), design_effect=None, spread=0.01, p_noninferior=0.2)

    assert more_items(found, 0.95) == math.ceil(50 * (1.644854 / 0.841621) ** 2 - 50)
