"""What NVML says of a GPU, read by the real `pynvml` from a library that follows a script."""

import os
from collections.abc import Sequence
from dataclasses import replace

import pytest

from pipeline.hardware.health.check import HealthCheck, of_state
from pipeline.hardware.health.gpu_course import gpu_course_checks
from pipeline.hardware.health.nvml import open_nvml
from pipeline.hardware.health.sample import GpuSample
from tests.fakes.nvml import SILENT, FakeNvml, becoming, healthy, installed
from tests.unit.pipeline.hardware.health.recordings import GIB, recorded

INIT = 1
"""A process that every system has and no test has started."""


def failures(checks: Sequence[HealthCheck]) -> dict[str, str]:
    """Return what failed, with its text."""
    return {check.name: check.text for check in of_state(checks, "fail")}


def warnings(checks: Sequence[HealthCheck]) -> dict[str, str]:
    """Return what is warned of, with its text."""
    return {check.name: check.text for check in of_state(checks, "warn")}


def test_a_healthy_gpu_passes() -> None:
    """Nothing fails or warns at full load; the power limit that works is recorded."""
    now, summary, snapshots = recorded(healthy(pid=os.getpid()))
    assert of_state(now, "fail") == of_state(now, "warn") == ()
    assert summary.void_reasons == ()
    assert of_state([check for check in summary.checks if check.subject == "GPU 0"], "warn") == ()
    gpu = summary.gpus[0]
    assert gpu.reasons == {"sw_power_cap": 1.0}
    assert gpu.throttle_share == 0.0
    assert gpu.utilization_percent is not None
    assert gpu.utilization_percent.mean == 98
    assert snapshots[0].gpus[0].memory_used_bytes == 120 * GIB
    assert snapshots[0].gpus[0].processes is not None
    assert snapshots[0].gpus[0].processes[0].owner == "ours"


def test_energy_is_the_counters_where_there_is_one() -> None:
    """650 W for three seconds, by the counter; per token of a thousand."""
    _, summary, _ = recorded(healthy())
    assert (summary.energy_j, summary.energy_from) == (pytest.approx(1950), "counter")
    assert summary.joules_per_output_token == pytest.approx(1.95)


def test_energy_is_integrated_where_there_is_no_counter() -> None:
    """The same from its power, and said to be so."""
    _, summary, _ = recorded([replace(state, energy_mj=None) for state in healthy()])
    assert (summary.energy_j, summary.energy_from) == (pytest.approx(1950), "power")


def test_no_energy_without_counter_and_power() -> None:
    """Nothing is made up."""
    _, summary, _ = recorded([replace(state, energy_mj=None, milliwatts=None) for state in healthy()])
    assert (summary.energy_j, summary.energy_from, summary.joules_per_output_token) == (None, None, None)


def test_thermal_throttling_is_void() -> None:
    """The hardware lowers the clock in half of the samples."""
    now, summary, _ = recorded(becoming(healthy(), reasons=0x40 | 0x8, celsius=91, margin=0, clock=1200))
    assert set(failures(now)) == {"clocks", "temperature"}
    found = failures(summary.checks)
    assert set(found) == {"clocks", "temperature"}
    assert "in 50% of the time" in found["clocks"]
    assert summary.throttle_share == 0.5
    assert summary.max_temperature_c == 91


def test_the_drivers_own_clock_counts_what_lies_between_samples() -> None:
    """No sample saw it, and the counter of heat grew by 0.3 of 3 seconds."""
    heat = 270
    script = [replace(state, throttled_ns={heat: second * 100_000_000}) for second, state in enumerate(healthy())]
    _, summary, _ = recorded(script)
    assert summary.throttle_share == pytest.approx(0.1)
    assert "10% of the time" in failures(summary.checks)["clocks"]


def test_power_brake_is_void() -> None:
    """Slowed down from outside."""
    _, summary, _ = recorded(becoming(healthy(), reasons=0x80))
    assert "power brake" in failures(summary.checks)["clocks"]


def test_heat_by_the_driver_is_told_and_voids_where_it_lasts() -> None:
    """One sample of twenty is a warning, half of them void."""
    seldom = healthy(20)
    seldom[5] = replace(seldom[5], reasons=0x24)
    assert "clocks" in warnings(recorded(seldom)[1].checks)
    assert "clocks" in failures(recorded(becoming(healthy(20), reasons=0x24))[1].checks)


def test_growth_of_memory_errors() -> None:
    """Corrected ones are told, uncorrected ones void; old ones do not count against a load, but stop the next."""
    assert warnings(recorded(becoming(healthy(), ecc=(3, 0)))[1].checks)["memory errors"].startswith("3 more")
    assert failures(recorded(becoming(healthy(), ecc=(0, 1)))[1].checks)["memory errors"].startswith("1 more")
    now, summary, _ = recorded([replace(state, ecc=(9, 2)) for state in healthy()])
    assert "memory errors" in failures(now)
    assert "memory errors" not in failures(summary.checks)


def test_xid_79_is_void_and_the_gpu_is_gone() -> None:
    """The error is announced, the GPU does not answer any more; nothing it does not say is a pass."""
    now, summary, _ = recorded(becoming(healthy(), lost=True, xids=(79,)))
    assert set(failures(now)) == {"presence"}
    found = failures(summary.checks)
    assert {"presence", "errors announced"} <= set(found)
    assert "fallen off the bus" in found["errors announced"]


