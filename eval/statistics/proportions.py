"""Difference and ratio of paired proportions: score intervals and exact test."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eval.statistics.normal import smallest


@dataclass(frozen=True)
class Table:
    """Counts of items by what the two arms did; effective items are not whole."""

    items: float
    worse: float
    """The candidate lost them."""
    better: float
    """The candidate won them."""
    ones: float = 0
    """Both arms had value 1."""

    @property
    def discordant(self) -> float:
        """Items on which the two differ."""
        return self.worse + self.better

    @property
    def loss(self) -> float:
        """Share lost minus share won."""
        return (self.worse - self.better) / self.items

    @property
    def stderr(self) -> float | None:
        """Sample standard error of the loss; None with one item."""
        if self.items == 1:
            return None
        squares = self.discordant - (self.worse - self.better) ** 2 / self.items
        return math.sqrt(max(0.0, squares) / self.items / (self.items - 1))


def difference_variance(items: float, worse: float, better: float, loss: float) -> float:
    """Return the variance of one item's loss under the hypothesis that the loss is `loss`, from 0 to 1.

    The share won is its maximum likelihood estimate under that hypothesis, the larger root of a quadratic (Tango 1998,
    Statistics in Medicine 17, 891-908), solved without cancellation. Counts may also be expected ones.
    """
    leading = 2 * items
    linear = (2 * items - worse + better) * loss - worse - better
    constant = -better * loss * (1 - loss)
    root = math.sqrt(linear * linear - 4 * leading * constant)
    won = (root - linear) / (2 * leading) if linear <= 0 else -2 * constant / (linear + root)
    return 2 * won + loss * (1 - loss)


def difference_score(items: float, worse: float, better: float, loss: float) -> float:
    """Return Tango's score statistic of the hypothesis that the loss is `loss`; positive where more was lost.

    Without any disagreement it is -sqrt(n loss / (1 - loss)), so that the interval keeps a width where Wald's has none.
    """
    if loss < 0:
        return -difference_score(items, better, worse, -loss)
    distance = worse - better - items * loss
    if loss >= 1:
        return -math.inf if distance < 0 else 0.0
    variance = difference_variance(items, worse, better, loss)
    return distance / math.sqrt(items * variance) if variance else 0.0


@dataclass(frozen=True)
class DifferenceConfidence:
    """Of the loss, by inverting Tango's score test."""

    table: Table

    def value(self, z: float) -> float:
        """Return the loss whose score statistic is -z."""
        return smallest(self.deviate, z, -1.0, 1.0)

    def deviate(self, value: float) -> float:
        """Return the negative score statistic."""
        return -difference_score(self.table.items, self.table.worse, self.table.better, value)


def ratio_score(items: float, both: float, first_only: float, second_only: float, ratio: float) -> float:
    """Return the score statistic of the hypothesis that the first proportion is `ratio` times the second.

    T = sqrt(n) (p1 - r p2) / sqrt(r (q10 + q01)), q the shares of disagreement with maximum likelihood under the
    hypothesis (Nam and Blackwelder 2002, Statistics in Medicine 21, 689-699; Tang, Tang and Chan 2003, Statistics in
    Medicine 22, 1217-1233). Positive where the first is larger.
    """
    if ratio > 1:
        return -ratio_score(items, both, second_only, first_only, 1 / ratio)
    distance = both + first_only - ratio * (both + second_only)
    discordance = ratio_discordance(both, first_only, second_only, ratio)
    if ratio == 0 or discordance == 0:
        return math.copysign(math.inf, distance) if distance else 0.0
    return distance / math.sqrt(ratio * discordance)


def ratio_discordance(both: float, first_only: float, second_only: float, ratio: float) -> float:
    """Return how many items disagree under the hypothesis of a `ratio` in (0, 1], by maximum likelihood.

    Of the s items that are 1 anywhere, the share u that is 1 in the first only solves
    r (1 + r) s u^2 + (x11 (1 - r^2) - x10 (2 r^2 - 1) - x01 r^2) u - x10 r (1 - r) = 0, and the share 1 - r + r u is 1
    in the second only.
    """
    anywhere = both + first_only + second_only
    leading = ratio * (1 + ratio) * anywhere
    linear = both * (1 - ratio**2) - first_only * (2 * ratio**2 - 1) - second_only * ratio**2
    constant = -first_only * ratio * (1 - ratio)
    root = math.sqrt(linear**2 - 4 * leading * constant)
    if leading == 0:
        return 0.0
    share = -2 * constant / (linear + root) if linear > 0 else (root - linear) / (2 * leading)
    return anywhere * (share + (1 - ratio) + ratio * share)


@dataclass(frozen=True)
class RatioConfidence:
    """Of the loss at the baseline's measured score, by inverting the score test of the ratio."""

    table: Table
    higher_is_better: bool

    def value(self, z: float) -> float:
        """Return the loss whose ratio has a score statistic of that size."""
        low, high = -self._baseline, self._baseline
        # A ratio ends at 0 on the one side and has no end on the other.
        if self.higher_is_better:
            while self.deviate(low) > z:
                low *= 2
        else:
            while self.deviate(high) < z:
                high *= 2
        return smallest(self.deviate, z, low, high)

    def deviate(self, value: float) -> float:
        """Return the score statistic, positive where the data lost less than `value`."""
        first, second = self._only
        change = value / self._baseline
        ratio = max(0.0, 1 - change if self.higher_is_better else 1 + change)
        score = ratio_score(self.table.items, self.table.ones, first, second, ratio)
        return score if self.higher_is_better else -score

    @property
    def _only(self) -> tuple[float, float]:
        """Items with value 1 in the candidate only, and in the baseline only."""
        counts = (self.table.better, self.table.worse)
        return counts if self.higher_is_better else counts[::-1]

    @property
    def _baseline(self) -> float:
        """The baseline's score."""
        return (self.table.ones + self._only[1]) / self.table.items


def mcnemar(worse: int, better: int) -> float:
    """Return the two-sided p-value of the exact McNemar test, 1 without disagreement (Fagerland et al. 2013)."""
    discordant = worse + better
    if worse == better:
        return 1.0
    counts = np.arange(max(worse, better), discordant + 1)
    factorials = log_factorials(discordant)
    logs = factorials[discordant] - factorials[counts] - factorials[discordant - counts] - discordant * math.log(2)
    return min(1.0, 2 * float(np.exp(logs).sum()))


def log_factorials(largest: int) -> NDArray[np.float64]:
    """Return log(i!) for i from 0 to `largest`."""
    return np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, largest + 1)))])
