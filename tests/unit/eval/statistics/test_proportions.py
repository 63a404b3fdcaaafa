"""Paired proportions against published figures, other libraries and other ways to compute them."""

import math

import numpy as np
import pytest
from scipy.optimize import brentq, minimize_scalar
from scipy.stats import binomtest, norm
from statsmodels.stats import contingency_tables

from eval.statistics import Margin, Pairs, estimate, normal, unpaired
from eval.statistics.proportions import (
    DifferenceConfidence,
    RatioConfidence,
    Table,
    difference_score,
    mcnemar,
    ratio_score,
)

TABLES = [(1, 7, 21), (6, 16, 161), (0, 1, 44), (0, 0, 30), (5, 0, 5), (30, 12, 220), (827, 431, 14042)]
"""Items worse, items better, items."""


def paired_answers(both: int, worse: int, better: int, neither: int) -> Pairs:
    """Return right and wrong answers with these counts."""
    baseline = [1] * both + [1] * worse + [0] * better + [0] * neither
    candidate = [1] * both + [0] * worse + [1] * better + [0] * neither
    return Pairs.of(baseline, candidate)


def test_lm_eval_issue_3831() -> None:
    """p = .080 as independent samples and .008 with McNemar, 220 items.

    The thread (its pull request 3868) gives no counts. These are reconstructed by trying all tables: of three that
    give both figures to three decimals, this comes closest (.0800 and .0079).
    """
    pairs = paired_answers(110, 30, 12, 68)
    paired = estimate(pairs, higher_is_better=True)
    sides = [(score, math.sqrt(score * (1 - score) / 219)) for score in (paired.baseline, paired.candidate)]

    independent = unpaired(*sides[0], *sides[1], items=220, higher_is_better=True)

    assert round(independent.p_difference, 3) == 0.080
    assert round(paired.p_difference, 3) == 0.008
    assert paired.flips == (30, 12)


@pytest.mark.parametrize(
    ("worse", "better", "items", "confidence", "low", "high"),
    [
        (1, 7, 21, 0.95, -0.5172, -0.0260),
        (6, 16, 161, 0.95, -0.1240, -0.0054),
        (28, 25, 618, 0.90, -0.0148, 0.0247),
    ],
)
def test_published_tango_intervals(
    worse: int, better: int, items: int, confidence: float, low: float, high: float
) -> None:
    """Airway reactivity and complete response after therapy, and a vector of R's `scoreci.mp`.

    The first two: Fagerland, Lydersen and Laake, Statistical Analysis of Contingency Tables (2017), chapter 8, and
    Statistics in Medicine 33 (2014), 2850-2875; the third is quoted from PropCIs.
    """
    found = DifferenceConfidence(Table(items, worse, better))
    z = norm.ppf((1 + confidence) / 2)

    assert (found.value(-z), found.value(z)) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize(
    ("both", "worse", "better", "neither", "low", "high"),
    [(1, 7, 1, 12, 0.065, 0.907), (59, 16, 6, 80, 0.7476, 0.9876)],
)
def test_published_ratio_intervals(both: int, worse: int, better: int, neither: int, low: float, high: float) -> None:
    """The same two studies: the score interval of the ratio (Tang, Tang and Chan 2003)."""
    table = Table(both + worse + better + neither, worse, better, both)
    baseline = (both + worse) / table.items
    found = RatioConfidence(table, higher_is_better=True)
    z = norm.ppf(0.975)

    ratios = (1 - found.value(z) / baseline, 1 - found.value(-z) / baseline)

    assert ratios == pytest.approx((low, high), abs=5e-4 if table.items == 21 else 5e-5)


def test_published_mcnemar() -> None:
    """Complete response after therapy, 6 against 16: exact conditional test .052479 (Fagerland et al. 2017)."""
    assert mcnemar(6, 16) == pytest.approx(0.052479, abs=5e-7)


