"""The standard normal distribution, and confidence distributions in its terms."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist
from typing import Protocol

_NORMAL = NormalDist()
_BISECTIONS = 200
"""More than the bits of a float, so that the search ends between two neighbours."""


def cdf(z: float) -> float:
    """Return the normal distribution function, accurate in both tails."""
    return math.erfc(-z / math.sqrt(2)) / 2


def quantile(p: float) -> float:
    """Return the normal deviate below which the share `p` lies; infinite at 0 and 1."""
    if p <= 0:
        return -math.inf
    return math.inf if p >= 1 else _NORMAL.inv_cdf(p)


class Confidence(Protocol):
    """A confidence distribution: all one-sided bounds of a quantity at once (Schweder and Hjort 2016).

    `value` and `deviate` are inverse to each other, which is what makes interval and test agree.
    """

    def value(self, z: float) -> float:
        """Return the upper bound at the one-sided confidence that the normal deviate `z` has."""
        ...

    def deviate(self, value: float) -> float:
        """Return the normal deviate of the confidence that the quantity is at most `value`."""
        ...


@dataclass(frozen=True)
class NormalConfidence:
    """Of an estimate with a normal error; with an error of 0 all confidence lies at the estimate itself."""

    estimate: float
    stderr: float

    def value(self, z: float) -> float:
        """Return estimate + z * stderr."""
        return self.estimate + z * self.stderr if self.stderr else self.estimate

    def deviate(self, value: float) -> float:
        """Return (value - estimate) / stderr."""
        if self.stderr:
            return (value - self.estimate) / self.stderr
        return math.inf if value >= self.estimate else -math.inf


def smallest(deviate: Callable[[float], float], z: float, low: float, high: float) -> float:
    """Return the smallest number in [low, high] whose deviate is at least `z`; `high` where none is.

    `deviate` must not fall. Bisection to neighbouring floats: the result is safe to compare without a tolerance.
    """
    if deviate(low) >= z:
        return low
    for _ in range(_BISECTIONS):
        middle = low + (high - low) / 2
        if not low < middle < high:
            break
        if deviate(middle) >= z:
            high = middle
        else:
            low = middle
    return high
