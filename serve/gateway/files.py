"""Private files and folders: written whole, readable by the owner only, gone when they should be."""

import contextlib
import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from pipeline.base.errors import BusyError, EnvironmentLackError
from pipeline.base.homes import variable_for

_LOCK_TIMEOUT_S = 10
_PREFIX = "awqctl-"
_OWNER = "owner"
_LONGEST_BASE = 60
"""A socket's path may have 107 bytes, and HAProxy appends its process id and `.tmp` while it binds."""


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


@contextmanager
def socket_folder() -> Iterator[Path]:
    """Yield a folder for unix sockets that only the owner may enter; it vanishes with the block.

    The system's folder for temporary files is used unless its path is too long for a socket or needs quoting.
    What a killed process could not remove goes at the next call.
    """
    base = tempfile.gettempdir()
    if len(base) > _LONGEST_BASE or not re.fullmatch(r"[A-Za-z0-9/._-]+", base):
        base = "/tmp"  # noqa: S108 -- mkdtemp makes a folder of mode 0700
    _remove_orphans(Path(base))
    try:
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=base))
    except OSError as problem:
        raise EnvironmentLackError(
            f"No temporary folder can be made: {problem.strerror}. Free space in {base}."
        ) from problem
    try:
        with (folder / "owner.new").open("w", encoding="utf-8") as owner:
            fcntl.flock(owner, fcntl.LOCK_EX)
            (folder / "owner.new").rename(folder / _OWNER)
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _remove_orphans(base: Path) -> None:
    """Remove the folders whose owner is dead: the kernel has let go of its lock."""
    for mark in base.glob(f"{_PREFIX}*/{_OWNER}"):
        with contextlib.suppress(OSError), mark.open(encoding="utf-8") as owner:
            fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(mark.parent, ignore_errors=True)
