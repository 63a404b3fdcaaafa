"""Bootstrap interval and permutation test for scores of any form, over items or clusters."""

import numpy as np
from numpy.typing import NDArray

from eval.statistics.bca import BcaConfidence, ExpandedConfidence, JackknifeConfidence, jackknife_stderr
from eval.statistics.estimates import Measured
from eval.statistics.loss import Loss
from eval.statistics.normal import Confidence, NormalConfidence
from eval.statistics.pairs import Pairs
from eval.statistics.resampling import bootstrap_sums, jackknife_sums, swapped_sums, totals_by_cluster
from pipeline.base.phrase import phrase, phrase_of
from pipeline.base.results import Phrase
from pipeline.base.sentences.statistics import MethodSentences

Scores = tuple[NDArray[np.float64], NDArray[np.float64]]
"""The baseline's and the candidate's."""

FEWEST_UNITS = 10
"""Items or clusters below which Student's t replaces the bootstrap."""
_TIE = 1e-12
"""Relative difference below which two sums of the same numbers are equal."""


def by_resampling(pairs: Pairs, loss: Loss, draws: int, seed: int) -> Measured:
    """Return expanded BCa interval and permutation test; for few units Student's t; for a single one only the test."""
    say, units = MethodSentences, _units(pairs)
    bootstrap_seed, swap_seed = np.random.SeedSequence(seed).spawn(2)
    p_difference, test = permutation_test(pairs, draws, swap_seed)
    if len(units) == 1:
        return Measured(None, None, None, p_difference, test)
    jackknife = _scores(pairs, jackknife_sums(units))
    observed = _scores(pairs, units.sum(axis=0))
    drawn = None if len(units) < FEWEST_UNITS else _scores(pairs, bootstrap_sums(units, draws, bootstrap_seed))
    plain, limited = (
        _distribution(float(of(*observed)), of(*jackknife), None if drawn is None else of(*drawn))
        for of in (loss, loss.limited)
    )
    if plain is None or limited is None:
        method = phrase_of(say.methods, [phrase(say.same_difference_of_few), test])
        return Measured(None, None, None, p_difference, method)
    resampled = phrase(say.student_on_jackknife) if drawn is None else phrase(say.bca_bootstrap, draws=str(draws))
    methods = [resampled]
    if isinstance(plain, NormalConfidence):
        equal = np.array_equal(pairs.baseline, pairs.candidate)
        methods = [phrase(say.equal_on_all_items if equal else say.same_difference)]
        if not isinstance(limited, NormalConfidence):
            # Of a recovery the baseline's own error is left, which is resampled.
            methods.append(phrase_of(say.of_the_recovery, [resampled]))
    method = phrase_of(say.methods, [*methods, test])
    return Measured(jackknife_stderr(loss(*jackknife)), plain, limited, p_difference, method)


def _distribution(
    observed: float, jackknife: NDArray[np.float64], draws: NDArray[np.float64] | None
) -> Confidence | None:
    """Return expanded BCa, without draws Student's t, and certainty where leaving out any unit changes nothing.

    None where that is so of a few units, too few to know that others would not differ.
    """
    if np.ptp(jackknife) <= _TIE * max(abs(observed), float(np.abs(jackknife).max())):
        return None if draws is None else NormalConfidence(observed, 0.0)
    if draws is None:
        return JackknifeConfidence(observed, jackknife_stderr(jackknife), len(jackknife))
    return ExpandedConfidence(BcaConfidence.of(observed, draws, jackknife), len(jackknife))


def _scores(pairs: Pairs, sums: NDArray[np.float64]) -> Scores:
    """Return both scores from sums over the baseline's columns followed by the candidate's."""
    columns = pairs.baseline.shape[1]
    return pairs.statistic(sums[..., :columns]), pairs.statistic(sums[..., columns:])


def permutation_test(pairs: Pairs, draws: int, seed: np.random.SeedSequence) -> tuple[float, Phrase]:
    """Return the two-sided p-value of swapping the arms within items or clusters, and the test's name.

    (1 + hits) / (1 + draws).

    Over all swaps, hits / swaps, where there are no more of them than draws (Efron and Tibshirani 1993, chapter 15;
    Phipson and Smyth 2010, Statistical Applications in Genetics and Molecular Biology 9, 39).
    """
    units, columns = _units(pairs), pairs.baseline.shape[1]
    baseline, candidate = units[:, :columns], units[:, columns:]
    moved, complete = swapped_sums(candidate - baseline, draws, seed)
    before, after = _scores(pairs, np.hstack([baseline.sum(axis=0) + moved, candidate.sum(axis=0) - moved]))
    observed = abs(float(np.subtract(*_scores(pairs, units.sum(axis=0)))))
    hits = int((np.abs(after - before) >= observed - _TIE * np.abs(before).max()).sum())
    name = phrase(MethodSentences.permutation_of_items)
    if pairs.clusters is not None:
        name = phrase(MethodSentences.permutation_of_groups, groups=str(len(units)))
    return (hits / len(moved) if complete else (1 + hits) / (1 + len(moved))), name


def _units(pairs: Pairs) -> NDArray[np.float64]:
    """Return the baseline's columns followed by the candidate's, summed over each item or cluster."""
    return totals_by_cluster(np.hstack([pairs.baseline, pairs.candidate]), pairs.clusters)
