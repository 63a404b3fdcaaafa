"""Bootstrap, jackknife and permutation against scipy, closed forms and what resampling must keep."""

import math

import numpy as np
import pytest
from scipy import stats

from eval.statistics import Margin, Pairs, bleu, estimate, exp_mean, f1, judge, resampling, student
from eval.statistics.bca import BcaConfidence, jackknife_stderr
from pipeline.base.sentences.stored import ENGLISH

pytestmark = pytest.mark.whole

SEED = np.random.SeedSequence(5)
DRAWS = 100_000


def skewed(items: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Return losses per item that rise by a skewed amount."""
    rng = np.random.default_rng(seed)
    baseline = rng.gamma(2, 1, items)
    return baseline, baseline + 0.3 * rng.lognormal(0, 1, items) - 0.3


def unequal_weights() -> Pairs:
    """Return bits and bytes of 80 documents."""
    rng = np.random.default_rng(8)
    sizes = rng.integers(50, 5000, 80).astype(float)
    bits = sizes * rng.normal(0.8, 0.1, 80)
    return Pairs(np.column_stack([bits, sizes]), np.column_stack([bits * rng.normal(1.01, 0.03, 80), sizes]))


def reference_interval(pairs: Pairs, level: float) -> tuple[float, float]:
    """Return scipy's BCa interval of the difference of the statistics, expanded as Hesterberg (2015) does it.

    `level` is that of one tail.
    """
    items = len(pairs.baseline)
    expanded = stats.norm.cdf(stats.t.ppf(level, items - 1) * math.sqrt(items / (items - 1)))
    both = np.hstack([pairs.baseline, pairs.candidate])
    columns = pairs.baseline.shape[1]

    def loss(*samples: np.ndarray, axis: int = -1) -> np.ndarray:
        sums = np.stack([sample.sum(axis=axis) for sample in samples], axis=-1)
        return pairs.statistic(sums[..., columns:]) - pairs.statistic(sums[..., :columns])

    found = stats.bootstrap(
        tuple(both.T),
        loss,
        paired=True,
        vectorized=True,
        n_resamples=DRAWS,
        batch=1000,
        method="BCa",
        confidence_level=2 * expanded - 1,
        rng=np.random.default_rng(2),
    )
    return tuple(found.confidence_interval)


@pytest.mark.parametrize("pairs", [Pairs.of(*skewed(60)), unequal_weights()], ids=["mean", "ratio"])
def test_bca_agrees_with_scipy(pairs: Pairs) -> None:
    """Two-sided interval and one-sided bound, within what the draws leave open (5 % of a standard error)."""
    found = estimate(pairs, higher_is_better=False, draws=DRAWS)

    assert found.interval == pytest.approx(reference_interval(pairs, 0.975), abs=0.05 * found.stderr)
    assert found.bounds == pytest.approx(reference_interval(pairs, 0.95), abs=0.05 * found.stderr)


def test_bca_of_a_perplexity_agrees_with_scipy() -> None:
    """The interval of a function of sums."""
    before, after = (values / 10 for values in skewed(60))
    counted = [np.column_stack([values, np.ones(60)]) for values in (before, after)]
    pairs = Pairs(*counted, statistic=exp_mean)

    found = estimate(pairs, higher_is_better=False, draws=DRAWS)

    assert found.interval == pytest.approx(reference_interval(pairs, 0.975), abs=0.05 * found.stderr)


@pytest.mark.parametrize("items", [8, 60])
def test_permutation_agrees_with_scipy(items: int) -> None:
    """All swaps of 8 pairs exactly; of 60 pairs within Monte-Carlo error."""
    baseline, candidate = skewed(items, seed=4)
    found = estimate(Pairs.of(baseline, candidate), higher_is_better=False).p_difference

    expected = stats.permutation_test(
        (baseline, candidate),
        lambda x, y, axis=-1: np.mean(x - y, axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=10_000,
        rng=np.random.default_rng(3),
    ).pvalue

    error = 0 if items == 8 else 4 * math.sqrt(2 * expected * (1 - expected) / 10_000)
    assert found == pytest.approx(expected, rel=1e-9, abs=error)


def test_jackknife_is_the_standard_error_of_a_mean() -> None:
    """For equal weights s / sqrt(n), and the spread s."""
    baseline, candidate = skewed(50)
    found = estimate(Pairs.of(baseline, candidate), higher_is_better=False)
    deviation = np.std(candidate - baseline, ddof=1)

    assert found.stderr == pytest.approx(deviation / math.sqrt(50))
    assert found.spread == pytest.approx(deviation)


def test_bootstrap_sums_have_the_right_moments() -> None:
    """Mean n x and variance n s^2 of each column, covariance kept; constants stay what they are."""
    units = np.column_stack([*skewed(101), np.ones(101)])

    sums = resampling.bootstrap_sums(units, 40_000, SEED)

    expected = 101 * np.cov(units.T, ddof=0)
    assert np.cov(sums.T) == pytest.approx(expected, abs=0.03 * expected[1, 1])
    assert sums.mean(axis=0) == pytest.approx(units.sum(axis=0), rel=0.005)
    assert set(sums[:, 2]) == {101.0}


def test_each_unit_is_drawn_equally_often() -> None:
    """Chi-squared over the first item's, the middle's and the last one's counts."""
    sums = resampling.bootstrap_sums(np.eye(7), 30_000, SEED)

    assert stats.chisquare(sums.sum(axis=0)).pvalue > 0.01
    assert set(sums.sum(axis=1)) == {7.0}


@pytest.mark.parametrize("units", [3, 13, 14, 21, 700])
def test_swaps_are_even_and_complete(units: int) -> None:
    """Up to 13 units all subsets, each once; above that random ones with half of the units each."""
    values = np.ones(units) if units > 50 else 2.0 ** np.arange(units)

    sums, complete = resampling.swapped_sums(values.reshape(-1, 1), 10_000, SEED)

    assert complete == (units <= 13)
    assert sums.mean() == pytest.approx(values.sum() / 2, rel=0.02)
    assert sums.var() == pytest.approx((values**2).sum() / 4, rel=0.05)
    if complete:
        assert sorted(sums[:, 0]) == list(range(2**units))


@pytest.mark.parametrize("items", [9, 40, 3000])
def test_same_seed_same_result(items: int) -> None:
    """However many threads ran; another seed gives another interval, but for the few-units method."""
    pairs = Pairs.of(*skewed(items))

    first, second, other = (estimate(pairs, higher_is_better=False, seed=seed) for seed in (1, 1, 2))

    assert first == second
    assert (first.interval == other.interval) == (items < 10)


def test_results_do_not_depend_on_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks own their random streams."""
    units = np.column_stack(skewed(500))
    expected = resampling.bootstrap_sums(units, 1100, np.random.SeedSequence(9))

    monkeypatch.setattr(resampling, "_THREADS", 1)

    assert np.array_equal(resampling.bootstrap_sums(units, 1100, np.random.SeedSequence(9)), expected)


def test_clusters_are_resampled_as_wholes() -> None:
    """Ten copies of each item in a cluster carry no more than the item alone."""
    baseline, candidate = skewed(40)
    alone = estimate(Pairs.of(baseline, candidate), higher_is_better=False)

    copied = estimate(
        Pairs.of(np.repeat(baseline, 10), np.repeat(candidate, 10), np.repeat(np.arange(40), 10)),
        higher_is_better=False,
    )

    assert (copied.items, copied.clusters) == (400, 40)
    assert copied.interval == pytest.approx(alone.interval)
    assert (copied.stderr, copied.p_difference) == pytest.approx((alone.stderr, alone.p_difference))
    assert copied.spread == pytest.approx(alone.spread * math.sqrt(10))


def test_clusters_of_right_and_wrong_keep_their_flips() -> None:
    """Subjects of unequal size: flips are counted, the interval is a bootstrap's, wider where subjects differ."""
    rng = np.random.default_rng(1)
    clusters = np.repeat(np.arange(57), rng.integers(20, 100, 57))
    baseline = rng.random(len(clusters)) < 0.6
    candidate = baseline ^ (rng.random(len(clusters)) < np.where(clusters % 3, 0.02, 0.3))
    grouped = estimate(Pairs.of(baseline, candidate, clusters), higher_is_better=True)
    single = estimate(Pairs.of(baseline, candidate), higher_is_better=True)

    assert grouped.flips == single.flips == ((baseline & ~candidate).sum(), (~baseline & candidate).sum())
    assert "57 groups" in ENGLISH.text(grouped.method)
    assert grouped.stderr > single.stderr


def test_clusters_without_any_flip_are_not_certain() -> None:
    """A bootstrap of zeros has no width; Tango's interval has, with Student's t of 19 degrees of freedom."""
    answers = np.arange(40) % 2
    found = estimate(Pairs.of(answers, answers, np.arange(40) // 2), higher_is_better=True)
    width = stats.t.ppf(0.975, 19) ** 2

    assert found.interval == pytest.approx((-width / (40 + width), width / (40 + width)))
    assert found.clusters == 20


@pytest.mark.parametrize(("margin", "verdict"), [(0.0, "pass"), (0.1, "pass")])
def test_equal_values_are_certain(margin: float, verdict: str) -> None:
    """No width, p = 1 for a difference, and a pass even at a margin of 0."""
    baseline, _ = skewed(30)
    found = estimate(Pairs.of(baseline, baseline), higher_is_better=False, margin=Margin(absolute=margin))

    assert found.interval == found.bounds == (0, 0)
    assert (found.p_difference, found.p_noninferior, found.p_inferior) == (1, 0, 1)
    assert judge(found, found.p_inferior, 0.95) == verdict
    assert ENGLISH.text(found.method).startswith("equal on all items, permutation test")


@pytest.mark.parametrize("higher_is_better", [True, False])
def test_equal_arms_lose_a_zero_without_a_sign(*, higher_is_better: bool) -> None:
    """Nowhere -0.0, which prints as -0.0000."""
    baseline, _ = skewed(30)
    found = estimate(Pairs.of(baseline, baseline), higher_is_better=higher_is_better, margin=Margin(absolute=0.1))
    assert found.interval is not None
    assert found.bounds is not None

    assert [math.copysign(1, value) for value in (found.loss, found.delta, *found.interval, *found.bounds)] == [1] * 6


def test_equal_arms_leave_the_baselines_error_to_a_recovery() -> None:
    """The interval has no width, the bounds have: both are named."""
    baseline, _ = skewed(30)
    found = estimate(Pairs.of(baseline, baseline), higher_is_better=False, margin=Margin(recovery=0.9), draws=200)

    assert ENGLISH.text(found.method).startswith(
        "equal on all items, BCa bootstrap (200 draws) of the recovery, permutation test"
    )


def test_a_constant_loss_fails_with_certainty() -> None:
    """Every item lost the same amount: more than the margin."""
    found = estimate(Pairs.of(np.zeros(30), np.full(30, 0.25)), higher_is_better=False, margin=Margin(absolute=0.125))

    assert found.bounds == (0.25, 0.25)
    assert ENGLISH.text(found.method).startswith("the same difference on all items")
    assert judge(found, found.p_inferior, 0.95) == "fail"


def test_one_item_is_never_judged() -> None:
    """Neither interval nor bounds: inconclusive."""
    found = estimate(Pairs.of([1.5], [1.25]), higher_is_better=True, margin=Margin(absolute=1))

    assert (found.interval, found.bounds, found.stderr, found.spread) == (None, None, None, None)
    assert judge(found, found.p_inferior, 0.95) == "inconclusive"


def test_one_cluster_is_never_judged() -> None:
    """Its items say nothing of other clusters."""
    found = estimate(Pairs.of(*skewed(30), clusters=np.zeros(30)), higher_is_better=False, margin=Margin(absolute=9))

    assert judge(found, found.p_inferior, 0.95) == "inconclusive"


def test_few_units_use_students_t() -> None:
    """Nine items: the interval of scipy's paired t test, and its one-sided p-value at the margin."""
    baseline, candidate = skewed(9)
    found = estimate(Pairs.of(baseline, candidate), higher_is_better=False, margin=Margin(absolute=0.7))
    expected = stats.ttest_rel(candidate, baseline)

    assert found.interval == pytest.approx(tuple(expected.confidence_interval()), rel=1e-9)
    assert found.p_noninferior == pytest.approx(stats.ttest_1samp(candidate - baseline, 0.7, alternative="less").pvalue)


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 5, 8, 56, 301])
@pytest.mark.parametrize("t", [-40.0, -2.5, -0.1, 0.0, 0.7, 3.0, 1000.0])
def test_student_agrees_with_scipy(freedom: int, t: float) -> None:
    """Distribution function and its inverse in terms of normal deviates."""
    assert student.cdf(t, freedom) == pytest.approx(stats.t.cdf(t, freedom), abs=1e-13)
    assert student.quantile(stats.norm.ppf(0.975), freedom) == pytest.approx(stats.t.ppf(0.975, freedom))
    assert student.quantile(stats.norm.ppf(0.05), freedom) == pytest.approx(stats.t.ppf(0.05, freedom))


@pytest.mark.parametrize("higher_is_better", [True, False])
def test_bounds_and_tests_agree(*, higher_is_better: bool) -> None:
    """A bound is within the margin exactly when the p-value is within alpha, absolute and relative."""
    pairs = Pairs.of(*skewed(35))
    margins = [Margin(absolute=margin) for margin in np.linspace(0, 0.6, 20)]
    margins += [Margin(recovery=recovery) for recovery in np.linspace(0.8, 1, 20)]

    found = [
        estimate(pairs, higher_is_better=higher_is_better, margin=margin, draws=999, seed=seed)
        for seed, margin in enumerate(margins)
    ]

    assert [each.bounds[1] <= each.margin for each in found] == [each.p_noninferior <= 0.05 for each in found]


@pytest.mark.parametrize("acceleration", [-0.2, 0.0, 0.15])
@pytest.mark.parametrize("bias", [-0.3, 0.0, 0.4])
def test_bca_inverts_itself(acceleration: float, bias: float) -> None:
    """The deviate of a bound is the deviate it was asked for, up to one draw."""
    draws = stats.norm.ppf((np.arange(200_000) + 0.5) / 200_000)
    found = BcaConfidence(draws, bias, acceleration)

    for z in (-1.96, -0.5, 0.0, 1.645):
        assert found.deviate(found.value(z)) == pytest.approx(z, abs=5e-3)


def test_a_recovery_counts_the_error_of_the_baseline() -> None:
    """The bound is that of R b - c, moved to the baseline's measured score."""
    pairs = unequal_weights()
    relative = estimate(pairs, higher_is_better=True, margin=Margin(recovery=0.9))
    baseline, candidate = (side[:, 0].sum() / side[:, 1].sum() for side in (pairs.baseline, pairs.candidate))
    scaled = Pairs(pairs.baseline * [0.9, 1], pairs.candidate)

    expected = estimate(scaled, higher_is_better=True, margin=Margin(absolute=0))

    assert relative.margin == pytest.approx(0.1 * baseline)
    assert relative.loss == pytest.approx(baseline - candidate)
    assert relative.bounds == pytest.approx([bound + relative.margin for bound in expected.bounds])
    assert relative.p_noninferior == pytest.approx(expected.p_noninferior)


@pytest.mark.parametrize(("statistic", "columns"), [(f1, 3), (bleu, 10)])
def test_other_statistics_run_on_sums(statistic: object, columns: int) -> None:
    """The jackknife's standard error is the bootstrap's spread, within a tenth."""
    rng = np.random.default_rng(6)
    rows = rng.integers(4, 9, (300, columns)).astype(float)
    baseline = np.sort(rows, axis=1)
    candidate = np.maximum(baseline - rng.integers(0, 2, (300, columns)), 1)
    pairs = Pairs(baseline, candidate, statistic=statistic)

    found = estimate(pairs, higher_is_better=True)

    width = found.interval[1] - found.interval[0]
    assert width / (2 * 1.96) == pytest.approx(found.stderr, rel=0.1)
    assert found.interval[0] < found.loss < found.interval[1]


def test_jackknife_stderr_by_hand() -> None:
    """Values without each unit 1, 2, 3: sqrt(2 * 2 / 3)."""
    assert jackknife_stderr(np.array([1.0, 2.0, 3.0])) == pytest.approx(math.sqrt(4 / 3))
