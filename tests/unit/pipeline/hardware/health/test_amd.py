"""AMD's GPUs, by a recording that was written after amdsmi 7.0.2's source; nothing here ran on real hardware."""

from enum import IntEnum
from types import SimpleNamespace
from typing import Any

import psutil

from pipeline.hardware.health.amd import AmdReader, open_amdsmi
from pipeline.hardware.health.check import of_state
from pipeline.hardware.health.gpu_checks import gpu_checks
from pipeline.hardware.health.processes import Owners
from pipeline.hardware.health.sample import GpuFacts, GpuSample

INIT = 1


class AmdSmiError(Exception):
    """What the package raises where something is not supported."""


class Sensor(IntEnum):
    """The sensors that are asked."""

    HOTSPOT = 1
    VRAM = 3


class Figure(IntEnum):
    """What a sensor is asked for."""

    CURRENT = 0
    CRITICAL = 5


DEGREES = {
    (Sensor.HOTSPOT, Figure.CURRENT): 71,
    (Sensor.HOTSPOT, Figure.CRITICAL): 100,
    (Sensor.VRAM, Figure.CURRENT): 60,
}
ANSWERS: dict[str, Any] = {
    "amdsmi_get_gpu_asic_info": {"market_name": "AMD Instinct MI300X"},
    "amdsmi_get_gpu_driver_info": {"driver_version": "6.14.14"},
    "amdsmi_get_pcie_info": {
        "pcie_static": {"max_pcie_width": 16},
        "pcie_metric": {"pcie_width": 16, "pcie_replay_count": "N/A"},
    },
    "amdsmi_get_power_cap_info": {"power_cap": 750_000_000, "default_power_cap": 750_000_000},
    "amdsmi_get_gpu_device_uuid": "aaff-74a1",
    "amdsmi_get_gpu_vram_usage": {"vram_total": 196592, "vram_used": 150000},
    "amdsmi_get_power_info": {"current_socket_power": 702, "average_socket_power": "N/A"},
    "amdsmi_get_gpu_total_ecc_count": {"correctable_count": 0, "uncorrectable_count": 0, "deferred_count": 0},
    "amdsmi_get_clock_info": {"clk": 2100},
    "amdsmi_get_gpu_activity": {"gfx_activity": 99},
    "amdsmi_get_violation_status": {"active_ppt_pwr": True, "active_socket_thrm": False, "active_hbm_thrm": "N/A"},
    "amdsmi_get_energy_count": {"energy_accumulator": 1_000_000, "counter_resolution": 15.3, "timestamp": 1},
    "amdsmi_get_gpu_process_list": [{"pid": INIT, "memory_usage": {"vram_mem": 2**30}}],
}


def read(**changes: Any) -> tuple[GpuFacts, GpuSample]:
    """Return one GPU; answers that are None are not supported."""
    answers = ANSWERS | changes

    def asked(name: str) -> Any:
        def answer(_handle: object, *arguments: Any) -> Any:
            found = DEGREES.get((arguments[0], arguments[1])) if name == "amdsmi_get_temp_metric" else answers[name]
            if found is None:
                raise AmdSmiError
            return found

        return answer

    smi = SimpleNamespace(
        AmdSmiException=AmdSmiError,
        AmdSmiTemperatureType=Sensor,
        AmdSmiTemperatureMetric=Figure,
        AmdSmiClkType=SimpleNamespace(GFX=1),
        amdsmi_get_processor_handles=lambda: [object()],
        amdsmi_shut_down=lambda: None,
        **{name: asked(name) for name in (*ANSWERS, "amdsmi_get_temp_metric")},
    )
    reader = AmdReader(smi)
    sample = reader.read(Owners([psutil.Process()]))[0]
    reader.close()
    return reader.facts[0], sample


def test_a_gpu_under_load() -> None:
    """Units are converted; what is `N/A` is not reported."""
    facts, sample = read()
    assert (facts.name, facts.default_limit_w, facts.pcie_max_width) == ("AMD Instinct MI300X", 750.0, 16)
    assert (sample.margin_c, sample.power_w, sample.limit_w) == (29.0, 702.0, 750.0)
    assert sample.reasons == ("sw_power_cap",)
    assert sample.energy_j == 15.3
    assert sample.pcie_replays is None
    assert sample.processes is not None
    assert sample.processes[0].owner == "foreign"
    assert of_state(gpu_checks(facts, sample), "fail") == ()


def test_heat_fails() -> None:
    """The memory is too hot."""
    facts, sample = read(amdsmi_get_violation_status={"active_hbm_thrm": True})
    assert [check.name for check in of_state(gpu_checks(facts, sample), "fail")] == ["clocks"]


def test_what_is_not_supported_is_not_reported() -> None:
    """Nothing but the presence passes, and the temperature, which this one tells."""
    facts, sample = read(**dict.fromkeys(ANSWERS))
    assert {check.name for check in of_state(gpu_checks(facts, sample), "pass")} == {"presence", "temperature"}


def test_without_the_package_there_is_no_reader() -> None:
    """It comes with AMD's driver, not with awqctl."""
    assert open_amdsmi() is None
