"""Processors and memory of the machine, from the kernel."""

import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from pipeline.hardware.health.sample import HostSample

_CGROUPS = Path("/sys/fs/cgroup")
_SENSORS = ("coretemp", "k10temp", "zenpower", "cpu_thermal")
"""Linux's names for sensors of processors."""


def read_host(ours: Sequence[psutil.Process]) -> HostSample:
    """Return processors and memory as they are now.

    Args:
        ours: processes whose time is not other people's.
    """
    times, memory = psutil.cpu_times(), psutil.virtual_memory()
    steal = getattr(times, "steal", 0.0)
    idle = times.idle + getattr(times, "iowait", 0.0)
    frequency, heat = _frequency(), _hottest()
    return HostSample(
        cores=psutil.cpu_count() or 1,
        # A guest's time stands in the user's already.
        busy_s=sum(times) - idle - steal - getattr(times, "guest", 0.0) - getattr(times, "guest_nice", 0.0),
        ours_s=sum(_cpu_s(ours)),
        steal_s=steal,
        memory_total_bytes=memory.total,
        memory_available_bytes=memory.available,
        swapped_bytes=_swapped(),
        throttled_s=throttled_s(_control_group()),
        frequency_mhz=frequency[0],
        max_frequency_mhz=frequency[1],
        temperature_c=heat[0],
        critical_c=heat[1],
    )


def _cpu_s(processes: Sequence[psutil.Process]) -> Iterable[float]:
    """Yield each process's time with that of the children that it has reaped; the others stand for themselves."""
    for process in processes:
        if process.pid == os.getpid():
            mine = os.times()
            yield mine.user + mine.system + mine.children_user + mine.children_system
            continue
        with suppress(psutil.Error):
            times = process.cpu_times()
            yield (
                times.user
                + times.system
                + getattr(times, "children_user", 0.0)
                + getattr(times, "children_system", 0.0)
            )


def _swapped() -> int | None:
    with suppress(OSError, RuntimeError):
        swap = psutil.swap_memory()
        return int(swap.sin + swap.sout)
    return None


def _frequency() -> tuple[float | None, float | None]:
    with suppress(OSError, NotImplementedError, RuntimeError):
        found = psutil.cpu_freq()
        if found is not None:
            return found.current or None, found.max or None
    return None, None


def _hottest() -> tuple[float | None, float | None]:
    if not hasattr(psutil, "sensors_temperatures"):  # of Linux and FreeBSD
        return None, None
    sensors = psutil.sensors_temperatures()
    found = [one for name in _SENSORS for one in sensors.get(name, ()) if one.current]
    hottest = max(found, key=lambda one: one.current, default=None)
    return (None, None) if hottest is None else (hottest.current, hottest.critical or None)


def _control_group() -> str:
    """Return the processor statistics of this process's control group; empty where there is none."""
    path = Path("/proc/self/cgroup")
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    for line in lines:
        _, controllers, name = line.split(":", 2)
        folder = "" if not controllers else "cpu"
        if not controllers or "cpu" in controllers.split(","):
            for group in (_CGROUPS / folder / name.lstrip("/"), _CGROUPS / folder):
                with suppress(OSError):
                    return (group / "cpu.stat").read_text(encoding="utf-8")
    return ""


def throttled_s(statistics: str) -> float | None:
    """Return how long a control group waited for its quota; None where it has none, or no kernel tells.

    Args:
        statistics: its `cpu.stat`: microseconds in `throttled_usec`, or nanoseconds in `throttled_time`.
    """
    values = dict(line.split() for line in statistics.splitlines() if len(line.split()) == 2)  # noqa: PLR2004 -- a pair
    for name, unit in (("throttled_usec", 1e6), ("throttled_time", 1e9)):
        if name in values:
            return int(values[name]) / unit
    return None
