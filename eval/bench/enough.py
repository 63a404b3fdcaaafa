"""How many repeats are enough: decided once, from the first, before the budget ends.

The rule is Stein's, in two stages (`eval.statistics.repeats`): looking at the interval after every repeat and stopping
when it is narrow would stop where repeats happen to lie close together. The time that is left turns into a number of
repeats at the same moment, from how long the first took, so that it does not look at the further ones either.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from eval.statistics.repeats import runs_needed
from pipeline.base.results import Result

MOST = 20
"""Repeats of a level, where the recipe does not say."""
Limit = Literal["max_repeats", "budget_minutes"]


class LevelRepeats(Result):
    """How many repeats one arm makes at one concurrency."""

    concurrency: int
    needed: int
    """For the precision asked for, as the first repeats tell."""
    planned: int
    """In all."""
    limited_by: Limit | None
    """What keeps it below what is needed."""


@dataclass(frozen=True)
class FirstRepeats:
    """What the first repeats of one arm at one concurrency have shown."""

    concurrency: int
    throughputs: tuple[float, ...]
    seconds: float
    """A repeat takes, with what is around it."""


@dataclass(frozen=True)
class Wanted:
    """What is asked of the repeats."""

    precision: float
    """Relative half-width of the interval of a ratio."""
    confidence: float
    """Of each interval."""
    most: int = MOST
    """Repeats of a level."""


def repeats_of(
    levels: Sequence[FirstRepeats], wanted: Wanted, seconds_left: float | None, round_seconds: float = 0.0
) -> tuple[LevelRepeats, ...]:
    """Return how many repeats one arm makes of each level.

    Args:
        levels: after the first repeats.
        wanted: precision, confidence and limit.
        seconds_left: of the arm's share of the budget; None without one.
        round_seconds: that each further round takes besides its loads: the start of an engine, where it has its own.
    """
    needed = [max(runs_needed(one.throughputs, wanted.precision, wanted.confidence), 1) for one in levels]
    allowed = [min(number, max(wanted.most, len(one.throughputs))) for number, one in zip(needed, levels, strict=True)]
    last = None if seconds_left is None else _last_round(levels, allowed, seconds_left, round_seconds)
    planned = [number if last is None else min(number, last) for number in allowed]
    return tuple(
        LevelRepeats(concurrency=one.concurrency, needed=number, planned=made, limited_by=_limit(number, within, made))
        for one, number, within, made in zip(levels, needed, allowed, planned, strict=True)
    )


def _limit(needed: int, allowed: int, planned: int) -> Limit | None:
    if planned < allowed:
        return "budget_minutes"
    return "max_repeats" if allowed < needed else None


def _last_round(
    levels: Sequence[FirstRepeats], allowed: Sequence[int], seconds_left: float, round_seconds: float
) -> int:
    """Return how many rounds there are when the time ends; a round that does not fit is not begun."""
    done = min(len(one.throughputs) for one in levels)
    left = seconds_left
    for number in range(done, max(allowed)):
        left -= round_seconds + sum(one.seconds for one, most in zip(levels, allowed, strict=True) if most > number)
        if left < 0:
            return number
    return max(allowed)
