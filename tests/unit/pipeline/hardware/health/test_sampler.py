"""The sampler: before, during and after a load, into a file that is hashed."""

import gzip
import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.hardware.health.sampler import Health
from pipeline.hardware.health.selection import used_by
from tests.fakes.nvml import FakeNvml, healthy, installed
from tests.helpers import wait_for


def test_a_load_is_sampled_from_entry_to_exit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A GPU under load: the file holds its facts and every sample, and the summary says how many."""
    monkeypatch.setattr("pipeline.hardware.health.sampler._EVERY_S", 0.05)
    with installed(FakeNvml(healthy())), Health() as health:
        wait_for(lambda: len(health.snapshots) > 1, 60)
    summary = health.summary(output_tokens=10)
    assert summary.samples == len(health.snapshots) >= 3
    assert [snapshot.phase for snapshot in health.snapshots][:2] == ["before", "during"]
    assert health.snapshots[-1].phase == "after"
    digest = health.write(tmp_path / "health.jsonl.gz")
    lines = gzip.decompress((tmp_path / "health.jsonl.gz").read_bytes()).splitlines()
    assert digest == hashlib.sha256((tmp_path / "health.jsonl.gz").read_bytes()).hexdigest()
    assert json.loads(lines[0])["name"] == "NVIDIA H200"
    assert [json.loads(line)["phase"] for line in lines[1:]] == [one.phase for one in health.snapshots]


def test_a_short_load_has_two_samples() -> None:
    """Too short for a second: before and after."""
    with installed(FakeNvml(healthy())), Health() as health:
        pass
    assert [snapshot.phase for snapshot in health.snapshots] == ["before", "after"]
    assert health.summary().samples == 2


def test_the_gpus_to_judge_can_be_named() -> None:
    """A load on the CPU uses none."""
    with (
        installed(FakeNvml([replace(state, reasons=0x40) for state in healthy()])),
        Health(choose=used_by(1, "cpu")) as health,
    ):
        pass
    assert health.summary().gpus == ()
    assert health.summary().void_reasons == ()


def test_an_error_of_the_load_is_not_hidden() -> None:
    """What the load raises passes; the sampling ends with it."""
    load = RuntimeError("the load failed")
    with pytest.raises(RuntimeError, match="the load failed"), installed(FakeNvml(healthy())), Health():
        raise load


def test_an_error_of_a_reading_is_not_swallowed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel that stops telling is no load without a problem."""
    broken = OSError("no /proc")

    def fail(*_: object) -> None:
        raise broken

    with pytest.raises(OSError, match="no /proc"), Health(choose=used_by(1, "cpu")):
        monkeypatch.setattr("pipeline.hardware.health.sampler.read_host", fail)
