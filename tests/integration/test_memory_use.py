"""Memory of real processes."""

import subprocess
import sys
from collections.abc import Iterator

import pytest

from pipeline.hardware.memory_use import resident_gib

CHILD = """
import subprocess, sys
held = bytearray(b"x") * (64 * 2**20)
print("held", flush=True)
sys.stdin.readline()
"""
PARENT = f"""
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", {CHILD!r}], stdin=sys.stdin, stdout=sys.stdout)
child.wait()
"""


@pytest.fixture
def parent() -> Iterator[subprocess.Popen[str]]:
    """A process that holds next to nothing, above one that holds 64 MiB."""
    with subprocess.Popen(
        [sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.stdin.close()


def test_processes_below_count(parent: subprocess.Popen[str]) -> None:
    """An engine's memory is in processes below the one that was started."""
    found = resident_gib(parent.pid)
    assert found is not None
    assert 64 / 1024 < found < 1


def test_a_process_that_is_gone_holds_nothing() -> None:
    """And is no error: the load says what became of the engine."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    assert resident_gib(process.pid) is None
