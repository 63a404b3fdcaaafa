"""A candidate against the baseline on the same items: difference, interval, tests."""

from dataclasses import replace

import numpy as np

from eval.statistics.bootstrap import by_resampling
from eval.statistics.estimates import Estimate, Measured, summarized
from eval.statistics.grouped import by_effective_items
from eval.statistics.loss import Loss
from eval.statistics.pairs import Margin, Pairs
from eval.statistics.proportions import DifferenceConfidence, RatioConfidence, Table, mcnemar
from pipeline.base.phrase import phrase, phrase_of
from pipeline.base.sentences.statistics import MethodSentences


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
    of the ratio. In clusters, or with unequal weights, the same intervals on the effective items and a permutation test
    of whole clusters. Other metrics: BCa bootstrap, expanded for small samples, and a permutation test, over items or
    whole clusters; fewer than ten of them: Student's t on the jackknife instead of the bootstrap; equal values on all
    items: certainty, an interval without width. A single cluster: neither interval nor bounds. Clusters of one item
    each are none. A recovery of a baseline of 0 or less has no meaning and is held to a margin of 0.
    """
    pairs = _grouped_if_any(pairs)
    scores = (float(pairs.statistic(pairs.baseline.sum(axis=0))), float(pairs.statistic(pairs.candidate.sum(axis=0))))
    loss = Loss.of(scores[0], margin, higher_is_better=higher_is_better)
    flips = pairs.flips(higher_is_better=higher_is_better)
    if flips is not None:
        same = pairs.clusters is None and np.ptp(pairs.baseline[:, 1]) == 0
        measured = _by_counting(pairs, flips, loss) if same else by_effective_items(pairs, loss, draws, seed)
    else:
        measured = by_resampling(pairs, loss, draws, seed)
    clusters = None if pairs.clusters is None else len(np.unique(pairs.clusters))
    return summarized(measured, scores, loss, confidence, items=len(pairs.baseline), clusters=clusters, flips=flips)


def _grouped_if_any(pairs: Pairs) -> Pairs:
    """Return the pairs, without clusters where each holds one item."""
    single = pairs.clusters is not None and len(np.unique(pairs.clusters)) == len(pairs.clusters)
    return replace(pairs, clusters=None) if single else pairs


def _by_counting(pairs: Pairs, flips: tuple[int, int], loss: Loss) -> Measured:
    """Return what the methods for paired proportions say."""
    ones = int(np.multiply(*pairs.answers).sum())
    table = Table(len(pairs.baseline), *flips, ones)
    difference = DifferenceConfidence(table)
    say = MethodSentences
    methods = [phrase(say.tango), phrase(say.exact_mcnemar)]
    if loss.recovery is None:
        method = phrase_of(say.methods, methods)
        return Measured(table.stderr, difference, difference, mcnemar(*flips), method, 1.0)
    ratio = RatioConfidence(table, higher_is_better=loss.sign > 0)
    method = phrase_of(say.methods, [*methods, phrase(say.ratio_score_test)])
    return Measured(table.stderr, difference, ratio, mcnemar(*flips), method, 1.0)
