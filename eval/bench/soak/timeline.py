"""`Timeline`: the server's gauges and memory over time, sampled while a load runs."""

import threading
import time
from types import TracebackType
from typing import Self

from eval.bench.soak.memory import MemoryReader
from eval.bench.soak.slices import Sample
from pipeline.base.errors import EngineError
from pipeline.engines.counters import counter_names
from pipeline.engines.engine import Engine
from pipeline.engines.prometheus import Metrics


class Timeline:
    """Samples from entry to exit; a context manager."""

    def __init__(self, engine: Engine, memory: MemoryReader, every_s: float) -> None:
        self._engine = engine
        self._memory = memory
        self._every_s = every_s
        self._taken: list[Sample] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._ended = 0.0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._ended = time.monotonic()
        self._over.set()
        self._thread.join()

    def samples(self, load_s: float) -> tuple[Sample, ...]:
        """Return the samples at their times after the first request of a load that took so long.

        The load's end is this one's, but for the moment in which the client writes its file.
        """
        began = self._ended - load_s
        return tuple(
            Sample(one.time_s - began, one.memory_gib, one.running, one.waiting, one.kv_cache_usage)
            for one in self._taken
        )

    def _sample(self) -> None:
        while not self._over.wait(self._every_s):
            now, metrics = time.monotonic(), self._metrics()
            names = counter_names(metrics)
            self._taken.append(
                Sample(
                    time_s=now,
                    memory_gib=self._memory.memory_gib(),
                    running=_gauge(metrics, names.running if names else None),
                    waiting=_gauge(metrics, names.waiting if names else None),
                    kv_cache_usage=_gauge(metrics, names.kv_cache_usage if names else None),
                )
            )

    def _metrics(self) -> Metrics | None:
        try:
            return self._engine.metrics()
        except EngineError:  # the load itself says what is wrong with the server
            return None


def _gauge(metrics: Metrics | None, name: str | None) -> float | None:
    return metrics.value(name) if metrics and name else None
