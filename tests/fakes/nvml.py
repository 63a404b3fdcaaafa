"""Stands where NVIDIA's `libnvidia-ml.so` would, below the real `pynvml`: answers follow a script, step by step."""

import ctypes
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from typing import Any

import pynvml

_SUCCESS, _NOT_SUPPORTED, _INSUFFICIENT_SIZE, _TIMEOUT, _LOST = 0, 3, 7, 10, 15
_ULL = 3
"""Of `nvmlValueType_t`."""
_GIB = 2**30


@dataclass(frozen=True)
class GpuState:
    """A GPU at one step; None for what it does not support."""

    name: str = "NVIDIA H200"
    uuid: str = "GPU-0001"
    lost: bool = False
    busy: int | None = 98
    memory: tuple[int, int] | None = (141 * _GIB, 120 * _GIB)
    """Total and used."""
    celsius: int | None = 62
    margin: int | None = 25
    milliwatts: int | None = 650_000
    limit: int | None = 700_000
    default_limit: int | None = 700_000
    clock: int | None = 1980
    reasons: int | None = 0x4
    throttled_ns: dict[int, int] | None = None
    """By the number of the field."""
    ecc: tuple[int, int] | None = (0, 0)
    """Corrected and uncorrected since the reset."""
    remap: tuple[int, int, int, int] | None = (0, 0, 0, 0)
    width: int | None = 16
    max_width: int | None = 16
    replays: int | None = 0
    energy_mj: int | None = 1_000_000
    fields: dict[int, int] | None = None
    """Further field values by number."""
    processes: tuple[tuple[int, int, int], ...] | None = ()
    """Number, bytes of memory, percent of the multiprocessors."""
    xids: tuple[int, ...] = ()
    """Announced at this step."""
    listens: bool = True
    """Whether the GPU announces errors."""
    modes: bool = True
    """Whether it tells ECC mode, MIG mode, persistence and compute mode."""
    compute_mode: int = 0


_NOTHING: dict[str, Any] = dict.fromkeys(
    field.name for field in fields(GpuState) if field.default is not None and "None" in str(field.type)
)
SILENT = GpuState(**_NOTHING, listens=False, modes=False)
"""A GPU that supports nothing."""


class FakeNvml:
    """The library of a machine with some GPUs, each with its own script; `step` says where they are."""

    def __init__(self, *scripts: Sequence[GpuState]) -> None:
        self._scripts = scripts
        self._registered: set[int] = set()
        self._announced: set[tuple[int, int, int]] = set()
        self.step = 0

    def __getattr__(self, name: str) -> Callable[..., int]:
        """Return a function of the library; one that it lacks is not found."""
        plain = _SCALARS.get(name)
        if plain is not None:
            return lambda handle, *rest: self._answered(handle, plain, rest[-1])
        handler = _HANDLERS.get(name)
        if handler is None:
            raise AttributeError(name)
        return lambda *arguments: handler(self, *arguments)

    def state(self, handle: Any) -> GpuState:
        """Return the state of a GPU at this step."""
        return self._at(_index(handle))

    def _at(self, index: int) -> GpuState:
        script = self._scripts[index]
        return script[min(self.step, len(script) - 1)]

    def _answered(self, handle: Any, read: Callable[[GpuState], int | None], out: Any) -> int:
        state = self.state(handle)
        value = None if state.lost else read(state)
        if value is None:
            return _LOST if state.lost else _NOT_SUPPORTED
        out._obj.value = value
        return _SUCCESS

    def count(self, out: Any) -> int:
        """Tell the number of GPUs."""
        out._obj.value = len(self._scripts)
        return _SUCCESS

    def handle(self, index: Any, out: Any) -> int:
        """Hand out a handle: the index plus one as its address."""
        ctypes.cast(out, ctypes.POINTER(ctypes.c_void_p))[0] = index.value + 1
        return _LOST if self._at(index.value).lost else _SUCCESS

    def register(self, handle: Any, _kinds: Any, _set: Any) -> int:
        """Listen to a GPU."""
        self._registered.add(_index(handle))
        return _SUCCESS

    def wait(self, _set: Any, out: Any, _timeout: Any) -> int:
        """Announce what has come up to this step, once."""
        for index in sorted(self._registered):
            for step, state in enumerate(self._scripts[index][: self.step + 1]):
                for number in state.xids:
                    if (index, step, number) not in self._announced:
                        self._announced.add((index, step, number))
                        event = out._obj
                        ctypes.cast(ctypes.byref(event), ctypes.POINTER(ctypes.c_void_p))[0] = index + 1
                        event.eventType, event.eventData = pynvml.nvmlEventTypeXidCriticalError, number
                        return _SUCCESS
        return _TIMEOUT


