"""`FleetRollout`: the engines of a new release beside, or in place of, those of the old one."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.base.errors import AwqctlError, EngineError
from pipeline.engines.engine import Engine
from serve.gateway.backends import FULL_WEIGHT, Place
from serve.releases.rollout import Observed
from serve.supervisor.canary_lines import CanaryLines
from serve.supervisor.fleet import Fleet
from serve.supervisor.replica import Replica
from serve.supervisor.spec import ServedModel
from serve.supervisor.stop import Stop


@dataclass(frozen=True)
class Weighting:
    """Weights of each new and each old engine."""

    new: int
    old: int


def weighting(percent: float, new: int, old: int) -> Weighting:
    """Return the weights that give the new engines that share of the requests, whatever their numbers.

    Args:
        percent: share of all new engines together.
        new: how many there are.
        old: how many there are.
    """
    each_new = percent / new if new else 0.0
    each_old = (100 - percent) / old if old else 0.0
    scale = FULL_WEIGHT / max(each_new, each_old)
    return Weighting(_whole(each_new * scale), _whole(each_old * scale))


def _whole(weight: float) -> int:
    """Return a weight as a whole number; what gets anything at all gets at least 1."""
    return max(round(weight), 1) if weight > 0 else 0


class FleetRollout:
    """One new release of one model; implements `serve.releases.rollout.Rollout`.

    Args:
        fleet: with the old engines.
        model: what the new engines serve.
        spool: folder of the door's lines.
        drain_s: for which answers of engines that leave may go on.
        stop: ends what is under way, since the endpoint ends.
    """

    def __init__(self, fleet: Fleet, model: ServedModel, *, spool: Path, drain_s: float, stop: Stop) -> None:
        self._fleet = fleet
        self._model = model
        self._old_model = fleet.serving(model.name)
        self._old = fleet.of(model.name)
        self._new: tuple[Replica, ...] = ()
        self._spool = spool
        self._lines = CanaryLines(spool)
        self._drain_s = drain_s
        self._stop = stop
        self._percent = 0.0
        self._swapped = False
        self._begun = False

    def room_for_both(self) -> bool:
        """Return whether the new engines fit beside the old ones (GPUs, memory)."""
        return self._fleet.has_room(self._model, self._model.replicas)

    def start(self) -> float:
        """Start the new engines and warm them up, out of rotation; return the seconds.

        Raises:
            EngineError: one does not start; the old ones serve on.
        """
        began = time.monotonic()
        self._begin()
        try:
            self._new = self._fleet.launch_all(self._model, self._stop, weight=0)
        except AwqctlError:
            self._end()
            raise
        return time.monotonic() - began

    def engine(self) -> Engine:
        """Return one of the new engines, to be asked past the door before it gets requests.

        Raises:
            EngineError: none is up.
        """
        for replica in self._new:
            if replica.serves:
                return replica.engine
        raise EngineError("No engine of the new release is up. Look at its log.")

    def share(self, percent: float) -> None:
        """Give the new engines that share of the requests, the old ones the rest.

        Raises:
            EngineError: one of the new engines has died.
        """
        if percent:
            self._refuse_dead()
        weights = weighting(percent, len(self._new), len(self._old))
        changes = [(self._new, weights.new), (self._old, weights.old)]
        # Who gets more comes first, so that there always is somebody.
        for replicas, weight in changes if percent >= self._percent else reversed(changes):
            self._fleet.weigh(replicas, weight)
        self._percent = percent
        self._lines = CanaryLines(self._spool)

    def observed(self) -> tuple[Observed, Observed]:
        """Return what the door saw of the new and of the old engines since `share` was last called.

        Raises:
            EngineError: one of the new engines has died, which requests that others take over do not tell.
        """
        self._refuse_dead()
        self._lines.read()
        return self._lines.of(_places(self._new)), self._lines.of(_places(self._old))

    def finish(self) -> float:
        """Drain the old engines and stop them; return the seconds: 0 after a swap, which has stopped them already."""
        began = time.monotonic()
        try:
            self._fleet.becomes(self._model)
            self._fleet.weigh(self._new, FULL_WEIGHT)
            self._fleet.retire(self._old, drain_s=self._drain_s, cut=self._stop.cut)
            self._old = ()
        finally:
            self._end()
        return 0.0 if self._swapped else time.monotonic() - began

    def abort(self) -> None:
        """Give all requests back to the old engines; drain and stop the new ones.

        After a swap the new ones stop first, and the old ones start again.

        Raises:
            EngineError: after a swap, an old one does not start.
        """
        if not self._swapped and self._new:
            self.share(0)
        self._fleet.retire(self._new, drain_s=self._drain_s, cut=self._stop.cut)
        self._new = ()
        try:
            if self._swapped:
                self._swapped = False
                self._old = self._fleet.launch_all(self._old_model, self._stop)
        finally:
            self._end()

    def swap(self) -> float:
        """Without room for both: drain and stop the old engines, start the new ones; return the seconds between.

        The new ones are warm then and get no request before `share(100)`, as after `start`.

        Raises:
            EngineError: one does not start. Nothing serves then until `abort` has started the old ones again.
        """
        self._begin()
        self._fleet.drain_some(self._old, self._drain_s, self._stop.cut)
        began = time.monotonic()
        self._fleet.end(self._old)
        self._old, self._swapped = (), True
        self._new = self._fleet.launch_all(self._model, self._stop, weight=0)
        return time.monotonic() - began

    def _refuse_dead(self) -> None:
        """Return where no new engine has died since all of them were up."""
        for problem in (replica.failure for replica in self._new if replica.failure):
            raise EngineError(f"An engine of the new release died. {problem.message}", log=problem.log)

    def _begin(self) -> None:
        """Let nobody else change what is served until `_end`; what is served by now is the old release.

        Raises:
            BusyError: another change is under way.
        """
        if not self._begun:
            self._fleet.begin_change(f"the change of {self._model.name} to {self._model.release}")
            self._begun = True
            self._old_model, self._old = self._fleet.serving(self._model.name), self._fleet.of(self._model.name)

    def _end(self) -> None:
        if self._begun:
            self._begun = False
            self._fleet.end_change()


def _places(replicas: Sequence[Replica]) -> tuple[Place, ...]:
    return tuple(replica.seat.place for replica in replicas)
