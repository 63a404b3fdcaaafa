"""The ends of the normal distribution, and where bisection stops."""

import math

import pytest

from eval.statistics import normal, unpaired


def test_certainty_has_no_finite_deviate() -> None:
    """Shares of 0 and 1 lie at the infinite ends, so that a bound at full confidence holds nothing."""
    assert (normal.quantile(0), normal.quantile(1)) == (-math.inf, math.inf)
    assert normal.cdf(normal.quantile(0.95)) == pytest.approx(0.95)


def test_bisection_ends_at_neighbouring_numbers() -> None:
    """The smallest float from 0 to 1 whose square is at least 1/2; the end of the range where none is."""
    found = normal.smallest(lambda value: value * value, 0.5, 0.0, 1.0)
    assert found**2 >= 0.5 > math.nextafter(found, 0) ** 2
    assert normal.smallest(lambda value: value, 2.0, 0.0, 1.0) == 1.0


def test_scores_of_no_items_are_refused() -> None:
    """A mean of nothing has no error."""
    with pytest.raises(ValueError, match="at least one item"):
        unpaired(0.5, 0.1, 0.5, 0.1, items=0, higher_is_better=True)
