"""`Replica`: one engine behind the gateway."""

import threading
from pathlib import Path
from typing import Self

from pipeline.base.errors import EngineDiedError
from pipeline.base.progress import Reporter
from pipeline.engines.vllm import VllmServer
from serve.supervisor.production import production_of
from serve.supervisor.spec import ServedModel, ServingSpec


class Replica:
    """One engine on a unix socket of its own; a context manager that leaves nothing behind.

    Args:
        spec: what is served.
        model: of it, what this one serves.
        socket: where the engine will listen: its place behind the door.
        number: from 1; stands in the name of the log where there is more than one.
        engine_key: that the engine wants.
        logs: folder of the log.
        reporter: told about the start.
        stop: set to give up a start that is under way.

    Attributes:
        socket: as given.
        log: what the engine writes; until it starts, the name that will be a link to that file.
        engine: the server, from the start on.
    """

    def __init__(
        self,
        spec: ServingSpec,
        model: ServedModel,
        number: int,
        *,
        socket: Path,
        engine_key: str,
        logs: Path,
        reporter: Reporter,
        stop: threading.Event,
    ) -> None:
        self.socket = socket
        alone = sum(served.replicas for served in spec.models) == 1
        self.log = logs / ("serve-vllm.log" if alone else f"serve-vllm-{number}.log")
        self._spec = spec
        self._model = model
        self._engine_key = engine_key
        self._reporter = reporter
        self._stop = stop
        self.engine: VllmServer

    def __enter__(self) -> Self:
        self.engine = VllmServer(
            self._spec.runtime,
            self._model.checkpoint,
            self._model.engine,
            accelerator=self._spec.accelerator,
            log=self.log,
            served_name=self._model.name,
            reporter=self._reporter,
            trust_remote_code=self._model.trust_remote_code,
            api_key=self._engine_key,
            uds=self.socket,
            production=production_of(self._spec, self._model),
            stop=self._stop,
        )
        try:
            self.engine.__enter__()
        finally:
            self.log = self.engine.log
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def running(self) -> bool:
        """Return whether the engine's process is alive."""
        return self.engine.running()

    def failure(self) -> EngineDiedError:
        """Return the error that explains why the engine is gone."""
        return self.engine.failure()

    def stop(self) -> None:
        """Stop the engine and every process below it."""
        self.engine.stop()
