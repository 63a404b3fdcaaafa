"""`Rollout`: what a change of release needs of the supervisor; the supervisor offers it, `promotion` uses it."""

from typing import Protocol

from pipeline.base.results import Result
from pipeline.engines.engine import Engine


class Observed(Result):
    """What the door saw of some replicas since their canary share was set."""

    requests: int
    errors: int
    """Answers with 5xx, and answers cut."""
    p95_ms: float | None
    """Of the answers that came whole; None of fewer than 60."""


class Rollout(Protocol):
    """One new release of one model, from its start to its place."""

    def room_for_both(self) -> bool:
        """Return whether the new engines fit beside the old ones (GPUs, memory)."""

    def start(self) -> float:
        """Start the new engines and warm them up, out of rotation; return the seconds.

        Raises:
            EngineError: one does not start; the old ones serve on.
        """

    def engine(self) -> Engine:
        """Return one of the new engines, to be asked past the door before it gets requests."""

    def share(self, percent: float) -> None:
        """Give the new engines that share of the requests, the old ones the rest."""

    def observed(self) -> tuple[Observed, Observed]:
        """Return what the door saw of the new and of the old engines since `share` was last called."""

    def finish(self) -> float:
        """Drain the old engines and stop them; return the seconds: 0 after a swap, which has stopped them already."""

    def abort(self) -> None:
        """Give all requests back to the old engines; drain and stop the new ones.

        After a swap the new ones stop first, and the old ones start again.
        """

    def swap(self) -> float:
        """Without room for both: drain and stop the old engines, start the new ones; return the seconds between.

        The new ones are warm then and get no request before `share(100)`, as after `start`.

        Raises:
            EngineError: one does not start. Nothing serves then until `abort` has started the old ones again.
        """
