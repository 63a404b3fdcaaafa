"""Differences between two variants on the same items. Pure arithmetic."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt


@dataclass(frozen=True)
class PairedDelta:
    """Candidate minus baseline over the same items."""

    delta: float
    stderr: float | None
    """None with fewer than two items."""


def mean_delta(baseline: Sequence[float], candidate: Sequence[float]) -> PairedDelta:
    """Return the mean difference and its standard error, s / sqrt(n) of the per-item differences.

    Raises:
        ValueError: the sequences differ in length or are empty.
    """
    differences = [after - before for before, after in zip(baseline, candidate, strict=True)]
    return weighted_delta(differences, [1.0] * len(differences))


def weighted_delta(differences: Sequence[float], weights: Sequence[float]) -> PairedDelta:
    """Return sum(differences) / sum(weights) with the standard error of a ratio estimator.

    For bits per byte the differences are bits per document and the weights its bytes. The standard error is the
    linearised one, sqrt(n / (n - 1) * sum((d_i - r w_i)^2)) / sum(w) (Cochran, Sampling Techniques, 3rd ed., 6.4).
    """
    count = len(differences)
    if count == 0 or count != len(weights):
        raise ValueError("one weight per difference is needed, and at least one difference")
    total = sum(weights)
    ratio = sum(differences) / total
    if count == 1:
        return PairedDelta(ratio, None)
    squares = sum((d - ratio * w) ** 2 for d, w in zip(differences, weights, strict=True))
    return PairedDelta(ratio, sqrt(count / (count - 1) * squares) / total)


def flips(baseline: Sequence[float], candidate: Sequence[float]) -> tuple[int, int]:
    """Return (right to wrong, wrong to right) for 0/1 values."""
    pairs = list(zip(baseline, candidate, strict=True))
    return sum(b > c for b, c in pairs), sum(c > b for b, c in pairs)
