"""Two scores without the items behind them."""

import math

from eval.statistics import normal
from eval.statistics.estimates import Estimate, Measured, summarized
from eval.statistics.loss import Loss
from eval.statistics.normal import NormalConfidence
from eval.statistics.pairs import Margin
from pipeline.base.phrase import phrase
from pipeline.base.sentences.statistics import MethodSentences


def unpaired(
    baseline: float,
    baseline_stderr: float | None,
    candidate: float,
    candidate_stderr: float | None,
    *,
    items: int,
    higher_is_better: bool,
    margin: Margin | None = None,
    confidence: float = 0.95,
) -> Estimate:
    """Return the loss as of two independent samples with normal errors: the fallback where items cannot be paired.

    Intervals are wider than paired ones. Where an error is unknown or not finite, or both are 0 (which says that the
    items did not vary, not that the score is exact), there is neither interval nor test.

    Raises:
        ValueError: no items, or a score that is not a finite number.
    """
    if items < 1:
        raise ValueError("at least one item is needed")
    if not (math.isfinite(baseline) and math.isfinite(candidate)):
        raise ValueError(f"scores must be finite numbers, not {baseline} and {candidate}")
    loss = Loss.of(baseline, margin, higher_is_better=higher_is_better)
    measured = _measured(loss, (baseline, candidate), (baseline_stderr, candidate_stderr))
    return summarized(measured, (baseline, candidate), loss, confidence, items=items)


def _measured(loss: Loss, scores: tuple[float, float], stderrs: tuple[float | None, float | None]) -> Measured:
    """Return normal confidence in the loss, and in what a recovery limits."""
    method = phrase(MethodSentences.independent_samples)
    baseline, candidate = stderrs
    if baseline is None or candidate is None or not 0 < math.hypot(baseline, candidate) < math.inf:
        return Measured(None, None, None, None, method)
    value = loss.sign * (scores[0] - scores[1])
    stderr = math.hypot(baseline, candidate)
    limited = NormalConfidence(value, math.hypot(loss.factor * baseline, candidate))
    p_difference = 2 * normal.cdf(-abs(value) / stderr)
    return Measured(stderr, NormalConfidence(value, stderr), limited, p_difference, method)
