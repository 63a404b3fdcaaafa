"""How much of a time the endpoint could answer, from samples. Time that nobody saw is told apart."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from serve.monitoring.samples import EVERY_S, Sample

_REACH = timedelta(seconds=1.5 * EVERY_S)
"""How long a sample speaks for what follows it, at most."""
_START = timedelta(minutes=30)
"""That a start that was meant may take until the endpoint is ready; from then on it is down."""


@dataclass(frozen=True)
class Availability:
    """Seconds of each kind; together they are the time from the first line on."""

    ready_s: float = 0.0
    down_s: float = 0.0
    """It ran, or should have, and a model had no replica."""
    unknown_s: float = 0.0
    """It should have run, and nobody was there to see: the supervisor was killed, or the machine was off."""
    planned_s: float = 0.0
    """It was stopped by request, or starting again after that."""
    samples: int = 0

    def __add__(self, other: "Availability") -> "Availability":
        return Availability(
            self.ready_s + other.ready_s,
            self.down_s + other.down_s,
            self.unknown_s + other.unknown_s,
            self.planned_s + other.planned_s,
            self.samples + other.samples,
        )

    @property
    def due_s(self) -> float:
        """Return the time in which it should have answered."""
        return self.ready_s + self.down_s + self.unknown_s

    @property
    def seen(self) -> float | None:
        """Return the share that was ready of what was seen; None where nothing was."""
        seen = self.ready_s + self.down_s
        return self.ready_s / seen if seen else None

    @property
    def low(self) -> float | None:
        """Return the share that was ready if it was down whenever nobody saw it."""
        return self.ready_s / self.due_s if self.due_s else None

    @property
    def high(self) -> float | None:
        """Return the share that was ready if it was ready whenever nobody saw it."""
        return (self.ready_s + self.unknown_s) / self.due_s if self.due_s else None


def availability(lines: Iterable[Sample], since: datetime, until: datetime) -> Availability:
    """Return how the time between two moments was spent; what was before the first line counts as nothing.

    Args:
        lines: in order; one from before `since` says how it was then.
        since: the beginning.
        until: the end, not after now.
    """
    seconds = dict.fromkeys(("ready_s", "down_s", "unknown_s", "planned_s"), 0.0)
    samples, previous, starting = 0, None, None
    for line in lines:
        if previous is not None:
            _spend(seconds, previous, max(previous.time, since), min(line.time, until), starting)
        if line.event == "started" and (previous is None or previous.event == "stopped"):
            starting = line.time
        if line.ready:
            starting = None
        samples += line.event == "sample" and line.time >= since
        previous = line
    if previous is not None:
        _spend(seconds, previous, max(previous.time, since), until, starting)
    return Availability(**seconds, samples=samples)


def _spend(seconds: dict[str, float], line: Sample, begin: datetime, end: datetime, starting: datetime | None) -> None:
    """Add the time from one line to the next, as far as it speaks for it, to its kind."""
    if line.event == "stopped":
        seconds["planned_s"] += max(0.0, (end - begin).total_seconds())
        return
    reach = min(end, line.time + _REACH)
    meant = starting is not None and line.time - starting < _START
    kind = "ready_s" if line.ready else "planned_s" if meant else "down_s"
    seconds[kind] += max(0.0, (reach - begin).total_seconds())
    seconds["unknown_s"] += max(0.0, (end - max(begin, reach)).total_seconds())
