"""`Fleet`: the engines of all models, their places behind the door and their GPUs."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Self

from pipeline.base.errors import AwqctlError, BusyError, EnvironmentLackError, Interrupted
from pipeline.hardware.memory_use import free_gib, resident_gib
from serve.gateway.backends import FULL_WEIGHT, Backend, Place
from serve.supervisor.hooks import Hooks
from serve.supervisor.placement import Devices
from serve.supervisor.replica import Replica, Seat
from serve.supervisor.rotation import Rotation
from serve.supervisor.spec import ServedModel, ServingSpec

_POLL_S = 0.1
_HEADROOM = 1.1


class Fleet:
    """Starts engines where there is room and ends them; a context manager that leaves none behind.

    Args:
        spec: what is served.
        backends: the places, one backend for each model.
        rotation: where engines are given requests.
        engine_key: that engines want.
        logs: folder of their logs.
        hooks: told of what happens to engines.

    Attributes:
        spec: as given; engines that start later are started by it.
    """

    def __init__(
        self,
        spec: ServingSpec,
        backends: Sequence[Backend],
        rotation: Rotation,
        *,
        engine_key: str,
        logs: Path,
        hooks: Hooks,
    ) -> None:
        self.spec = spec
        self._serving = {model.name: model for model in spec.models}
        self._backends = {backend.models[0]: backend for backend in backends}
        self._first_number = _first_numbers(spec)
        self._rotation = rotation
        self._engine_key = engine_key
        self._logs = logs
        self._hooks = hooks
        self._devices = Devices(spec.devices)
        self._replicas: tuple[Replica, ...] = ()
        self._changing = threading.RLock()
        self._change = threading.Lock()
        self._changed_by = ""
        self._over = False
        # Processors are shared on the CPU: engines that load at once keep each other waiting.
        self._turn: AbstractContextManager[object] = threading.Lock() if spec.accelerator == "cpu" else nullcontext()

    @property
    def replicas(self) -> tuple[Replica, ...]:
        """Return the engines that there are, by their places."""
        return self._replicas

    def of(self, model: str) -> tuple[Replica, ...]:
        """Return the engines of one model."""
        return tuple(replica for replica in self._replicas if replica.model.name == model)

    @contextmanager
    def changing(self, what: str) -> Iterator[None]:
        """Let nobody else change what is served during the block.

        Raises:
            BusyError: another change is under way.
        """
        self.begin_change(what)
        try:
            yield
        finally:
            self.end_change()

    def begin_change(self, what: str) -> None:
        """Let nobody else change what is served until `end_change`.

        Raises:
            BusyError: another change is under way.
        """
        if not self._change.acquire(blocking=False):
            raise BusyError(
                f"Something else changes what is served: {self._changed_by}. Wait for its end, and try again."
            )
        self._changed_by = what

    def end_change(self) -> None:
        """Let others change what is served."""
        self._change.release()

    def serving(self, model: str) -> ServedModel:
        """Return what the engines of a model serve: the latest release that took the place of another."""
        return self._serving[model]

    def becomes(self, model: ServedModel) -> None:
        """Tell that this is what the engines of the model of that name serve from now on."""
        self._serving[model.name] = model
        self._hooks.changed()

    def has_room(self, model: ServedModel, count: int) -> bool:
        """Return whether so many more engines of the model find a place, and GPUs, or memory on the CPU.

        An engine on the CPU is taken to need what the largest one that runs holds now, and a tenth more.
        """
        if count > len(self._free_places(model.name)):
            return False
        if self.spec.accelerator != "cpu":
            return self._devices.has_room(*[model.engine.workers] * count)
        held = (resident_gib(pid) for replica in self._replicas if (pid := replica.pid) is not None)
        return max(filter(None, held), default=0.0) * _HEADROOM * count <= free_gib()

    def launch(self, model: ServedModel, count: int, *, weight: int = FULL_WEIGHT) -> tuple[Replica, ...]:
        """Begin to start so many engines in free places; they live from then on.

        Args:
            model: what they serve.
            count: of engines.
            weight: 0 keeps them out of rotation.

        Raises:
            EnvironmentLackError: there is no place, or no GPU.
            Interrupted: the endpoint ends.
        """
        with self._changing:
            if self._over:
                raise Interrupted("The endpoint ends. No engine is started any more.")
            places = self._free_places(model.name)
            if count > len(places):
                raise EnvironmentLackError(
                    f"{model.name} has {len(places)} free places for {count} engines. Wait until the change of "
                    "release under way has ended."
                )
            new = tuple(self._make(model, place, weight) for place in places[:count])
            self._replicas = (*self._replicas, *new)
        for replica in new:
            replica.start()
        return new

    def launch_all(
        self, model: ServedModel, stop: threading.Event, *, weight: int = FULL_WEIGHT
    ) -> tuple[Replica, ...]:
        """Start all engines of a model; return them when every one is up. One that fails ends the others, too.

        Raises:
            AwqctlError: one does not start.
            Interrupted: `stop` was set meanwhile.
        """
        new = self.launch(model, model.replicas, weight=weight)
        try:
            self.wait_until_settled(new, stop)
            for failed in (replica.failure for replica in new if replica.failure):
                raise failed
        except AwqctlError:
            self.end(new)
            raise
        return new

    def wait_until_settled(
        self, replicas: Sequence[Replica], stop: threading.Event, say: Callable[[str], None] = lambda _: None
    ) -> None:
        """Return when each of these engines serves, or has failed once.

        Raises:
            Interrupted: `stop` was set meanwhile.
        """
        while waited := [replica for replica in replicas if not replica.settled.is_set()]:
            if stop.wait(_POLL_S):
                raise Interrupted("Stopped before vLLM was up.")
            up = len(replicas) - len(waited)
            doing = next((replica.doing for replica in waited if replica.doing), "starting vLLM")
            say(f"{doing} ({up} of {len(replicas)} engines are up)" if len(replicas) > 1 else doing)

    def start(self, stop: threading.Event, say: Callable[[str], None]) -> None:
        """Start all engines and return when they are up.

        Of several of one model some may fail: they are tried again, and whoever is told warnings knows why.

        Raises:
            AwqctlError: no engine of a model started; the first one's reason.
            EnvironmentLackError: there are not enough GPUs.
            Interrupted: `stop` was set meanwhile.
        """
        started = [self.launch(model, model.replicas) for model in self.spec.models]
        for replicas in started:
            first_failure = self._wait_for_one(replicas, stop, say)
            if first_failure:
                raise first_failure
        for replica in self._replicas:
            if replica.failure:
                self._hooks.warn(
                    f"{replica.model.name} ({replica.seat.place.server}) is tried again. {replica.failure}"
                )

    def _wait_for_one(
        self, replicas: Sequence[Replica], stop: threading.Event, say: Callable[[str], None]
    ) -> AwqctlError | None:
        """Wait until all have settled; return why none serves, as soon as the first has failed on its own."""
        for replica in replicas:
            self.wait_until_settled([replica], stop, say)
            if replica.failure and not any(other.serves for other in replicas):
                return replica.failure
        return None

    def weigh(self, replicas: Sequence[Replica], weight: int) -> None:
        """Give each of these engines that weight; 0 takes them out of rotation."""
        for replica in replicas:
            replica.weigh(weight)

    def retire(self, replicas: Sequence[Replica], *, drain_s: float, cut: threading.Event) -> int:
        """Let these engines finish what they have, end them, and free places and GPUs; return how many were cut off.

        Args:
            replicas: all of one model or some.
            drain_s: for which answers may go on.
            cut: set to wait no longer.
        """
        left = self.drain_some(replicas, drain_s, cut)
        self.end(replicas)
        return left

    def drain_some(self, replicas: Sequence[Replica], drain_s: float, cut: threading.Event) -> int:
        """Give these engines nothing new and let them finish what they have; return how many requests are left."""
        left: list[int] = []
        threads = [
            threading.Thread(target=lambda one=replica: left.append(one.drain(drain_s, cut)), daemon=True)
            for replica in replicas
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return sum(left)

    def drain(self, drain_s: float, cut: threading.Event) -> int:
        """Let all engines finish what they have; return how many requests are left.

        The door takes nothing new meanwhile.
        """
        deadline = time.monotonic() + drain_s
        while left := self._rotation.under_way():
            if time.monotonic() >= deadline or cut.wait(_POLL_S):
                break
        return left

    def end(self, replicas: Sequence[Replica]) -> None:
        """End these engines, whatever they have, and free places and GPUs."""
        _end(replicas)
        with self._changing:
            self._replicas = tuple(replica for replica in self._replicas if replica not in replicas)
            for replica in replicas:
                self._devices.give_back(replica.seat.devices)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        with self._changing:
            self._over = True  # a change of release that is under way goes on in its thread
        _end(self._replicas)

    def _free_places(self, model: str) -> tuple[Place, ...]:
        backend = self._backends[model]
        taken = {replica.seat.place for replica in self._replicas}
        places = (Place(backend.name, number) for number in range(1, len(backend.sockets) + 1))
        return tuple(place for place in places if place not in taken)

    def _make(self, model: ServedModel, place: Place, weight: int) -> Replica:
        backend = self._backends[model.name]
        alone = sum(served.replicas for served in self.spec.models) == 1
        number = self._first_number[model.name] + (place.number - 1) % (len(backend.sockets) // 2)
        seat = Seat(
            place=place,
            socket=backend.sockets[place.number - 1],
            devices=self._devices.take(model.engine.workers),
            log=self._logs / ("serve-vllm.log" if alone else f"serve-vllm-{number}.log"),
        )
        return Replica(
            self.spec,
            model,
            seat,
            engine_key=self._engine_key,
            rotation=self._rotation,
            turn=self._turn,
            hooks=self._hooks,
            weight=weight,
        )


def _first_numbers(spec: ServingSpec) -> dict[str, int]:
    """Return for each model the number of its first engine, counted over all of them."""
    numbers, next_one = {}, 1
    for model in spec.models:
        numbers[model.name] = next_one
        next_one += model.replicas
    return numbers


def _end(replicas: Sequence[Replica]) -> None:
    """End engines all at once and wait for them."""
    for replica in replicas:
        replica.leave()
    for replica in replicas:
        replica.join()
