"""The slope of a series against others' implementation, its interval and its power against simulation."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from eval.statistics.trend import FEWEST_POINTS, Trend, trend
from tests.simulations import data_sets

SLICES = 30
"""Of five minutes."""
SERIES = data_sets(400, part=2)
"""Simulated ones."""
LEAST = 0.905 if SERIES == 400 else 0.885
"""99.99 % of such samples see a coverage of 95 % as at least so much."""


def series(rng: np.random.Generator, alike: float, points: int = SLICES) -> NDArray[np.float64]:
    """Return a stationary AR(1) series of standard deviation 1."""
    shocks = rng.standard_normal(points)
    found = np.empty(points)
    found[0] = shocks[0]
    for place in range(1, points):
        found[place] = alike * found[place - 1] + math.sqrt(1 - alike**2) * shocks[place]
    return found


def trend_of(values: NDArray[np.float64], confidence: float = 0.95) -> Trend:
    """Return the trend of values at every tenth second."""
    found = trend([10.0 * number for number in range(len(values))], list(values), confidence)
    assert found is not None
    return found


def test_slope_is_scipys() -> None:
    """The median of all slopes; the interval of many independent points is nearly the one without our allowances."""
    rng = np.random.default_rng(1)
    values = rng.standard_normal(300) + 0.01 * np.arange(300)
    theirs = stats.theilslopes(values, 10.0 * np.arange(300), 0.95)
    ours = trend_of(values)
    assert ours.slope == pytest.approx(theirs.slope)
    assert ours.interval is not None
    width, theirs_width = ours.interval[1] - ours.interval[0], theirs.high_slope - theirs.low_slope
    assert theirs_width < width < 1.25 * theirs_width


def test_line_without_noise_is_known_exactly() -> None:
    """Nothing is left beside the line, and any drift would have shown."""
    found = trend_of(100.0 - 0.5 * np.arange(SLICES))
    assert found.slope == pytest.approx(-0.05)
    assert found.interval == (pytest.approx(-0.05), pytest.approx(-0.05))
    assert found.smallest == pytest.approx(0.0)
    assert found.autocorrelation == 0.0
    assert (found.at(0.0), found.at(290.0)) == (pytest.approx(100.0), pytest.approx(85.5))


def test_constant_series_has_no_slope() -> None:
    """Ties everywhere, and no division by what does not vary."""
    found = trend_of(np.full(SLICES, 3.0))
    assert (found.slope, found.interval, found.autocorrelation) == (0.0, (0.0, 0.0), 0.0)


def test_stall_does_not_turn_the_slope() -> None:
    """Two slices of thirty with nothing in them are no drift."""
    values = 100 + np.random.default_rng(2).standard_normal(SLICES)
    values[-2:] = 0.0
    found = trend_of(values)
    assert found.interval is not None
    assert found.interval[0] <= 0 <= found.interval[1]
    assert abs(found.slope) * 300 < 2.0


def test_few_points_have_no_trend() -> None:
    """Below the least number there is nothing to say."""
    points = FEWEST_POINTS - 1
    assert trend(range(points), [1.0] * points, 0.95) is None


def test_points_that_hang_together_bound_nothing() -> None:
    """A random walk of a dozen points is worth hardly two; an interval would be a guess."""
    found = trend_of(np.cumsum(np.random.default_rng(5).standard_normal(FEWEST_POINTS)), 0.99)
    assert (found.interval, found.smallest) == (None, None)


@pytest.mark.parametrize("alike", [-0.4, 0.0, 0.3, 0.5, 0.7])
@pytest.mark.parametrize("slope", [0.0, 0.02])
def test_interval_covers_though_neighbours_resemble_each_other(alike: float, slope: float) -> None:
    """The confidence holds for AR(1) noise; as if the points were independent it would not."""
    rng = np.random.default_rng(3)
    covered = without = 0
    for _ in range(SERIES):
        values = series(rng, alike) + slope * 10 * np.arange(SLICES)
        interval = trend_of(values).interval
        covered += interval is None or interval[0] <= slope <= interval[1]
        if alike >= 0.5:
            naive = stats.theilslopes(values, 10.0 * np.arange(SLICES), 0.95)
            without += naive.low_slope <= slope <= naive.high_slope
    assert covered / SERIES >= LEAST
    if alike >= 0.5:
        assert without / SERIES < 0.85


def test_smallest_slope_is_seen_with_its_power() -> None:
    """Series that drift by what one of them calls the smallest slope are told from level ones in four of five cases."""
    rng = np.random.default_rng(4)
    level = [trend_of(series(rng, 0.0)).smallest for _ in range(SERIES)]
    smallest = float(np.median([one for one in level if one is not None]))
    seen = 0
    for _ in range(SERIES):
        interval = trend_of(series(rng, 0.0) + smallest * 10 * np.arange(SLICES)).interval
        seen += interval is not None and interval[0] > 0
    assert 0.7 <= seen / SERIES <= 0.9
