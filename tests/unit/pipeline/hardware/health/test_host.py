"""The machine itself: what the kernel tells, and what is said of it."""

import psutil
import pytest

from pipeline.hardware.health.check import State
from pipeline.hardware.health.host import read_host, throttled_s
from pipeline.hardware.health.host_checks import host_checks, of_measurements
from pipeline.hardware.health.sample import HostSample

GIB = 2**30
CALM = HostSample(
    cores=2,
    busy_s=100.0,
    ours_s=50.0,
    steal_s=1.0,
    memory_total_bytes=16 * GIB,
    memory_available_bytes=8 * GIB,
    swapped_bytes=0,
    throttled_s=0.0,
    temperature_c=60.0,
    critical_c=100.0,
)


@pytest.mark.parametrize(
    ("changes", "name", "expected"),
    [
        ({"busy_s": 120.0, "ours_s": 70.0}, "other processes", "pass"),
        ({"busy_s": 106.0}, "other processes", "warn"),
        ({"steal_s": 2.5}, "steal time", "warn"),
        ({"memory_available_bytes": GIB // 2}, "memory", "warn"),
        ({"swapped_bytes": 4096}, "swap", "warn"),
        ({"swapped_bytes": 200 * 2**20}, "swap", "fail"),
        ({"swapped_bytes": None}, "swap", "not reported"),
        ({"throttled_s": 1.0}, "processor quota", "warn"),
        ({"throttled_s": None}, "processor quota", "not reported"),
        ({"temperature_c": 97.0}, "temperature", "warn"),
        ({"temperature_c": 100.0}, "temperature", "fail"),
    ],
)
def test_ten_seconds_of_a_machine(changes: dict[str, float], name: str, expected: State) -> None:
    """One thing changes within ten seconds; it alone is not a pass."""
    states = {check.name: check.state for check in host_checks([CALM, CALM.model_copy(update=changes)], 10.0)}
    assert states.pop(name) == expected
    assert set(states.values()) == {"pass"}


def test_what_matters_to_measurements_alone() -> None:
    """An endpoint beside busy neighbours is slower and serves; memory and heat concern it as well."""
    found = host_checks([CALM, CALM.model_copy(update={"busy_s": 119.0, "steal_s": 3.0})], 10.0)
    assert {check.name for check in found if of_measurements(check)} == {"other processes", "steal time"}


@pytest.mark.parametrize(
    ("statistics", "expected"),
    [
        ("usage_usec 9\nnr_periods 3\nnr_throttled 1\nthrottled_usec 1500000\n", 1.5),
        ("nr_periods 3\nnr_throttled 1\nthrottled_time 1500000000\n", 1.5),
        ("usage_usec 9\n", None),
        ("", None),
    ],
)
def test_control_groups(statistics: str, expected: float | None) -> None:
    """Both versions of the kernel's file, a group without a quota, and none."""
    assert throttled_s(statistics) == expected


def test_this_machine_can_be_read() -> None:
    """Counters that every system has; what this process took is not other people's."""
    sample = read_host([psutil.Process()])
    assert 0 < sample.memory_available_bytes <= sample.memory_total_bytes
    assert 0 < sample.ours_s <= sample.busy_s
