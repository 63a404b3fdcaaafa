"""`ScratchFolder`: a short, private folder for the sockets and temporary files of one process; gone when that is."""

import contextlib
import fcntl
import os
import re
import shutil
import tempfile
from pathlib import Path
from types import TracebackType

from pipeline.base.errors import EnvironmentLackError

_PREFIX = "awqctl-"
_OWNER = "owner"
_LONGEST_BASE = 50
"""A socket's path may have 107 bytes. Below the folder (16) vLLM names its sockets by a UUID (37); HAProxy appends its
process id and `.tmp` while it binds."""
_ELSEWHERE = ("/tmp", "/dev/shm", "/var/tmp")  # noqa: S108 -- mkdtemp makes a folder of mode 0700


class ScratchFolder:
    """A folder that only its owner may enter; a context manager that yields its path and removes it.

    It lies where the system keeps temporary files, unless that path is too long for a socket or needs quoting. The lock
    on a file in it is held by `descriptor`: a process that inherits that keeps the folder from being taken for one
    that a killed process left. What was left goes when the next one is made.

    Attributes:
        path: of the folder.
        descriptor: holds the lock.

    Raises:
        EnvironmentLackError: no folder can be made.
    """

    def __init__(self) -> None:
        self.path = _make()
        unlocked = self.path / f"{_OWNER}.new"
        self.descriptor = os.open(unlocked, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self.descriptor, fcntl.LOCK_EX)
        # Not before: without a lock it would look like one that was left.
        unlocked.rename(self.path / _OWNER)

    def remove(self) -> None:
        """Remove the folder and let go of its lock; again is no harm."""
        shutil.rmtree(self.path, ignore_errors=True)
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1

    def __enter__(self) -> Path:
        return self.path

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.remove()


def _make() -> Path:
    usual = tempfile.gettempdir()
    fit = len(os.fsencode(usual)) <= _LONGEST_BASE and re.fullmatch(r"[A-Za-z0-9/._-]+", usual)
    problems = []
    for base in (*([usual] if fit else []), *_ELSEWHERE):
        _remove_left(Path(base))
        try:
            return Path(tempfile.mkdtemp(prefix=_PREFIX, dir=base))
        except OSError as problem:
            problems.append(f"{base}: {problem.strerror}")
    raise EnvironmentLackError(
        f"No folder for sockets can be made ({'; '.join(problems)}). Free space there, or set TMPDIR to a folder that "
        f"can be written, whose path has at most {_LONGEST_BASE} characters, letters, digits and ./_- alone."
    )


def _remove_left(base: Path) -> None:
    """Remove the folders whose owner is dead: the kernel has let go of its lock."""
    for mark in base.glob(f"{_PREFIX}*/{_OWNER}"):
        with contextlib.suppress(OSError), mark.open("rb") as owner:
            fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(mark.parent, ignore_errors=True)
