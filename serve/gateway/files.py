"""Private files: written whole, readable by the owner only, changed by one process at a time."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from pipeline.base.errors import BusyError, EnvironmentLackError
from pipeline.base.homes import variable_for

_LOCK_TIMEOUT_S = 10


def write_private(path: Path, text: str, *, mode: int = 0o600) -> None:
    """Write `text` to `path` through a file that never was readable by others, and one rename.

    Raises:
        EnvironmentLackError: the disk is full, or the folder is not writable.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary.unlink(missing_ok=True)
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    except OSError as problem:
        variable = variable_for(path)
        elsewhere = f", or set {variable} to a folder that can be written" if variable else ""
        raise EnvironmentLackError(
            f"{path} cannot be written: {problem.strerror}. Free space, check who owns the folder{elsewhere}."
        ) from problem
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock file `path` during the block.

    Raises:
        BusyError: another process kept it for too long.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = FileLock(path, mode=0o600)
    try:
        lock.acquire(timeout=_LOCK_TIMEOUT_S)
    except Timeout:
        raise BusyError(f"{path} is held by another awqctl. Wait for it to end, then try again.") from None
    try:
        yield
    finally:
        lock.release()
