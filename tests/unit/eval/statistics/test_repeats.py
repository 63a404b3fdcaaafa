"""Few runs compared: intervals against published quantiles, and how often equal arms are told apart by chance."""

import math

import numpy as np
import pytest

from eval.statistics.repeats import each_of, geometric_mean, mean_interval, ratio_interval

LEVELS, REPEATS, BENCHMARKS = 3, 3, 4000


def test_geometric_mean() -> None:
    """The root of the product; a run of nothing makes nothing."""
    assert geometric_mean([2.0, 8.0]) == pytest.approx(4.0)
    assert geometric_mean([2.0, 0.0]) == 0.0


def test_interval_of_a_mean_is_student_s() -> None:
    """Three runs of which the logarithms are -0.5, 0, 0.5: t with two degrees of freedom at 97.5 % is 4.3027."""
    low, high = mean_interval([math.exp(-0.5), 1.0, math.exp(0.5)], 0.95) or (0.0, 0.0)

    assert math.log(high) == pytest.approx(4.3027 / 2 / math.sqrt(3), rel=1e-4)
    assert math.log(low) == pytest.approx(-math.log(high))


def test_interval_of_a_ratio_is_welch_s() -> None:
    """Equal spreads give four degrees of freedom (t 2.7764), no spread of one arm two (t 4.3027)."""
    runs = [math.exp(-0.5), 1.0, math.exp(0.5)]
    _, both = ratio_interval([2 * run for run in runs], runs, 0.95) or (0.0, 0.0)
    _, one = ratio_interval(runs, [1.0, 1.0, 1.0], 0.95) or (0.0, 0.0)

    assert math.log(both / 2) == pytest.approx(2.7764 / 2 * math.sqrt(2 / 3), rel=1e-4)
    assert math.log(one) == pytest.approx(4.3027 / 2 * math.sqrt(1 / 3), rel=1e-4)


@pytest.mark.parametrize(
    ("runs", "reference"),
    [([1.0], [1.0, 2.0]), ([1.0, 2.0], []), ([1.0, 0.0], [1.0, 2.0]), ([2.0, 2.0], [1.0, 1.0])],
    ids=["one run", "no run", "nothing made", "no spread"],
)
def test_what_the_runs_do_not_tell_has_no_interval(runs: list[float], reference: list[float]) -> None:
    """One run, a run that made nothing, or runs that are all alike tell nothing of chance."""
    assert ratio_interval(runs, reference, 0.95) is None


@pytest.mark.parametrize("runs", [[100.0, 90.0], [1e-3, 1e3]], ids=["a tenth apart", "beyond any number"])
def test_interval_of_more_than_a_factor_of_ten_is_not_known(runs: list[float]) -> None:
    """Two runs of an arm, compared at ten concurrencies: up to thousands of times as fast is no answer."""
    confidence = each_of(0.95, 11)

    assert ratio_interval(runs, [50.0, 50.01], confidence) is None
    assert mean_interval(runs, confidence) is None
    assert ratio_interval([100.0, 99.9], [50.0, 50.1], confidence) is not None


def test_intervals_together() -> None:
    """Each of five has a fifth of the error."""
    assert each_of(0.95, 5) == pytest.approx(0.99)


@pytest.mark.parametrize("spreads", [(0.02, 0.02), (0.02, 0.2), (0.0, 0.05)], ids=["equal", "unequal", "one alone"])
def test_equal_arms_are_told_apart_in_at_most_one_of_twenty_benchmarks(spreads: tuple[float, float]) -> None:
    """Three levels of three runs each, the highest of both arms compared too: no false "faster" or "slower" in 95 %."""
    chance = np.random.default_rng(20)
    confidence = each_of(0.95, LEVELS + 1)
    false = 0
    for _ in range(BENCHMARKS):
        logs = [chance.normal(0, spread, (LEVELS, REPEATS)) for spread in spreads]
        runs = [[[float(run) for run in level] for level in np.exp(arm)] for arm in logs]
        best = [max(arm, key=geometric_mean) for arm in runs]
        pairs = [*zip(*runs, strict=True), tuple(best)]
        intervals = [ratio_interval(arm, reference, confidence) for reference, arm in pairs]
        false += any(interval is not None and not interval[0] <= 1 <= interval[1] for interval in intervals)

    assert false / BENCHMARKS <= 0.05


def test_ranges_that_do_not_overlap_are_no_test() -> None:
    """Why ranges are not compared: of equal arms with three repeats they lie apart in a tenth of the levels."""
    chance = np.random.default_rng(20)
    arms = chance.normal(0, 1, (BENCHMARKS, 2, REPEATS))
    apart = (arms[:, 0].min(1) > arms[:, 1].max(1)) | (arms[:, 1].min(1) > arms[:, 0].max(1))

    assert apart.mean() == pytest.approx(0.1, abs=0.02)


def test_a_large_difference_is_seen() -> None:
    """With runs 2 % apart, half as fast again is decided in nearly every benchmark of three levels."""
    chance = np.random.default_rng(20)
    confidence = each_of(0.95, LEVELS + 1)
    seen = 0
    for _ in range(500):
        reference, arm = (float(base) * np.exp(chance.normal(0, 0.02, REPEATS)) for base in (1.0, 1.5))
        interval = ratio_interval(list(map(float, arm)), list(map(float, reference)), confidence)
        seen += interval is not None and interval[0] > 1

    assert seen / 500 > 0.95
