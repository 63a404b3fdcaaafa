"""The machine that the tests run on, asked for real, and a driver's tool that is a script."""

from pathlib import Path

import pytest

from pipeline.hardware.machine import Machine, nodes_in, probe_machine


def test_this_machine_has_something() -> None:
    """A named processor, cores and memory; the answer survives being stored."""
    found = probe_machine()
    assert found.cpu
    assert found.cores >= 1
    assert found.memory_gib > 0
    assert Machine.model_validate_json(found.model_dump_json()) == found


@pytest.mark.parametrize(("ranges", "expected"), [("0\n", 1), ("0-1\n", 2), ("0-1,4\n", 3), ("\n", 1)])
def test_numa_nodes(ranges: str, expected: int) -> None:
    """Numbers and ranges of them."""
    assert nodes_in(ranges) == expected


def test_gpus_of_two_vendors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both vendors' tools are asked; engines run on one vendor's GPUs only."""
    script(tmp_path / "nvidia-smi", "NVIDIA H200, 143771, 9.0, 580.159.04, 5, 16")
    script(tmp_path / "amd-smi", '[{"gpu": 0, "asic": {"market_name": "AMD Instinct MI210"}}]')
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    found = probe_machine()
    assert [gpu.name for gpu in found.gpus] == ["NVIDIA H200", "AMD Instinct MI210"]
    assert [gpu.name for gpu in found.cuda_gpus] == ["NVIDIA H200"]


def test_tool_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A driver that does not answer is no GPU."""
    (tmp_path / "nvidia-smi").write_text("#!/bin/sh\necho 'Failed to initialize NVML'\nexit 9\n")
    (tmp_path / "nvidia-smi").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert probe_machine().gpus == ()


def script(path: Path, answer: str) -> None:
    """Write a program that prints an answer."""
    path.write_text(f"#!/bin/sh\ncat <<'END'\n{answer}\nEND\n")
    path.chmod(0o755)
