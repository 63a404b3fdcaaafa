"""Why a comparison is undecided, and what a gate states of its verdict."""

from typing import Literal

from eval.comparison.result import Comparison
from pipeline.base.format import NONE, certainty, count, recovery, score
from pipeline.base.phrase import phrase, phrase_of
from pipeline.base.results import Phrase
from pipeline.base.sentences.stored import ENGLISH, StoredSentences

Undecided = Literal["no standard error", "too near the margin", "too few items", "margin beyond chance"]


def undecided_because(row: Comparison) -> Undecided:
    """Return why a comparison is inconclusive.

    Only where there is a standard error does a missing number of further items mean that no number would do; without
    one there is nothing to hold against the margin.
    """
    if row.passes_guesses:
        return "margin beyond chance"
    if row.more_items is not None:
        return "too few items"
    return "no standard error" if None in (row.bounds, row.delta_stderr) else "too near the margin"


def shortfall(row: Comparison) -> str:
    """Return in a few words what an undecided task lacks."""
    return ENGLISH.text(_shortfall(row))


def verdict_sentence(row: Comparison) -> str:
    """Return the verdict with the bound that decides, in English."""
    return ENGLISH.text(verdict_phrase(row))


def guesses_sentence(row: Comparison) -> str:
    """Return in English why a margin that guessed answers are within decides nothing, and what to do."""
    return ENGLISH.text(_guesses(row))


def verdict_phrase(row: Comparison) -> Phrase:
    """Return the verdict with the bound that decides, as the gate states it."""
    margin, sure = _margin(row), certainty(row.confidence)
    if row.verdict == "inconclusive" and row.passes_guesses:
        return phrase_of(StoredSentences.not_decided, (_guesses(row),))
    if row.bounds is None:
        return phrase_of(StoredSentences.loss_without_error, (margin,), loss=f"{row.loss:+.4f}")
    low, high = f"{row.bounds.low:.4f}", f"{row.bounds.high:.4f}"
    if row.verdict == "pass":
        return phrase_of(StoredSentences.within_margin, (margin,), sure=sure, loss=high)
    if row.verdict == "fail":
        return phrase_of(StoredSentences.beyond_margin, (margin,), sure=sure, loss=low)
    return phrase_of(StoredSentences.not_within_margin, (margin, _shortfall(row)), sure=sure, loss=high)


def _shortfall(row: Comparison) -> Phrase:
    if row.more_items is not None:
        return phrase(StoredSentences.more_items_needed, items=count(row.more_items))
    why = undecided_because(row)
    if why == "margin beyond chance":
        return phrase(StoredSentences.lacks_baseline)
    return phrase(StoredSentences.lacks_error if why == "no standard error" else StoredSentences.lacks_distance)


def _margin(row: Comparison) -> Phrase:
    """Return the agreed margin, with the recovery it comes from; a dash where none was agreed."""
    margin = NONE if row.margin is None else score(row.margin)
    if row.margin is None or row.min_recovery is None:
        return phrase(StoredSentences.agreed_margin, margin=margin)
    return phrase(StoredSentences.margin_of_recovery, margin=margin, recovery=recovery(row.min_recovery))


def _guesses(row: Comparison) -> Phrase:
    chance = NONE if row.chance is None else score(row.chance)
    return phrase_of(StoredSentences.guesses_within, (_margin(row),), baseline=score(row.baseline.value), chance=chance)
