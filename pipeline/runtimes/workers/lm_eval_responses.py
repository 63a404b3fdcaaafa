"""The responses of one arm, kept on disk as they arrive, so that an interrupted evaluation asks only what is missing.

A text file: a header line with what the responses depend on, then one JSON array a line, `[key, response]`, or
`[key, response, true]` where the prompt had been cut. Keys are lm-eval's own (`hash_args`). Every line is handed to
the system as soon as its response is there, so that a killed process loses none of them. When responses come, they are
brought to the disk once a second: a power loss costs those that came after the last time. Standard library only.
"""

import json
import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

_FORMAT = 1
_SYNC_EVERY_S = 1.0
"""On a disk that takes 10 ms for it, one percent of the time."""


class DamagedError(ValueError):
    """The file is not one of ours, or not whole."""


class Responses:
    """What was answered, by key; in memory alone where there is no path."""

    def __init__(self, path: Path | None, meta: dict[str, Any], note: Callable[[str], None]) -> None:
        self._path = path
        self._known: dict[str, tuple[Any, bool]] = {}
        self._stream = None
        self._synced_at = time.monotonic()
        if path is None:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        header = {"format": _FORMAT, "meta": json.loads(json.dumps(meta))}
        kept = self._recall(path, header, note) if path.exists() else 0
        self._stream = path.open("r+b" if kept else "wb")
        self._stream.truncate(kept)
        self._stream.seek(kept)
        if not kept:
            self._write(_line(header))

    def _recall(self, path: Path, header: dict[str, Any], note: Callable[[str], None]) -> int:
        """Read the file; return how many bytes of it hold, 0 where it is to be begun anew."""
        whole = path.read_bytes()
        kept = whole.rfind(b"\n") + 1  # what a killed process was writing has no end of line yet
        try:
            found, self._known = _read(whole[:kept])
        except DamagedError:
            note(f"{path.name} is damaged; all responses are asked again")
            return 0
        if found != header:
            note(f"{path.name} is of other weights or settings; all responses are asked again")
            self._known = {}
            return 0
        return kept

    def get(self, key: str) -> tuple[Any, bool] | None:
        """Return a response and whether its prompt had been cut; None where it is not known."""
        return self._known.get(key)

    def add(self, entries: Iterable[tuple[str, Any, bool]]) -> None:
        """Keep some responses: key, response, whether its prompt was cut."""
        if self._stream is not None:
            self._write(b"".join(_line([key, value, True] if cut else [key, value]) for key, value, cut in entries))

    def _write(self, lines: bytes) -> None:
        assert self._stream is not None  # noqa: S101 -- for the reader of types
        self._stream.write(lines)
        self._stream.flush()
        if time.monotonic() - self._synced_at >= _SYNC_EVERY_S:
            os.fsync(self._stream.fileno())
            self._synced_at = time.monotonic()  # after it, so that a slow disk is not all that is waited for

    def close(self) -> None:
        """Bring the file to the disk."""
        if self._stream is not None:
            os.fsync(self._stream.fileno())
            self._stream.close()


def _line(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"


def _read(whole: bytes) -> tuple[Any, dict[str, tuple[Any, bool]]]:
    """Return header and responses.

    Raises:
        DamagedError: the lines are not those that `Responses` writes.
    """
    try:
        header, *entries = map(json.loads, whole.split(b"\n")[:-1])
        return header, {str(key): (value, bool(cut)) for key, value, *cut in entries}
    except (ValueError, TypeError) as problem:
        raise DamagedError from problem
