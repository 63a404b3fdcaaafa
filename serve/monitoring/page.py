"""`MetricsPage`: everything that Prometheus is told of the endpoint, as one text."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol, Self

from prometheus_client import CollectorRegistry, Metric, generate_latest

from pipeline.base.errors import EngineError
from serve.monitoring.engines import EnginePage, engine_families
from serve.monitoring.supervisor_metrics import supervisor_metrics
from serve.status import EndpointStatus

_FRESH_S = 1.0
"""Who asks again within this time gets the same text: scrapes cost the processors that the engines need."""
_MOST_AT_ONCE = 32


class Source(Protocol):
    """Further metrics, such as those of GPUs and of keys."""

    def metrics(self) -> Iterable[Metric]:
        """Return them as they are now."""


class MetricsPage:
    """Puts the page together; a context manager that lets go of its threads.

    Args:
        status: what the supervisor knows.
        engines: that run now.
        gateway: HAProxy's own page; raises `EngineError` while it does not answer.
        sources: of further metrics.
        disk: a folder on the disk that is watched; None for none.
    """

    def __init__(
        self,
        status: Callable[[], EndpointStatus],
        engines: Callable[[], Sequence[EnginePage]],
        gateway: Callable[[], str],
        *,
        sources: Sequence[Source] = (),
        disk: Path | None = None,
    ) -> None:
        self._status = status
        self._engines = engines
        self._gateway = gateway
        self._sources = tuple(sources)
        self._disk = disk
        self._making = threading.Lock()
        self._made: tuple[float, bytes] | None = None
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._executor = ThreadPoolExecutor(max_workers=_MOST_AT_ONCE, thread_name_prefix="metrics")
        self._stack.callback(self._executor.shutdown, cancel_futures=True)
        return self

    def __exit__(self, *exc: object) -> None:
        self._stack.close()

    def text(self) -> bytes:
        """Return the page in Prometheus' text format, at most a second old."""
        with self._making:
            if self._made is None or time.monotonic() - self._made[0] > _FRESH_S:
                made = self._text()
                self._made = (time.monotonic(), made)
            return self._made[1]

    def _text(self) -> bytes:
        door = self._executor.submit(self._door)
        engines = engine_families(self._engines(), self._executor)
        return exposition(self._families(engines)) + door.result().encode()

    def _families(self, engines: dict[EnginePage, list[Metric]]) -> Iterator[Metric]:
        yield from supervisor_metrics(self._status(), {engine.replica for engine in engines}, self._disk)
        for source in self._sources:
            yield from source.metrics()
        for families in engines.values():
            yield from families

    def _door(self) -> str:
        try:
            return self._gateway()
        except EngineError:
            return ""


def exposition(families: Iterable[Metric]) -> bytes:
    """Return metrics in Prometheus' text format; those of one name, of several engines, are told together."""
    together: dict[str, Metric] = {}
    for family in families:
        first = together.setdefault(family.name, Metric(family.name, family.documentation, family.type))
        first.samples.extend(family.samples)
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collected(together.values()))
    return generate_latest(registry)


class _Collected:
    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families
