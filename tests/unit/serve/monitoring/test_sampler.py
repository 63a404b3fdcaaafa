"""The thread that writes samples."""

import threading
from pathlib import Path

import pytest

from serve.monitoring.gpus import GpuWatch
from serve.monitoring.sampler import Sampler
from serve.monitoring.samples import Sample
from serve.status import EndpointStatus
from tests.operation import endpoint_status


def _events(path: Path) -> list[str]:
    return [Sample.model_validate_json(line).event for line in path.read_text().splitlines()]


def _sampler(path: Path, seen: threading.Event) -> Sampler:
    def status() -> EndpointStatus:
        seen.set()
        return endpoint_status()

    return Sampler(path, status, GpuWatch(), every_s=3600)


def test_a_stop_is_told_when_it_is_asked_for(tmp_path: Path) -> None:
    """Once: what follows, while the last answers end, is no time in which the endpoint was down."""
    path, seen = tmp_path / "samples.jsonl", threading.Event()
    with _sampler(path, seen) as sampler:
        assert seen.wait(10)
        sampler.stopping()
        assert _events(path) == ["started", "sample", "stopped"]
    assert _events(path) == ["started", "sample", "stopped"]


def test_an_end_by_an_error_is_no_stop(tmp_path: Path) -> None:
    """The endpoint should have gone on."""
    path, seen = tmp_path / "samples.jsonl", threading.Event()

    def broken() -> None:
        with _sampler(path, seen):
            assert seen.wait(10)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        broken()
    assert _events(path) == ["started", "sample"]
