"""Guarded processes leave nothing behind. Real processes, milliseconds each."""

import fcntl
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from pipeline.base.errors import EngineDiedError, EngineError, WorkerError
from pipeline.base.progress import SilentReporter
from pipeline.runtimes.process import GuardedProcess, engine_environment
from pipeline.runtimes.worker import Worker, worker_script

GRANDCHILD = (
    "import subprocess, sys, time; subprocess.Popen(['sleep', '600']); print('up', flush=True); time.sleep(600)"
)
ORPHAN = """
import os, time
if os.fork() == 0:
    os.setsid()
    time.sleep(600)
print("up", flush=True)
time.sleep(600)
"""
STUBBORN = "import signal, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"


def test_what_cannot_be_started_leaves_nothing() -> None:
    """No pipe and no folder of a command whose log cannot be written."""
    before = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(IsADirectoryError):
        GuardedProcess(["true"], log=Path("/proc"), environment=engine_environment())
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def start(code: str, log: Path, grace_s: float = 0.5) -> GuardedProcess:
    """Start Python code under guard and wait until it says it is up."""
    process = GuardedProcess([sys.executable, "-c", code], log=log, environment=engine_environment(), grace_s=grace_s)
    deadline = time.monotonic() + 20
    while "up" not in process.log_text() and time.monotonic() < deadline:
        time.sleep(0.02)
    return process


def family(process: GuardedProcess) -> list[psutil.Process]:
    """Return the guardian and all below it."""
    root = psutil.Process(process.process.pid)
    return [root, *root.children(recursive=True)]


def assert_gone(members: list[psutil.Process]) -> None:
    """Fail when one of the processes lives after a second."""
    _, alive = psutil.wait_procs(members, timeout=10)
    assert [member for member in alive if member.status() != psutil.STATUS_ZOMBIE] == []


def _locked(path: Path) -> bool:
    with path.open("rb") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def test_output_has_a_file_of_its_own_that_is_locked_while_it_is_written_to(tmp_path: Path) -> None:
    """Its owner's alone, and held by the command itself: nobody takes it for one that is over."""
    output = tmp_path / "spool" / "lines"
    command = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(600)"]
    log = tmp_path / "log"
    with GuardedProcess(command, log=log, output=output, environment=engine_environment(), grace_s=0.5) as process:
        wait(process, lambda: output.read_text() == "up\n")
        assert _locked(output)
        assert stat.S_IMODE(output.stat().st_mode) == 0o600
    assert not _locked(output)
    assert log.read_text() == ""


def wait(process: GuardedProcess, ready: Callable[[], bool], timeout_s: float = 20) -> float:
    """Wait for `ready` as an engine's start does."""
    return process.wait_until(
        ready,
        timeout_s=timeout_s,
        poll_s=0.02,
        died=lambda: EngineDiedError(f"died: {process.log_text().strip()}"),
        late=lambda: EngineError("late"),
    )


def test_wait_ends_when_it_is_ready(tmp_path: Path) -> None:
    """The seconds until then are returned, and the command runs on."""
    with start("import time; time.sleep(0.2); print('up', flush=True); time.sleep(600)", tmp_path / "log") as process:
        assert 0 <= wait(process, lambda: "up" in process.log_text()) < 20
        assert process.running()


