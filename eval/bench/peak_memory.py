"""Peak memory of an engine while it is under load: sampled, because nothing keeps it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from eval.bench.engine_proof import MemorySource, PeakMemory
from pipeline.hardware.health.readers import gpu_readers
from pipeline.hardware.health.selection import Choice
from pipeline.hardware.memory_use import device_bytes, resident_gib

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


@contextmanager
def memory_watch(pid: int | None, gpus: Choice) -> Iterator[MemoryWatch]:
    """Yield the watch over an engine: of the fullest GPU that it uses, or of its processes where it uses none.

    Args:
        pid: of the process that all others of the engine are below.
        gpus: that it uses.
    """
    with gpu_readers() as readers:
        used = gpus([gpu for reader in readers for gpu in reader.facts])
        watch = (
            MemoryWatch(lambda: _fullest_gib(device_bytes(readers, used)), "device")
            if used
            else MemoryWatch(lambda: None if pid is None else resident_gib(pid), "processes")
        )
        with watch:
            yield watch


def _fullest_gib(held: list[int | None]) -> float | None:
    known = [one for one in held if one is not None]
    return max(known) / 2**30 if known else None
