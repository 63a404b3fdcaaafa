"""Lock files that say who holds them, so that whoever waits can be told for whom."""

import fcntl
import os
import platform
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

_PATIENCE_S = 2.0
"""Most holders are done sooner, and nobody need be told."""


@contextmanager
def exclusive(path: Path, held: Callable[[str], None], *, patience_s: float = _PATIENCE_S) -> Iterator[None]:
    """Hold a lock file during the block; wait for it where `held` returns.

    Args:
        path: the file; its folder is there.
        held: told who has the lock, such as `process 412 on build-7`, once it was not to be had for a while. What it
            raises ends the attempt.
        patience_s: that while.
    """
    lock = FileLock(path)
    # Read before asking: older versions of filelock empty the file when they open it.
    holder = _holder(path)
    try:
        lock.acquire(timeout=patience_s)
    except Timeout:
        held(_holder(path) or holder or "another process")
        lock.acquire()
    try:
        with suppress(OSError):  # a full disk keeps nobody from working
            path.write_text(f"process {os.getpid()} on {platform.node()}", encoding="utf-8")
        yield
    finally:
        lock.release()


def is_held(path: Path) -> bool:
    """Return whether somebody holds a lock file; also where the file system has no locks and cannot say."""
    try:
        with path.open("rb") as stream:
            fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False


def _holder(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""
