"""What is read of a machine at one time; None stands for what the driver or the system does not report."""

from typing import Literal

from pipeline.base.results import Result

Owner = Literal["ours", "foreign", "unknown"]
"""Whose process it is; `unknown` where its number is of another PID namespace, as in a container."""


class GpuFacts(Result):
    """What does not change while a GPU runs."""

    index: int
    """As NVML and `nvidia-smi` count; AMD's go on from there."""
    vendor: Literal["nvidia", "amd"]
    name: str
    uuid: str | None = None
    driver: str | None = None
    cuda: str | None = None
    """Highest CUDA version of the driver, such as `13.0`."""
    default_limit_w: float | None = None
    max_clock_mhz: int | None = None
    pcie_max_width: int | None = None
    pcie_max_generation: int | None = None
    mig: bool | None = None
    ecc: bool | None = None
    ecc_pending: bool | None = None
    """What the next reset brings."""
    persistence: bool | None = None
    compute_mode: str | None = None
    """`default`, `exclusive process` or `prohibited`."""


class GpuProcess(Result):
    """A process that computes on a GPU."""

    pid: int
    memory_bytes: int | None = None
    busy_percent: int | None = None
    """Share of the multiprocessors, over the last second or so."""
    owner: Owner
    name: str | None = None


class GpuSample(Result):
    """One GPU at one time."""

    index: int
    lost: bool = False
    """Whether it no longer answers."""
    utilization_percent: float | None = None
    """Share of the time in which any kernel ran."""
    memory_used_bytes: int | None = None
    memory_total_bytes: int | None = None
    temperature_c: float | None = None
    memory_temperature_c: float | None = None
    margin_c: float | None = None
    """To the temperature at which clocks are lowered."""
    power_w: float | None = None
    limit_w: float | None = None
    """That is enforced."""
    clock_mhz: int | None = None
    memory_clock_mhz: int | None = None
    reasons: tuple[str, ...] | None = None
    """Why the clock is not higher: names of `pipeline.hardware.health.reasons`."""
    throttled_s: dict[str, float] | None = None
    """Time since the driver was loaded that the clocks were lowered, by reason; what lies between samples counts."""
    ecc_corrected: int | None = None
    """Since the driver was loaded."""
    ecc_uncorrected: int | None = None
    rows_remapped: int | None = None
    remap_pending: bool | None = None
    remap_failed: bool | None = None
    pcie_width: int | None = None
    pcie_generation: int | None = None
    pcie_replays: int | None = None
    nvlink_errors: int | None = None
    """Replays, recoveries and checksum errors of all links."""
    fabric: str | None = None
    """`completed` where the GPU belongs to an NVSwitch fabric and is registered."""
    recovery: str | None = None
    """What the driver asks for: `none`, `reset`, `reboot`, ..."""
    energy_j: float | None = None
    """Since the driver was loaded."""
    xids: tuple[int, ...] | None = None
    """Critical errors since the sample before."""
    events: tuple[str, ...] | None = None
    """Other errors that the driver announced since the sample before."""
    processes: tuple[GpuProcess, ...] | None = None


class HostSample(Result):
    """Processors and memory at one time; times are counted from the system's start."""

    cores: int
    busy_s: float
    """Processor time of all processes."""
    ours_s: float
    """Of this program, what it started, and the server that it measures."""
    steal_s: float
    """Taken by the hypervisor."""
    memory_total_bytes: int
    memory_available_bytes: int
    swapped_bytes: int | None = None
    """Read from and written to swap, from the system's start."""
    throttled_s: float | None = None
    """Time that the control group had to wait for its quota."""
    frequency_mhz: float | None = None
    max_frequency_mhz: float | None = None
    temperature_c: float | None = None
    """Of the hottest sensor of the processors."""
    critical_c: float | None = None
    """At which that sensor's processor protects itself."""


class Snapshot(Result):
    """The machine at one time."""

    at_s: float
    """After the first one."""
    phase: Literal["before", "during", "after"]
    """Of the load."""
    gpus: tuple[GpuSample, ...] = ()
    host: HostSample
