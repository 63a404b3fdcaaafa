"""Right or wrong in groups, or with unequal weights: score tests on as many items as the data are worth.

A bootstrap of whole groups is of no use where few items flip: from flips in one direction alone it never draws a loss
of the other sign. The tests for paired proportions know how little few flips say. They take the items as independent,
so they get them divided by the design effect (Rao and Scott 1992, Biometrics 48, 577-585, "effective sample size").

By simulation (`make bench-gate`) a loss of just the margin passes in about 5 % of the data sets or fewer, except where
few groups carry all of it: then most data sets hold too few of those groups to show how much groups differ. Of 20 or 57
groups of one size, 5 to 6 % where a quarter of the groups carry the loss and 7 to 10 % where a tenth do; of 57 whose
sizes fall as 1, 1/2, 1/3, ..., 10 % and 18 %.
"""

import numpy as np
from numpy.typing import NDArray

from eval.statistics import student
from eval.statistics.bootstrap import permutation_test
from eval.statistics.estimates import Measured
from eval.statistics.loss import Loss
from eval.statistics.pairs import Pairs
from eval.statistics.proportions import DifferenceConfidence, RatioConfidence, Table
from eval.statistics.resampling import totals_by_cluster
from eval.statistics.student import StudentConfidence
from pipeline.base.phrase import phrase, phrase_of
from pipeline.base.sentences.statistics import MethodSentences

Floats = NDArray[np.float64]

_DEVIATE = 2.0
"""Normal deviate of the bounds up to which few flips of copies give no smaller one than none."""


def by_effective_items(pairs: Pairs, loss: Loss, draws: int, seed: int) -> Measured:
    """Return score intervals on the effective items and a permutation test; for a single group only the test.

    The design effect is estimated from the groups, so that Student's t takes the place of the normal distribution.
    """
    p_difference, test = permutation_test(pairs, draws, np.random.SeedSequence(seed))
    units = _unit_weights(pairs)
    if len(units) == 1:
        return Measured(None, None, None, p_difference, test)
    before, after = pairs.answers
    lost = loss(before, after)
    freedom = _freedom(units)
    least = least_effect(pairs)
    effect = max(least, design_effect(pairs, lost))
    table = _table(pairs, loss.sign, effect)
    plain = StudentConfidence(DifferenceConfidence(table), freedom)
    limited = plain
    methods = [phrase(MethodSentences.tango_of_effective_items, items=f"{table.items:.0f}")]
    if loss.recovery is not None:
        # Without any flip, groups that differ in difficulty say nothing of how flips would gather in them.
        of_limited = max(least, design_effect(pairs, loss.limited(before, after))) if lost.any() else effect
        ratio = RatioConfidence(_table(pairs, loss.sign, of_limited), higher_is_better=loss.sign > 0)
        limited = StudentConfidence(ratio, freedom)
        methods.append(phrase(MethodSentences.ratio_score_test))
    stderr = float(np.sqrt(effect * _variance(pairs, lost)))
    method = phrase_of(MethodSentences.methods, [*methods, test])
    return Measured(stderr, plain, limited, p_difference, method, effect)


def design_effect(pairs: Pairs, values: Floats) -> float:
    """Return the variance of the weighted mean of `values`, one per item, as a multiple of what it is without groups.

    That is of as many independent items that count the same (Kish 1965, Survey Sampling), by the jackknife over groups
    (Bell and McCaffrey 2002, Survey Methodology 28, 169-181): a group of great weight pulls the mean towards itself,
    which hides how far it is off. At least 1, and at least what the weights alone cost: groups that seem to differ less
    than by chance are not believed.
    """
    weights = pairs.baseline[:, 1]
    least = len(weights) / _effective(weights)
    independent = _variance(pairs, values)
    if independent == 0:
        return least
    residuals = weights * (values - np.average(values, weights=weights))
    sums = totals_by_cluster(residuals[:, None], pairs.clusters)[:, 0]
    units = _unit_weights(pairs)
    moved = sums / (1 - units / units.sum())
    grouped = (len(sums) - 1) / len(sums) * float((moved**2).sum()) / float(weights.sum()) ** 2
    return max(least, grouped / independent)


def least_effect(pairs: Pairs) -> float:
    """Return the design effect below which no estimate is believed: what the weights cost; of copies often more.

    Copies of one document are worth one document until flips say otherwise, F items per effective one. If k flips are
    to give no smaller upper bound than none, Tango's interval at the deviate z asks for F (1 - k / (F z^2))^2, and for
    nothing from k = F z^2 on: with four documents' worth of flips, more where there are few documents, the estimate
    alone is believed. Different items of a subject are taken as independent until flips say otherwise.
    """
    weights = pairs.baseline[:, 1]
    least = len(weights) / _effective(weights)
    if not pairs.copies:
        return least
    before, after = pairs.answers
    units = _unit_weights(pairs)
    copies = len(weights) / _effective(units)
    flips = len(weights) * float(np.average(before != after, weights=weights))
    believed = copies * student.quantile(_DEVIATE, _freedom(units)) ** 2
    return max(least, copies * max(0.0, 1 - flips / believed) ** 2)


def _freedom(units: Floats) -> int:
    """Return the degrees of freedom of an error that is estimated from units of these weights."""
    return max(1, round(_effective(units)) - 1)


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
