"""What a server's memory is read from: its processes on this machine."""

from contextlib import suppress
from typing import Literal, Protocol

import psutil

from eval.bench.load.watch import server_processes

MemoryOf = Literal["processes", "device"]


class MemoryReader(Protocol):
    """Reads the memory that a server holds."""

    @property
    def memory_of(self) -> MemoryOf | None:
        """Whose memory it is; None where none can be read."""

    def memory_gib(self) -> float | None:
        """Return what is held now; None where it cannot be read."""


class ProcessMemory:
    """The resident set of a server's processes on this machine, pages that two of them share counted in both."""

    def __init__(self, base_url: str) -> None:
        self._processes = server_processes(base_url) or ()

    @property
    def memory_of(self) -> MemoryOf | None:
        """Return that it is of processes; None where the server runs elsewhere or they are not found."""
        return "processes" if self._processes else None

    def memory_gib(self) -> float | None:
        """Return the sum over all of them; None where one is gone, because the rest would look like memory freed."""
        with suppress(psutil.Error):
            held = sum(process.memory_info().rss for process in self._processes)
            return held / 2**30 if self._processes else None
        return None
