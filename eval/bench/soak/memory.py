"""What a server's memory is read from: the GPUs that it uses, else its processes on this machine."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Protocol

import psutil

from eval.bench.engine_proof import MemorySource
from eval.bench.load.watch import server_processes
from pipeline.hardware.health.readers import GpuReader, gpu_readers
from pipeline.hardware.health.selection import Choice
from pipeline.hardware.memory_use import device_bytes


class MemoryReader(Protocol):
    """Reads the memory that a server holds."""

    @property
    def memory_of(self) -> MemorySource | None:
        """Whose memory it is; None where none can be read."""

    def memory_gib(self) -> float | None:
        """Return what is held now; None where it cannot be read."""


class ProcessMemory:
    """The resident set of a server's processes on this machine, pages that two of them share counted in both."""

    def __init__(self, base_url: str) -> None:
        self._processes = server_processes(base_url) or ()

    @property
    def memory_of(self) -> MemorySource | None:
        """Return that it is of processes; None where the server runs elsewhere or they are not found."""
        return "processes" if self._processes else None

    def memory_gib(self) -> float | None:
        """Return the sum over all of them; None where one is gone, because the rest would look like memory freed."""
        with suppress(psutil.Error):
            held = sum(process.memory_info().rss for process in self._processes)
            return held / 2**30 if self._processes else None
        return None


class DeviceMemory:
    """The memory of GPUs that is taken, by whomever: a load is void where others work there."""

    def __init__(self, readers: Sequence[GpuReader], gpus: Collection[int]) -> None:
        """Take the machine's readers and the indices of the GPUs that the server uses."""
        self._readers = readers
        self._gpus = gpus

    @property
    def memory_of(self) -> MemorySource | None:
        """Return that it is of the device."""
        return "device"

    def memory_gib(self) -> float | None:
        """Return the sum over the GPUs; None where one does not tell."""
        held = device_bytes(self._readers, self._gpus)
        return None if None in held or len(held) < len(self._gpus) else sum(one or 0 for one in held) / 2**30


@contextmanager
def server_memory(base_url: str, choose: Choice | None) -> Iterator[MemoryReader]:
    """Yield what reads a server's memory.

    Args:
        base_url: of the server.
        choose: the GPUs that it uses; None where that is not known, and its processes are read.
    """
    with gpu_readers() as readers:
        facts = tuple(gpu for reader in readers for gpu in reader.facts)
        used = choose(facts) if choose else ()
        yield DeviceMemory(readers, used) if used else ProcessMemory(base_url)
