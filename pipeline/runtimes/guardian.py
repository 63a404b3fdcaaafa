"""Runs one command in its own session and makes sure that nothing of it outlives the caller.

Standard library only, run as a script: `guardian.py LIFELINE_FD GRACE_S SCRATCH COMMAND...`. The caller holds the other
end of the lifeline pipe; when it closes, by intent or by death, the command gets SIGTERM, after the grace period
SIGKILL, and every process that descends from it SIGKILL. Then the folder SCRATCH is removed, with the sockets and
temporary files in it. The exit status is the command's.
"""

import contextlib
import ctypes
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


def _die_with_guardian() -> None:
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _parent_of(pid: str) -> int | None:
    try:
        stat = Path("/proc", pid, "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    return int(stat.rpartition(")")[2].split()[1])


def descendants(root: int) -> Iterator[int]:
    """Yield all living processes below `root`, children before their own children."""
    parents = {int(pid): _parent_of(pid) for pid in (entry.name for entry in Path("/proc").iterdir()) if pid.isdigit()}
    level = [root]
    while level:
        level = [pid for pid, parent in parents.items() if parent in level]
        yield from level


def _signal_all(pids: Iterator[int], number: int) -> None:
    for pid in list(pids):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def _sweep() -> None:
    """Kill and reap what is left below this process."""
    for _ in range(50):
        remaining = list(descendants(os.getpid()))
        _signal_all(iter(remaining), signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        if not remaining:
            return
        time.sleep(0.05)


def _stop(child: "subprocess.Popen[bytes]", grace_s: float) -> None:
    with contextlib.suppress(ProcessLookupError):
        child.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(grace_s)


def main(arguments: list[str]) -> int:
    """Run the command; return its exit status."""
    lifeline, grace_s, scratch, command = int(arguments[0]), float(arguments[1]), arguments[2], arguments[3:]
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_write, False)
    signal.set_wakeup_fd(wake_write)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(number, lambda *_: None)
    child = subprocess.Popen(command, preexec_fn=_die_with_guardian, start_new_session=True)  # noqa: PLW1509 -- single-threaded
    for stream in (0, 1):
        os.close(stream)
    try:
        while child.poll() is None:
            ready, _, _ = select.select([lifeline, wake_read], [], [])
            if lifeline in ready:
                _stop(child, grace_s)
                break
            received = os.read(wake_read, 64)
            if set(received) & {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}:
                _stop(child, grace_s)
                break
    finally:
        if child.poll() is None:
            child.kill()
        status = child.wait()
        _sweep()
        shutil.rmtree(scratch, ignore_errors=True)
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