def test_wait_for_what_dies_or_is_late_stops_it(tmp_path: Path) -> None:
    """A command that ends is explained by its log; one that is late or whose question fails is stopped."""
    dead = start("print('up: no memory', flush=True)", tmp_path / "dead")
    with pytest.raises(EngineDiedError, match="died: up: no memory"):
        wait(dead, lambda: False)
    for ready, error in ((lambda: False, EngineError), (lambda: 1 // 0 > 0, ZeroDivisionError)):
        process = start(GRANDCHILD, tmp_path / error.__name__)
        members = family(process)
        with pytest.raises(error):
            wait(process, ready, timeout_s=0.1)
        assert_gone(members)


@pytest.mark.parametrize("code", [GRANDCHILD, ORPHAN, STUBBORN], ids=["grandchild", "own session", "ignores SIGTERM"])
def test_stop_takes_everything_along(code: str, tmp_path: Path) -> None:
    """Children of children, those in a session of their own, and those that do not listen."""
    process = start(code, tmp_path / "log")
    members = family(process)
    assert len(members) >= 2
    process.stop()
    assert_gone(members)


@pytest.mark.parametrize("code", [GRANDCHILD, STUBBORN], ids=["grandchild", "ignores SIGTERM"])
def test_kill_takes_what_is_stopped_along(code: str, tmp_path: Path) -> None:
    """Processes that are stopped answer no SIGTERM; the guardian is left to clean up."""
    process = start(code, tmp_path / "log")
    members = family(process)
    for member in members:
        if member.pid != process.process.pid:
            member.suspend()
    assert process.kill() != 0
    assert_gone(members)


def test_death_of_the_parent_takes_everything_along(tmp_path: Path) -> None:
    """SIGKILL to the parent, which then can clean up nothing itself."""
    parent_code = (
        "import sys, time; sys.path.insert(0, '.');"
        "from tests_helper import start, GRANDCHILD, Path;"
        "p = start(GRANDCHILD, Path(sys.argv[1])); print(p.process.pid, flush=True); time.sleep(600)"
    )
    (tmp_path / "tests_helper.py").write_text(Path(__file__).read_text())
    parent = subprocess.Popen(
        [sys.executable, "-c", parent_code, str(tmp_path / "log")], cwd=tmp_path, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    guardian = psutil.Process(int(parent.stdout.readline()))
    members = [guardian, *guardian.children(recursive=True)]
    parent.kill()
    parent.wait()
    assert_gone(members)


def test_exit_status_is_the_commands(tmp_path: Path) -> None:
    """Plain exits and signals both come through."""
    for code, expected in (("raise SystemExit(7)", 7), ("import os; os.kill(os.getpid(), 9)", 128 + 9)):
        with GuardedProcess([sys.executable, "-c", code], log=tmp_path / "log", environment=engine_environment()) as p:
            assert p.process.wait(20) == expected


def test_environment_holds_no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tokens of the user never reach an engine, and engines stay offline."""
    for name in ("HF_TOKEN", "OPENAI_API_KEY", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "made-up")
    environment = engine_environment()
    assert "made-up" not in environment.values()
    assert (environment["HF_HUB_OFFLINE"], environment["VLLM_NO_USAGE_STATS"]) == ("1", "1")


ECHO = """
import os, sys, worker_protocol
def echo(request, channel):
    print("noise on standard output")
    channel.progress("half", done=1, total=2)
    return request
def fail(request, channel):
    raise ValueError("bad  input\\nhere")
def die(request, channel):
    print("RuntimeError: out of cheese", file=sys.stderr, flush=True)
    os._exit(3)
worker_protocol.serve({"echo": echo, "fail": fail, "die": die})
"""


@pytest.fixture
def worker(tmp_path: Path) -> Worker:
    """A worker in this Python, with the product's own protocol file."""
    protocol = worker_script("worker_protocol")
    (tmp_path / protocol.name).write_text(protocol.read_text())
    script = tmp_path / "echo_worker.py"
    script.write_text(ECHO)
    return Worker(Path(sys.executable), script, log=tmp_path / "worker.log", reporter=SilentReporter())


def test_what_is_no_interpreter_is_named(tmp_path: Path) -> None:
    """A program that speaks another language than the protocol is named, with what it said."""
    program = tmp_path / "vllm"
    program.write_text("#!/bin/sh\necho welcome\nread line\n")
    program.chmod(0o755)
    script = worker_script("worker_protocol")
    log = tmp_path / "worker.log"
    with Worker(program, script, log=log, reporter=SilentReporter()) as worker:
        with pytest.raises(WorkerError, match="says 'welcome' instead") as caught:
            worker.call("echo", {}, "echo")
        assert str(program) in str(caught.value)


def test_worker_answers_in_spite_of_noise(worker: Worker, tmp_path: Path) -> None:
    """What a library prints lands in the log, not in the protocol."""
    with worker:
        assert worker.call("echo", {"a": 1}, "echo") == {"a": 1}
        assert worker.call("echo", {"a": 2}, "echo") == {"a": 2}
    assert "noise" in (tmp_path / "worker.log").read_text()


def test_worker_error_is_one_sentence_with_the_log(worker: Worker, tmp_path: Path) -> None:
    """The traceback is in the log, the message on the screen."""
    with worker, pytest.raises(WorkerError, match="ValueError: bad input here") as caught:
        worker.call("fail", {}, "fail")
    assert caught.value.log == tmp_path / "worker.log"
    assert "Traceback" in (tmp_path / "worker.log").read_text()


def test_dead_worker_reports_its_last_error(worker: Worker) -> None:
    """A worker that dies without an answer is explained from its log."""
    with worker, pytest.raises(WorkerError, match="worker ended: RuntimeError: out of cheese"):
        worker.call("die", {}, "die")


def test_killed_worker_is_explained(worker: Worker) -> None:
    """The kernel's out-of-memory killer leaves no message."""
    with worker:
        worker.call("echo", {}, "echo")
        for member in psutil.Process().children(recursive=True):
            if "echo_worker" in " ".join(member.cmdline()) and "guardian" not in " ".join(member.cmdline()):
                os.kill(member.pid, signal.SIGKILL)
        with pytest.raises(WorkerError, match="SIGKILL, most likely because memory ran out"):
            worker.call("echo", {}, "echo")
