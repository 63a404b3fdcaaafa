"""The chain: numbered lines, each with the hash of the one before, in files that follow one another.

Every batch of lines is first written down in `state.json`, with what comes after it, and then appended: whatever ends
the process in between, the next one finds out from the file whether that happened, and no line is lost or stands twice.
Standard library only.
"""

import hashlib
import itertools
import json
import os
import time
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypedDict, cast

from serve.audit.spool import Mark

GENESIS = "0" * 64
"""`previous` of the first line."""
STATE = "state.json"
ANCHOR = "anchor.json"
_DAY_S = 86_400


class State(TypedDict):
    """The file of the state: the batch that was written last, and what holds after it."""

    n: int
    """Of the next line."""
    head: str
    """SHA-256 of the batch's last line."""
    file: str
    """That the batch goes to."""
    size: int
    """Of that file before the batch."""
    text: str
    """The batch."""
    marks: dict[str, Mark]
    """How far the files of the spool are in the audit."""
    unmatched: list[str]
    """Lines of engines that were taken and wait for their request's."""


class Anchor(TypedDict):
    """Where the chain begins after old files were removed."""

    n: int
    """Of the first line that is kept."""
    previous: str
    """That this line has."""
    at: str


def audit_files(folder: Path) -> list[Path]:
    """Return the files of the chain, in order: they are named by the number of their first line."""
    return sorted(folder.glob("audit-*.jsonl"))


def first_number(path: Path) -> int:
    """Return the number of a file's first line."""
    return int(path.stem.partition("-")[2])


class Chain:
    """The end of the chain, of which one process at a time may write.

    Args:
        folder: of the files.
        rotate_bytes: size from which on a new file is begun; one is begun each day, too.
        keep_days: after which a file is removed.

    Attributes:
        state: as it was written down last.
    """

    def __init__(self, folder: Path, *, rotate_bytes: int, keep_days: int) -> None:
        self._folder = folder
        self._rotate_bytes = rotate_bytes
        self._keep_days = keep_days
        self.state = read_state(folder) or _found(folder)
        self._settled = False

    @property
    def marks(self) -> dict[str, Mark]:
        """Return how far the files of the spool are in the audit for certain."""
        return self.state["marks"]

    def append(self, documents: list[dict[str, Any]], marks: dict[str, Mark], unmatched: list[str]) -> None:
        """Append lines, on the disk when this returns.

        Raises:
            OSError: the disk is full or broken; nothing has happened, or `settle` has to be called.
        """
        self.settle()
        path = self._file()
        n, head, lines = self.state["n"], self.state["head"], []
        for document in documents:
            line = json.dumps({"n": n, **document, "previous": head}, separators=(",", ":"))
            head = hashlib.sha256(line.encode()).hexdigest()
            lines.append(f"{line}\n")
            n += 1
        state: State = {
            "n": n,
            "head": head,
            "file": path.name,
            "size": path.stat().st_size if path.exists() else 0,
            "text": "".join(lines),
            "marks": marks,
            "unmatched": unmatched,
        }
        _write(self._folder / STATE, json.dumps(state))
        self.state = state
        self._settled = False
        self.settle()

    def settle(self) -> None:
        """Finish the batch of the state where it was broken off.

        Raises:
            OSError: the disk is full or broken.
        """
        if self._settled or not self.state["text"]:
            return
        batch, before = self.state["text"].encode(), self.state["size"]
        path = self._folder / self.state["file"]
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            size = os.fstat(descriptor).st_size
            there = os.pread(descriptor, len(batch), before)
            # What is longer or shorter than the state says was changed by somebody else: that shows in the chain.
            if there != batch and before <= size <= before + len(batch):
                os.ftruncate(descriptor, before)
                _write_all(descriptor, batch, before)
            elif size < before:
                _write_all(descriptor, batch, size)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if before == 0:
            _sync_folder(self._folder)
        self._settled = True

    def expire(self) -> str | None:
        """Remove files whose last line is too old; return a sentence about it, None where there was none."""
        limit = time.time() - self._keep_days * _DAY_S
        files = audit_files(self._folder)
        old = []
        for path, following in itertools.pairwise(files):
            if path.stat().st_mtime >= limit:
                break
            old.append((path, following))
        if not old:
            return None
        last, first = old[-1]
        previous = hashlib.sha256(_whole_lines(last)[-1]).hexdigest()
        anchor: Anchor = {"n": first_number(first), "previous": previous, "at": _now()}
        _write(self._folder / ANCHOR, json.dumps(anchor))
        for path, _ in old:
            path.unlink()
        return (
            f"Lines before {anchor['n']} were removed after {self._keep_days} days; the last of them had the hash "
            f"{previous}."
        )

    def _file(self) -> Path:
        """Return the file for the next batch."""
        path = self._folder / self.state["file"]
        if self.state["file"] and path.exists():
            told = path.stat()
            begun = datetime.fromtimestamp(told.st_mtime, UTC).date()
            if told.st_size < self._rotate_bytes and begun == datetime.now(UTC).date():
                return path
        return self._folder / f"audit-{self.state['n']:012d}.jsonl"


def read_state(folder: Path) -> State | None:
    """Return the state as it was written down; None where none is.

    Raises:
        ValueError: it cannot be read.
    """
    return cast("State | None", _document(folder / STATE, State.__annotations__))


def read_anchor(folder: Path) -> Anchor | None:
    """Return where the chain begins after files were removed; None where none was.

    Raises:
        ValueError: it cannot be read.
    """
    return cast("Anchor | None", _document(folder / ANCHOR, Anchor.__annotations__))


def _document(path: Path, needed: Collection[str]) -> dict[str, Any] | None:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    if not isinstance(document, dict) or not document.keys() >= set(needed):
        raise ValueError(f"{path.name} is no document with {', '.join(needed)}")
    return document


def _found(folder: Path) -> State:
    """Return a state after the last line of the last file, where the file of the state is gone.

    Lines that are damaged count as some: the chain goes on behind them, and shows them.
    """
    state: State = {"n": 0, "head": GENESIS, "file": "", "size": 0, "text": "", "marks": {}, "unmatched": []}
    for path in reversed(audit_files(folder)):
        lines = _whole_lines(path)
        for behind, line in enumerate(reversed(lines), 1):
            number = _number(line)
            if number is not None:
                return {**state, "n": number + behind, "head": hashlib.sha256(lines[-1]).hexdigest()}
    return state


def _whole_lines(path: Path) -> list[bytes]:
    return path.read_bytes().split(b"\n")[:-1]


def _number(line: bytes) -> int | None:
    try:
        return int(json.loads(line)["n"])
    except (ValueError, LookupError, TypeError, RecursionError):
        return None


def _write(path: Path, text: str) -> None:
    """Write a private file whole or not at all."""
    temporary = path.with_name(f".{path.name}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        _write_all(descriptor, text.encode(), 0)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    temporary.replace(path)
    _sync_folder(path.parent)


def _write_all(descriptor: int, text: bytes, at: int) -> None:
    done = 0
    while done < len(text):
        done += os.pwrite(descriptor, text[done:], at + done)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
