"""Confidence from a bootstrap, and from a jackknife where there are too few units for one."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eval.statistics import normal, student


@dataclass(frozen=True, eq=False)
class BcaConfidence:
    """Bias-corrected and accelerated bootstrap.

    Efron 1987, Journal of the American Statistical Association 82, 171-185; Efron and Tibshirani 1993, An Introduction
    to the Bootstrap, chapter 14.
    """

    draws: NDArray[np.float64]
    """Ascending."""
    bias: float
    """z0: the normal deviate of the share of draws below the estimate, ties counted half."""
    acceleration: float
    """a: a sixth of the skewness of the jackknife's values."""

    @classmethod
    def of(cls, observed: float, draws: NDArray[np.float64], jackknife: NDArray[np.float64]) -> "BcaConfidence":
        """Return it from the estimate, the bootstrap's values in any order and the values without each unit."""
        ordered = np.sort(draws)
        below = np.searchsorted(ordered, observed, "left") + np.searchsorted(ordered, observed, "right")
        deviations = jackknife.mean() - jackknife
        acceleration = float((deviations**3).sum() / (6 * (deviations**2).sum() ** 1.5))
        return cls(ordered, normal.quantile(_inside(below / 2, len(ordered))), acceleration)

    def value(self, z: float) -> float:
        """Return the draw at Phi(z0 + (z0 + z) / (1 - a (z0 + z)))."""
        total = self.bias + z
        denominator = 1 - self.acceleration * total
        shifted = self.bias + total / denominator if denominator > 0 else math.copysign(math.inf, total)
        rank = math.ceil(normal.cdf(shifted) * len(self.draws))
        return float(self.draws[min(max(rank, 1), len(self.draws)) - 1])

    def deviate(self, value: float) -> float:
        """Return the `z` whose value this is, in closed form: t / (1 + a t) - z0, t from the share of draws up to it.

        It is never infinite where draws lie on one side only: p-values do not fall below what the draws resolve.
        """
        share = _inside(float(np.searchsorted(self.draws, value, "right")), len(self.draws))
        distance = normal.quantile(share) - self.bias
        denominator = 1 + self.acceleration * distance
        return distance / denominator - self.bias if denominator > 0 else math.copysign(math.inf, distance)


@dataclass(frozen=True, eq=False)
class ExpandedConfidence:
    """A bootstrap of few units, widened by as much as it is known to be too narrow.

    Normal deviates become those of Student's t times sqrt(n / (n - 1)) (Hesterberg 2015, The American Statistician 69,
    371-386, "expanded percentile interval").
    """

    bootstrap: BcaConfidence
    units: int

    def value(self, z: float) -> float:
        """Return the bootstrap's value at the wider deviate."""
        return self.bootstrap.value(student.quantile(z, self.units - 1) * self._widening)

    def deviate(self, value: float) -> float:
        """Return the `z` whose value this is."""
        return student.deviate(self.bootstrap.deviate(value) / self._widening, self.units - 1)

    @property
    def _widening(self) -> float:
        """What dividing by n instead of n - 1 takes from a standard error."""
        return math.sqrt(self.units / (self.units - 1))


@dataclass(frozen=True)
class JackknifeConfidence:
    """Student's t with the jackknife's standard error and one degree of freedom less than units.

    For clusters few in number it holds its level where a bootstrap is too narrow (Cameron, Gelbach and Miller 2008).
    """

    estimate: float
    stderr: float
    units: int

    def value(self, z: float) -> float:
        """Return estimate + t * stderr, t as probable as `z`."""
        return self.estimate + student.quantile(z, self.units - 1) * self.stderr

    def deviate(self, value: float) -> float:
        """Return the normal deviate as probable as (value - estimate) / stderr."""
        return student.deviate((value - self.estimate) / self.stderr, self.units - 1)


def jackknife_stderr(values: NDArray[np.float64]) -> float:
    """Return the standard error from the values without each unit (Efron and Tibshirani 1993, section 11.5)."""
    return float(np.sqrt((len(values) - 1) * values.var()))


def _inside(count: float, total: int) -> float:
    """Return count / total, kept off 0 and 1 by as much as one further draw could say."""
    return min(max(count / total, 1 / (total + 1)), total / (total + 1))