def test_a_gpu_that_was_lost_before_is_named() -> None:
    """The driver counts it and has no handle for it: it fails, and the other one is read."""
    now, summary, snapshots = recorded([replace(state, lost=True) for state in healthy()], healthy())
    assert set(failures(now)) == {"presence"}
    assert [reason.partition(":")[0] for reason in summary.void_reasons] == ["GPU 0, presence"]
    assert [sample.lost for sample in snapshots[0].gpus] == [True, False]


def test_every_event_of_a_run_is_kept() -> None:
    """Two errors at one step, each once, at the GPU that announced them."""
    _, _, snapshots = recorded(healthy(), becoming(healthy(), xids=(63, 94)))
    assert [[sample.xids for sample in snapshot.gpus] for snapshot in snapshots][1:3] == [[(), ()], [(), (63, 94)]]


def test_row_remapping() -> None:
    """Pending is a warning with the reset as remedy, failed is a failure."""
    now, _, _ = recorded([replace(state, remap=(1, 0, 1, 0)) for state in healthy()])
    assert warnings(now) == {"row remapping": "a defective memory row is replaced at the next reset"}
    now, summary, _ = recorded(becoming(healthy(), remap=(1, 0, 0, 1)))
    assert "row remapping" in failures(now)
    assert "row remapping" in failures(summary.checks)


def test_a_narrow_link_and_a_lowered_limit_are_told() -> None:
    """x8 of x16, and 500 W of 700 W: slow figures are explained."""
    now, summary, _ = recorded([replace(state, width=8, limit=500_000) for state in healthy()])
    expected = {"PCIe link": "x8 of x16", "power limit": "500 W of 700 W by default"}
    assert warnings(now) == expected
    assert {name: text for name, text in warnings(summary.checks).items() if name in expected} == expected


def test_packets_that_are_sent_again_are_told() -> None:
    """The replay counter grew."""
    assert "7 packets sent again" in warnings(recorded(becoming(healthy(), replays=7))[1].checks)["PCIe link"]


def test_foreign_processes() -> None:
    """One that computes is void, one that only holds memory is told; before a load both are told."""
    busy, idle = ((INIT, 4 * GIB, 30),), ((INIT, 4 * GIB, 0),)
    now, summary, _ = recorded(becoming(healthy(), processes=busy))
    assert "30 % busy" in warnings(now)["other processes"]
    assert "other processes" in failures(summary.checks)
    assert "computed nothing" in warnings(recorded(becoming(healthy(), processes=idle))[1].checks)["other processes"]


def test_processes_of_another_namespace_are_not_called_foreign() -> None:
    """In a container the driver may tell numbers that no process here has."""
    now, summary, _ = recorded([replace(state, processes=((2**22 + 1, GIB, 90),)) for state in healthy()])
    for checks in (now, summary.checks):
        found = next(check for check in checks if check.name == "other processes" and check.subject == "GPU 0")
        assert found.state == "not reported"
        assert "namespace" in found.text


def test_a_gpu_that_reports_nothing_passes_nothing() -> None:
    """Everything but its presence and the driver's version is `not reported`."""
    now, summary, _ = recorded([SILENT] * 4)
    assert {check.name for check in now if check.state == "pass"} == {"presence", "driver"}
    mine = [check for check in summary.checks if check.subject == "GPU 0"]
    assert {check.state for check in mine if check.name != "presence"} == {"not reported"}
    gpu = summary.gpus[0]
    assert (gpu.power_w, gpu.throttle_share, gpu.energy_j, gpu.reasons) == (None, None, None, None)


def test_only_gpus_that_were_used_are_judged() -> None:
    """Our process runs on the first; what the second does is not this load's."""
    _, summary, _ = recorded(healthy(pid=os.getpid()), [replace(state, reasons=0x40) for state in healthy()])
    assert [gpu.index for gpu in summary.gpus] == [0]
    assert summary.void_reasons == ()


def test_nvlink_errors_are_told() -> None:
    """The counter of all links grew by two."""
    replays = 52
    script = becoming([replace(state, fields={replays: 1}) for state in healthy()], fields={replays: 3})
    assert warnings(recorded(script)[1].checks)["NVLink"].startswith("2 more errors")


def test_what_the_driver_asks_for_stops_the_next_run() -> None:
    """The field of recovery actions says reset."""
    now, _, _ = recorded([replace(state, fields={230: 1}) for state in healthy()])
    assert failures(now) == {"recovery action": "the driver asks for: reset of the GPU"}


def test_a_prohibited_gpu_cannot_be_used() -> None:
    """Compute mode 2."""
    now, _, _ = recorded([replace(state, compute_mode=2) for state in healthy()])
    assert set(failures(now)) == {"mode"}


def test_without_a_driver_there_is_no_reader() -> None:
    """The library is missing, or there is one and it is this machine's."""
    reader = open_nvml()
    if reader is not None:
        reader.close()
    assert reader is None or reader.facts


def test_checks_of_a_course_need_no_library() -> None:
    """They are pure: of a GPU that says nothing but its temperature."""
    with installed(FakeNvml([SILENT])):
        reader = open_nvml()
        assert reader is not None
        facts = reader.facts[0]
        reader.close()
    found = gpu_course_checks(facts, [GpuSample(index=0, temperature_c=50), GpuSample(index=0, temperature_c=60)], 1.0)
    assert "at most 60 °C" in next(check.text for check in found if check.name == "temperature")
