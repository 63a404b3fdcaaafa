"""Whether a chain is whole: every line numbered without a gap, every hash that of the line before."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.base.errors import SourceError
from pipeline.base.results import Result
from serve.audit.chain import GENESIS, Anchor, State, audit_files, read_anchor, read_state

_MOST_FAULTS = 100


class ChainFault(Result):
    """One place where the chain is broken."""

    file: str
    line: int
    """From 1."""
    what: str


class ChainReport(Result):
    """What a chain is found to be."""

    whole: bool
    files: int
    lines: int
    first_at: str | None
    last_at: str | None
    removed_before: int
    """Lines that were removed as their time was over; the chain begins after them."""
    head: str
    """SHA-256 of the last line. Written down elsewhere, it shows later that nothing up to it was changed."""
    earlier_head: bool | None
    """Whether the head that was asked for is still in the chain; None where none was."""
    faults: tuple[ChainFault, ...]
    """The first hundred."""


@dataclass
class _Reading:
    """The chain as far as it was read."""

    n: int
    previous: str
    lines: int = 0
    times: list[str] = field(default_factory=list)
    head_found: bool = False
    faults: list[ChainFault] = field(default_factory=list)

    def fault(self, path: Path, line: int, what: str) -> None:
        if len(self.faults) < _MOST_FAULTS:
            self.faults.append(ChainFault(file=str(path), line=line, what=what))


def verify_folder(folder: Path, *, head: str | None = None) -> ChainReport:
    """Return whether the chain in an endpoint's folder is whole, and ends where its writer left off.

    Args:
        folder: of the audit.
        head: hash of a line that was the last one earlier.

    Raises:
        SourceError: there is no audit, or what stands beside it cannot be read.
    """
    try:
        anchor, state = read_anchor(folder), read_state(folder)
    except ValueError as problem:
        raise SourceError(f"What {folder} says of its chain cannot be read: {problem}. Restore it.") from problem
    return _verify(audit_files(folder), anchor, head, state)


def verify_files(files: Sequence[Path], *, head: str | None = None) -> ChainReport:
    """Return whether the lines of these files follow one another; where the first one begins is taken as it is.

    Args:
        files: in any order; their names have their order.
        head: hash of a line that was the last one earlier.

    Raises:
        SourceError: one cannot be read.
    """
    ordered = sorted(files, key=lambda path: path.name)
    return _verify(ordered, _beginning(ordered), head, None)


def _verify(files: Sequence[Path], anchor: Anchor | None, head: str | None, state: State | None) -> ChainReport:
    if not files:
        raise SourceError("There is no audit yet: no request has been answered. Serve first.")
    start = anchor or Anchor(n=0, previous=GENESIS, at="")
    reading = _Reading(start["n"], start["previous"], head_found=head is not None and head == start["previous"])
    path = files[0]
    for path in files:
        for number, (text, line) in enumerate(_lines(path), 1):
            if line is not None and anchor is not None and line["n"] < anchor["n"]:
                continue  # was to be removed, and its removal broken off
            _check(reading, path, number, text, line)
            reading.head_found = reading.head_found or reading.previous == head
            if state and line is not None and reading.n == state["n"] and reading.previous != state["head"]:
                reading.fault(path, number, "It is not the line that its writer wrote: it was changed.")
    # The writer may be at its last batch just now.
    written = state["n"] - state["text"].count("\n") if state else 0
    if reading.n < written:
        reading.fault(path, reading.lines, f"The end is missing: lines {reading.n} to {written - 1} were written.")
    if head is not None and not reading.head_found:
        reading.fault(path, reading.lines, f"No line has the hash {head}: what stood there was changed or removed.")
    return ChainReport(
        whole=not reading.faults,
        files=len(files),
        lines=reading.lines,
        first_at=min(reading.times, default=None),
        last_at=max(reading.times, default=None),
        removed_before=start["n"],
        head=reading.previous,
        earlier_head=None if head is None else reading.head_found,
        faults=tuple(reading.faults),
    )


def _check(reading: _Reading, path: Path, number: int, text: bytes, line: dict[str, Any] | None) -> None:
    """Compare one line with the one before, and go on from it."""
    digest = hashlib.sha256(text).hexdigest()
    reading.lines += 1
    if line is None:
        reading.fault(path, number, "It is no line of an audit.")
        return
    n = line["n"]
    if n > reading.n:
        missing = f"Line {reading.n} is" if n == reading.n + 1 else f"Lines {reading.n} to {n - 1} are"
        reading.fault(path, number, f"{missing} missing before it: removed.")
    elif n < reading.n:
        reading.fault(path, number, f"It has the number {n}, which was there before: one of the two was inserted.")
    elif line["previous"] != reading.previous:
        reading.fault(path, number, "Its hash of the line before is that of another text: the line before was changed.")
    reading.n, reading.previous = n + 1, digest
    reading.times = [min([line["at"], *reading.times]), max([line["at"], *reading.times])]


def _lines(path: Path) -> Iterator[tuple[bytes, dict[str, Any] | None]]:
    """Yield each line's bytes and what it says; None of one that is none.

    Raises:
        SourceError: the file cannot be read.
    """
    try:
        with path.open("rb") as stream:
            for text in stream:
                if text.endswith(b"\n"):  # otherwise its writer is at it just now
                    yield text[:-1], _document(text)
    except OSError as problem:
        raise SourceError(f"{path} cannot be read: {problem.strerror}. Name files of an audit.") from problem


def _document(text: bytes) -> dict[str, Any] | None:
    try:
        line = json.loads(text)
        known = isinstance(line["n"], int) and isinstance(line["previous"], str) and isinstance(line["at"], str)
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    return line if known else None


def _beginning(files: Sequence[Path]) -> Anchor | None:
    for _text, line in _lines(files[0]) if files else ():
        return Anchor(n=line["n"], previous=line["previous"], at="") if line else None
    return None