def _index(handle: Any) -> int:
    return (ctypes.cast(handle, ctypes.c_void_p).value or 1) - 1


def _told(fake: FakeNvml, handle: Any, value: object, fill: Callable[[], None]) -> int:
    if fake.state(handle).lost:
        return _LOST
    if value is None:
        return _NOT_SUPPORTED
    fill()
    return _SUCCESS


def _text(read: Callable[[GpuState], str]) -> Callable[..., int]:
    def answer(fake: FakeNvml, handle: Any, buffer: Any, _size: Any) -> int:
        buffer.value = read(fake.state(handle)).encode()
        return _SUCCESS

    return answer


def _utilization(fake: FakeNvml, handle: Any, out: Any) -> int:
    busy = fake.state(handle).busy
    return _told(fake, handle, busy, lambda: setattr(out._obj, "gpu", busy))


def _memory(fake: FakeNvml, handle: Any, out: Any) -> int:
    memory = fake.state(handle).memory

    def fill() -> None:
        out._obj.total, out._obj.used = memory or (0, 0)

    return _told(fake, handle, memory, fill)


def _margin(fake: FakeNvml, handle: Any, out: Any) -> int:
    margin = fake.state(handle).margin
    return _told(fake, handle, margin, lambda: setattr(out._obj, "marginTemperature", margin))


def _ecc(fake: FakeNvml, handle: Any, kind: Any, _span: Any, out: Any) -> int:
    counts = fake.state(handle).ecc
    return _told(fake, handle, counts, lambda: setattr(out._obj, "value", (counts or (0, 0))[kind.value]))


def _remap(fake: FakeNvml, handle: Any, *outs: Any) -> int:
    rows = fake.state(handle).remap

    def fill() -> None:
        for out, value in zip(outs, rows or (), strict=True):
            out._obj.value = value

    return _told(fake, handle, rows, fill)


def _modes(fake: FakeNvml, handle: Any, current: Any, pending: Any) -> int:
    current._obj.value = pending._obj.value = 0
    return _SUCCESS if fake.state(handle).modes else _NOT_SUPPORTED


def _processes(fake: FakeNvml, handle: Any, count: Any, array: Any) -> int:
    running = fake.state(handle).processes
    if running is None or fake.state(handle).lost:
        return _LOST if fake.state(handle).lost else _NOT_SUPPORTED
    count._obj.value = len(running)
    if array is None:
        return _INSUFFICIENT_SIZE if running else _SUCCESS
    for slot, (pid, memory, _) in zip(array, running, strict=False):
        slot.pid, slot.usedGpuMemory = pid, memory
    return _SUCCESS


def _utilizations(fake: FakeNvml, handle: Any, array: Any, count: Any, _since: Any) -> int:
    running = fake.state(handle).processes or ()
    count._obj.value = len(running)
    if array is None:
        return _INSUFFICIENT_SIZE if running else pynvml.NVML_ERROR_NOT_FOUND
    for slot, (pid, _, busy) in zip(array, running, strict=False):
        slot.pid, slot.smUtil, slot.timeStamp = pid, busy, fake.step + 1
    return _SUCCESS


def _field_values(fake: FakeNvml, handle: Any, _count: Any, out: Any) -> int:
    state = fake.state(handle)
    known = (state.throttled_ns or {}) | (state.fields or {})
    for value in out._obj:
        value.nvmlReturn, value.valueType = _NOT_SUPPORTED, _ULL
        if value.fieldId in known:
            value.nvmlReturn, value.value.ullVal = _SUCCESS, known[value.fieldId]
    return _LOST if state.lost else _SUCCESS


def _event_types(fake: FakeNvml, handle: Any, out: Any) -> int:
    out._obj.value = pynvml.nvmlEventTypeAll if fake.state(handle).listens else 0
    return _SUCCESS


def _event_set(_fake: FakeNvml, _out: Any) -> int:
    return _SUCCESS


def _device_index(fake: FakeNvml, handle: Any, out: Any) -> int:
    return _told(fake, handle, 0, lambda: setattr(out._obj, "value", _index(handle)))


def _version(_fake: FakeNvml, buffer: Any, _size: Any) -> int:
    buffer.value = b"580.159.04"
    return _SUCCESS


