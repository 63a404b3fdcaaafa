"""Whose processes are whose: this program's and its servers', others, and those that cannot be told."""

from collections.abc import Iterable, Sequence
from contextlib import suppress

import psutil

from pipeline.hardware.health.sample import Owner


def our_processes(servers: Iterable[psutil.Process] = ()) -> tuple[psutil.Process, ...]:
    """Return this process, all that it has started, and the servers that it measures; each once."""
    own = psutil.Process()
    found = {process.pid: process for process in (own, *own.children(recursive=True))}
    for server in servers:
        found.setdefault(server.pid, server)
    return tuple(found.values())


class Owners:
    """Knows the owner of a process by its number."""

    def __init__(self, ours: Sequence[psutil.Process]) -> None:
        self.processes = tuple(ours)
        self._pids = frozenset(process.pid for process in ours)

    def of(self, pid: int) -> Owner:
        """Return whose it is; a number that no process here has is one of another namespace."""
        if pid in self._pids:
            return "ours"
        return "foreign" if psutil.pid_exists(pid) else "unknown"

    def name(self, pid: int) -> str | None:
        """Return its name, where that can be read."""
        with suppress(psutil.Error):
            return psutil.Process(pid).name()
        return None
