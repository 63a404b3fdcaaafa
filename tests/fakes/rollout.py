"""A stand-in for the engines of a change of release: does what a test says, on a clock that a test turns."""

from dataclasses import dataclass, field
from typing import Any

from serve.releases.rollout import Observed


def seen(requests: int, errors: int = 0, p95_ms: float | None = 100.0) -> Observed:
    """Return what the door saw."""
    return Observed(requests=requests, errors=errors, p95_ms=p95_ms)


@dataclass
class Clock:
    """Time that passes only where somebody waits."""

    now: float = 0.0

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds


@dataclass
class ScriptedRollout:
    """Writes down what it is told; breaks where it is told to."""

    clock: Clock
    breaks: dict[str, Exception] = field(default_factory=dict)
    canary: tuple[Observed, Observed] = (seen(60), seen(540))
    alone: tuple[Observed, Observed] = (seen(600), seen(0, p95_ms=None))
    done: list[str] = field(default_factory=list)
    percent: float = 0.0
    room: bool = True
    asked: Any = None
    """The new engine, for checks."""

    def room_for_both(self) -> bool:
        """Return as scripted."""
        return self.room

    def engine(self) -> Any:
        """Return what checks ask."""
        return self.asked

    def start(self) -> float:
        """Take 30 s."""
        return self._do("start", 30.0)

    def share(self, percent: float) -> None:
        """Take no time."""
        self.percent = percent
        self._do(f"share {percent:g}")

    def observed(self) -> tuple[Observed, Observed]:
        """Return as scripted, for the canary and for after it."""
        return self.alone if self.percent == 100 else self.canary

    def finish(self) -> float:
        """Take 5 s."""
        return self._do("finish", 5.0)

    def abort(self) -> None:
        """Take 40 s, as an old engine may have to start."""
        self._do("abort", 40.0)

    def swap(self) -> float:
        """Take 70 s."""
        return self._do("swap", 70.0)

    def _do(self, what: str, seconds: float = 0.0) -> float:
        self.done.append(what)
        self.clock.sleep(seconds)
        if problem := self.breaks.get(what):
            raise problem
        return seconds
