"""Which arm's engine is up when: an order that is drawn, never the recipe's.

A machine gets warmer, busier or slower while it measures, and what comes later gets the blame. Three rules keep that
from looking like a difference between arms:

- The order of the arms is drawn by `bench.seed`: each arm's place is the SHA-256 of seed and name. Another arm in the
  recipe leaves the order of the others as it is, and a run can be repeated.
- `blocks`: one engine start per arm, all of its repeats in it. Cheap; but a steady drift from block to block counts as
  a difference between the arms, and so does what differs from start to start.
- `alternate`: A B B A A B B A ..., each a start of its own with one repeat of every level. A steady drift cancels where
  the number of repeats is even, and the intervals know what differs between starts. Three arms go A B C C B A.

Within a start, repeats are rounds over all levels, each round from the lowest concurrency to the highest: a slow minute
falls on one repeat of some levels, where it widens their intervals, instead of on all repeats of one level, where
nothing would show it. Every round has the same order, so that a level always follows the same one in both arms.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.recipe.repeats import Order


@dataclass(frozen=True)
class Turn:
    """One engine start: an arm, and the repeats that it makes of every level."""

    arm: str
    repeats: range
    """Counted from 0."""


def drawn_order(arms: Sequence[str], seed: int) -> tuple[str, ...]:
    """Return the arms in the order that the seed draws."""
    return tuple(sorted(arms, key=lambda arm: hashlib.sha256(f"{seed}:{arm}".encode()).digest()))


def turns(order: Order, drawn: Sequence[str], repeats: range) -> tuple[Turn, ...]:
    """Return the engine starts for some repeats of every arm.

    Args:
        order: blocks, or alternating.
        drawn: the arms, in the order drawn.
        repeats: which; those that follow earlier ones go on in the order that those have begun.
    """
    if order == "blocks":
        return tuple(Turn(arm, repeats) for arm in drawn)
    return tuple(
        Turn(arm, range(repeat, repeat + 1)) for repeat in repeats for arm in (drawn[::-1] if repeat % 2 else drawn)
    )
