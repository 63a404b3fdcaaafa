"""What is compared: both arms' contributions per item, and the loss that was agreed."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from eval.statistics.metrics import Statistic, mean


@dataclass(frozen=True, eq=False)
class Pairs:
    """The same items, measured on both arms.

    Raises:
        ValueError: no items, shapes that differ, or values that are not finite.
    """

    baseline: NDArray[np.float64]
    """(n, k): what each item adds to the sums of `statistic`."""
    candidate: NDArray[np.float64]
    """(n, k)."""
    statistic: Statistic = mean
    clusters: NDArray[np.int64] | None = None
    """(n,): the group of each item. Groups are resampled as wholes."""
    copies: bool = False
    """Whether the items of a group are one document, asked again, rather than different ones of a subject."""

    def __post_init__(self) -> None:
        if self.baseline.ndim != 2 or len(self.baseline) == 0:  # noqa: PLR2004 # items and columns
            raise ValueError("at least one item is needed, as an array of items and columns")
        if self.baseline.shape != self.candidate.shape:
            raise ValueError(f"shapes differ: {self.baseline.shape} and {self.candidate.shape}")
        if self.clusters is not None and self.clusters.shape != self.baseline.shape[:1]:
            raise ValueError("one cluster per item is needed")
        if not (np.isfinite(self.baseline).all() and np.isfinite(self.candidate).all()):
            raise ValueError("values must be finite numbers")

    @classmethod
    def of(
        cls, baseline: ArrayLike, candidate: ArrayLike, clusters: ArrayLike | None = None, *, copies: bool = False
    ) -> "Pairs":
        """Return the pairs of a plain mean from one value per item."""
        before, after = np.asarray(baseline, dtype=np.float64), np.asarray(candidate, dtype=np.float64)
        groups = None if clusters is None else np.asarray(clusters, dtype=np.int64)
        return cls(_counting_once(before), _counting_once(after), clusters=groups, copies=copies)

    @property
    def right_or_wrong(self) -> bool:
        """Whether every item is 0 or 1 times its weight, which both sides share."""
        if self.statistic is not mean or self.baseline.shape[1] != 2:  # noqa: PLR2004 # value and weight
            return False
        weights = self.baseline[:, 1]
        if not (np.all(weights > 0) and np.array_equal(weights, self.candidate[:, 1])):
            return False
        values = np.stack([self.baseline[:, 0], self.candidate[:, 0]])
        return bool(np.all((values == 0) | (values == weights)))

    @property
    def answers(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The values of both sides, without the weights; of a mean."""
        return self.baseline[:, 0] / self.baseline[:, 1], self.candidate[:, 0] / self.candidate[:, 1]

    def flips(self, *, higher_is_better: bool) -> tuple[int, int] | None:
        """Return (right to wrong, wrong to right), right being the better of 0 and 1; None for other metrics."""
        if not self.right_or_wrong:
            return None
        change = self.baseline[:, 0] - self.candidate[:, 0]
        fallen, risen = int((change > 0).sum()), int((change < 0).sum())
        return (fallen, risen) if higher_is_better else (risen, fallen)


def _counting_once(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the values beside weights of 1."""
    return np.column_stack([values, np.ones(len(values))])


@dataclass(frozen=True)
class Margin:
    """The largest loss that was agreed: exactly one of both.

    Raises:
        ValueError: both or none is given, or one outside its range.
    """

    absolute: float | None = None
    """Largest loss, in the metric's unit."""
    recovery: float | None = None
    """Smallest share of the baseline's score that is kept; of metrics that are better when low, the baseline's share
    of the candidate's."""

    def __post_init__(self) -> None:
        if (self.absolute is None) == (self.recovery is None):
            raise ValueError("a margin is either absolute or a recovery")
        if self.absolute is not None and not self.absolute >= 0:
            raise ValueError(f"an absolute margin is 0 or more, not {self.absolute}")
        if self.recovery is not None and not 0 < self.recovery <= 1:
            raise ValueError(f"a recovery is above 0 and at most 1, not {self.recovery}")
