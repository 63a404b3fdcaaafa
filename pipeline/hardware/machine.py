"""The machine: processors, memory, GPUs."""

import os
import platform
from pathlib import Path

import psutil

from pipeline.base.results import Result
from pipeline.hardware.amd import amd_gpus
from pipeline.hardware.gpu import Gpu
from pipeline.hardware.nvidia import nvidia_gpus

_SIMD = ("avx2", "avx512f", "avx512_bf16", "amx_tile", "amx_bf16")


class Machine(Result):
    """What a run has at its disposal; asked once per run."""

    cpu: str
    """Name of the processor."""
    cores: int
    """That this process may use."""
    simd: tuple[str, ...] | None = None
    """Vector and matrix instructions that engines use, by the kernel's names; None where it names none."""
    numa_nodes: int = 1
    """With memory of their own."""
    memory_bytes: int
    """Of the system, or the container's limit."""
    platform: str
    """Operating system, its version, and the processor's architecture."""
    gpus: tuple[Gpu, ...] = ()

    @property
    def cuda_gpus(self) -> tuple[Gpu, ...]:
        """Return the GPUs that engines can run on."""
        return tuple(gpu for gpu in self.gpus if gpu.vendor == "nvidia")

    @property
    def memory_gib(self) -> float:
        """Return the memory in GiB."""
        return self.memory_bytes / 2**30


def probe_machine() -> Machine:
    """Return this machine as it is now; of GPUs their drivers' own tools are asked, which takes up to seconds."""
    total = psutil.virtual_memory().total
    return Machine(
        cpu=_cpu_name(),
        cores=_usable_cores(),
        simd=_simd(),
        numa_nodes=_numa_nodes(),
        memory_bytes=min(total, _container_limit() or total),
        platform=platform.platform(),
        gpus=(*nvidia_gpus(), *amd_gpus()),
    )


def _cpu_name() -> str:
    """Return the processor's name as the kernel gives it."""
    names = (line.partition(":")[2].strip() for line in _cpu_info() if line.startswith("model name"))
    return next(names, platform.machine() or "unknown")


def _simd() -> tuple[str, ...] | None:
    """Return the instructions of the first processor."""
    flags = next((line.partition(":")[2].split() for line in _cpu_info() if line.startswith("flags")), None)
    return None if flags is None else tuple(name for name in _SIMD if name in flags)


def _cpu_info() -> list[str]:
    try:
        return Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []


def _numa_nodes() -> int:
    path = Path("/sys/devices/system/node/has_memory")
    return nodes_in(path.read_text(encoding="utf-8")) if path.is_file() else 1


def nodes_in(ranges: str) -> int:
    """Return how many nodes the kernel lists as `0-1,4`; 1 where it lists none."""
    bounds = [list(map(int, entry.split("-"))) for entry in ranges.strip().split(",") if entry]
    return sum(bound[-1] - bound[0] + 1 for bound in bounds) or 1


def _usable_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _container_limit() -> int | None:
    path = Path("/sys/fs/cgroup/memory.max")
    text = path.read_text(encoding="utf-8").strip() if path.is_file() else ""
    return int(text) if text.isdigit() else None