@pytest.mark.parametrize(("worse", "better"), [(0, 0), (3, 3), (0, 1), (8, 0), (30, 12), (900, 1000), (7000, 7042)])
def test_mcnemar_agrees_with_scipy_and_statsmodels(worse: int, better: int) -> None:
    """The binomial test of the flips; 1 where there is none."""
    found = mcnemar(worse, better)

    if worse + better:
        assert found == pytest.approx(binomtest(worse, worse + better).pvalue, rel=1e-9)
    assert found == pytest.approx(
        contingency_tables.mcnemar([[5, worse], [better, 5]], exact=True).pvalue if worse + better else 1.0, rel=1e-9
    )


def constrained_difference_score(items: int, worse: int, better: int, loss: float) -> float:
    """Return the score statistic with the likelihood maximised numerically."""

    def negative_log_likelihood(won: float) -> float:
        shares = [(worse, won + loss), (better, won), (items - worse - better, 1 - loss - 2 * won)]
        return -sum(count * math.log(share) for count, share in shares if count)

    low, high = max(0.0, -loss) + 1e-13, (1 - loss) / 2 - 1e-13
    found = minimize_scalar(negative_log_likelihood, bounds=(low, high), method="bounded", options={"xatol": 1e-13})
    return (worse - better - items * loss) / math.sqrt(items * (2 * found.x + loss - loss**2))


@pytest.mark.parametrize(("worse", "better", "items"), TABLES)
@pytest.mark.parametrize("loss", [-0.4, -0.03, 0.01, 0.2, 0.7])
def test_score_maximises_the_likelihood(worse: int, better: int, items: int, loss: float) -> None:
    """The closed form is the numerical optimum under the hypothesis."""
    expected = constrained_difference_score(items, worse, better, loss)

    assert difference_score(items, worse, better, loss) == pytest.approx(expected, rel=1e-5, abs=1e-5)


@pytest.mark.parametrize(("worse", "better", "items"), [table for table in TABLES if table[0] < table[2]])
def test_interval_inverts_the_score_test(worse: int, better: int, items: int) -> None:
    """The bound lies where scipy's root finder sees the numerical score statistic cross the quantile."""
    z = norm.ppf(0.95)

    def distance(loss: float) -> float:
        return constrained_difference_score(items, worse, better, loss) + z

    expected = brentq(distance, (worse - better) / items + 1e-9, 1 - 1e-6, xtol=1e-13)

    assert DifferenceConfidence(Table(items, worse, better)).value(z) == pytest.approx(expected, abs=1e-6)


def constrained_ratio_score(both: int, first: int, second: int, items: int, ratio: float) -> float:
    """Return the score statistic of the ratio with the likelihood maximised numerically."""
    anywhere = (both + first + second) / items

    def shares(only_first: float) -> tuple[float, float, float]:
        only_second = anywhere * (1 - ratio) + ratio * only_first
        return anywhere - only_first - only_second, only_first, only_second

    def negative_log_likelihood(only_first: float) -> float:
        pairs = zip((both, first, second), shares(only_first), strict=True)
        return -sum(count * math.log(share) for count, share in pairs if count)

    low, high = max(0.0, anywhere * (ratio - 1) / ratio) + 1e-13, anywhere * ratio / (1 + ratio) - 1e-13
    found = minimize_scalar(negative_log_likelihood, bounds=(low, high), method="bounded", options={"xatol": 1e-14})
    _, only_first, only_second = shares(found.x)
    distance = (both + first - ratio * (both + second)) / items
    return math.sqrt(items) * distance / math.sqrt(ratio * (only_first + only_second))


@pytest.mark.parametrize(
    ("both", "first", "second", "items"),
    [(1, 1, 7, 21), (59, 6, 16, 161), (110, 12, 30, 220), (5, 0, 3, 40), (5, 3, 0, 40), (8629, 431, 827, 14042)],
)
@pytest.mark.parametrize("ratio", [0.3, 0.9, 0.99, 1.0, 1 / 0.98, 2.5])
def test_ratio_score_maximises_the_likelihood(both: int, first: int, second: int, items: int, ratio: float) -> None:
    """The closed form is the numerical optimum under the hypothesis."""
    expected = constrained_ratio_score(both, first, second, items, ratio)

    assert ratio_score(items, both, first, second, ratio) == pytest.approx(expected, rel=1e-4, abs=1e-4)


