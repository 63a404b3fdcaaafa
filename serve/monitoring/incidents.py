"""What went wrong, as the samples show it: counters that rose, and time that nobody saw."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Literal

from pipeline.base.results import Result
from serve.monitoring.samples import EVERY_S, Sample

Kind = Literal["restart", "hung", "door_restart", "audit_loss", "down", "unseen"]
_COUNTERS: tuple[tuple[Kind, str], ...] = (
    ("restart", "restarts"),
    ("hung", "hung"),
    ("door_restart", "door_restarts"),
    ("audit_loss", "audit_lost"),
)
_UNSEEN_S = 6 * EVERY_S
"""Silence from which on it is told: a machine under load may be late with a sample."""


class Incident(Result):
    """One thing that went wrong."""

    at: str
    kind: Kind
    amount: float
    """How many; seconds of `down` and `unseen`."""


def incidents_of(samples: Iterable[Sample], since: datetime) -> Iterator[Incident]:
    """Yield what went wrong from `since` on, in order; a line from before says what was counted already."""
    previous: Sample | None = None
    down: Sample | None = None
    been_ready = False
    for one in samples:
        told = one.time >= since
        if told and previous is not None:
            yield from _silence(previous, one)
        if told and one.event == "sample":
            yield from _risen(previous, one)
        if down is not None and (one.ready or one.event != "sample"):
            yield Incident(at=down.at, kind="down", amount=(one.time - down.time).total_seconds())
            down = None
        if one.event == "sample" and not one.ready and been_ready and down is None:
            down = one
        been_ready = one.ready or (been_ready and one.event == "sample")
        previous = one
    if down is not None and previous is not None:
        yield Incident(at=down.at, kind="down", amount=(previous.time - down.time).total_seconds())


def _silence(before: Sample, after: Sample) -> Iterator[Incident]:
    silent = (after.time - before.time).total_seconds()
    if before.event != "stopped" and silent > _UNSEEN_S:
        yield Incident(at=before.at, kind="unseen", amount=silent)


def _risen(before: Sample | None, after: Sample) -> Iterator[Incident]:
    for kind, field in _COUNTERS:
        counted = getattr(before, field) if before is not None and before.event == "sample" else 0
        if (more := getattr(after, field) - counted) > 0:
            yield Incident(at=after.at, kind=kind, amount=more)
