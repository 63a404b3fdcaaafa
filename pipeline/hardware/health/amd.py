"""AMD's GPUs through amdsmi, where that is installed. Written after its source (7.0.2) and tested against a recording.

It has never run on real hardware.
"""

from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from pipeline.hardware.health.processes import Owners
from pipeline.hardware.health.sample import GpuFacts, GpuProcess, GpuSample

_ACTIVE = {
    "active_prochot_thrm": "hw_thermal_slowdown",
    "active_hbm_thrm": "hw_thermal_slowdown",
    "active_vr_thrm": "hw_thermal_slowdown",
    "active_socket_thrm": "sw_thermal_slowdown",
    "active_ppt_pwr": "sw_power_cap",
}
"""amdsmi's violations -> our reasons."""


class AmdReader:
    """Reads all GPUs through a loaded and initialized `amdsmi`."""

    def __init__(self, smi: Any, first: int = 0) -> None:
        self._smi = smi
        handles = smi.amdsmi_get_processor_handles()
        self._devices = [_Device(smi, index, handle) for index, handle in enumerate(handles, first)]
        self.facts = tuple(device.facts() for device in self._devices)

    def read(self, owners: Owners) -> tuple[GpuSample, ...]:
        """Return the GPUs as they are now."""
        return tuple(device.read(owners) for device in self._devices)

    def used_bytes(self) -> Mapping[int, int | None]:
        """Return the memory in use by the GPUs' indices; None for one that does not tell."""
        return {device.index: device.memory()[0] for device in self._devices}

    def close(self) -> None:
        """Let go of the library."""
        self._smi.amdsmi_shut_down()


def open_amdsmi(first: int = 0) -> AmdReader | None:
    """Return a reader of this machine's GPUs, numbered from `first`; None without the package or the driver."""
    if find_spec("amdsmi") is None:
        return None
    try:
        smi = import_module("amdsmi")  # loads AMD's library
        smi.amdsmi_init()
    except (ImportError, OSError, KeyError, AttributeError):
        return None
    except smi.AmdSmiException:
        return None
    return AmdReader(smi, first)


class _Device:
    def __init__(self, smi: Any, index: int, handle: Any) -> None:
        self._smi, self.index, self._handle = smi, index, handle

    def _ask(self, name: str, *arguments: Any) -> Any:
        """Return an answer; None where there is none."""
        function = getattr(self._smi, name, None)
        if function is None:
            return None
        try:
            return function(self._handle, *arguments)
        except self._smi.AmdSmiException:
            return None

    def _of(self, name: str, *arguments: Any) -> dict[str, Any]:
        """Return an answer in parts; those that are `N/A` are missing."""
        return {key: value for key, value in (self._ask(name, *arguments) or {}).items() if value != "N/A"}

    def facts(self) -> GpuFacts:
        asic, driver = self._of("amdsmi_get_gpu_asic_info"), self._of("amdsmi_get_gpu_driver_info")
        link, cap = self._of("amdsmi_get_pcie_info"), self._of("amdsmi_get_power_cap_info")
        return GpuFacts(
            index=self.index,
            vendor="amd",
            name=asic.get("market_name") or "AMD GPU",
            uuid=self._ask("amdsmi_get_gpu_device_uuid"),
            driver=driver.get("driver_version"),
            default_limit_w=_micro(cap.get("default_power_cap")),
            pcie_max_width=_number(link.get("pcie_static", {}).get("max_pcie_width")),
        )

    def memory(self) -> tuple[int | None, int | None]:
        """Return bytes in use, and in all."""
        found = self._of("amdsmi_get_gpu_vram_usage")
        return _mebi(found.get("vram_used")), _mebi(found.get("vram_total"))

    def read(self, owners: Owners) -> GpuSample:
        smi = self._smi
        (used, total), cap = self.memory(), self._of("amdsmi_get_power_cap_info")
        power, ecc = self._of("amdsmi_get_power_info"), self._of("amdsmi_get_gpu_total_ecc_count")
        clock = self._of("amdsmi_get_clock_info", smi.AmdSmiClkType.GFX)
        link = self._of("amdsmi_get_pcie_info").get("pcie_metric", {})
        now, critical = self._degrees("HOTSPOT", "CURRENT"), self._degrees("HOTSPOT", "CRITICAL")
        return GpuSample(
            index=self.index,
            utilization_percent=self._of("amdsmi_get_gpu_activity").get("gfx_activity"),
            memory_used_bytes=used,
            memory_total_bytes=total,
            temperature_c=now,
            memory_temperature_c=self._degrees("VRAM", "CURRENT"),
            margin_c=None if now is None or critical is None else critical - now,
            power_w=_number(power.get("current_socket_power")) or _number(power.get("average_socket_power")),
            limit_w=_micro(cap.get("power_cap")),
            clock_mhz=_number(clock.get("clk")),
            reasons=self._reasons(),
            ecc_corrected=ecc.get("correctable_count"),
            ecc_uncorrected=ecc.get("uncorrectable_count"),
            pcie_width=_number(link.get("pcie_width")),
            pcie_replays=_number(link.get("pcie_replay_count")),
            energy_j=self._energy(),
            processes=self._processes(owners),
        )

    def _degrees(self, sensor: str, metric: str) -> float | None:
        smi = self._smi
        found = self._ask(
            "amdsmi_get_temp_metric",
            getattr(smi.AmdSmiTemperatureType, sensor),
            getattr(smi.AmdSmiTemperatureMetric, metric),
        )
        return None if found is None else float(found)

    def _reasons(self) -> tuple[str, ...] | None:
        found = self._of("amdsmi_get_violation_status")
        told = {reason for name, reason in _ACTIVE.items() if found.get(name) is True}
        return tuple(sorted(told)) if any(name in found for name in _ACTIVE) else None

    def _energy(self) -> float | None:
        found = self._of("amdsmi_get_energy_count")
        if not found:
            return None
        return float(found["energy_accumulator"] * found["counter_resolution"]) / 1e6

    def _processes(self, owners: Owners) -> tuple[GpuProcess, ...] | None:
        found = self._ask("amdsmi_get_gpu_process_list")
        if found is None:
            return None
        return tuple(
            GpuProcess(
                pid=one["pid"],
                memory_bytes=one["memory_usage"]["vram_mem"],
                owner=owners.of(one["pid"]),
                name=owners.name(one["pid"]),
            )
            for one in found
        )


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) else None


def _micro(value: Any) -> float | None:
    """Return watts of microwatts."""
    return value / 1e6 if isinstance(value, int) else None


def _mebi(value: Any) -> int | None:
    """Return bytes of MiB, in which amdsmi counts a GPU's memory."""
    return value * 2**20 if isinstance(value, int) else None
