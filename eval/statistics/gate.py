"""From estimates to verdicts."""

import math
from collections.abc import Sequence
from typing import Literal, Protocol

from eval.statistics import normal
from eval.statistics.power import effective_discordance, items_for

Verdict = Literal["pass", "fail", "inconclusive"]

_MOST = 10_000_000
"""Items beyond which nobody will measure."""


def holm(p: Sequence[float | None]) -> list[float | None]:
    """Return Holm's adjusted p-values in the order given (Holm 1979, Scandinavian Journal of Statistics 6, 65-70).

    None passes through and does not count.

    Raises:
        ValueError: a p-value is not a number.
    """
    if any(value is not None and math.isnan(value) for value in p):
        raise ValueError("a p-value is not a number; give None for one that is not known")
    adjusted: list[float | None] = [None] * len(p)
    known = sorted((value, place) for place, value in enumerate(p) if value is not None)
    largest = 0.0
    for rank, (value, place) in enumerate(known):
        largest = max(largest, min(1.0, (len(known) - rank) * value))
        adjusted[place] = largest
    return adjusted


class Judged(Protocol):
    """What a verdict depends on: an estimate, or what was kept of one."""

    @property
    def items(self) -> int:
        """Items measured."""
        ...

    @property
    def loss(self) -> float:
        """The difference in the worse direction."""
        ...

    @property
    def margin(self) -> float | None:
        """Largest loss that was agreed."""
        ...

    @property
    def upper(self) -> float | None:
        """One-sided upper bound of the loss."""
        ...

    @property
    def p_noninferior(self) -> float | None:
        """Of the hypothesis that the loss reaches the margin."""
        ...

    @property
    def p_inferior(self) -> float | None:
        """Of the hypothesis that the loss is at most the margin."""
        ...

    @property
    def spread(self) -> float | None:
        """Standard deviation of one item's contribution to the loss."""
        ...

    @property
    def design_effect(self) -> float | None:
        """Items per item that the data are worth; None for metrics that are not right or wrong."""
        ...


def judge(found: Judged, p_inferior_adjusted: float | None, confidence: float) -> Verdict | None:
    """Return the verdict; None where no margin was agreed.

    `pass`: with `confidence` the loss is within the margin. A whole passes when all its tasks do, an intersection-union
    test, which holds its level without any correction (Berger 1982, Technometrics 24, 295-300). `fail`: the loss
    exceeds the margin, at the same level over all tasks together; a whole fails when any task does, which is why the
    p-value comes adjusted.
    """
    if found.margin is None:
        return None
    if found.upper is not None and found.upper <= found.margin:
        return "pass"
    if p_inferior_adjusted is not None and p_inferior_adjusted <= 1 - confidence:
        return "fail"
    return "inconclusive"


def more_items(found: Judged, confidence: float, power: float = 0.8, tasks: int = 1) -> int | None:
    """Return how many further items give a conclusive verdict with `power` if loss and disagreement stay as measured.

    None where spread or margin are unknown, or the loss is so near the margin that it takes more than ten million.
    A `fail` among several tasks is planned at Bonferroni's level, which is Holm's for the smallest p-value.

    Args:
        found: what is inconclusive.
        confidence: of the verdict.
        power: the chance of it.
        tasks: how many are judged together.

    Raises:
        ValueError: a figure is not a number.
    """
    if found.margin is None or found.spread is None:
        return None
    if any(math.isnan(figure) for figure in (found.margin, found.loss, found.spread)):
        raise ValueError("loss, margin or spread is not a number")
    level = 1 - (1 - confidence) / tasks if found.loss > found.margin else confidence
    further = max(_needed(found, found.margin, level, power), _least(found, found.margin, level)) - found.items
    return None if further > _MOST else max(1, math.ceil(further))


def _needed(found: Judged, margin: float, confidence: float, power: float) -> float:
    """Return the items that planning asks for; of right or wrong as effective ones, times what one of them takes."""
    discordance, effect = None, found.design_effect or 1.0
    if found.design_effect is not None and found.spread is not None:
        discordance = effective_discordance(found.spread, effect, found.items, found.loss)
    return effect * items_for(
        margin,
        found.loss,
        spread=found.spread,
        discordance=discordance,
        confidence=confidence,
        power=power,
    )


def _least(found: Judged, margin: float, confidence: float) -> float:
    """Return the items at which the test that was made reaches its level, its deviate growing with their root.

    Methods for few items ask for more than planning by the spread knows; 0 where the deviate says nothing.
    """
    p = found.p_inferior if found.loss > margin else found.p_noninferior
    deviate = 0.0 if p is None else normal.quantile(1 - p)
    return found.items * (normal.quantile(confidence) / deviate) ** 2 if deviate > 0 else 0.0
