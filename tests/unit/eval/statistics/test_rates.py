"""Rates of independent trials: Wilson's interval and exact tests, against published figures and scipy."""

import pytest
from scipy import stats

from eval.statistics.rates import binomial_excess, fisher_excess, wilson


@pytest.mark.parametrize(("events", "trials"), [(0, 10), (1, 29), (15, 148), (81, 263), (60, 60)])
def test_wilson_is_scipys(events: int, trials: int) -> None:
    """The interval is the one of scipy; 81 of 263 and 15 of 148 are the examples of Newcombe (1998)."""
    expected = stats.binomtest(events, trials).proportion_ci(0.95, method="wilson")
    assert wilson(events, trials) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_wilson_of_newcombe() -> None:
    """Newcombe (1998), table I: 81 of 263 is 0.2553 to 0.3662."""
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)


def test_nothing_tried_says_nothing() -> None:
    """Without a trial the rate may be anything, and no test speaks against it."""
    assert wilson(0, 0) == (0.0, 1.0)
    assert fisher_excess(0, 0, 3, 100) == 1.0
    assert fisher_excess(3, 100, 0, 0) == 1.0
    assert binomial_excess(0, 0, 0.1) == 1.0


@pytest.mark.parametrize(("a", "n", "b", "m"), [(3, 4, 1, 4), (5, 60, 3, 540), (0, 60, 9, 540), (60, 60, 0, 540)])
def test_fisher_is_scipys(a: int, n: int, b: int, m: int) -> None:
    """The one-sided p-value is scipy's; 3 of 4 cups against 1 of 4 is Fisher's tea, 0.243."""
    expected = stats.fisher_exact([[a, n - a], [b, m - b]], alternative="greater").pvalue
    assert fisher_excess(a, n, b, m) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("events", "trials", "rate"), [(1, 60, 0.001), (4, 3000, 0.001), (12, 60, 0.1), (60, 60, 0.5)])
def test_binomial_is_scipys(events: int, trials: int, rate: float) -> None:
    """The probability of so many or more is scipy's."""
    assert binomial_excess(events, trials, rate) == pytest.approx(stats.binom.sf(events - 1, trials, rate), rel=1e-9)


def test_rates_that_are_certain() -> None:
    """Where nothing may happen any event is too many; where all must, none is."""
    assert binomial_excess(1, 10, 0.0) == 0.0
    assert binomial_excess(10, 10, 1.0) == 1.0


def test_many_requests_stay_exact() -> None:
    """A million requests overflow nothing."""
    assert fisher_excess(2_000, 100_000, 9_000, 900_000) == pytest.approx(
        stats.fisher_exact([[2_000, 98_000], [9_000, 891_000]], alternative="greater").pvalue, rel=1e-6
    )


def test_more_events_than_trials() -> None:
    """Counts that cannot be are refused."""
    with pytest.raises(ValueError, match="5 events cannot be of 4 trials"):
        wilson(5, 4)
