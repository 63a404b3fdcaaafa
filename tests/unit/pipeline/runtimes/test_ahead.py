"""Environments made before a run's first stage. Installing is left out: what is made where, and what fails."""

import sys
from pathlib import Path

import pytest

from pipeline.base.errors import RuntimeInstallError
from pipeline.base.progress import SilentReporter
from pipeline.runtimes import ahead
from pipeline.runtimes.process import GuardedProcess
from pipeline.runtimes.specs import RuntimeSpec, spec_for

AUTOAWQ, VLLM = spec_for("autoawq", "cpu"), spec_for("vllm", "cpu")


class Installs:
    """What is there, what was made here and what elsewhere."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, status: int = 0) -> None:
        self.there: set[str] = set()
        self.log: list[str] = []
        self.status = status
        monkeypatch.setattr(ahead, "is_ready", lambda spec, _home: spec.name in self.there)
        monkeypatch.setattr(ahead, "make_ready", self.make_ready)
        monkeypatch.setattr(ahead, "_in_a_process", self.in_a_process)

    def make_ready(self, spec: RuntimeSpec, _home: Path, _reporter: object) -> None:
        """Make one here."""
        if spec.name not in self.there:
            self.log.append(f"here {spec.name}")
            self.there.add(spec.name)

    def in_a_process(self, spec: RuntimeSpec, home: Path) -> GuardedProcess:
        """Make one elsewhere, or fail to."""
        self.log.append(f"elsewhere {spec.name}")
        if self.status == 0:
            self.there.add(spec.name)
        command = [sys.executable, "-c", f"raise SystemExit({self.status})"]
        return GuardedProcess(command, log=home / "log", environment={})


def test_the_first_is_made_here_and_the_others_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All at once; what is there is left alone."""
    installs = Installs(monkeypatch)
    ahead.make_ahead([AUTOAWQ, VLLM], tmp_path, SilentReporter())
    assert installs.log == ["elsewhere vllm-cpu", "here autoawq-cpu"]
    ahead.make_ahead([AUTOAWQ, VLLM], tmp_path, SilentReporter())
    assert len(installs.log) == 2


def test_what_failed_elsewhere_is_tried_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that the reason is told once, by whoever tells it otherwise."""
    installs = Installs(monkeypatch, status=4)
    ahead.make_ahead([AUTOAWQ, VLLM], tmp_path, SilentReporter())
    assert installs.log == ["elsewhere vllm-cpu", "here autoawq-cpu", "here vllm-cpu"]


def test_a_failure_here_stops_what_runs_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No process is left behind by a run that ends."""
    installs = Installs(monkeypatch)
    started: list[GuardedProcess] = []

    def endless(_spec: RuntimeSpec, home: Path) -> GuardedProcess:
        command = [sys.executable, "-c", "import time; time.sleep(600)"]
        started.append(GuardedProcess(command, log=home / "log", environment={}))
        return started[0]

    def fails(*_: object) -> None:
        raise RuntimeInstallError("the disk is full.")

    monkeypatch.setattr(ahead, "_in_a_process", endless)
    monkeypatch.setattr(ahead, "make_ready", fails)
    with pytest.raises(RuntimeInstallError):
        ahead.make_ahead([AUTOAWQ, VLLM], tmp_path, SilentReporter())
    assert not started[0].running()
    assert installs.there == set()
