"""Student's t distribution with whole degrees of freedom, in terms of normal deviates."""

import math
from dataclasses import dataclass
from functools import cache

from eval.statistics import normal
from eval.statistics.normal import Confidence

_FAR = 1e6
_NORMAL = 1000
"""Degrees of freedom from which deviates are taken as normal: at 2.5 % they differ by less than 0.13 %."""


def cdf(t: float, freedom: int) -> float:
    """Return the distribution function by the finite series for whole degrees of freedom.

    Abramowitz and Stegun 1964, 26.7.3 and 26.7.4.
    """
    angle = math.atan2(t, math.sqrt(freedom))
    cosine = math.cos(angle)
    odd = freedom % 2
    term = cosine if odd else 1.0
    total = term if freedom > 1 else 0.0
    for step in range(2 + odd, freedom - 1, 2):
        term *= (step - 1) / step * cosine**2
        total += term
    inside = 2 / math.pi * (angle + math.sin(angle) * total) if odd else math.sin(angle) * total
    return (1 + inside) / 2


def deviate(t: float, freedom: int) -> float:
    """Return the normal deviate that is as probable as `t`."""
    return t if freedom >= _NORMAL else math.copysign(normal.quantile(cdf(abs(t), freedom)), t)


@cache
def quantile(z: float, freedom: int) -> float:
    """Return the value of t that is as probable as the normal deviate `z`."""
    if freedom >= _NORMAL:
        return z
    return math.copysign(normal.smallest(lambda t: deviate(t, freedom), abs(z), 0.0, _FAR), z)


@dataclass(frozen=True, eq=False)
class StudentConfidence:
    """A distribution whose standard error is itself estimated, with few degrees of freedom."""

    normal: Confidence
    """As if the standard error were known."""
    freedom: int

    def value(self, z: float) -> float:
        """Return the value at the t that is as probable as `z`."""
        return self.normal.value(quantile(z, self.freedom))

    def deviate(self, value: float) -> float:
        """Return the `z` whose value this is."""
        return deviate(self.normal.deviate(value), self.freedom)
