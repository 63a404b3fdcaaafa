"""`GpuWatch`: the GPUs of this machine, read while the endpoint runs; on a machine without one it says nothing."""

import threading
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from typing import Self

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from pipeline.hardware.health.gpu_checks import gpu_checks
from pipeline.hardware.health.processes import Owners, our_processes
from pipeline.hardware.health.readers import GpuReader, gpu_readers
from pipeline.hardware.health.sample import GpuFacts, GpuSample

_FRESH_S = 5.0
_PERCENT = 100
_STATES = {"pass": 0, "warn": 1, "fail": 2}
_GAUGES: tuple[tuple[str, str, str, float], ...] = (
    ("awqctl_gpu_utilization_ratio", "Share of the time in which a kernel ran.", "utilization_percent", 1 / _PERCENT),
    ("awqctl_gpu_memory_used_bytes", "Memory in use.", "memory_used_bytes", 1),
    ("awqctl_gpu_memory_total_bytes", "Memory that it has.", "memory_total_bytes", 1),
    ("awqctl_gpu_temperature_celsius", "Temperature of the chip.", "temperature_c", 1),
    ("awqctl_gpu_temperature_margin_celsius", "To where clocks are lowered.", "margin_c", 1),
    ("awqctl_gpu_power_watts", "Power drawn.", "power_w", 1),
    ("awqctl_gpu_power_limit_watts", "Limit that is enforced.", "limit_w", 1),
    ("awqctl_gpu_clock_hertz", "Clock of the multiprocessors.", "clock_mhz", 1e6),
)
_COUNTERS: tuple[tuple[str, str, str], ...] = (
    ("awqctl_gpu_ecc_uncorrected", "Memory errors that could not be corrected.", "ecc_uncorrected"),
    ("awqctl_gpu_ecc_corrected", "Memory errors that were corrected.", "ecc_corrected"),
    ("awqctl_gpu_pcie_replays", "Transfers over PCIe that had to be repeated.", "pcie_replays"),
    ("awqctl_gpu_nvlink_errors", "Replays, recoveries and checksum errors.", "nvlink_errors"),
)


class GpuWatch:
    """Keeps the drivers' libraries open; a context manager."""

    def __init__(self) -> None:
        self._reading = threading.Lock()
        self._read: tuple[float, tuple[GpuSample, ...]] | None = None
        self._xids: Counter[tuple[int, int]] = Counter()
        self._readers: Sequence[GpuReader] = ()
        self._stack = ExitStack()
        self.facts: tuple[GpuFacts, ...] = ()

    def __enter__(self) -> Self:
        self._readers = self._stack.enter_context(gpu_readers())
        self.facts = tuple(gpu for reader in self._readers for gpu in reader.facts)
        return self

    def __exit__(self, *exc: object) -> None:
        self._stack.close()

    def samples(self) -> tuple[GpuSample, ...]:
        """Return the GPUs as they were at most five seconds ago."""
        if not self.facts:
            return ()
        with self._reading:
            if self._read is None or time.monotonic() - self._read[0] > _FRESH_S:
                owners = Owners(our_processes())
                found = tuple(sample for reader in self._readers for sample in reader.read(owners))
                self._xids.update((one.index, xid) for one in found for xid in one.xids or ())
                self._read = (time.monotonic(), found)
            return self._read[1]

    def metrics(self) -> Iterable[Metric]:
        """Return what the drivers say, and what the checks say of it."""
        samples = self.samples()
        return gpu_metrics(self.facts, samples, dict(self._xids)) if samples else ()


def gpu_metrics(
    facts: Sequence[GpuFacts], samples: Sequence[GpuSample], xids: dict[tuple[int, int], int]
) -> list[Metric]:
    """Return the metrics of some GPUs; what a driver does not report is left out.

    Args:
        facts: what does not change, by the same indices.
        samples: of now.
        xids: critical errors so far, by index and number.
    """
    names = {one.index: (str(one.index), one.name) for one in facts}
    found: list[Metric] = []
    for name, text, field, scale in _GAUGES:
        family = GaugeMetricFamily(name, text, labels=("gpu", "product"))
        for sample in samples:
            if (value := getattr(sample, field)) is not None:
                family.add_metric(names[sample.index], value * scale)
        found.append(family)
    for name, text, field in _COUNTERS:
        counted = CounterMetricFamily(name, text, labels=("gpu", "product"))
        for sample in samples:
            if (value := getattr(sample, field)) is not None:
                counted.add_metric(names[sample.index], value)
        found.append(counted)
    critical = CounterMetricFamily(
        "awqctl_gpu_xid_errors", "Critical errors that the driver announced.", labels=("gpu", "product", "xid")
    )
    for (index, xid), amount in xids.items():
        critical.add_metric((*names[index], str(xid)), amount)
    return [*found, critical, _checks(facts, samples)]


def _checks(facts: Sequence[GpuFacts], samples: Sequence[GpuSample]) -> Metric:
    family = GaugeMetricFamily(
        "awqctl_gpu_check", "0 well, 1 to be looked at, 2 not well.", labels=("gpu", "product", "check")
    )
    of = {one.index: one for one in facts}
    for sample in samples:
        gpu = of[sample.index]
        for check in gpu_checks(gpu, sample):
            if check.state in _STATES:
                family.add_metric((str(gpu.index), gpu.name, check.name), _STATES[check.state])
    return family
