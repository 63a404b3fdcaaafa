"""Loads that GPUs of a script went through, read by the real `pynvml`."""

from collections.abc import Sequence
from typing import Literal

import psutil

from pipeline.hardware.health.check import HealthCheck
from pipeline.hardware.health.gpu_checks import gpu_checks
from pipeline.hardware.health.nvml import open_nvml
from pipeline.hardware.health.processes import Owners
from pipeline.hardware.health.sample import HostSample, Snapshot
from pipeline.hardware.health.summary import HealthSummary, summarised
from tests.fakes.nvml import FakeNvml, GpuState, installed

GIB = 2**30


def recorded(*scripts: Sequence[GpuState]) -> tuple[tuple[HealthCheck, ...], HealthSummary, list[Snapshot]]:
    """Read every step, one a second; return the first GPU's checks at the end, the summary, and the samples."""
    with installed(FakeNvml(*scripts)) as library:
        reader = open_nvml()
        assert reader is not None
        snapshots = []
        steps = len(scripts[0])
        for step in range(steps):
            library.step = step
            gpus = reader.read(Owners([psutil.Process()]))
            phase: Literal["before", "during", "after"] = (
                "before" if step == 0 else "after" if step == steps - 1 else "during"
            )
            snapshots.append(Snapshot(at_s=float(step), phase=phase, gpus=gpus, host=host(step)))
        reader.close()
        now = gpu_checks(reader.facts[0], snapshots[-1].gpus[0])
    return now, summarised(reader.facts, snapshots, output_tokens=1000), snapshots


def host(step: int) -> HostSample:
    """Return a machine that does nothing else."""
    return HostSample(
        cores=2, busy_s=step, ours_s=step, steal_s=0, memory_total_bytes=16 * GIB, memory_available_bytes=8 * GIB
    )
