"""Peak memory of an engine while it is under load: sampled, because nothing keeps it."""

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from eval.bench.engine_proof import MemorySource, PeakMemory
from pipeline.hardware.memory_use import device_gib, resident_gib
from pipeline.runtimes.specs import Resolved

_EVERY_S = 1.0


class MemoryWatch:
    """Samples memory from entry to exit, again on each entry; the peak is of all of them. A context manager."""

    def __init__(self, read: Callable[[], float | None], source: MemorySource, every_s: float = _EVERY_S) -> None:
        self._read = read
        self._source: MemorySource = source
        self._every_s = every_s
        self._seen: list[float] = []
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._over.clear()
        self._look()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._over.set()
        if self._thread is not None:
            self._thread.join()
        self._look()

    def peak(self) -> PeakMemory | None:
        """Return the largest sample; None where memory could not be read."""
        if not self._seen:
            return None
        return PeakMemory(source=self._source, gib=max(self._seen), samples=len(self._seen), every_s=self._every_s)

    def _sample(self) -> None:
        while not self._over.wait(self._every_s):
            self._look()

    def _look(self) -> None:
        if (found := self._read()) is not None:
            self._seen.append(found)


def memory_watch(pid: int | None, accelerator: Resolved) -> MemoryWatch:
    """Return the watch over an engine: of the GPU it runs on, or of its processes."""
    if accelerator == "cuda":
        return MemoryWatch(device_gib, "device")
    return MemoryWatch(lambda: None if pid is None else resident_gib(pid), "processes")
