"""Connections need descriptors and ports; what lacks is said with the remedy."""

import resource
from pathlib import Path

import pytest

from eval.bench.load import descriptors
from eval.bench.load.descriptors import too_few
from pipeline.base.sentences.stored import ENGLISH


def test_few_connections_fit_anywhere() -> None:
    """One request needs no preparation."""
    assert too_few(1) is None


def test_missing_descriptors_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hard limit below the connections voids the point before it is sent."""
    monkeypatch.setattr(resource, "getrlimit", lambda _kind: (1024, 1024))
    assert "1256 file descriptors, and the limit here is 1024" in ENGLISH.text(too_few(1_000))


def test_missing_ports_are_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """So does a range of ports that is too narrow."""
    ports = tmp_path / "range"
    ports.write_text("32768\t33767\n")
    monkeypatch.setattr(descriptors, "_PORTS", ports)
    monkeypatch.setattr(resource, "getrlimit", lambda _kind: (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert "there are 1000" in ENGLISH.text(too_few(1_000))
    assert too_few(700) is None
