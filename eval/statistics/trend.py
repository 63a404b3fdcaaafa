"""Does a series drift? The Theil-Sen slope, with an interval that allows for neighbours that resemble each other.

The slope is the median of the slopes between all pairs of points (Theil 1950; Sen 1968, J. Am. Stat. Assoc. 63,
1379-1389): one stalled slice does not turn it. Its interval is Sen's, from the ranks of those slopes, with the variance
of Kendall's S. Three things are done so that it does not claim too much about slices of one run, which are few and
resemble their neighbours:

- The variance is multiplied by n / n*, n* being the number of independent points that are worth as much as the n of an
  AR(1) series (Yue and Wang 2004, Water Resour. Manag. 18, 201-218; autocorrelation of what is left beside the trend).
- A short series makes its autocorrelation look smaller than it is; the bias of a lag-1 estimate beside a fitted line,
  -(2 + 4 rho) / n (Kendall 1954, Biometrika 41, 403-404, of a fitted mean: -(1 + 3 rho) / n), is taken out. One
  below 0 would make the interval narrower and counts as 0.
- The normal deviate is replaced by Student's t of n* - 2 degrees of freedom, because the autocorrelation is estimated.

Assumed is that what is left beside the trend is stationary and resembles an AR(1) process. Under it, simulated with
up to 0.7 from one point to the next, 30 points keep the confidence; ties only make the interval wider than it need be.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eval.statistics import normal, student
from eval.statistics.repeats import Interval

FEWEST_POINTS = 12
"""Points below which there is no telling a trend from what is left beside it."""
POWER = 0.8
_MOST_ALIKE = 0.95
"""Autocorrelation above which a series is worth a point or two, whatever the formula says."""


@dataclass(frozen=True)
class Trend:
    """A straight line through a series, in units of the values per unit of time."""

    slope: float
    interval: Interval | None
    """Two-sided; None where so few independent points do not bound it."""
    smallest: float | None
    """Smallest slope that such a series tells from none with `POWER`; None where no slope would have shown."""
    centre: tuple[float, float]
    """Median time and median value: the line goes through it."""
    autocorrelation: float
    """From one point to the next, beside the trend, its bias taken out; not below 0."""
    points: int

    def at(self, time: float, slope: float | None = None) -> float:
        """Return the value on the line, or on one of another slope through the same centre."""
        return self.centre[1] + (self.slope if slope is None else slope) * (time - self.centre[0])


def trend(times: Sequence[float], values: Sequence[float], confidence: float) -> Trend | None:
    """Return the trend of values at times that rise; None where there are too few.

    Args:
        times: rising, evenly spaced but for gaps.
        values: as many.
        confidence: of the interval.
    """
    count = len(values)
    if count < FEWEST_POINTS:
        return None
    x, y = np.asarray(times, dtype=np.float64), np.asarray(values, dtype=np.float64)
    slopes = _pairwise_slopes(x, y)
    slope = float(np.median(slopes))
    alike = _autocorrelation(y - slope * x)
    inflation = _inflation(count, alike)
    freedom = max(math.floor(count / inflation) - 2, 1)
    critical = student.quantile(normal.quantile((1 + confidence) / 2), freedom)
    interval = _interval(slopes, critical * math.sqrt(_kendall_variance(count) * inflation))
    return Trend(
        slope=slope,
        interval=interval,
        smallest=_smallest(interval, critical, freedom),
        centre=(float(np.median(x)), float(np.median(y))),
        autocorrelation=alike,
        points=count,
    )


def _pairwise_slopes(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    first, second = np.triu_indices(len(x), 1)
    found: NDArray[np.float64] = np.sort((y[second] - y[first]) / (x[second] - x[first]))
    return found


def _autocorrelation(beside: NDArray[np.float64]) -> float:
    """Return the lag-1 autocorrelation of what is left beside a line, its bias taken out."""
    centred = beside - beside.mean()
    square = float(centred @ centred)
    if square <= np.finfo(np.float64).eps * float(np.abs(beside).max()) ** 2 * len(beside):
        return 0.0
    seen, count = float(centred[1:] @ centred[:-1]) / square, len(beside)
    return min(max((count * seen + 2) / (count - 4), 0.0), _MOST_ALIKE)


def _inflation(count: int, alike: float) -> float:
    """Return n / n* = 1 + 2 sum over k of (1 - k/n) rho^k."""
    lags = np.arange(1, count)
    return 1 + 2 * float(((1 - lags / count) * alike**lags).sum())


def _kendall_variance(count: int) -> float:
    return count * (count - 1) * (2 * count + 5) / 18


def _interval(slopes: NDArray[np.float64], reach: float) -> Interval | None:
    """Return the slopes between which as many lie as Kendall's S may be away from 0 by chance."""
    pairs = len(slopes)
    low = math.floor((pairs - reach) / 2) - 1
    return (float(slopes[low]), float(slopes[pairs - 1 - low])) if low >= 0 else None


def _smallest(interval: Interval | None, critical: float, freedom: int) -> float | None:
    """Return the slope whose interval excludes 0 with `POWER`: t_a + t_b standard errors; half an interval has t_a."""
    if interval is None:
        return None
    error = (interval[1] - interval[0]) / 2 / critical
    return error * (critical + student.quantile(normal.quantile(POWER), freedom))
