"""`Monitoring`: all that watches a running endpoint, started and stopped together."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from pipeline.recipe.serve import Serve
from serve.endpoint import EndpointFolder
from serve.monitoring.engines import EnginePage
from serve.monitoring.gpus import GpuWatch
from serve.monitoring.metrics_server import MetricsServer
from serve.monitoring.promises import Promises, ServedCheckpoint, write_promises
from serve.monitoring.request_counts import RequestCounts
from serve.monitoring.sampler import Sampler, now
from serve.status import EndpointStatus


class Monitoring:
    """The page of metrics, the samples, and what the endpoint is held to; a context manager.

    An end without an error counts as a stop that was meant.

    Args:
        folder: of the endpoint.
        offered: the recipe's section: levels, port of the page.
        served: its models, with the folders of their checkpoints.
        status: what the supervisor knows.
        engines: that run now.
        gateway: HAProxy's own page (`Gateway.metrics`).
        socket_path: of the page, in a folder that only the owner may enter.

    Raises:
        BusyError: the port of the page is in use.
        EnvironmentLackError: the endpoint's folder cannot be written.
    """

    def __init__(
        self,
        folder: EndpointFolder,
        offered: Serve,
        served: Sequence[ServedCheckpoint],
        *,
        status: Callable[[], EndpointStatus],
        engines: Callable[[], Sequence[EnginePage]],
        gateway: Callable[[], str],
        socket_path: Path,
    ) -> None:
        self._folder = folder
        self._offered = offered
        self._served = served
        self._status = status
        self._gpus = GpuWatch()
        self._server = MetricsServer(
            status,
            engines,
            gateway,
            port=offered.metrics_port,
            socket_path=socket_path,
            sources=(self._gpus, RequestCounts(folder.audit, status, offered.levels.p95_s)),
            disk=folder.path,
        )
        self._sampler = Sampler(folder.samples, status, self._gpus)
        self._promised: tuple[Serve, tuple[ServedCheckpoint, ...]] | None = None
        self._stack = ExitStack()

    @property
    def url(self) -> str | None:
        """Return the address of the page for Prometheus; None where it is on the socket alone."""
        return self._server.url

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.enter_context(self._gpus)
            stack.enter_context(self._server)
            self.promise(self._offered, self._served)
            stack.enter_context(self._sampler)
            self._stack = stack.pop_all()
        return self

    def stopping(self) -> None:
        """Tell that the endpoint was asked to stop: from now on it owes nobody an answer."""
        self._sampler.stopping()

    def promise(self, offered: Serve, served: Sequence[ServedCheckpoint]) -> None:
        """Keep what the endpoint is held to from now on, where that has changed: by a reload, or a change of release.

        Raises:
            EnvironmentLackError: the endpoint's folder cannot be written.
        """
        if self._promised == (offered, tuple(served)):
            return
        promises = Promises(levels=offered.levels, models=tuple(served), metrics_port=self._server.port, at=now())
        write_promises(self._folder, promises)
        self._promised = (offered, tuple(served))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)
