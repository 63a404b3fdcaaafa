"""The audit's writer: a process of its own that takes lines from the spool and appends them to the chain.

It says how it is on standard output, a JSON document a line (`Heartbeat`), and ends at SIGTERM with nothing left in the
spool. Standard library only, so that it starts in no time and keeps little memory.
"""

import argparse
import contextlib
import fcntl
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypedDict

from serve.audit.chain import Chain
from serve.audit.join import Join, said
from serve.audit.kept import expire_kept
from serve.audit.names import Names
from serve.audit.spool import DOOR, EVENT, USAGE, Spool, SpoolFile

NAMES = "names.json"
_LOCK = "writer.lock"
_BEGINNING = b'{"at":"'
"""Of a line of the door; within one, quotation marks are escaped."""
_POLL_S = 0.2
_MOST_WAITING = 20_000
_FULL = 2000
"""Lines after which it looks again at once."""
_MOST_UNMATCHED = 50_000
_EXPIRE_S = 3600.0
_REST_S = 4.0
"""At the end, less than a stopped process is given."""


class Heartbeat(TypedDict):
    """How the writer is."""

    pid: int
    n: int
    """Of the next line."""
    behind_bytes: int
    lost: int
    """Lines of the spool that could not be read, since it started."""
    problem: str | None


class Writer:
    """Takes what there is, again and again.

    Args:
        spool: folder of what is to be taken.
        audit: folder of the chain.
        kept: folder of kept texts.
        rotate_bytes: see `Chain`.
        keep_days: see `Chain`.
    """

    def __init__(self, spool: Path, audit: Path, kept: Path, *, rotate_bytes: int, keep_days: int) -> None:
        self._chain = Chain(audit, rotate_bytes=rotate_bytes, keep_days=keep_days)
        self._kept = kept
        self._names = Names(spool / NAMES)
        self._spool = Spool(spool, self._chain.marks)
        self._join = Join(self._names)
        for line in self._chain.state["unmatched"]:
            self._join.add_usage(line.encode(), time.monotonic())
        self._documents: list[dict[str, Any]] = []
        self._expired = -_EXPIRE_S
        self._problem: str | None = None
        self._lost = 0

    def heartbeat(self) -> Heartbeat:
        """Return how it is."""
        return {
            "pid": os.getpid(),
            "n": self._chain.state["n"],
            "behind_bytes": self._spool.behind(),
            "lost": self._lost,
            "problem": self._problem,
        }

    @property
    def waiting(self) -> bool:
        """Return whether lines have been read and not been written."""
        return bool(self._join.waiting or self._documents)

    def take(self, *, last: bool = False) -> int:
        """Take what there is; return how many lines that were.

        Args:
            last: nothing more will come.
        """
        now, before = time.monotonic(), self._chain.state["n"]
        try:
            if not self._documents:  # otherwise they could not be written
                self._read(now)
                self._names.refresh()  # after the lines: who is in one of them was named before it was written
                self._collect(now, last=last)
            self._append()
            self._documents += [said(torn) for torn in self._spool.clear(self._chain.marks)]
            self._problem = None
        except OSError as problem:
            self._problem = f"The audit cannot be written: {problem}."
        return self._chain.state["n"] - before

    def _read(self, now: float) -> None:
        """Read engines' lines first: a request's is written before the door's."""
        for file in self._spool.files(USAGE):
            for text, end in file.lines():
                self._try_usage(file, text, end, now)
                if self._join.unmatched >= _MOST_UNMATCHED:
                    break
        for file in [*self._spool.files(EVENT), *self._spool.files(DOOR)]:
            for text, end in file.lines():
                self._try_door(file, text, end, now)
                if self._join.waiting >= _MOST_WAITING:
                    return

    def _try_usage(self, file: SpoolFile, text: bytes, end: int, now: float) -> None:
        file.taken = end
        if text:
            try:
                self._join.add_usage(text, now)
            except (ValueError, TypeError) as problem:
                self._documents.append(said(self._unreadable(file, end, problem)))

    def _try_door(self, file: SpoolFile, text: bytes, end: int, now: float) -> None:
        if not text.startswith(b"{"):  # HAProxy's own words, at a reload
            return
        begins = text.rfind(_BEGINNING)
        if begins > 0:  # a full disk tore the line before, and this one follows without a break
            torn = f"A line of {file.path.name} is torn after {begins} bytes, before byte {end}: the disk was full."
            self._lost += 1
            self._join.add_said(torn, now, (file, file.taken))
            text = text[begins:]
        add = self._join.add_event if file.kind == EVENT else self._join.add_door
        try:
            add(text, now, (file, end))
        except (ValueError, TypeError) as problem:
            self._join.add_said(self._unreadable(file, end, problem), now, (file, end))

    def _unreadable(self, file: SpoolFile, end: int, problem: Exception) -> str:
        self._lost += 1
        return f"A line of {file.path.name}, which ends at byte {end}, is lost: it cannot be read ({problem})."

    def _collect(self, now: float, *, last: bool) -> None:
        for document, (file, end) in self._join.ready(now, all_of_them=last):
            file.taken = end
            self._documents.append(document)
        if not self._join.waiting:  # HAProxy's own words at the end of a file are nobody's
            self._spool.all_taken()
        self._documents += self._join.late(now)
        if now - self._expired >= _EXPIRE_S:
            self._expired = now
            expire_kept(self._kept)
            if removed := self._chain.expire():
                self._documents.append(said(removed))

    def _append(self) -> None:
        marks = self._spool.marks()
        if self._documents or marks != self._chain.marks:
            self._chain.append(self._documents, marks, self._join.unmatched_lines())
            self._documents = []


def main(arguments: list[str]) -> None:
    """Write until SIGTERM."""
    parser = argparse.ArgumentParser(prog="awqctl-audit")
    for name in ("spool", "audit", "kept"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--rotate-bytes", type=int, required=True)
    parser.add_argument("--keep-days", type=int, required=True)
    given = parser.parse_args(arguments)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    with _only_one(given.audit / _LOCK, stop) as alone:
        if not alone:
            return
        writer = Writer(
            given.spool, given.audit, given.kept, rotate_bytes=given.rotate_bytes, keep_days=given.keep_days
        )
        while not stop.is_set():
            if writer.take() < _FULL:
                stop.wait(_POLL_S)
            _say(writer.heartbeat())
        _finish(writer)


def _finish(writer: Writer) -> None:
    """Take the rest; what waits for an engine's line waits as always."""
    deadline = time.monotonic() + _REST_S
    while (writer.take() or writer.waiting) and time.monotonic() < deadline:
        time.sleep(_POLL_S)
    writer.take(last=True)
    _say(writer.heartbeat())


@contextlib.contextmanager
def _only_one(path: Path, stop: threading.Event) -> Iterator[bool]:
    """Wait until no other writer has this chain; yield False where that was given up."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if stop.wait(_POLL_S):
                    yield False
                    return
            else:
                yield True
                return
    finally:
        os.close(descriptor)


def _say(heartbeat: Heartbeat) -> None:
    with contextlib.suppress(BrokenPipeError):  # the supervisor was killed; the rest is taken all the same
        sys.stdout.write(json.dumps(heartbeat) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
