"""NVIDIA's GPUs through NVML. Every call may be unknown to the driver or the GPU; what it does not say stays None."""

import ctypes
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from pipeline.hardware.health.processes import Owners
from pipeline.hardware.health.reasons import reasons_in
from pipeline.hardware.health.sample import GpuFacts, GpuProcess, GpuSample

_COMPUTE_MODES = {0: "default", 2: "prohibited", 3: "exclusive process"}
_FABRIC = {1: "not started", 2: "in progress", 3: "completed"}
_RECOVERY = (
    "none",
    "reset of the GPU",
    "reboot",
    "draining of peer traffic",
    "draining and reset",
    "recovery of the IMEX domain",
    "reset of the bus",
    "reboot of the system",
)
_COUNTERS = {
    "sw_power_cap": "NVML_FI_DEV_CLOCKS_EVENT_REASON_SW_POWER_CAP",
    "sw_thermal_slowdown": "NVML_FI_DEV_CLOCKS_EVENT_REASON_SW_THERM_SLOWDOWN",
    "hw_thermal_slowdown": "NVML_FI_DEV_CLOCKS_EVENT_REASON_HW_THERM_SLOWDOWN",
    "hw_power_brake": "NVML_FI_DEV_CLOCKS_EVENT_REASON_HW_POWER_BRAKE_SLOWDOWN",
}
"""Nanoseconds."""
_NVLINK = tuple(
    f"NVML_FI_DEV_NVLINK_{kind}_ERROR_COUNT_TOTAL" for kind in ("CRC_FLIT", "CRC_DATA", "REPLAY", "RECOVERY")
)
_EVENTS = {
    "nvmlEventTypeFatalPoisonError": "fatal poison error",
    "nvmlEventTypeGpuUnavailableError": "the GPU is not available",
    "nvmlEventTypeGpuRecoveryAction": "the driver asks for a recovery action",
    "nvmlEventTypeDramRetirementFailure": "a memory row could not be replaced",
}
_XID = "nvmlEventTypeXidCriticalError"
_TYPES = ("dVal", "uiVal", "ulVal", "ullVal", "sllVal", "siVal", "usVal")
"""Of field values, by `nvmlValueType_t`."""


class NvmlReader:
    """Reads all GPUs of the machine through a loaded and initialized `pynvml`."""

    def __init__(self, nvml: Any) -> None:
        self._nvml = nvml
        self._devices = [_Device(nvml, index) for index in range(nvml.nvmlDeviceGetCount())]
        self._events = _Events(nvml, self._devices)
        driver, cuda = _of_system(nvml)
        self.facts = tuple(device.facts(driver, cuda) for device in self._devices)

    def read(self, owners: Owners) -> tuple[GpuSample, ...]:
        """Return the GPUs as they are now."""
        samples = [device.read(owners) for device in self._devices]
        announced = self._events.drain()
        return tuple(sample.model_copy(update=announced.get(sample.index, {})) for sample in samples)

    def used_bytes(self) -> Mapping[int, int | None]:
        """Return the memory in use by the GPUs' indices; None for one that does not tell."""
        return {device.index: device.memory()[0] for device in self._devices}

    def close(self) -> None:
        """Let go of the library."""
        self._events.close()
        self._nvml.nvmlShutdown()


def open_nvml() -> NvmlReader | None:
    """Return a reader of this machine's GPUs; None where there is no driver."""
    import pynvml  # noqa: PLC0415 -- not every command reads GPUs

    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return None
    return NvmlReader(pynvml)


def _of_system(nvml: Any) -> tuple[str | None, str | None]:
    def asked(name: str) -> Any:
        try:
            return getattr(nvml, name)()
        except nvml.NVMLError:
            return None

    cuda = asked("nvmlSystemGetCudaDriverVersion")
    return asked("nvmlSystemGetDriverVersion"), None if cuda is None else f"{cuda // 1000}.{cuda % 1000 // 10}"


