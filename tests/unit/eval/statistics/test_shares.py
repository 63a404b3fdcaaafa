"""Shares of independent trials."""

import pytest

from eval.statistics.shares import at_least, share_bounds, trials_needed


@pytest.mark.parametrize(
    ("successes", "trials", "probability", "expected"),
    [(3, 3, 0.5, 0.125), (2, 3, 0.5, 0.5), (0, 5, 0.3, 1.0), (58, 58, 0.95, 0.0510), (59, 59, 0.95, 0.0485)],
)
def test_the_binomial_test(successes: int, trials: int, probability: float, expected: float) -> None:
    """Known values; 59 requests without a miss are the fewest that show 95 % with 95 % confidence."""
    assert at_least(successes, trials, probability) == pytest.approx(expected, abs=1e-4)


def test_share_bounds_are_exact() -> None:
    """Without a failure the upper bound is the rule of three's exact form; both ends agree with published tables."""
    low, high = share_bounds(0, 100)
    assert (low, high) == (0.0, pytest.approx(1 - 0.05 ** (1 / 100)))
    low, high = share_bounds(5, 50, confidence=0.975)
    assert (low, high) == (pytest.approx(0.0333, abs=5e-5), pytest.approx(0.2181, abs=5e-5))


@pytest.mark.parametrize(("found", "trials"), [(0, 2995), (12, 1_000_000), (999_990, 1_000_000)])
def test_bounds_of_many_trials_are_where_the_test_is(found: int, trials: int) -> None:
    """At a bound the exact test just has the doubt that is left."""
    low, high = share_bounds(found, trials)
    assert at_least(trials - found, trials, 1 - high) == pytest.approx(0.05, rel=1e-6)
    assert not found or at_least(found, trials, low) == pytest.approx(0.05, rel=1e-6)


def test_trials_without_a_failure_that_show_a_share() -> None:
    """The rule of three, exact: 59 for 5 %, 2,995 for 0.1 %."""
    assert (trials_needed(0.05), trials_needed(0.001)) == (59, 2995)