@pytest.mark.parametrize(("worse", "better", "items"), TABLES)
@pytest.mark.parametrize("higher_is_better", [True, False])
def test_bounds_and_tests_agree(worse: int, better: int, items: int, *, higher_is_better: bool) -> None:
    """A bound is within the margin exactly when the p-value is within alpha, absolute and relative."""
    rng = np.random.default_rng(worse)
    both = (items - worse - better) // 2
    counts = (worse, better) if higher_is_better else (better, worse)
    pairs = paired_answers(both, *counts, items - worse - better - both)
    margins = [Margin(absolute=m) for m in (0, *rng.uniform(0, 0.3, 20))]
    margins += [Margin(recovery=r) for r in (1, *rng.uniform(0.3, 1, 20))]

    found = [estimate(pairs, higher_is_better=higher_is_better, margin=margin) for margin in margins]

    assert {each.flips for each in found} == {(worse, better)}
    assert [each.bounds[1] <= each.margin for each in found] == [each.p_noninferior <= 0.05 for each in found]
    assert [each.bounds[0] > each.margin for each in found] == [each.p_inferior < 0.05 for each in found]


def test_a_bound_is_the_margin_it_passes() -> None:
    """The bound as margin passes, the next smaller number does not: nothing is rounded on the way."""
    pairs = paired_answers(800, 60, 40, 100)
    bound = estimate(pairs, higher_is_better=True, margin=Margin(absolute=0.1)).bounds[1]

    at, below = (
        estimate(pairs, higher_is_better=True, margin=Margin(absolute=margin))
        for margin in (bound, np.nextafter(bound, 0))
    )

    assert normal.quantile(0.95) <= DifferenceConfidence(Table(1000, 60, 40)).deviate(bound)
    assert (at.bounds[1] <= at.margin, below.bounds[1] <= below.margin) == (True, False)


def test_no_flips_leave_a_width() -> None:
    """Without flips the upper bound is z^2 / (n + z^2), and the difference has p = 1."""
    found = estimate(paired_answers(20, 0, 0, 10), higher_is_better=True, margin=Margin(absolute=0.05))
    z_squared = norm.ppf(0.95) ** 2

    assert found.bounds == pytest.approx((-z_squared / (30 + z_squared), z_squared / (30 + z_squared)))
    assert (found.loss, found.stderr, found.p_difference) == (0, 0, 1)


def test_everything_lost() -> None:
    """All right before, all wrong after: the loss is certain upwards to 1."""
    found = estimate(paired_answers(0, 5, 0, 0), higher_is_better=True, margin=Margin(recovery=0.9))

    assert (found.loss, found.interval[1], found.bounds[1]) == (1, 1, 1)
    assert found.p_inferior < 0.05 < found.p_noninferior


def test_one_item() -> None:
    """A single item gives an interval but no standard error."""
    found = estimate(paired_answers(0, 1, 0, 0), higher_is_better=True, margin=Margin(absolute=0.1))

    assert (found.stderr, found.spread, found.p_difference) == (None, None, 1)
    assert found.interval[0] < 0 < found.interval[1] == 1


def test_recovery_of_nothing_is_a_margin_of_zero() -> None:
    """A baseline of 0 has no share to keep: the candidate must be shown not to be worse at all."""
    kept, won = (
        estimate(paired_answers(0, 0, better, 40 - better), higher_is_better=True, margin=Margin(recovery=0.99))
        for better in (0, 10)
    )

    assert (kept.margin, kept.p_noninferior) == (0, 0.5)
    assert won.p_noninferior < 0.05
    assert won.bounds[1] < 0


def test_no_errors_left_of_a_rate_that_is_better_when_low() -> None:
    """An error rate of 0 against 0.2 keeps any recovery; the loss is at least -0.2."""
    found = estimate(paired_answers(0, 8, 0, 32), higher_is_better=False, margin=Margin(recovery=0.99))

    assert found.loss == -0.2
    assert found.bounds[0] == -0.2
    assert found.p_noninferior < 0.05
