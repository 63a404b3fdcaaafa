"""Repeated runs compared: the ratio of two geometric means, and how far a few runs let it be known.

Speeds and latencies are positive, and what disturbs them multiplies, so logarithms are compared. Two arms differ by
Welch's t (Welch 1947, Biometrika 34, 28-35), whose degrees of freedom are rounded down, because with three runs they
are few and themselves estimated. Nothing here is random.

Repeats that are added until an interval looks narrow enough make it too narrow: it stops where the runs happen to lie
close together. So the number is decided once, in two stages (Stein 1945, Annals of Mathematical Statistics 16, 243-258;
for two means with unequal variances Chapman 1950, ibid. 21, 601-606): the variance of the `first` runs says how many
are needed in all, the mean is of all, and its variance stays that of the first. As the first variance tells nothing of
the mean, the interval holds with its confidence however the number came out of it. Two means have the degrees of
freedom of one: half the difference of two of Student's t has lighter tails than each.
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from eval.statistics import normal, student

Interval = tuple[float, float]
CONFIDENCE = 0.95
"""Of what is said of speed: of one interval, or of all that are looked at together."""
WIDEST = 10.0
"""Factor up and down from which an interval says nothing, and is told as not known: two runs that are a few percent
apart give one of millions."""
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


def runs_needed(first: Sequence[float], half_width: float, confidence: float) -> int:
    """Return how many runs each of two arms needs in all, by its first, for an interval of their ratio.

    The first are enough where they have no spread to tell it by.

    Args:
        first: runs of one arm.
        half_width: of the interval, relative: 0.05 where the ratio is to be known within a factor of 1.05.
        confidence: of the interval.
    """
    logs = _logs(first)
    if logs is None:
        return len(first)
    # Each of the two means has half of the variance that the ratio may have.
    allowed = (math.log1p(half_width) / _deviate(confidence, logs.freedom)) ** 2 / 2
    return max(len(first), math.ceil(logs.variance * len(first) / allowed / _ROUNDING))


def half_width(interval: Interval) -> float:
    """Return the relative half-width of an interval of positive quantities: 0.05 for a factor of 1.05 up and down."""
    low, high = interval
    return math.sqrt(high / low) - 1


def mean_interval(runs: Sequence[float], confidence: float, *, first: int | None = None) -> Interval | None:
    """Return the two-sided interval of a geometric mean; None where the runs do not tell it.

    They do not where they have no spread, or leave it wider than a factor of `WIDEST` up and down.

    Args:
        runs: in the order in which they were made.
        confidence: of the interval.
        first: how many runs decided how many were made; None where that was fixed.
    """
    logs = _logs(runs, first)
    return None if logs is None or not logs.variance else _interval(logs, confidence)


def ratio_interval(
    runs: Sequence[float], reference: Sequence[float], confidence: float, *, first: int | None = None
) -> Interval | None:
    """Return the two-sided interval of the ratio of two geometric means, `runs` over `reference`.

    None where it cannot be known: fewer than two runs of either, one not above 0, none of both varies, or they are so
    few that it is wider than a factor of `WIDEST` up and down.

    Args:
        runs: in the order in which they were made.
        reference: the same of the other arm.
        confidence: of the interval.
        first: how many runs of each arm decided how many it made; None where that was fixed.
    """
    above, below = _logs(runs, first), _logs(reference, first)
    if above is None or below is None or not above.variance + below.variance:
        return None
    variance, freedom = above.variance + below.variance, min(above.freedom, below.freedom)
    if first is None:
        shares = sum((one.variance / variance) ** 2 / one.freedom for one in (above, below))
        freedom = max(math.floor(_ROUNDING / shares), freedom)
    return _interval(_Logs(above.mean - below.mean, variance, freedom), confidence)


def _logs(runs: Sequence[float], first: int | None = None) -> _Logs | None:
    known = runs[:first]
    if len(known) < _FEWEST or min(runs) <= 0:
        return None
    logs = [math.log(run) for run in runs]
    return _Logs(statistics.fmean(logs), _variance(logs[:first]) / len(logs), len(known) - 1)


def _variance(values: Sequence[float]) -> float:
    """Return the sample variance, exactly 0 where all are alike; `statistics` takes six times as long in fractions."""
    away = [value - values[0] for value in values]
    mean = math.fsum(away) / len(away)
    return math.fsum((one - mean) ** 2 for one in away) / (len(away) - 1)


def _deviate(confidence: float, freedom: int) -> float:
    return student.quantile(normal.quantile((1 + confidence) / 2), freedom)


def _interval(logs: _Logs, confidence: float) -> Interval | None:
    reach = _deviate(confidence, logs.freedom) * math.sqrt(logs.variance)
    if reach > math.log(WIDEST):
        return None
    return math.exp(logs.mean - reach), math.exp(logs.mean + reach)
