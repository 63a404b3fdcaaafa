"""From estimates to verdicts."""

import math
from collections.abc import Sequence
from typing import Literal

from eval.statistics.estimates import Estimate
from eval.statistics.power import items_for

Verdict = Literal["pass", "fail", "inconclusive"]

_MOST = 10_000_000
"""Items beyond which nobody will measure."""


def holm(p: Sequence[float | None]) -> list[float | None]:
    """Return Holm's adjusted p-values in the order given (Holm 1979, Scandinavian Journal of Statistics 6, 65-70).

    None passes through and does not count.
    """
    adjusted: list[float | None] = [None] * len(p)
    known = sorted((value, place) for place, value in enumerate(p) if value is not None)
    largest = 0.0
    for rank, (value, place) in enumerate(known):
        largest = max(largest, min(1.0, (len(known) - rank) * value))
        adjusted[place] = largest
    return adjusted


def judge(estimate: Estimate, p_inferior_adjusted: float | None, confidence: float) -> Verdict | None:
    """Return the verdict; None where no margin was agreed.

    `pass`: with `confidence` the loss is within the margin. A whole passes when all its tasks do, an intersection-union
    test, which holds its level without any correction (Berger 1982, Technometrics 24, 295-300). `fail`: the loss
    exceeds the margin, at the same level over all tasks together; a whole fails when any task does, which is why the
    p-value comes adjusted.
    """
    if estimate.margin is None:
        return None
    if estimate.bounds is not None and estimate.bounds[1] <= estimate.margin:
        return "pass"
    if p_inferior_adjusted is not None and p_inferior_adjusted <= 1 - confidence:
        return "fail"
    return "inconclusive"


def more_items(estimate: Estimate, confidence: float, power: float = 0.8) -> int | None:
    """Return how many further items give a conclusive verdict with `power` if loss and disagreement stay as measured.

    None where spread or margin are unknown, or the loss is so near the margin that it takes more than ten million.
    Holm's correction, which only a `fail` among several tasks needs, is not foreseen.
    """
    if estimate.margin is None or estimate.spread is None:
        return None
    needed = items_for(
        estimate.margin,
        estimate.loss,
        spread=estimate.spread,
        discordance=_discordance(estimate),
        confidence=confidence,
        power=power,
    )
    further = max(1.0, needed - estimate.items)
    return None if further > _MOST else math.ceil(further)


def _discordance(estimate: Estimate) -> float | None:
    """Return the share of items that flipped; None where the spread says more: other metrics, and groups with flips."""
    if estimate.flips is None or (estimate.clusters is not None and any(estimate.flips)):
        return None
    return sum(estimate.flips) / estimate.items
