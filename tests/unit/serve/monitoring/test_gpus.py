"""GPUs of the endpoint's machine as metrics, read by the real `pynvml` from a library that follows a script."""

import pytest

from pipeline.engines.prometheus import Metrics, parse_metrics
from serve.monitoring import gpus
from serve.monitoring.gpus import GpuWatch
from serve.monitoring.page import exposition
from tests.fakes.nvml import SILENT, FakeNvml, GpuState, becoming, healthy, installed


def _read(*scripts: list[GpuState]) -> Metrics:
    with installed(FakeNvml(*scripts)), GpuWatch() as watch:
        return parse_metrics(exposition(watch.metrics()).decode())


def test_a_healthy_gpu() -> None:
    """Its figures are in base units, its checks 0."""
    found = _read(healthy())
    assert found.value("awqctl_gpu_temperature_celsius", gpu="0", product="NVIDIA H200") == 62
    assert found.value("awqctl_gpu_utilization_ratio") == pytest.approx(0.98)
    assert found.value("awqctl_gpu_check", check="memory errors") == 0


def test_critical_errors_are_counted_and_a_sick_gpu_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """NVML announces an error once; the counter keeps it."""
    monkeypatch.setattr(gpus, "_FRESH_S", -1.0)
    script = becoming(healthy(), ecc=(0, 2), xids=(94,))
    fake, pages = FakeNvml(script), []
    with installed(fake), GpuWatch() as watch:
        for fake.step in range(4):
            pages.append(parse_metrics(exposition(watch.metrics()).decode()))
    assert [page.value("awqctl_gpu_check", check="memory errors") for page in pages] == [0, 0, 2, 2]
    assert [page.value("awqctl_gpu_xid_errors_total", xid="94") for page in pages] == [None, None, 1, 2]


def test_what_a_driver_does_not_report_is_left_out() -> None:
    """No figure is not a zero."""
    assert _read([SILENT]).value("awqctl_gpu_temperature_celsius") is None


def test_a_machine_without_a_gpu_says_nothing() -> None:
    """The page is without these metrics then."""
    with installed(FakeNvml()), GpuWatch() as watch:
        assert not list(watch.metrics())
