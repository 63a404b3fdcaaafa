"""What was found out about a difference, whatever the method."""

import math
from dataclasses import dataclass

from eval.statistics import normal
from eval.statistics.loss import Loss
from eval.statistics.normal import Confidence
from pipeline.base.results import Phrase

_POSITIVE_ZERO = 0.0
"""Added to -0.0 gives 0.0: equal arms lose nothing, without a sign."""


@dataclass(frozen=True)
class Estimate:
    """What the items say about the difference. Nothing is rounded."""

    items: int
    clusters: int | None
    baseline: float
    candidate: float
    delta: float
    """Candidate minus baseline."""
    stderr: float | None
    """Of the difference; None where there is one item or cluster only, or where it is not known."""
    loss: float
    """The difference in the worse direction."""
    interval: tuple[float, float] | None
    """Of the loss, two-sided at the confidence asked for."""
    bounds: tuple[float, float] | None
    """Of the loss, one-sided, each at that confidence. With a recovery: at the baseline's measured score."""
    p_difference: float | None
    """Of no difference, two-sided."""
    margin: float | None
    """Largest loss that was agreed; for a recovery, what it comes to at the baseline's measured score."""
    p_noninferior: float | None
    """Of the hypothesis that the loss reaches the margin."""
    p_inferior: float | None
    """Of the hypothesis that the loss is at most the margin."""
    flips: tuple[int, int] | None
    """(right to wrong, wrong to right); None for metrics that are not right or wrong."""
    spread: float | None
    """Standard deviation of one item's contribution to the loss, its weight the mean weight; what the items of a
    cluster have in common is included."""
    design_effect: float | None
    """Items per item that the data are worth: more than 1 with groups or unequal weights; None for metrics that are not
    right or wrong."""
    method: Phrase
    """How the figures were obtained."""

    @property
    def upper(self) -> float | None:
        """The upper of the bounds, which a `pass` keeps within the margin."""
        return None if self.bounds is None else self.bounds[1]


@dataclass(frozen=True)
class Measured:
    """What a method found out."""

    stderr: float | None
    loss: Confidence | None
    """Of the loss."""
    limited: Confidence | None
    """Of what the margin limits: the same, unless a recovery was agreed."""
    p_difference: float | None
    method: Phrase
    design_effect: float | None = None
    """None unless items were counted as right or wrong."""


def summarized(
    measured: Measured,
    scores: tuple[float, float],
    loss: Loss,
    confidence: float,
    *,
    items: int,
    clusters: int | None = None,
    flips: tuple[int, int] | None = None,
) -> Estimate:
    """Return bounds and p-values, both read off the same confidence distributions, so that they agree."""
    baseline, candidate = scores
    at_margin = None if measured.limited is None or loss.limit is None else measured.limited.deviate(loss.limit)
    return Estimate(
        items=items,
        clusters=clusters,
        baseline=baseline,
        candidate=candidate,
        delta=candidate - baseline,
        stderr=measured.stderr,
        loss=loss.sign * (baseline - candidate) + _POSITIVE_ZERO,
        interval=_range(measured.loss, normal.quantile((1 + confidence) / 2)),
        bounds=_range(measured.limited, normal.quantile(confidence)),
        p_difference=measured.p_difference,
        margin=loss.limit,
        p_noninferior=None if at_margin is None else normal.cdf(-at_margin),
        p_inferior=None if at_margin is None else normal.cdf(at_margin),
        flips=flips,
        spread=None if measured.stderr is None else measured.stderr * math.sqrt(items),
        design_effect=measured.design_effect,
        method=measured.method,
    )


def _range(distribution: Confidence | None, z: float) -> tuple[float, float] | None:
    """Return the bounds at -z and z."""
    return (
        None
        if distribution is None
        else (distribution.value(-z) + _POSITIVE_ZERO, distribution.value(z) + _POSITIVE_ZERO)
    )
