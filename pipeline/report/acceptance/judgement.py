"""What a clause comes to: the outcome, the figure with its interval, and where that stands in the results. Pure."""

from dataclasses import dataclass
from typing import Literal

from eval.statistics.repeats import Interval
from pipeline.base.results import Origin, Phrase, Result

Outcome = Literal["passed", "failed", "not decided", "not measured"]
OUTCOMES: tuple[Outcome, ...] = ("passed", "failed", "not decided", "not measured")
Bound = Literal["at most", "at least"]
Unit = Literal["loss", "recovery", "ms", "tokens/s", "ratio", "USD/month", "USD/Mtok", "GiB", "C", "percent", "share"]


@dataclass(frozen=True)
class Limit:
    """What a clause asks for."""

    bound: Bound
    value: float
    unit: Unit


@dataclass(frozen=True)
class Found:
    """What was measured of a clause."""

    value: float
    interval: Interval | None
    """What the figure can be; both ends the figure itself where it is exact, None where the repeats do not tell."""
    parts: tuple[tuple[Result, str], ...]
    """Parts of results, and their fields, that it is from."""
    origin: Origin = "measured"
    why_undecided: Phrase | None = None
    """Said where the limit is not decided."""
    command: str = ""
    """That would decide it, or make it known."""
    outcome: Outcome | None = None
    """Where it does not follow from the interval alone."""


@dataclass(frozen=True)
class Missing:
    """Why there is no figure of a clause, and the command that would measure it."""

    why: Phrase
    command: str = ""


def outcome(limit: Limit, interval: Interval | None) -> Outcome:
    """Return what an interval says of a limit: what straddles it, or is not known, is not decided."""
    if interval is None:
        return "not decided"
    low, high = interval
    if limit.bound == "at most":
        return "passed" if high <= limit.value else "failed" if low > limit.value else "not decided"
    return "passed" if low >= limit.value else "failed" if high < limit.value else "not decided"
