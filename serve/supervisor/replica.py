"""`Replica`: one engine in one place behind the door, kept alive by a thread of its own."""

import contextlib
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import httpx

from pipeline.base.errors import AwqctlError, EngineError, EnvironmentLackError, Interrupted
from pipeline.base.progress import SilentReporter
from pipeline.engines.production import Production
from pipeline.engines.vllm import VllmServer
from serve.gateway.backends import FULL_WEIGHT, Place
from serve.status import ReplicaState, ReplicaStatus
from serve.supervisor.health import Progress
from serve.supervisor.hooks import Hooks
from serve.supervisor.observer import Figures, Observer, ask_for_a_token
from serve.supervisor.placement import Group
from serve.supervisor.production import production_of
from serve.supervisor.restarts import Restarts
from serve.supervisor.rotation import Rotation
from serve.supervisor.spec import ServedModel, ServingSpec

_TICK_S = 0.2
_DRAIN_POLL_S = 0.1


class _Doing(SilentReporter):
    """Keeps the engine's last word on its start; it is its own task."""

    text = ""

    @contextlib.contextmanager
    def task(self, text: str, total: float | None = None) -> Iterator["_Doing"]:  # noqa: ARG002 -- protocol
        """Keep what a task is about."""
        self.text = text
        yield self

    def update(self, *, done: float | None = None, total: float | None = None, text: str | None = None) -> None:  # noqa: ARG002 -- protocol
        """Keep what it is at."""
        self.text = text or self.text


@dataclass(frozen=True)
class Seat:
    """What an engine has to itself."""

    place: Place
    socket: Path
    devices: Group
    """GPUs; none on the CPU."""
    log: Path
    """Name of its log, which becomes a link to the file of the latest start."""


