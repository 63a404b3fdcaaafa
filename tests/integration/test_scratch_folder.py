"""Scratch folders: short, private, and gone after every kind of death."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from pipeline.base.errors import EnvironmentLackError
from pipeline.runtimes.process import GuardedProcess, engine_environment
from pipeline.runtimes.scratch import ScratchFolder
from tests.helpers import wait_for

REPO = Path(__file__).parents[2]
SAYS_AND_STAYS = """
import os, socket, tempfile, time, uuid
path = os.path.join(tempfile.gettempdir(), str(uuid.uuid4()))
left = socket.socket(socket.AF_UNIX)
left.bind(path)
print(path, flush=True)
time.sleep(600)
"""
"""As vLLM does: a socket named by a UUID in the temporary folder, never unlinked."""


@pytest.fixture
def usual(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Make an empty folder the system's for temporary files."""
    with tempfile.TemporaryDirectory(prefix="t-", dir="/tmp") as folder:
        monkeypatch.setattr("tempfile.tempdir", folder)
        yield Path(folder)


def _started(log: Path) -> tuple[GuardedProcess, Path]:
    """Start what leaves a socket; return the process and the socket."""
    process = GuardedProcess([sys.executable, "-c", SAYS_AND_STAYS], log=log, environment=engine_environment())
    wait_for(lambda: process.log_text().endswith("\n"), 20)
    return process, Path(process.log_text().strip())


@pytest.mark.parametrize("base", ["long" * 30, "n\u00f6t plain"])
def test_folder_is_short_plain_and_private(usual: Path, monkeypatch: pytest.MonkeyPatch, base: str) -> None:
    """Where the system's temporary folder would not do for a socket, another one is taken, and goes after."""
    (usual / base).mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(usual / base))
    with ScratchFolder() as folder, socket.socket(socket.AF_UNIX) as server:
        assert folder.stat().st_mode & 0o777 == 0o700
        assert str(folder).isascii()
        assert " " not in str(folder)
        server.bind(str(folder / "0048c599-ec3c-4bd0-b600-bed9fe40d6cb"))
    assert not folder.exists()


def test_folder_of_a_dead_owner_is_removed(usual: Path) -> None:
    """What a killed process left goes with the next start; the folder of a living one stays."""
    program = "import os; from pipeline.runtimes.scratch import ScratchFolder\nwith ScratchFolder(): os._exit(9)"
    subprocess.run([sys.executable, "-c", program], cwd=REPO, env={"TMPDIR": str(usual)}, check=False)
    (orphan,) = usual.glob("awqctl-*")
    with ScratchFolder() as first, ScratchFolder() as second:
        assert set(usual.glob("awqctl-*")) == {first, second}
    assert not orphan.exists()


def test_nowhere_to_make_one_says_what_would_do(usual: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names TMPDIR and how many characters it may have."""
    monkeypatch.setattr("tempfile.tempdir", str(usual / "gone"))
    monkeypatch.setattr("pipeline.runtimes.scratch._ELSEWHERE", (str(usual / "gone too"),))
    with pytest.raises(EnvironmentLackError, match=r"TMPDIR to a folder .* at most 50 characters"):
        ScratchFolder()


@pytest.mark.parametrize("base", ["", "x" * 80])
def test_sockets_of_a_process_are_bound_and_go_with_it(
    usual: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, base: str
) -> None:
    """Whatever the user's temporary folder is, a process can bind sockets, and a stop leaves none."""
    (usual / base).mkdir(exist_ok=True)
    monkeypatch.setattr("tempfile.tempdir", str(usual / base))
    process, left = _started(tmp_path / "log")
    assert left.is_socket()
    process.stop()
    assert not left.parent.exists()
    assert [*usual.glob("awqctl-*")] == []


@pytest.mark.parametrize("victim", ["command", "guardian"])
def test_killed_process_leaves_no_socket(usual: Path, tmp_path: Path, victim: str) -> None:
    """SIGKILL of the command is cleaned up by its guardian, SIGKILL of the guardian by whoever started it."""
    process, left = _started(tmp_path / "log")
    guardian = psutil.Process(process.process.pid)
    (guardian.children()[0] if victim == "command" else guardian).send_signal(signal.SIGKILL)
    process.process.wait(20)
    process.stop()
    assert not left.parent.exists()
    assert [*usual.glob("awqctl-*")] == []


def test_killed_owner_leaves_no_socket(usual: Path, tmp_path: Path) -> None:
    """After SIGKILL of the Python process that started it, the guardian ends the command and removes its folder."""
    program = f"""
import sys, time
from pathlib import Path
from pipeline.runtimes.process import GuardedProcess, engine_environment
command = [sys.executable, "-c", {SAYS_AND_STAYS!r}]
started = GuardedProcess(command, log=Path(sys.argv[1]), environment=engine_environment())
time.sleep(600)
"""
    log, environment = tmp_path / "log", {**os.environ, "TMPDIR": str(usual)}
    with subprocess.Popen([sys.executable, "-c", program, str(log)], cwd=REPO, env=environment) as owner:
        wait_for(lambda: log.exists() and log.read_text().endswith("\n"), 20)
        assert Path(log.read_text().strip()).is_socket()
        owner.kill()
    wait_for(lambda: [*usual.glob("awqctl-*")] == [], 20)
