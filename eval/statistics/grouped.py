"""Right or wrong in groups, or with unequal weights: score tests on as many items as the data are worth.

A bootstrap of whole groups is of no use where few items flip: from flips in one direction alone it never draws a loss
of the other sign. The tests for paired proportions know how little few flips say. They take the items as independent,
so they get them divided by the design effect (Rao and Scott 1992, Biometrics 48, 577-585, "effective sample size").
"""

import numpy as np
from numpy.typing import NDArray

from eval.statistics.estimates import Measured
from eval.statistics.loss import Loss
from eval.statistics.normal import Confidence
from eval.statistics.pairs import Pairs
from eval.statistics.proportions import DifferenceConfidence, RatioConfidence, Table
from eval.statistics.resampled import permutation_test
from eval.statistics.resampling import totals_by_cluster
from eval.statistics.student import StudentConfidence

Floats = NDArray[np.float64]


def by_effective_items(pairs: Pairs, loss: Loss, draws: int, seed: int) -> Measured:
    """Return score intervals on the effective items and a permutation test; for a single group only the test.

    The design effect is estimated from the groups, so that Student's t takes the place of the normal distribution.
    Without any flip nothing is known about how flips gather in groups; then it is that of the answers themselves.
    """
    p_difference, test = permutation_test(pairs, draws, np.random.SeedSequence(seed))
    units = _unit_weights(pairs)
    if len(units) == 1:
        return Measured(None, None, None, p_difference, test)
    before, after = pairs.answers
    lost = loss(before, after)
    freedom = max(1, round(_effective(units)) - 1) if lost.any() else None
    effect = design_effect(pairs, before if pairs.clusters is not None and not lost.any() else lost)
    table = _table(pairs, loss.sign, effect)
    plain = _widened(DifferenceConfidence(table), freedom)
    limited, method = plain, f"Tango score interval ({table.items:.0f} effective items)"
    if loss.recovery is not None:
        of_limited = _table(pairs, loss.sign, design_effect(pairs, loss.limited(before, after)))
        limited = _widened(RatioConfidence(of_limited, higher_is_better=loss.sign > 0), freedom)
        method += ", score test of the ratio"
    stderr = float(np.sqrt(effect * _variance(pairs, lost)))
    return Measured(stderr, plain, limited, p_difference, f"{method}, {test}", effect)


def design_effect(pairs: Pairs, values: Floats) -> float:
    """Return the variance of the weighted mean of `values`, one per item, as a multiple of what it is without groups.

    That is of as many independent items that count the same (Kish 1965, Survey Sampling). At least 1, and at least what
    the weights alone cost, n sum w^2 / (sum w)^2: groups that seem to differ less than by chance are not believed.
    """
    weights = pairs.baseline[:, 1]
    least = len(weights) / _effective(weights)
    independent = _variance(pairs, values)
    if independent == 0:
        return least
    residuals = weights * (values - np.average(values, weights=weights))
    sums = totals_by_cluster(residuals[:, None], pairs.clusters)[:, 0]
    grouped = len(sums) / (len(sums) - 1) * float((sums**2).sum()) / float(weights.sum()) ** 2
    return max(least, grouped / independent)


def _variance(pairs: Pairs, values: Floats) -> float:
    """Return the sample variance of the mean of as many independent items that count the same."""
    weights = pairs.baseline[:, 1]
    deviations = values - np.average(values, weights=weights)
    return float(np.average(deviations**2, weights=weights)) / (len(values) - 1)


def _unit_weights(pairs: Pairs) -> Floats:
    """Return the weight of each group, or item."""
    return totals_by_cluster(pairs.baseline[:, 1:], pairs.clusters)[:, 0]


def _effective(weights: Floats) -> float:
    """Return how many units of one weight are worth as much: (sum w)^2 / sum w^2."""
    return float(weights.sum() ** 2 / (weights**2).sum())


def _table(pairs: Pairs, sign: int, effect: float) -> Table:
    """Return the weighted counts of the effective items."""
    weights = pairs.baseline[:, 1]
    before, after = pairs.answers
    change = sign * (before - after)
    items = len(weights) / effect
    worse, better, ones = (
        items * float(np.average(of, weights=weights)) for of in (change > 0, change < 0, before * after)
    )
    return Table(items, worse, better, ones)


def _widened(distribution: Confidence, freedom: int | None) -> Confidence:
    """Return it with the deviates of Student's t."""
    return distribution if freedom is None else StudentConfidence(distribution, freedom)
