"""Right or wrong in groups, or with unequal weights."""

import math
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from eval.statistics import Margin, Pairs, estimate, judge, more_items
from eval.statistics.grouped import design_effect
from eval.statistics.proportions import DifferenceConfidence, Table
from pipeline.base.sentences.stored import ENGLISH
from tests.simulations import data_sets

pytestmark = pytest.mark.whole

Floats = NDArray[np.float64]
SIMULATION = runpy.run_path(str(Path(__file__).parents[3] / "benchmarks" / "gate.py"))
DATA_SETS = {"drift": 400}
"""Enough to tell groups from independent items; `make bench-gate` holds 3 000 to a sharper bound."""


def weighted(baseline: Floats, candidate: Floats, weights: Floats, clusters: NDArray[np.int64] | None = None) -> Pairs:
    """Return answers that count differently."""
    before, after = (np.column_stack([values * weights, weights]) for values in (baseline, candidate))
    return Pairs(before, after, clusters=clusters)


def test_no_flips_with_unequal_weights_are_not_certain() -> None:
    """Three items of one subtask and two of another, of equal weight: 4.8 effective items, and Tango's width with t."""
    weights = np.array([5 / 6, 5 / 6, 5 / 6, 5 / 4, 5 / 4])
    right = np.array([1, 1, 1, 1, 0.0])
    found = estimate(weighted(right, right, weights), higher_is_better=True, margin=Margin(absolute=0.001))
    width = stats.t.ppf(0.95, 4) ** 2

    assert found.bounds == pytest.approx((-width / (4.8 + width), width / (4.8 + width)))
    assert (found.flips, found.p_difference) == ((0, 0), 1)
    assert judge(found, found.p_inferior, 0.95) == "inconclusive"
    # Between the normal distribution's items, which it takes once there are many, and those of this t.
    assert stats.norm.ppf(0.95) ** 2 < ((more_items(found, 0.95) or 0) + 5) * 4.8 / 5 * 0.001 / 0.999 < width


def test_equal_weights_are_none() -> None:
    """Weights of 0.3 on every item change nothing."""
    rng = np.random.default_rng(1)
    before, after = (rng.random((2, 300)) < 0.8).astype(float)
    plain, scaled = (
        estimate(pairs, higher_is_better=True, margin=Margin(recovery=0.9))
        for pairs in (Pairs.of(before, after), weighted(before, after, np.full(300, 0.3)))
    )

    assert scaled.interval == pytest.approx(plain.interval)
    assert (scaled.flips, scaled.method, scaled.design_effect) == (plain.flips, plain.method, 1)


@pytest.mark.parametrize("margin", [Margin(absolute=0.0), Margin(recovery=0.99)])
def test_clusters_of_one_item_are_none(margin: Margin) -> None:
    """57 subjects with an item each, two won and none lost: no pass at a margin of 0, which a bootstrap gave."""
    before = np.ones(57)
    before[:2] = 0
    single = estimate(Pairs.of(before, np.ones(57), np.arange(57)), higher_is_better=True, margin=margin)

    assert single == estimate(Pairs.of(before, np.ones(57)), higher_is_better=True, margin=margin)
    assert single.clusters is None
    assert single.bounds[1] > 0


def test_one_cluster_says_nothing_of_others() -> None:
    """Neither interval nor bounds, with flips and without."""
    before = np.ones(30)
    for after in (before, np.r_[np.zeros(3), np.ones(27)]):
        found = estimate(Pairs.of(before, after, np.zeros(30)), higher_is_better=True, margin=Margin(absolute=0.9))

        assert (found.bounds, found.spread, judge(found, found.p_inferior, 0.95)) == (None, None, "inconclusive")


