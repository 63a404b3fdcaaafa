"""How much memory processes and GPUs use now."""

from collections.abc import Collection, Iterable
from pathlib import Path

import psutil

from pipeline.hardware.health.readers import GpuReader

_GIB = 2**30


def resident_gib(pid: int) -> float | None:
    """Return the system memory that a process and all below it hold; None where it is gone.

    Pages of one's own are summed up; of shared ones, mostly libraries that each process maps, the largest set counts
    once. Reading the exact share of each page (PSS) would stop the processes for as long as it takes.
    """
    try:
        root = psutil.Process(pid)
        tree = [root, *root.children(recursive=True)]
    except psutil.Error:
        return None
    return _held(filter(None, map(_pages, tree)))


def _pages(process: psutil.Process) -> tuple[int, int] | None:
    try:
        memory = process.memory_info()
    except psutil.Error:
        return None
    return memory.rss, int(getattr(memory, "shared", 0))


def _held(pages: Iterable[tuple[int, int]]) -> float | None:
    found = list(pages)
    if not found:
        return None
    return (sum(rss - shared for rss, shared in found) + max(shared for _, shared in found)) / _GIB


def device_bytes(readers: Iterable[GpuReader], gpus: Collection[int]) -> list[int | None]:
    """Return the memory in use on some GPUs, by whomever; None for one that does not tell.

    Args:
        readers: of the machine's GPUs.
        gpus: their indices.
    """
    return [used for reader in readers for index, used in reader.used_bytes().items() if index in gpus]


def free_gib() -> float:
    """Return the system memory that is still to be had, in this container where it has a limit."""
    free = psutil.virtual_memory().available
    limit, used = (_cgroup_bytes(name) for name in ("memory.max", "memory.current"))
    if limit is not None and used is not None:
        free = min(free, limit - used)
    return max(free, 0) / _GIB


def _cgroup_bytes(name: str) -> int | None:
    path = Path("/sys/fs/cgroup", name)
    text = path.read_text(encoding="utf-8").strip() if path.is_file() else ""
    return int(text) if text.isdigit() else None