class _Device:
    """One GPU."""

    def __init__(self, nvml: Any, index: int) -> None:
        self._nvml, self.index = nvml, index
        self.handle, self.lost = None, False
        self._seen_us = 0
        try:
            self.handle = nvml.nvmlDeviceGetHandleByIndex(index)
        except nvml.NVMLError:  # a GPU that fell off the bus is counted and has no handle
            self.lost = True

    def ask(self, name: str, *arguments: Any, absent: Any = None) -> Any:
        """Return an answer; None where there is none, `absent` where NVML finds nothing."""
        nvml, function = self._nvml, getattr(self._nvml, name, None)
        if function is None or self.handle is None:
            return None
        try:
            return function(self.handle, *arguments)
        except nvml.NVMLError as error:
            self.lost |= error.value == nvml.NVML_ERROR_GPU_IS_LOST
            return absent if error.value == nvml.NVML_ERROR_NOT_FOUND else None
        except nvml.NVMLLibraryMismatchError:
            return None

    def facts(self, driver: str | None, cuda: str | None) -> GpuFacts:
        nvml, ask = self._nvml, self.ask
        ecc, mig = ask("nvmlDeviceGetEccMode"), ask("nvmlDeviceGetMigMode")
        return GpuFacts(
            index=self.index,
            vendor="nvidia",
            name=ask("nvmlDeviceGetName") or "NVIDIA GPU",
            uuid=ask("nvmlDeviceGetUUID"),
            driver=driver,
            cuda=cuda,
            default_limit_w=_scaled(ask("nvmlDeviceGetPowerManagementDefaultLimit"), 1000),
            max_clock_mhz=ask("nvmlDeviceGetMaxClockInfo", nvml.NVML_CLOCK_SM),
            pcie_max_width=ask("nvmlDeviceGetMaxPcieLinkWidth"),
            pcie_max_generation=ask("nvmlDeviceGetMaxPcieLinkGeneration"),
            mig=None if mig is None else bool(mig[0]),
            ecc=None if ecc is None else bool(ecc[0]),
            ecc_pending=None if ecc is None else bool(ecc[1]),
            persistence=_flag(ask("nvmlDeviceGetPersistenceMode")),
            compute_mode=_COMPUTE_MODES.get(ask("nvmlDeviceGetComputeMode")),
        )

    def read(self, owners: Owners) -> GpuSample:
        nvml, ask = self._nvml, self.ask
        busy, (used, total) = ask("nvmlDeviceGetUtilizationRates"), self.memory()
        mask, rows = ask("nvmlDeviceGetCurrentClocksEventReasons"), ask("nvmlDeviceGetRemappedRows")
        memory_degrees = self._fields(["NVML_FI_DEV_MEMORY_TEMP"])
        sample = GpuSample(
            index=self.index,
            utilization_percent=None if busy is None else busy.gpu,
            memory_used_bytes=used,
            memory_total_bytes=total,
            temperature_c=ask("nvmlDeviceGetTemperature", nvml.NVML_TEMPERATURE_GPU),
            memory_temperature_c=memory_degrees.get("NVML_FI_DEV_MEMORY_TEMP"),
            margin_c=ask("nvmlDeviceGetMarginTemperature"),
            power_w=_scaled(ask("nvmlDeviceGetPowerUsage"), 1000),
            limit_w=_scaled(ask("nvmlDeviceGetEnforcedPowerLimit"), 1000),
            clock_mhz=ask("nvmlDeviceGetClockInfo", nvml.NVML_CLOCK_SM),
            memory_clock_mhz=ask("nvmlDeviceGetClockInfo", nvml.NVML_CLOCK_MEM),
            reasons=None if mask is None else reasons_in(mask),
            throttled_s=self._throttled(),
            **self._ecc(),
            rows_remapped=None if rows is None else rows[0] + rows[1],
            remap_pending=None if rows is None else bool(rows[2]),
            remap_failed=None if rows is None else bool(rows[3]),
            pcie_width=ask("nvmlDeviceGetCurrPcieLinkWidth"),
            pcie_generation=ask("nvmlDeviceGetCurrPcieLinkGeneration"),
            pcie_replays=ask("nvmlDeviceGetPcieReplayCounter"),
            nvlink_errors=self._nvlink(),
            fabric=self._fabric(),
            recovery=self._recovery(),
            energy_j=_scaled(ask("nvmlDeviceGetTotalEnergyConsumption"), 1000),
            processes=self._processes(owners),
        )
        return sample.model_copy(update={"lost": self.lost})

    def memory(self) -> tuple[int | None, int | None]:
        """Return bytes in use, and in all."""
        found = self.ask("nvmlDeviceGetMemoryInfo")
        return (None, None) if found is None else (found.used, found.total)

    def _ecc(self) -> dict[str, Any]:
        nvml = self._nvml
        kinds = {
            "corrected": nvml.NVML_MEMORY_ERROR_TYPE_CORRECTED,
            "uncorrected": nvml.NVML_MEMORY_ERROR_TYPE_UNCORRECTED,
        }
        return {
            f"ecc_{kind}": self.ask("nvmlDeviceGetTotalEccErrors", error, nvml.NVML_VOLATILE_ECC)
            for kind, error in kinds.items()
        }

    def _throttled(self) -> dict[str, float] | None:
        found = self._fields(list(_COUNTERS.values()))
        return {name: found[field] / 1e9 for name, field in _COUNTERS.items() if field in found} or None

    def _nvlink(self) -> int | None:
        found = self._fields(list(_NVLINK))
        return int(sum(found.values())) if found else None

    def _recovery(self) -> str | None:
        field = "NVML_FI_DEV_GET_GPU_RECOVERY_ACTION"
        action = self._fields([field]).get(field)
        if action is None:
            return None
        return _RECOVERY[int(action)] if action < len(_RECOVERY) else f"action {action:.0f}"

    def _fields(self, names: Sequence[str]) -> Mapping[str, float]:
        """Return the field values that this GPU has, by name."""
        known = [name for name in names if hasattr(self._nvml, name)]
        answers = self.ask("nvmlDeviceGetFieldValues", [getattr(self._nvml, name) for name in known]) or ()
        return {
            name: getattr(answer.value, _TYPES[answer.valueType])
            for name, answer in zip(known, answers, strict=False)
            if answer.nvmlReturn == self._nvml.NVML_SUCCESS and answer.valueType < len(_TYPES)
        }

    def _fabric(self) -> str | None:
        form = getattr(self._nvml, "c_nvmlGpuFabricInfoV_t", None)
        if form is None:
            return None
        info = form()
        answered = self.ask("nvmlDeviceGetGpuFabricInfoV", ctypes.byref(info))
        return None if answered is None else _FABRIC.get(info.state)

    def _processes(self, owners: Owners) -> tuple[GpuProcess, ...] | None:
        running = self.ask("nvmlDeviceGetComputeRunningProcesses")
        if running is None:
            return None
        used = self.ask("nvmlDeviceGetProcessUtilization", self._seen_us, absent=())
        samples = sorted(used or (), key=lambda one: int(one.timeStamp))
        self._seen_us = max((int(one.timeStamp) for one in samples), default=self._seen_us)
        busy = {int(one.pid): int(one.smUtil) for one in samples}
        return tuple(
            GpuProcess(
                pid=one.pid,
                memory_bytes=one.usedGpuMemory,
                busy_percent=None if used is None else busy.get(one.pid, 0),
                owner=owners.of(one.pid),
                name=owners.name(one.pid),
            )
            for one in running
        )


