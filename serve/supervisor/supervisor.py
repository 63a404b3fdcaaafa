"""`Supervisor`: HAProxy and the engines behind it started, watched and stopped together."""

import ssl
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Self

import httpx

from pipeline.base.errors import EngineError, UsageError
from pipeline.base.progress import Reporter
from pipeline.runtimes.scratch import ScratchFolder
from serve.gateway.backends import Backend, Place
from serve.gateway.connections import RAISE, open_files
from serve.gateway.gateway import Gateway
from serve.gateway.keys import KeyStore, digest, new_key
from serve.gateway.rules import KeyRule, temporary_rule
from serve.gateway.settings import DoorSettings
from serve.gateway.tls import default_folder, ensure_certificate
from serve.supervisor.replica import Replica
from serve.supervisor.spec import ServedModel, ServingSpec

_POLL_S = 1.0
_READY_TIMEOUT_S = 30.0
_FEW_CONNECTIONS = 1000


class Supervisor:
    """The gateway and the replicas of one model; a context manager that leaves nothing behind.

    The gateway starts first: a port in use is found before minutes of loading, and whoever calls meanwhile is
    told 503. The engines stop first: what they are generating has its grace period to reach the client.

    One replica after the other starts. When one of several dies, the others go on and the reporter is warned; nothing
    starts it again.

    Args:
        spec: what is served and how.
        logs: folder of `serve-vllm.log` (with a number where there are several) and `serve-haproxy.log`, which are
            links to the files of the latest start.
        reporter: told about the start, and about what goes wrong without ending it.
        key_store: keys let in, followed while serving; None for none but `extra_keys`.
        extra_keys: further keys, never written down.
        stop: set from a signal handler to give up a start that is under way.

    Attributes:
        spec: as given.
        ca_certificate: what a client must trust; None over plain HTTP.
        gateway: the door, from the start on.
        replicas: the engines, from the start on.
    """

    def __init__(
        self,
        spec: ServingSpec,
        *,
        logs: Path,
        reporter: Reporter,
        key_store: KeyStore | None,
        extra_keys: Sequence[str] = (),
        stop: threading.Event | None = None,
    ) -> None:
        self.spec = spec
        self.ca_certificate: Path | None = None
        self._logs = logs
        self._reporter = reporter
        self._key_store = key_store
        self._extra = tuple(temporary_rule(digest(key)) for key in extra_keys)
        self._stored: tuple[KeyRule, ...] = ()
        self._store_complaint = ""
        self._missed: set[Replica] = set()
        self._places: dict[Replica, Place] = {}
        self._engine_key = new_key()
        self._stop = stop or threading.Event()
        self._stack = ExitStack()
        self.gateway: Gateway
        self.replicas: tuple[Replica, ...] = ()

    @property
    def base_url(self) -> str:
        """Return what an OpenAI client takes as its base URL."""
        return f"{self.gateway.base_url}/v1"

    @property
    def logs(self) -> tuple[Path, ...]:
        """Return the logs of the engines and of HAProxy."""
        return (*(replica.log for replica in self.replicas), self.gateway.log)

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            folder = stack.enter_context(ScratchFolder())
            internal = new_key()
            backends = tuple(_backend(number, model, folder) for number, model in enumerate(self.spec.models, 1))
            self._make_replicas(backends)
            self.gateway = stack.enter_context(self._make_gateway(folder, backends, internal))
            self._tell_connections(self.gateway.connections.clients)
            for replica in self.replicas:
                stack.enter_context(replica)
                self.gateway.admit(self._places[replica])
            self._wait_until_ready(internal)
            self.sync_keys()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stack.close()

    def wait(self, stop: threading.Event) -> None:
        """Keep the endpoint up until `stop` is set, following the key store.

        Raises:
            EngineError: all engines or HAProxy died; names the root cause.
        """
        while not stop.wait(_POLL_S):
            self._check_processes()
            self.sync_keys()

    def sync_keys(self) -> None:
        """Let in the keys that are active now.

        A key file that cannot be read leaves the keys as they are, with a warning.
        """
        self.gateway.sync_keys((*self._active_keys(), *self._extra))

    def _active_keys(self) -> tuple[KeyRule, ...]:
        if self._key_store is None:
            return ()
        try:
            self._stored = self._key_store.active()
        except UsageError as problem:
            if problem.message != self._store_complaint:
                self._reporter.warn(f"{problem.message} Until then the keys stay as they were.")
            self._store_complaint = problem.message
        else:
            self._store_complaint = ""
        return self._stored

    def _make_gateway(self, folder: Path, backends: Sequence[Backend], internal: str) -> Gateway:
        bundle = None
        if self.spec.tls:
            certificate = ensure_certificate(self.spec.host, default_folder())
            bundle, self.ca_certificate = certificate.bundle, certificate.certificate
        return Gateway(
            backends=backends,
            engine_key=self._engine_key,
            folder=folder,
            host=self.spec.host,
            port=self.spec.port,
            bundle=bundle,
            keys=(*self._active_keys(), *self._extra, temporary_rule(digest(internal))),
            log=self._logs / "serve-haproxy.log",
            settings=DoorSettings.of(self.spec.offered),
        )

    def _tell_connections(self, bound: int) -> None:
        said = f"at most {bound} connections at once, as a process may open {open_files()} files here"
        if bound < _FEW_CONNECTIONS:
            self._reporter.warn(f"The gateway holds {said}. {RAISE}")
        else:
            self._reporter.note(said, head="gateway")

    def _make_replicas(self, backends: Sequence[Backend]) -> None:
        for backend, model in zip(backends, self.spec.models, strict=True):
            for number in range(1, model.replicas + 1):
                replica = Replica(
                    self.spec,
                    model,
                    len(self._places) + 1,
                    socket=backend.sockets[number - 1],
                    engine_key=self._engine_key,
                    logs=self._logs,
                    reporter=self._reporter,
                    stop=self._stop,
                )
                self._places[replica] = Place(backend.name, number)
        self.replicas = tuple(self._places)

    def _wait_until_ready(self, key: str) -> None:
        """Ask for the models the way a client does, until they are listed."""
        verify = ssl.create_default_context(cafile=str(self.ca_certificate)) if self.ca_certificate else True
        deadline = time.monotonic() + _READY_TIMEOUT_S
        with httpx.Client(verify=verify, trust_env=False, headers={"Authorization": f"Bearer {key}"}) as client:
            while True:
                self._check_processes()
                try:
                    answer = client.get(f"{self.base_url}/models")
                    said = f"status {answer.status_code}"
                    if answer.status_code == httpx.codes.OK:
                        return
                except httpx.TransportError as problem:
                    said = str(problem)
                if time.monotonic() > deadline:
                    raise EngineError(
                        f"vLLM is up but {self.base_url}/models says: {said}. Look at HAProxy's log.",
                        log=self.gateway.log,
                    )
                time.sleep(0.1)

    def _check_processes(self) -> None:
        gone = {replica for replica in self.replicas if not replica.running()}
        if len(gone) == len(self.replicas):
            raise self.replicas[-1].failure()
        if not self.gateway.running():
            raise self.gateway.failure()
        for replica in gone - self._missed:
            self._reporter.warn(f"{replica.failure()} The other engines go on; start again to have it back.")
        self._missed |= gone


def _backend(number: int, model: ServedModel, folder: Path) -> Backend:
    """Return the places of one model: as many again as it has engines, for those of a new release."""
    name = f"model-{number}"
    sockets = tuple(folder / f"m{number}-p{place}.sock" for place in range(1, model.replicas * 2 + 1))
    return Backend(name, (model.name, *model.adapters), sockets, max_model_len=model.engine.max_model_len)