class Replica:
    """One engine: started, warmed up, given requests, watched, and started again after its death.

    Args:
        spec: what is served.
        model: of it, what this one serves.
        seat: place, GPUs and log.
        engine_key: that the engine wants.
        rotation: where it is given requests.
        turn: held while an engine starts, where only one may at a time.
        hooks: told of what happens to it.
        weight: of its requests; 0 keeps it out of rotation, warm.

    Attributes:
        model: as given.
        seat: as given.
        state: of the life cycle.
        failure: why it died last; None while it never has.
        settled: set once the first start has succeeded or failed.
        engine: the server of the latest start.
    """

    def __init__(
        self,
        spec: ServingSpec,
        model: ServedModel,
        seat: Seat,
        *,
        engine_key: str,
        rotation: Rotation,
        turn: AbstractContextManager[object],
        hooks: Hooks,
        weight: int = FULL_WEIGHT,
    ) -> None:
        self.model = model
        self.seat = seat
        self.state: ReplicaState = "starting"
        self.failure: AwqctlError | None = None
        self.settled = threading.Event()
        self.engine: VllmServer
        self._since = _now()
        self._spec = spec
        self._engine_key = engine_key
        self._rotation = rotation
        self._turn = turn
        self._hooks = hooks
        self._weight = weight
        self._restarts = Restarts()
        self._served_at: float | None = None
        self._draining = False
        self._hung = 0
        self._doing = _Doing()
        self._observer: Observer | None = None
        self._leaving = threading.Event()
        self._changing = threading.RLock()
        self._log = seat.log
        self._thread = threading.Thread(target=self._live, name=seat.place.server, daemon=True)

    @property
    def socket(self) -> Path:
        """Return the socket that the engine listens on."""
        return self.seat.socket

    @property
    def log(self) -> Path:
        """Return what the engine writes; until it starts, the name that will be a link to that file."""
        return self._log

    @property
    def pid(self) -> int | None:
        """Return the process that all others of the engine are below; None while there is none."""
        return self.engine.pid if hasattr(self, "engine") and self.engine.running() else None

    @property
    def doing(self) -> str:
        """Return what the start is at."""
        return self._doing.text

    @property
    def serves(self) -> bool:
        """Return whether it is up and warm, in rotation or not."""
        return self.state == "serving"

    @property
    def takes_requests(self) -> bool:
        """Return whether it is up and in rotation."""
        return self.serves and self._weight > 0

    def start(self) -> None:
        """Begin to live."""
        self._thread.start()

    def weigh(self, weight: int) -> None:
        """Give it that weight, now or as soon as it serves; 0 takes it out of rotation."""
        with self._changing:
            self._weight = weight
            if self.state == "serving":
                self._take_weight()

    def drain(self, timeout_s: float, cut: threading.Event) -> int:
        """Give it nothing new, and wait until what it has has ended; return how many requests are left.

        Args:
            timeout_s: for which answers may go on.
            cut: set to wait no longer.
        """
        with self._changing:
            self._draining = True
            if self.state == "serving":
                self._to("draining")
                self._rotation.admit(self.seat.place, 0)
        deadline = time.monotonic() + timeout_s
        while left := self._sessions():
            if time.monotonic() > deadline or cut.wait(_DRAIN_POLL_S):
                break
        return left

    def leave(self) -> None:
        """Ask it to end; returns at once."""
        self._leaving.set()

    def join(self) -> None:
        """Wait until it has ended: no process of it is left then."""
        if self._thread.ident is not None:
            self._thread.join()

    def status(self) -> ReplicaStatus:
        """Return what is to be said of it."""
        figures = self._observer.figures if self._observer else Figures()
        serving = self.state == "serving"
        return ReplicaStatus(
            model=self.model.name,
            place=self.seat.place.server,
            release=self.model.release,
            state=self.state,
            since=self._since,
            pid=self.pid,
            restarts=self._restarts.count,
            hung=self._hung,
            start_seconds=self.engine.start_seconds if hasattr(self, "engine") else None,
            weight=self._weight if serving else 0,
            running=figures.running,
            waiting=figures.waiting,
            kv_cache_usage=figures.kv_cache_usage,
            generation_tokens=figures.generation_tokens,
            last_failure=self.failure.message if self.failure else None,
            log=str(self.log),
        )

    def _live(self) -> None:
        try:
            while not self._leaving.is_set():
                problem = self._one_life()
                if problem is None or self._leaving.is_set() or self._draining:
                    break
                self.failure = problem
                if not self._wait_for_next(problem):
                    return
        finally:
            if self.state != "given_up":
                self._to("stopped")
            self.settled.set()

    def _wait_for_next(self, problem: AwqctlError) -> bool:
        """Return whether there is to be another start, once it is due."""
        now = time.monotonic()
        delay = self._restarts.died(now, served_s=now - self._served_at if self._served_at else 0.0)
        first, self._served_at = not self.settled.is_set(), None
        where = f"{self.model.name} ({self.seat.place.server})"
        self._to("given_up" if delay is None else "waiting")
        self.settled.set()
        if delay is None:
            self._hooks.warn(f"{where} died five times in ten minutes and is not started again. {problem}")
            return False
        if not first:
            self._hooks.warn(f"{where} is started again in {delay:.0f} s. {problem}")
        self._leaving.wait(delay)
        return True

    def _one_life(self) -> AwqctlError | None:
        """Return why the engine died; None where it was asked to end."""
        try:
            with self._turn:
                self._start()
                self._warm()
            self._hooks.serving(self.seat.place, self.model.release)
            with self._changing:
                self._to("serving")
                self._served_at = time.monotonic()
                self._take_weight()
            self.settled.set()
            return self._watch()
        except Interrupted:
            return None
        except AwqctlError as problem:
            return problem
        except OSError as problem:  # a full disk, no process more: may be over at the next start
            return EnvironmentLackError(f"vLLM could not be started: {problem}. Free what it lacks.")
        finally:
            self._end()

    def _start(self) -> None:
        self._stop_if_asked()
        self._to("starting")
        self.socket.unlink(missing_ok=True)
        engine = VllmServer(
            self._spec.runtime,
            self.model.checkpoint,
            self.model.engine,
            accelerator=self._spec.accelerator,
            log=self.seat.log,
            served_name=self.model.name,
            reporter=self._doing,
            trust_remote_code=self.model.trust_remote_code,
            api_key=self._engine_key,
            uds=self.socket,
            production=self._production(),
            adapters=self.model.adapters,
            stop=self._leaving,
        )
        if self.seat.devices:
            engine.environment["CUDA_VISIBLE_DEVICES"] = ",".join(self.seat.devices)
        self.engine = engine
        try:
            engine.__enter__()
        finally:
            self._log = engine.log
        self.socket.chmod(0o600)

    def _production(self) -> Production:
        production = production_of(self._spec, self.model)
        return replace(production, middlewares=self._hooks.middlewares(self.seat.place))

    def _warm(self) -> None:
        """Have the engine generate a token before anybody waits for one: the first step is the slowest."""
        self._to("warming")
        call = ask_for_a_token(self.engine, time.monotonic())
        deadline = time.monotonic() + self.model.engine.start_timeout_s
        while not call.done():
            self._stop_if_asked()
            if not self.engine.running():
                raise self.engine.failure()
            if time.monotonic() > deadline:
                raise EngineError(
                    f"vLLM is up but gave no token in {self.model.engine.start_timeout_s} s. "
                    "Look at its log, or raise engine.start_timeout_s.",
                    log=self.log,
                )
            time.sleep(_DRAIN_POLL_S)
        if call.answer is None:
            raise self.engine.failure()
        if call.answer.status_code != httpx.codes.OK:
            raise EngineError(
                f"vLLM is up but answers its first request with status {call.answer.status_code}: "
                f"{call.answer.text[:200]}. Look at its log.",
                log=self.log,
            )

    def _watch(self) -> AwqctlError | None:
        progress = Progress(computes_on_cpu=self._spec.accelerator == "cpu")
        self._observer = Observer(self.engine)
        while not self._leaving.wait(_TICK_S):
            if not self.engine.running():
                return self.engine.failure()
            sample = self._observer.poll(time.monotonic())
            verdict = progress.judge(sample) if sample else None
            if verdict and verdict.state == "hung":
                self._hung += 1
                self.engine.kill()
                return EngineError(f"vLLM hung and was killed: {verdict.reason}.", log=self.log)
        return None

    def _end(self) -> None:
        """Leave the place and have no process left."""
        with self._changing:
            if self._served_at is not None:
                with contextlib.suppress(EngineError):  # HAProxy is gone for good; so is the endpoint
                    self._rotation.withdraw(self.seat.place)
                    if self._leaving.is_set():
                        # Otherwise the engine would wait for them once more. Those of one that died try another.
                        self._rotation.cut(self.seat.place)
        if hasattr(self, "engine"):
            self.engine.stop()
        if self._observer:
            self._observer.close()
            self._observer = None
        self.socket.unlink(missing_ok=True)

    def _take_weight(self) -> None:
        if self._weight:
            self._rotation.admit(self.seat.place, self._weight)
        else:
            self._rotation.withdraw(self.seat.place)

    def _sessions(self) -> int:
        """Return how many requests HAProxy says that the engine has."""
        return self._rotation.under_way(self.seat.place) if self.state == "draining" else 0

    def _stop_if_asked(self) -> None:
        if self._leaving.is_set():
            raise Interrupted("Stopped before vLLM was up.")

    def _to(self, state: ReplicaState) -> None:
        self.state, self._since = state, _now()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