class _Events:
    """What the driver announces: XIDs and other errors, from now on."""

    def __init__(self, nvml: Any, devices: Sequence[_Device]) -> None:
        self._nvml, self._devices = nvml, devices
        self._names = {getattr(nvml, name): text for name, text in _EVENTS.items() if hasattr(nvml, name)}
        self._set: Any = None
        self._heard: list[int] = []
        try:
            self._set = nvml.nvmlEventSetCreate()
        except nvml.NVMLError:
            return
        wanted = getattr(nvml, _XID) | sum(self._names)
        for device in devices:
            offered = device.ask("nvmlDeviceGetSupportedEventTypes") or 0
            if offered & getattr(nvml, _XID) and self._register(device, offered & wanted):
                self._heard.append(device.index)

    def _register(self, device: _Device, kinds: int) -> bool:
        """Return whether a GPU's events are listened to."""
        try:
            self._nvml.nvmlDeviceRegisterEvents(device.handle, kinds, self._set)
        except self._nvml.NVMLError:
            return False
        return True

    def drain(self) -> dict[int, dict[str, tuple[Any, ...]]]:
        """Return what was announced since the last time, by GPU; nothing of those that announce nothing."""
        xids: dict[int, list[int]] = {index: [] for index in self._heard}
        events: dict[int, list[str]] = {index: [] for index in self._heard}
        while self._heard and (event := self._next()) is not None:
            for index in self._of(event):
                if event.eventType == getattr(self._nvml, _XID):
                    xids.setdefault(index, []).append(int(event.eventData))
                else:
                    events.setdefault(index, []).append(self._names.get(event.eventType, "another error"))
        return {index: {"xids": tuple(xids[index]), "events": tuple(events.get(index, ()))} for index in xids}

    def _next(self) -> Any:
        try:
            return self._nvml.nvmlEventSetWait(self._set, 0)
        except self._nvml.NVMLError:  # nothing more, or the GPU is lost, which its own reading says
            return None

    def _of(self, event: Any) -> Sequence[int]:
        """Return whose event it is; of a GPU that does not say any more it may be any."""
        try:
            return [int(self._nvml.nvmlDeviceGetIndex(event.device))]
        except self._nvml.NVMLError:
            return self._heard

    def close(self) -> None:
        if self._set is not None:
            with suppress(self._nvml.NVMLError):
                self._nvml.nvmlEventSetFree(self._set)


def _scaled(value: int | None, divisor: int) -> float | None:
    return None if value is None else value / divisor


def _flag(value: int | None) -> bool | None:
    return None if value is None else bool(value)
