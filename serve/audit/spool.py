"""The spool: files that HAProxy, the engines and the supervisor append lines to, and the audit's writer takes from.

Whoever appends keeps a shared lock on its file (`flock`), so that a file without one is over. What has been taken is
given back to the disk by holes at the file's beginning: its writer goes on appending. Standard library only.
"""

import contextlib
import ctypes
import fcntl
import functools
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypedDict

DOOR, USAGE, EVENT = "door", "usage", "event"
"""Kinds of files, as their names begin."""
_CHUNK = 1 << 20
_LONGEST = 1 << 20
"""A longer line is none."""
_KEEP_SIZE, _PUNCH_HOLE = 0x01, 0x02
_AHEAD = 2 << 20
"""Four times what a thousand requests a second write until somebody looks again."""
_BLOCK = 4096
_LEFT = 1 << 20
"""Not freed before the place: the supervisor reads the usage, too."""
_FREED_AT_ONCE = 1 << 18
_QUIET_S = 10.0
"""A file that has just been made may not be locked yet."""


class Mark(TypedDict):
    """How far a file has been taken."""

    inode: int
    offset: int


class SpoolFile:
    """One file, read on from where it was left.

    Attributes:
        offset: up to which it has been read.
        taken: up to which its lines are in the audit.
    """

    def __init__(self, path: Path, mark: Mark | None) -> None:
        self.path = path
        self.kind = path.name.partition("-")[0]
        self._descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        self.inode = os.fstat(self._descriptor).st_ino
        self.offset = self.taken = mark["offset"] if mark and mark["inode"] == self.inode else 0
        self._freed = 0

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._descriptor)

    @property
    def mark(self) -> Mark:
        """Return how far its lines are in the audit."""
        return {"inode": self.inode, "offset": self.taken}

    def set_aside(self) -> None:
        """Take blocks for what will be appended soon."""
        set_aside(self._descriptor)

    def skip(self) -> None:
        """Leave out what is there already."""
        self.offset = os.fstat(self._descriptor).st_size

    def gone(self) -> bool:
        """Return whether the file has been removed."""
        return os.fstat(self._descriptor).st_nlink == 0

    def behind(self) -> int:
        """Return how many bytes have not been taken yet."""
        return max(0, os.fstat(self._descriptor).st_size - self.taken)

    def lines(self) -> Iterator[tuple[bytes, int]]:
        """Yield whole lines and where each ends, until there is no more now."""
        while (left := os.fstat(self._descriptor).st_size - self.offset) > 0:
            # No more than there is: a large buffer each time, of which little is used, makes the heap wander and grow.
            text = os.pread(self._descriptor, min(left, _CHUNK), self.offset)
            whole, found, _ = text.rpartition(b"\n")
            if not found:
                if len(text) < _LONGEST:
                    return
                whole = text
            for line in whole.split(b"\n"):
                self.offset += len(line) + len(found)
                yield line.lstrip(b"\0"), self.offset

    def ended(self) -> bool:
        """Return whether nobody appends to it any more."""
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        fcntl.flock(self._descriptor, fcntl.LOCK_UN)
        return time.time() - os.fstat(self._descriptor).st_mtime > _QUIET_S

    def rest(self) -> bytes:
        """Return the beginning of a line that was never finished."""
        return os.pread(self._descriptor, _CHUNK, self.offset).strip(b"\0")

    def free(self, taken: int) -> None:
        """Give the disk back what lies before `taken`, where the file system can make holes."""
        end = (taken - _LEFT) // _BLOCK * _BLOCK
        if end - self._freed >= _FREED_AT_ONCE and punch(self._descriptor, end):
            self._freed = end


def punch(descriptor: int, end: int) -> bool:
    """Free the blocks of a file before `end`; its size stays. Return whether the file system can."""
    return _fallocate(descriptor, _KEEP_SIZE | _PUNCH_HOLE, 0, end)


def set_aside(descriptor: int) -> bool:
    """Take blocks for what will be appended to a file soon, so that a disk that fills up meanwhile loses no line of it.

    Return whether the file system can, and has them.
    """
    return _fallocate(descriptor, _KEEP_SIZE, os.fstat(descriptor).st_size, _AHEAD)


def _fallocate(descriptor: int, mode: int, start: int, length: int) -> bool:
    fallocate = _fallocate_of_c()
    return fallocate is not None and bool(fallocate(descriptor, mode, start, length) == 0)


@functools.cache
def _fallocate_of_c() -> Any:
    """Return the system's own, which Python does not have; None where it has none."""
    fallocate = getattr(ctypes.CDLL(None), "fallocate", None)
    if fallocate is not None:
        fallocate.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64]
    return fallocate


class Spool:
    """The files of one folder, in the order of their names."""

    def __init__(self, folder: Path, marks: dict[str, Mark]) -> None:
        self._folder = folder
        self._marks = marks
        self._open: dict[str, SpoolFile] = {}

    def files(self, kind: str) -> list[SpoolFile]:
        """Return the files of a kind that are there now."""
        for path in sorted(self._folder.glob(f"{kind}-*.jsonl")):
            if path.name not in self._open:
                with contextlib.suppress(FileNotFoundError):
                    self._open[path.name] = SpoolFile(path, self._marks.get(path.name))
        return [file for name, file in sorted(self._open.items()) if file.kind == kind]

    def marks(self) -> dict[str, Mark]:
        """Return how far each file is in the audit."""
        return {name: file.mark for name, file in self._open.items()}

    def all_taken(self) -> None:
        """Take note that every line that was read needs nothing more."""
        for file in self._open.values():
            file.taken = file.offset

    def behind(self) -> int:
        """Return how many bytes of all files have not been taken yet."""
        return sum(file.behind() for file in self._open.values())

    def forget(self) -> None:
        """Let go of files that have been removed."""
        for name, file in list(self._open.items()):
            if file.gone():
                file.close()
                del self._open[name]

    def clear(self, saved: dict[str, Mark]) -> list[str]:
        """Free what is in the audit for certain, and remove files that are over; return a sentence for each torn end.

        Args:
            saved: how far each file was in the audit when that was last written down.
        """
        torn = []
        for name, file in list(self._open.items()):
            offset = saved[name]["offset"] if name in saved else 0
            file.free(offset)
            if offset != file.offset or not file.ended():
                continue
            rest = file.rest()
            if b"\n" in rest:  # written since it was read last
                continue
            if rest:
                torn.append(f"The last line of {name} is torn after {len(rest)} bytes: its writer was killed.")
            file.path.unlink(missing_ok=True)
            file.close()
            del self._open[name]
        return torn
