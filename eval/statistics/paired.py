"""A candidate against the baseline on the same items: difference, interval, tests."""

import numpy as np

from eval.statistics.estimates import Estimate, Measured, summarized
from eval.statistics.loss import Loss
from eval.statistics.pairs import Margin, Pairs
from eval.statistics.proportions import DifferenceConfidence, RatioConfidence, Table, mcnemar
from eval.statistics.resampled import by_resampling


def estimate(
    pairs: Pairs,
    *,
    higher_is_better: bool,
    margin: Margin | None = None,
    confidence: float = 0.95,
    draws: int = 10_000,
    seed: int = 0,
) -> Estimate:
    """Return the loss of the candidate with interval and tests; the same for the same seed.

    Metrics of right or wrong: Tango's score interval and the exact McNemar test; a recovery is tested by the score test
    of the ratio. Others: BCa bootstrap, expanded for small samples, and a permutation test, over items or whole
    clusters. Fewer than ten of them: Student's t on the jackknife instead of the bootstrap; a single one: neither
    interval nor bounds. Right or wrong in clusters without any flip: the score interval over items, because a bootstrap
    of nothing but zeros would claim certainty. Other metrics with equal values on all items: certainty, an interval
    without width. A recovery of a baseline of 0 or less has no meaning and is held to a margin of 0.
    """
    scores = (float(pairs.statistic(pairs.baseline.sum(axis=0))), float(pairs.statistic(pairs.candidate.sum(axis=0))))
    loss = Loss.of(scores[0], margin, higher_is_better=higher_is_better)
    flips = _flips(pairs, loss.sign)
    if flips is not None and (pairs.clusters is None or not any(flips)):
        measured = _by_counting(pairs, flips, loss)
    else:
        measured = by_resampling(pairs, loss, draws, seed)
    clusters = None if pairs.clusters is None else len(np.unique(pairs.clusters))
    return summarized(measured, scores, loss, confidence, items=len(pairs.baseline), clusters=clusters, flips=flips)


def _flips(pairs: Pairs, sign: int) -> tuple[int, int] | None:
    """Return (right to wrong, wrong to right); None for metrics that are not right or wrong."""
    if not pairs.right_or_wrong:
        return None
    change = sign * (pairs.baseline[:, 0] - pairs.candidate[:, 0])
    return int((change > 0).sum()), int((change < 0).sum())


def _by_counting(pairs: Pairs, flips: tuple[int, int], loss: Loss) -> Measured:
    """Return what the methods for paired proportions say."""
    ones = int((pairs.baseline[:, 0] * pairs.candidate[:, 0]).sum())
    table = Table(len(pairs.baseline), *flips, ones)
    difference = DifferenceConfidence(table)
    method = "Tango score interval, exact McNemar test"
    if loss.recovery is None:
        return Measured(table.stderr, difference, difference, mcnemar(*flips), method)
    ratio = RatioConfidence(table, higher_is_better=loss.sign > 0)
    return Measured(table.stderr, difference, ratio, mcnemar(*flips), f"{method}, score test of the ratio")