def test_copies_count_once() -> None:
    """Five copies of each of 100 items: the interval is that of 100, with Student's t for the normal deviate."""
    rng = np.random.default_rng(2)
    before = (rng.random(100) < 0.7).astype(float)
    after = np.where(rng.random(100) < 0.2, 1 - before, before)
    copied = estimate(
        Pairs.of(np.repeat(before, 5), np.repeat(after, 5), np.repeat(np.arange(100), 5)), higher_is_better=True
    )
    worse, better = int((before > after).sum()), int((after > before).sum())
    alone = DifferenceConfidence(Table(100, worse, better))
    t = stats.t.ppf(0.95, 99) * math.sqrt(100 / 500 * 499 / 99)

    assert copied.design_effect == pytest.approx(499 / 99)
    assert copied.bounds == pytest.approx((alone.value(-t), alone.value(t)))
    assert "permutation test of 100 groups" in ENGLISH.text(copied.method)


def test_design_effect_of_weights_by_hand() -> None:
    """One item counts three times, three once: 4 (9 + 3) / 36 at least, and more if the heavy one differs."""
    pairs = weighted(np.ones(4), np.ones(4), np.array([3.0, 1, 1, 1]))

    for values in ([1, 1, 1, 1], [0, 1, 0, 0]):
        assert design_effect(pairs, np.array(values, dtype=float)) == pytest.approx(4 / 3)
    # Without each item in turn the mean moves by 3, -0.6, -0.6, -0.6 sixths; independent ones have 0.25 / 3.
    moved = 3 / 4 * (3**2 + 3 * 0.6**2) / 6**2
    assert design_effect(pairs, np.array([1.0, 0, 0, 0])) == pytest.approx(moved / (0.25 / 3))


def test_design_effect_of_groups_by_hand() -> None:
    """1, 1 and 0, 0: totals 1 and -1 about the mean, 2 / 1 * 2 / 16 for the groups, 0.25 / 3 for the items."""
    pairs = Pairs.of(np.ones(4), np.ones(4), [0, 0, 1, 1])

    assert design_effect(pairs, np.array([1.0, 1, 0, 0])) == pytest.approx(3)
    assert design_effect(pairs, np.array([1.0, 0, 1, 0])) == 1


def test_the_standard_error_is_that_of_the_groups() -> None:
    """Where groups differ, it is the linearised one of their totals (Cochran, Sampling Techniques, 6.4)."""
    rng = np.random.default_rng(3)
    clusters = np.repeat(np.arange(40), 25)
    rates = rng.uniform(0, 0.3, 40)[clusters]
    before = np.ones(1000)
    after = (rng.random(1000) > rates).astype(float)
    found = estimate(Pairs.of(before, after, clusters), higher_is_better=True)
    totals = np.bincount(clusters, before - after)

    assert found.design_effect > 1.5
    assert found.stderr == pytest.approx(totals.std(ddof=1) * math.sqrt(40) / 1000)
    assert found.spread == pytest.approx(found.stderr * math.sqrt(1000))


@pytest.mark.parametrize("right", [1.0, 0.7])
def test_copies_without_flips_are_one_document(right: float) -> None:
    """Thirty documents asked five times are thirty, not 150, also where all answers are right, with Student's t."""
    document = (np.arange(30) < 30 * right).astype(float)
    copied = Pairs.of(*[np.repeat(document, 5)] * 2, np.repeat(np.arange(30), 5), copies=True)
    width = stats.t.ppf(0.95, 29) ** 2

    for margin in (Margin(absolute=0.01), Margin(recovery=0.99)):
        found = estimate(copied, higher_is_better=True, margin=margin)
        assert found.design_effect == pytest.approx(5)
    assert estimate(copied, higher_is_better=True).bounds[1] == pytest.approx(width / (30 + width))


@pytest.mark.parametrize("margin", [Margin(absolute=0.003), Margin(recovery=0.99)])
def test_subjects_of_different_difficulty_without_flips_are_independent(margin: Margin) -> None:
    """Accuracies from 0.3 to 0.95 say nothing of flips: no verdict gets better by an item that is lost."""
    rng = np.random.default_rng(3)
    clusters = np.repeat(np.arange(57), 50)
    before = (rng.random(2850) < rng.uniform(0.3, 0.95, 57)[clusters]).astype(float)
    after = before.copy()
    after[np.flatnonzero(before)[0]] = 0
    none, one = (
        estimate(Pairs.of(before, side, clusters), higher_is_better=True, margin=margin) for side in (before, after)
    )

    assert none.design_effect == 1
    assert none.bounds[1] < one.bounds[1]


