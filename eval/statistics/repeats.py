"""Repeated runs compared: the ratio of two geometric means, and how far a few runs let it be known.

Speeds and latencies are positive, and what disturbs them multiplies, so logarithms are compared. Two arms differ by
Welch's t (Welch 1947, Biometrika 34, 28-35), whose degrees of freedom are rounded down, because with three runs they
are few and themselves estimated. Nothing here is random.
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from eval.statistics import normal, student

Interval = tuple[float, float]
_FEWEST = 2
"""Runs from which there is a spread."""
_ROUNDING = 1 + 1e-9
"""Four degrees of freedom are four, whatever binary fractions say."""


@dataclass(frozen=True)
class _Logs:
    """Mean of the logarithms of runs, and what it varies by."""

    mean: float
    variance: float
    """Of the mean; 0 where all runs are alike."""
    freedom: int


def geometric_mean(runs: Sequence[float]) -> float:
    """Return the geometric mean of runs; 0 where one of them is not above 0."""
    return statistics.geometric_mean(runs) if min(runs) > 0 else 0.0


def each_of(confidence: float, amount: int) -> float:
    """Return the confidence of each of `amount` intervals that hold together with `confidence` (Bonferroni)."""
    return 1 - (1 - confidence) / amount


def mean_interval(runs: Sequence[float], confidence: float) -> Interval | None:
    """Return the two-sided interval of a geometric mean; None where the runs have no spread to tell it by."""
    logs = _logs(runs)
    return None if logs is None or not logs.variance else _interval(logs, confidence)


def ratio_interval(runs: Sequence[float], reference: Sequence[float], confidence: float) -> Interval | None:
    """Return the two-sided interval of the ratio of two geometric means, `runs` over `reference`.

    None where it cannot be known: fewer than two runs of either, one not above 0, or none of both varies.
    """
    above, below = _logs(runs), _logs(reference)
    if above is None or below is None or not above.variance + below.variance:
        return None
    variance = above.variance + below.variance
    shares = sum((one.variance / variance) ** 2 / one.freedom for one in (above, below))
    freedom = max(math.floor(_ROUNDING / shares), min(above.freedom, below.freedom))
    return _interval(_Logs(above.mean - below.mean, variance, freedom), confidence)


def _logs(runs: Sequence[float]) -> _Logs | None:
    if len(runs) < _FEWEST or min(runs) <= 0:
        return None
    logs = [math.log(run) for run in runs]
    return _Logs(statistics.fmean(logs), statistics.variance(logs) / len(logs), len(logs) - 1)


def _interval(logs: _Logs, confidence: float) -> Interval:
    reach = student.quantile(normal.quantile((1 + confidence) / 2), logs.freedom) * math.sqrt(logs.variance)
    return math.exp(logs.mean - reach), math.exp(logs.mean + reach)
