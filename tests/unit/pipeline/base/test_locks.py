"""Locks that name their holder."""

import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.base.errors import BusyError
from pipeline.base.locks import exclusive

HOLD = """
import sys
from pathlib import Path
from pipeline.base.locks import exclusive
with exclusive(Path(sys.argv[1]), print):
    print("held", flush=True)
    sys.stdin.readline()
"""


def refuse(holder: str) -> None:
    """Do not wait."""
    raise BusyError(holder)


def test_holder_is_named_and_may_be_waited_for(tmp_path: Path) -> None:
    """Another process has the lock: its number is told; where that is no reason to stop, the lock comes in time."""
    path = tmp_path / ".lock"
    line = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(BusyError, match=f"process {other.pid} on "), exclusive(path, refuse, patience_s=0):
            pass
        told: list[str] = []

        def let_go(holder: str) -> None:
            told.append(holder)
            assert other.stdin is not None
            other.stdin.close()

        with exclusive(path, let_go, patience_s=0):
            pass
    assert [holder.startswith(f"process {other.pid} on ") for holder in told] == [True]


def test_lock_is_free_after_an_error(tmp_path: Path) -> None:
    """What goes wrong in the block lets go of the lock."""
    path = tmp_path / ".lock"
    with pytest.raises(BusyError), exclusive(path, refuse):
        refuse("broken")
    with exclusive(path, refuse, patience_s=0):
        assert path.exists()
