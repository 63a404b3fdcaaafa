"""The endpoint: HAProxy and vLLM started, watched and stopped together."""

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
from pipeline.engines.engine import VllmServer
from pipeline.models.trust import custom_code
from pipeline.recipe.recipe import Recipe
from pipeline.runtimes.specs import Resolved
from pipeline.runtimes.store import Runtime
from serve.gateway.files import socket_folder
from serve.gateway.gateway import Gateway
from serve.gateway.keys import KeyStore, digest, new_key
from serve.gateway.tls import default_folder, ensure_certificate

_POLL_S = 1.0
_READY_TIMEOUT_S = 30.0
_TEMPORARY = "temporary"
"""Stands in the gateway's log instead of an id."""


class Endpoint:
    """One model behind its gateway; a context manager that leaves nothing behind.

    The gateway starts first: a port in use is found before minutes of loading, and whoever calls meanwhile is
    told 503. The engine stops first: what it is generating has its grace period to reach the client.

    Args:
        runtime: environment of vLLM.
        checkpoint: folder of the model.
        recipe: engine settings and the name clients ask for.
        accelerator: what the engine runs on.
        logs: folder of `serve-vllm.log` and `serve-haproxy.log`.
        reporter: told about the start.
        host: address or name to listen on.
        port: 0 takes a free one.
        tls: whether to encrypt, with the certificate of `serve.gateway.tls`.
        key_store: keys let in, followed while serving; None for none but `extra_keys`.
        extra_keys: further keys, never written down.
        stop: set from a signal handler to give up a start that is under way.
    """

    def __init__(
        self,
        runtime: Runtime,
        checkpoint: Path,
        recipe: Recipe,
        *,
        accelerator: Resolved,
        logs: Path,
        reporter: Reporter,
        host: str,
        port: int,
        tls: bool,
        key_store: KeyStore | None,
        extra_keys: Sequence[str] = (),
        stop: threading.Event | None = None,
    ) -> None:
        self.model = recipe.serve.model_name or recipe.name
        self.ca_certificate: Path | None = None
        self._runtime = runtime
        self._checkpoint = checkpoint
        self._recipe = recipe
        self._accelerator = accelerator
        self._logs = logs
        self._reporter = reporter
        self._host = host
        self._port = port
        self._tls = tls
        self._key_store = key_store
        self._extra = {digest(key): _TEMPORARY for key in extra_keys}
        self._stored: dict[str, str] = {}
        self._store_complaint = ""
        self._stop = stop or threading.Event()
        self._stack = ExitStack()
        self.engine: VllmServer
        self.gateway: Gateway

    @property
    def base_url(self) -> str:
        """Return what an OpenAI client takes as its base URL."""
        return f"{self.gateway.base_url}/v1"

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            folder = stack.enter_context(socket_folder())
            internal = new_key()
            self.gateway = stack.enter_context(self._make_gateway(folder, internal))
            self.engine = stack.enter_context(self._make_engine(folder))
            self._wait_until_ready(internal)
            self.sync_keys()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stack.close()

    def wait(self, stop: threading.Event) -> None:
        """Keep the endpoint up until `stop` is set, following the key store.

        Raises:
            EngineError: vLLM or HAProxy died; names the root cause.
        """
        while not stop.wait(_POLL_S):
            self._check_processes()
            self.sync_keys()

    def sync_keys(self) -> None:
        """Let in the keys that are active now.

        A key file that cannot be read leaves the keys as they are, with a warning.
        """
        self.gateway.sync_keys({**self._active_keys(), **self._extra})

    def _active_keys(self) -> dict[str, str]:
        if self._key_store is None:
            return {}
        try:
            self._stored = self._key_store.active()
        except UsageError as problem:
            if problem.message != self._store_complaint:
                self._reporter.warn(f"{problem.message} Until then the keys stay as they were.")
            self._store_complaint = problem.message
        else:
            self._store_complaint = ""
        return self._stored

    def _make_gateway(self, folder: Path, internal: str) -> Gateway:
        bundle = None
        if self._tls:
            certificate = ensure_certificate(self._host, default_folder())
            bundle, self.ca_certificate = certificate.bundle, certificate.certificate
        return Gateway(
            upstreams=(folder / "engine.sock",),
            folder=folder,
            host=self._host,
            port=self._port,
            bundle=bundle,
            keys={**self._active_keys(), **self._extra, digest(internal): _TEMPORARY},
            log=self._logs / "serve-haproxy.log",
        )

    def _make_engine(self, folder: Path) -> VllmServer:
        return VllmServer(
            self._runtime,
            self._checkpoint,
            self._recipe.engine,
            accelerator=self._accelerator,
            log=self._logs / "serve-vllm.log",
            served_name=self.model,
            reporter=self._reporter,
            trust_remote_code=self._recipe.model.trust_remote_code and bool(custom_code(self._checkpoint).classes),
            uds=folder / "engine.sock",
            stop=self._stop,
        )

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
                        log=self._logs / "serve-haproxy.log",
                    )
                time.sleep(0.1)

    def _check_processes(self) -> None:
        if not self.engine.running():
            raise self.engine.failure()
        if not self.gateway.running():
            raise self.gateway.failure()