def _cuda(_fake: FakeNvml, out: Any) -> int:
    out._obj.value = 13000
    return _SUCCESS


_SCALARS: dict[str, Callable[[GpuState], int | None]] = {
    "nvmlDeviceGetTemperature": lambda state: state.celsius,
    "nvmlDeviceGetPowerUsage": lambda state: state.milliwatts,
    "nvmlDeviceGetEnforcedPowerLimit": lambda state: state.limit,
    "nvmlDeviceGetPowerManagementDefaultLimit": lambda state: state.default_limit,
    "nvmlDeviceGetClockInfo": lambda state: state.clock,
    "nvmlDeviceGetMaxClockInfo": lambda state: state.clock,
    "nvmlDeviceGetCurrentClocksEventReasons": lambda state: state.reasons,
    "nvmlDeviceGetCurrPcieLinkWidth": lambda state: state.width,
    "nvmlDeviceGetMaxPcieLinkWidth": lambda state: state.max_width,
    "nvmlDeviceGetCurrPcieLinkGeneration": lambda state: state.width and 5,
    "nvmlDeviceGetMaxPcieLinkGeneration": lambda state: state.max_width and 5,
    "nvmlDeviceGetPcieReplayCounter": lambda state: state.replays,
    "nvmlDeviceGetTotalEnergyConsumption": lambda state: state.energy_mj,
    "nvmlDeviceGetPersistenceMode": lambda state: 1 if state.modes else None,
    "nvmlDeviceGetComputeMode": lambda state: state.compute_mode if state.modes else None,
}
"""Functions whose last argument is the figure."""
_HANDLERS: dict[str, Callable[..., int]] = {
    "nvmlInitWithFlags": lambda _fake, _flags: _SUCCESS,
    "nvmlShutdown": lambda _fake: _SUCCESS,
    "nvmlSystemGetDriverVersion": _version,
    "nvmlSystemGetCudaDriverVersion": _cuda,
    "nvmlDeviceGetCount_v2": FakeNvml.count,
    "nvmlDeviceGetHandleByIndex_v2": FakeNvml.handle,
    "nvmlDeviceGetName": _text(lambda state: state.name),
    "nvmlDeviceGetUUID": _text(lambda state: state.uuid),
    "nvmlDeviceGetUtilizationRates": _utilization,
    "nvmlDeviceGetMemoryInfo": _memory,
    "nvmlDeviceGetMarginTemperature": _margin,
    "nvmlDeviceGetTotalEccErrors": _ecc,
    "nvmlDeviceGetRemappedRows": _remap,
    "nvmlDeviceGetEccMode": _modes,
    "nvmlDeviceGetMigMode": _modes,
    "nvmlDeviceGetComputeRunningProcesses_v3": _processes,
    "nvmlDeviceGetProcessUtilization": _utilizations,
    "nvmlDeviceGetFieldValues": _field_values,
    "nvmlDeviceGetIndex": _device_index,
    "nvmlDeviceGetSupportedEventTypes": _event_types,
    "nvmlEventSetCreate": _event_set,
    "nvmlEventSetFree": lambda _fake, _set: _SUCCESS,
    "nvmlDeviceRegisterEvents": FakeNvml.register,
    "nvmlEventSetWait_v2": FakeNvml.wait,
}


@contextmanager
def installed(fake: FakeNvml) -> Iterator[FakeNvml]:
    """Let `pynvml` call a library that is not the driver's."""
    before = pynvml.nvmlLib
    pynvml._nvmlGetFunctionPointer_cache.clear()
    pynvml.nvmlLib = fake
    try:
        yield fake
    finally:
        pynvml.nvmlLib = before
        pynvml._nvmlGetFunctionPointer_cache.clear()


def healthy(steps: int = 4, *, watts: int = 650, pid: int | None = None) -> list[GpuState]:
    """Return a GPU at full load for some seconds: 650 W by its own energy counter, as by its power."""
    state = GpuState(milliwatts=watts * 1000, processes=() if pid is None else ((pid, 120 * _GIB, 97),))
    return [replace(state, energy_mj=1_000_000 + second * watts * 1000) for second in range(steps)]


def becoming(script: Sequence[GpuState], **changes: Any) -> list[GpuState]:
    """Return a script whose second half, from the middle on, is different."""
    middle = len(script) // 2
    return [*script[:middle], *(replace(state, **changes) for state in script[middle:])]
