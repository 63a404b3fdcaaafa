"""`Health`: reads the machine before, once a second during, and after a load."""

import gzip
import hashlib
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import psutil

from pipeline.hardware.health.host import read_host
from pipeline.hardware.health.processes import Owners, our_processes
from pipeline.hardware.health.readers import GpuReader, gpu_readers
from pipeline.hardware.health.sample import GpuFacts, Snapshot
from pipeline.hardware.health.selection import Choice
from pipeline.hardware.health.summary import HealthSummary, summarised

_EVERY_S = 1.0


class Health:
    """Samples from entry to exit; a context manager. What a reading raises is raised when it ends.

    Args:
        servers: processes that are measured and were not started from here.
        choose: the GPUs that are used; None for those on which processes of ours are seen.
    """

    def __init__(self, servers: Sequence[psutil.Process] = (), *, choose: Choice | None = None) -> None:
        self._servers, self._choose = servers, choose
        self._over = threading.Event()
        self._stack = ExitStack()
        self._readers: Sequence[GpuReader] = ()
        self._sampling: Future[None] | None = None
        self.facts: tuple[GpuFacts, ...] = ()
        self.snapshots: list[Snapshot] = []

    def __enter__(self) -> Self:
        self._readers = self._stack.enter_context(gpu_readers())
        self.facts = tuple(gpu for reader in self._readers for gpu in reader.facts)
        self._began = time.monotonic()
        self._take("before")
        executor = self._stack.enter_context(ThreadPoolExecutor(max_workers=1, thread_name_prefix="health"))
        self._sampling = executor.submit(self._sample)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._over.set()
        with self._stack:
            if self._sampling is not None and error is None:
                self._sampling.result()
                self._take("after")

    def summary(self, output_tokens: int | None = None) -> HealthSummary:
        """Return what the samples say; after the end."""
        used = self._choose(self.facts) if self._choose else None
        return summarised(self.facts, self.snapshots, gpus=used, output_tokens=output_tokens)

    def write(self, path: Path) -> str:
        """Write the samples as JSON lines, the GPUs' unchanging facts first, packed; return the file's SHA-256."""
        lines = [gpu.model_dump_json() for gpu in self.facts] + [one.model_dump_json() for one in self.snapshots]
        data = gzip.compress("".join(f"{line}\n" for line in lines).encode(), mtime=0)
        path.write_bytes(data)
        return hashlib.sha256(data).hexdigest()

    def _sample(self) -> None:
        while not self._over.wait(_EVERY_S):
            self._take("during")

    def _take(self, phase: Literal["before", "during", "after"]) -> None:
        self.snapshots.append(take(self._readers, self._servers, phase, lambda: time.monotonic() - self._began))


def take(
    readers: Sequence[GpuReader],
    servers: Sequence[psutil.Process],
    phase: Literal["before", "during", "after"],
    clock: Callable[[], float],
) -> Snapshot:
    """Return the machine as it is now."""
    owners = Owners(our_processes(servers))
    gpus = tuple(sample for reader in readers for sample in reader.read(owners))
    return Snapshot(at_s=clock(), phase=phase, gpus=gpus, host=read_host(owners.processes))
