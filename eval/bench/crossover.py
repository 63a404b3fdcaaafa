"""The concurrency at which an arm stops winning over a reference, with an interval. Pure arithmetic.

Given are ratios (the arm's figure over the reference's, larger is better) with intervals that hold together. Between
two neighbouring levels the logarithm of the ratio is taken as a straight line over that of the concurrency; then the
true line lies between the lines through the lower and through the upper ends, and every crossing lies where 1 is
between these two. So the interval of a crossing is at least as sure as the intervals that it is made of (the inversion
of a band, as Fieller does it for a ratio). A level is won or lost only where its interval says so, and nothing is said
beyond the levels measured.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from eval.statistics.repeats import Interval, each_of, geometric_mean, ratio_interval
from pipeline.base.results import Result

Kind = Literal["crossing", "above the highest", "below the lowest", "more than one", "not decided"]
"""`above the highest`: the arm wins at every level compared; `below the lowest`: it loses at every one."""
Turn = Literal["stops winning", "starts winning"]


@dataclass(frozen=True)
class Level:
    """The arm's figure over the reference's at one concurrency."""

    concurrency: int
    ratio: float
    interval: Interval | None
    """None where the repeats do not tell."""

    @property
    def wins(self) -> bool | None:
        """Whether the arm is shown to win; None where neither is shown."""
        if self.interval is None or self.interval[0] <= 1 <= self.interval[1]:
            return None
        return self.interval[0] > 1


class Crossing(Result):
    """Where the ratio passes 1."""

    turn: Turn
    concurrency: float
    """Where the line through the ratios passes 1."""
    low: float
    high: float
    """Ends of the interval."""
    after: int
    """Highest level before it that is decided: whatever the line between levels looks like, it is above this one."""
    before: int
    """Lowest level after it that is decided."""


class Crossover(Result):
    """Up to which concurrency an arm wins."""

    kind: Kind
    crossings: tuple[Crossing, ...] = ()
    """By rising concurrency."""
    wins_at: tuple[int, ...] = ()
    loses_at: tuple[int, ...] = ()
    undecided_at: tuple[int, ...] = ()


@dataclass(frozen=True)
class _Point:
    """A level in logarithms."""

    x: float
    ratio: float
    low: float
    high: float


def levels_of(
    runs: Iterable[tuple[int, Sequence[float], Sequence[float]]], confidence: float = 0.95
) -> tuple[Level, ...]:
    """Return the levels from the repeats of both sides, with intervals that hold together with `confidence`.

    Args:
        runs: concurrency, the arm's runs and the reference's, all above 0.
        confidence: of all intervals together.
    """
    found = sorted((concurrency, tuple(arm), tuple(reference)) for concurrency, arm, reference in runs)
    each = each_of(confidence, max(len(found), 1))
    return tuple(
        Level(
            concurrency,
            geometric_mean(arm) / geometric_mean(reference),
            ratio_interval(arm, reference, each),
        )
        for concurrency, arm, reference in found
    )


def crossover(levels: Sequence[Level]) -> Crossover:
    """Return where an arm stops winning, as far as levels of rising concurrency decide it.

    What is undecided on the way from a won to a lost level belongs to the interval of the crossing; what is undecided
    elsewhere leaves open whether there is another, and without any crossing shown, everything.
    """
    decided = [place for place, level in enumerate(levels) if level.wins is not None]
    turns = [(one, two) for one, two in pairwise(decided) if levels[one].wins != levels[two].wins]
    return Crossover(
        kind=_kind(levels, len(turns)),
        crossings=tuple(_crossing(levels[one : two + 1]) for one, two in turns),
        wins_at=tuple(level.concurrency for level in levels if level.wins),
        loses_at=tuple(level.concurrency for level in levels if level.wins is False),
        undecided_at=tuple(level.concurrency for level in levels if level.wins is None),
    )


def _kind(levels: Sequence[Level], turns: int) -> Kind:
    if turns:
        return "crossing" if turns == 1 else "more than one"
    found = {level.wins for level in levels}
    if found == {True}:
        return "above the highest"
    return "below the lowest" if found == {False} else "not decided"


def _crossing(levels: Sequence[Level]) -> Crossing:
    """Return the crossing between the first and the last of these levels, which are decided."""
    first, last = levels[0], levels[-1]
    points = list(_points(levels, downward=bool(first.wins)))
    low = next(_passages([(point.x, point.low) for point in points]))
    middle = next(_passages([(point.x, point.ratio) for point in points]))
    *_, high = _passages([(point.x, point.high) for point in points])
    return Crossing(
        turn="stops winning" if first.wins else "starts winning",
        concurrency=math.exp(middle),
        low=math.exp(low),
        high=math.exp(high),
        after=first.concurrency,
        before=last.concurrency,
    )


def _points(levels: Sequence[Level], *, downward: bool) -> Iterator[_Point]:
    """Return logarithms, signs turned so that the line falls through 0; without an interval all is possible."""
    for level in levels:
        low, high = (0.0, math.inf) if level.interval is None else level.interval
        low, high = (math.log(end) if end else -math.inf for end in (low, high))
        x, ratio = math.log(level.concurrency), math.log(level.ratio)
        yield _Point(x, ratio, low, high) if downward else _Point(x, -ratio, -high, -low)


def _passages(line: Sequence[tuple[float, float]]) -> Iterator[float]:
    """Return where a broken line falls to 0; where it falls from or to infinity, what is certain to be outside."""
    for (x, y), (further, lower) in pairwise(line):
        if y > 0 >= lower:
            if math.isinf(lower):
                yield x
            elif math.isinf(y):
                yield further
            else:
                yield x + (further - x) * y / (y - lower)
