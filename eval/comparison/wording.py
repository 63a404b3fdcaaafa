"""Why a comparison is undecided, and the sentence in which a gate states its verdict."""

from typing import Literal

from eval.comparison.result import Comparison
from pipeline.base.format import NONE, certainty, count, recovery, score

Undecided = Literal["no standard error", "too near the margin", "too few items", "margin beyond chance"]
_LACKS: dict[Undecided, str] = {
    "no standard error": "no standard error, so it cannot be held against the margin",
    "too near the margin": "too near the margin for any number of items",
    "margin beyond chance": "guessed answers are within the margin",
}


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
    if row.more_items is None:
        return _LACKS[undecided_because(row)]
    return f"{count(row.more_items)} more {'item' if row.more_items == 1 else 'items'} needed"


def _margin(row: Comparison) -> str:
    """Return the agreed margin, with the recovery it comes from; a dash where none was agreed."""
    if row.margin is None:
        return NONE
    agreed = "" if row.min_recovery is None else f" ({recovery(row.min_recovery)} recovery)"
    return f"{score(row.margin)}{agreed}"


def verdict_sentence(row: Comparison) -> str:
    """Return the verdict with the bound that decides, as the gate states it."""
    margin, sure = f"the margin of {_margin(row)}", f"with {certainty(row.confidence)} confidence"
    if row.verdict == "inconclusive" and row.passes_guesses:
        return f"not decided: {guesses_sentence(row)}"
    if row.bounds is None:
        return f"inconclusive: without a standard error the loss of {row.loss:+.4f} cannot be held against {margin}."
    if row.verdict == "pass":
        return f"pass: {sure} the loss is at most {row.bounds.high:.4f}, within {margin}."
    if row.verdict == "fail":
        return f"fail: {sure} the loss is at least {row.bounds.low:.4f}, beyond {margin}."
    return f"inconclusive: {sure} the loss is at most {row.bounds.high:.4f}, not within {margin}; {shortfall(row)}."


def guesses_sentence(row: Comparison) -> str:
    """Return why a margin that guessed answers are within decides nothing, and what to do."""
    chance = NONE if row.chance is None else score(row.chance)
    return (
        f"the baseline's {score(row.baseline.value)} is no further from chance ({chance}) than the margin of "
        f"{_margin(row)}, so a model that knows nothing would pass. Agree on a smaller margin, or choose a task "
        f"that the baseline can do."
    )
