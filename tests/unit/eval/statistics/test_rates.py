"""Rates of independent trials: intervals, bounds and exact tests, against published figures and scipy."""

import pytest
from scipy import stats

from eval.statistics.rates import binomial_excess, fisher_excess, rate_bounds, trials_needed, wilson


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


@pytest.mark.parametrize(
    ("successes", "trials", "probability", "expected"),
    [(3, 3, 0.5, 0.125), (2, 3, 0.5, 0.5), (0, 5, 0.3, 1.0), (58, 58, 0.95, 0.0510), (59, 59, 0.95, 0.0485)],
)
def test_the_binomial_test(successes: int, trials: int, probability: float, expected: float) -> None:
    """Known values; 59 requests without a miss are the fewest that show 95 % with 95 % confidence."""
    assert binomial_excess(successes, trials, probability) == pytest.approx(expected, abs=1e-4)


def test_rate_bounds_are_exact() -> None:
    """Without a failure the upper bound is the rule of three's exact form; both ends agree with published tables."""
    low, high = rate_bounds(0, 100)
    assert (low, high) == (0.0, pytest.approx(1 - 0.05 ** (1 / 100)))
    low, high = rate_bounds(5, 50, confidence=0.975)
    assert (low, high) == (pytest.approx(0.0333, abs=5e-5), pytest.approx(0.2181, abs=5e-5))


@pytest.mark.parametrize(("found", "trials"), [(0, 2995), (12, 1_000_000), (999_990, 1_000_000)])
def test_bounds_of_many_trials_are_where_the_test_is(found: int, trials: int) -> None:
    """At a bound the exact test just has the doubt that is left."""
    low, high = rate_bounds(found, trials)
    assert binomial_excess(trials - found, trials, 1 - high) == pytest.approx(0.05, rel=1e-6)
    assert not found or binomial_excess(found, trials, low) == pytest.approx(0.05, rel=1e-6)


def test_trials_without_a_failure_that_show_a_share() -> None:
    """The rule of three, exact: 59 for 5 %, 2,995 for 0.1 %."""
    assert (trials_needed(0.05), trials_needed(0.001)) == (59, 2995)