@pytest.mark.parametrize(
    ("sizes", "copies"),
    [
        *[(sizes, True) for sizes in ([5] * 20, [50] * 2, [10] * 10, [2] * 60, list(range(1, 21)))],
        *[(sizes, False) for sizes in ([5] * 20, [2] * 60, [50] * 57, list(range(1, 21)))],
    ],
    ids=str,
)
@pytest.mark.parametrize("order", ["random", "group by group", "across groups"])
def test_a_further_loss_never_lowers_the_bound(sizes: list[int], order: str, *, copies: bool) -> None:
    """Up to 60 items are lost one after the other, and nothing is won.

    Where a group is lost as a whole and then an item elsewhere, groups turn out less alike than they seemed: the bound
    may fall by 1.5 % then, never below that without any loss.
    """
    groups = np.repeat(np.arange(len(sizes)), sizes)
    place = np.concatenate([np.arange(size) for size in sizes])
    orders = {"random": np.random.default_rng(4).permutation(len(groups)), "across groups": np.argsort(place)}
    before, after = np.ones(len(groups)), np.ones(len(groups))
    bounds = []
    for item in [None, *orders.get(order, np.arange(len(groups)))[:60]]:
        if item is not None:
            after[item] = 0
        found = estimate(Pairs.of(before, after, groups, copies=copies), higher_is_better=True, draws=1)
        bounds.append(found.bounds[1])

    assert min(bounds) == bounds[0]
    assert np.all(np.diff(bounds) >= -(0.015 if order == "group by group" else 1e-9) * np.array(bounds[:-1]))


def test_few_flips_of_copies_do_not_make_them_independent() -> None:
    """One of 100 answers was lost: nearly as 20 documents. From four documents' worth of flips on, the estimate."""
    groups = np.repeat(np.arange(20), 5)

    def effect(lost: int) -> float:
        after = np.ones(100)
        after[np.arange(lost) * 5 % 100] = 0
        pairs = Pairs.of(np.ones(100), after, groups, copies=True)
        return estimate(pairs, higher_is_better=True, draws=1).design_effect or 0

    believed = 5 * stats.t.ppf(stats.norm.cdf(2), 19) ** 2
    assert effect(1) == pytest.approx(5 * (1 - 1 / believed) ** 2)
    assert effect(20) == 1


@pytest.mark.parametrize("higher_is_better", [True, False])
def test_bounds_and_tests_agree(*, higher_is_better: bool) -> None:
    """A bound is within the margin exactly when the p-value is within alpha, absolute and relative."""
    rng = np.random.default_rng(5)
    before = (rng.random(400) < 0.6).astype(float)
    after = np.where(rng.random(400) < 0.1, 1 - before, before)
    pairs = weighted(before, after, rng.uniform(0.5, 2, 400), rng.integers(0, 25, 400))
    margins = [Margin(absolute=margin) for margin in np.linspace(0, 0.2, 20)]
    margins += [Margin(recovery=recovery) for recovery in np.linspace(0.8, 1, 20)]

    found = [estimate(pairs, higher_is_better=higher_is_better, margin=margin, draws=50) for margin in margins]

    passing = [each.bounds[1] <= each.margin for each in found]
    assert passing == [each.p_noninferior <= 0.05 for each in found]
    assert [each.bounds[0] > each.margin for each in found] == [each.p_inferior < 0.05 for each in found]
    assert set(passing) == {True, False}
    assert len({each.interval for each in found}) == 1


@pytest.mark.parametrize("case", SIMULATION["GROUPED"], ids=str)
def test_false_passes_in_groups(case: Any) -> None:
    """A candidate that loses exactly the margin passes in at most 5 % of the data sets, a point more where few lose.

    Where groups have something in common, taking the items as independent would pass more often than that.
    """
    rng = np.random.default_rng([case.groups, case.items])
    simulated = DATA_SETS.get(case.kind, data_sets(400, part=2))
    grouped, single = SIMULATION["false_passes_in_groups"](case, simulated, rng)

    assert SIMULATION["faults"](case, simulated, grouped, single) == []
