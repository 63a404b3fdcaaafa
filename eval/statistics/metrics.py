"""Scores as functions of sums over items, so that resampling and leaving out need only sums."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Statistic = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""From sums of shape (..., k) to values of shape (...), over any leading axes."""

_NGRAM_ORDER = 4


def mean(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean from columns (sum of values, sum of weights); with bits and bytes, bits per byte."""
    result: NDArray[np.float64] = sums[..., 0] / sums[..., 1]
    return result


def exp_mean(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the perplexity from columns (negative log-likelihood in nats, tokens, words or bytes)."""
    result: NDArray[np.float64] = np.exp(mean(sums))
    return result


def f1(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return F1 from columns (true positives, false positives, false negatives); 0 where all three are 0."""
    positives = 2 * sums[..., 0]
    return _ratio_or_zero(positives, positives + sums[..., 1] + sums[..., 2])


def mcc(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return Matthews' correlation from columns (TP, FP, FN, TN); 0 where a margin of the table is empty."""
    tp, fp, fn, tn = np.moveaxis(sums[..., :4], -1, 0)
    return _ratio_or_zero(tp * tn - fp * fn, np.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)))


def bleu(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return corpus BLEU, 0 to 100, as sacrebleu computes it with its default smoothing `exp`.

    Columns: matching n-grams of order 1 to 4, n-grams of order 1 to 4, length of the hypotheses, of the references.
    An order without a match counts as 1 / 2^k matches, k being how many orders up to it have none (Chen and Cherry
    2014, method 3); without any match the score is 0.
    """
    matches, totals = sums[..., :_NGRAM_ORDER], sums[..., _NGRAM_ORDER : 2 * _NGRAM_ORDER]
    hypothesis, reference = sums[..., 2 * _NGRAM_ORDER], sums[..., 2 * _NGRAM_ORDER + 1]
    smoothed = np.where(matches > 0, matches, 0.5 ** np.cumsum(matches <= 0, axis=-1))
    scored = np.all(totals > 0, axis=-1) & np.any(matches > 0, axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.mean(np.log(smoothed / totals), axis=-1)
        brevity = np.minimum(0.0, 1 - reference / hypothesis)
    result: NDArray[np.float64] = np.where(scored, 100 * np.exp(np.where(scored, logs + brevity, 0.0)), 0.0)
    return result


def _ratio_or_zero(numerator: NDArray[np.float64], denominator: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the quotient, and 0 where the denominator is 0, as scikit-learn does."""
    return np.divide(numerator, denominator, out=np.zeros_like(numerator), where=denominator > 0)
