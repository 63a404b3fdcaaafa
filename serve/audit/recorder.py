"""`AuditRecorder`: the supervisor's side of the audit: files to write to, the writer, and what goes wrong with it."""

import contextlib
import fcntl
import json
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from pipeline.base.errors import EnvironmentLackError
from pipeline.base.progress import Reporter
from pipeline.recipe.serve import AuditSettings
from serve.audit.chain import read_state
from serve.audit.names import NamesDocument, placed, read_names
from serve.audit.spending import Spending, Tokens
from serve.audit.spool import DOOR, EVENT, USAGE, set_aside
from serve.audit.status import AuditStatus
from serve.audit.writer import NAMES
from serve.audit.writer_process import WriterProcess
from serve.endpoint import EndpointFolder
from serve.gateway.files import write_private

_RESERVE_BYTES = 128 << 20
"""Free space below which it is a problem: more than comes in before the door has been told."""
_CHECK_S = 0.25
_STALLED_S = 15.0
"""Without a sign of the writer."""
_BEHIND_BYTES = 256 << 20
_DROPPED_S = 60.0
"""For how long a dropped line is a problem; that it is lost stays in the count."""
_DOORS = 2
"""Files of the door that are kept locked: a new HAProxy's, and the one's before."""


class AuditRecorder:
    """Makes the spool's files, runs the writer, watches the disk; a context manager that leaves no process behind.

    It is entered before HAProxy and the engines start, and left after they have ended, so that nothing is missing.

    Args:
        folder: of the endpoint.
        settings: of the audit.
        log: name of the writer's log, which becomes a link to the file of this start.
        reporter: warned about problems.
        on_problem: told at once, from a thread of its own, when there is a problem, and with None when it is over. What
            is to be answered with 503 meanwhile is decided there (`settings.strict`).
        reserve_bytes: free space below which it is a problem.
        stalled_s: without a sign of the writer, after which it is a problem.

    Raises:
        EnvironmentLackError: the endpoint's folder cannot be written.
    """

    def __init__(
        self,
        folder: EndpointFolder,
        settings: AuditSettings,
        *,
        log: Path,
        reporter: Reporter,
        on_problem: Callable[[str | None], None] | None = None,
        reserve_bytes: int = _RESERVE_BYTES,
        stalled_s: float = _STALLED_S,
    ) -> None:
        self._folder = folder
        self._reporter = reporter
        self._on_problem = on_problem
        self._reserve = reserve_bytes
        self._stalled_s = stalled_s
        for path in (folder.spool, folder.audit, self.kept_folder):
            _private_folder(path)
        self._changing = threading.RLock()
        self._stop = threading.Event()
        self._doors: deque[int] = deque()
        self._events: int | None = None
        self._names_file = folder.spool / NAMES
        self._names: NamesDocument = read_names(self._names_file)
        self._names_written = True
        self._spending = Spending(folder.spool)
        self._first_n = _next_number(folder.audit)
        self._writer = WriterProcess(
            (
                *(str(path) for path in (folder.spool, folder.audit, self.kept_folder)),
                *("--rotate-bytes", str(settings.rotate_mib << 20)),
                *("--keep-days", str(settings.keep_days)),
            ),
            log=log,
            first_n=self._first_n,
            restarted=lambda: self.event("The audit's writer had ended and was started again."),
        )
        self._lost = 0
        self._dropped = 0
        self._dropped_at = float("-inf")
        self._problem: str | None = None
        self._watch = threading.Thread(target=self._watching, name="audit", daemon=True)

    @property
    def spool(self) -> Path:
        """Return the folder of what the audit has not taken yet."""
        return self._folder.spool

    @property
    def kept_folder(self) -> Path:
        """Return the folder of prompts and answers of keys that keep them."""
        return self._folder.path / "kept"

    @property
    def writer_pid(self) -> int:
        """Return the writer's process; 0 until it has said something."""
        return self._writer.heartbeat["pid"]

    def door_file(self) -> Path:
        """Return a new file for what HAProxy logs, a line for each request; there already, and empty."""
        with self._changing:
            path = self._new_file(DOOR)
            self._doors.append(_locked_file(path))
            while len(self._doors) > _DOORS:
                os.close(self._doors.popleft())
            return path

    def usage_file(self, place: str) -> Path:
        """Return a new file for the lines of the engine that takes that place."""
        return self._new_file(f"{USAGE}-{place.replace('/', '-')}")

    def event(self, text: str) -> None:
        """Put a sentence about what the supervisor did into the audit."""
        line = json.dumps({"at": _now(), "event": text}).encode() + b"\n"
        with self._changing:
            try:
                if self._events is None:
                    self._events = _locked_file(self._new_file(EVENT))
                os.write(self._events, line)
            except OSError as problem:
                self._reporter.warn(f"The audit lacks this event ({problem}): {text}")

    def name_keys(self, names: Mapping[str, str]) -> None:
        """Tell what keys are called, by id; those known before are remembered."""
        with self._changing:
            self._rename({**self._names, "keys": {**self._names["keys"], **names}})

    def name_release(self, place: str, release: str) -> None:
        """Tell which release takes a place (`model-1/place-2`) from now on."""
        with self._changing:
            releases = self._names["releases"]
            changed = placed(releases.get(place, []), _now(), release)
            self._rename({**self._names, "releases": {**releases, place: changed}})

    def dropped(self, count: int) -> None:
        """Tell how many lines HAProxy could not write since it started."""
        with self._changing:
            if count > self._dropped:
                self._lost += count - self._dropped
                self._dropped_at = time.monotonic()
                self.event(f"HAProxy could not write the lines of {count - self._dropped} requests: they are lost.")
            self._dropped = count

    def spent(self) -> dict[str, Tokens]:
        """Return the tokens of each key's requests, by the key's id, since this recorder was made; never smaller."""
        return self._spending.by_key()

    def status(self) -> AuditStatus:
        """Return how the audit is."""
        with self._changing:
            return AuditStatus(
                lines=self._writer.heartbeat["n"] - self._first_n,
                behind_bytes=self._writer.heartbeat["behind_bytes"],
                lost=self._lost + self._writer.lost,
                problem=self._problem,
            )

    def __enter__(self) -> Self:
        self._writer.start()
        self._watch.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stop.set()
        self._watch.join()
        self._writer.stop()
        with self._changing:
            for descriptor in (*self._doors, *(() if self._events is None else (self._events,))):
                os.close(descriptor)

    def _new_file(self, kind: str) -> Path:
        return self._folder.spool / f"{kind}-{datetime.now(UTC).strftime('%Y%m%dT%H%M%S-%fZ')}.jsonl"

    def _rename(self, names: NamesDocument) -> None:
        if names != self._names:
            self._names = names
            self._names_written = False
            self._write_names()

    def _write_names(self) -> None:
        """Write the names down; while the disk is full, later."""
        with self._changing, contextlib.suppress(EnvironmentLackError):
            if not self._names_written:
                write_private(self._names_file, json.dumps(self._names))
                self._names_written = True

    def _watching(self) -> None:
        while not self._stop.wait(_CHECK_S):
            self._writer.keep()
            self._write_names()
            self._set_aside()
            self._spending.read()
            self._tell(self._found_problem())

    def _set_aside(self) -> None:
        with self._changing:
            for descriptor in (*self._doors, *(() if self._events is None else (self._events,))):
                set_aside(descriptor)

    def _found_problem(self) -> str | None:
        heard, silent = self._writer.heartbeat, self._writer.silent_s()
        dropped = time.monotonic() - self._dropped_at < _DROPPED_S
        problems = (
            _disk_problem(self._folder.spool, self._reserve),
            self._writer.problem,
            heard["problem"],
            "HAProxy could not write lines of requests." if dropped else None,
            f"The audit's writer has said nothing for {silent:.0f} s." if silent > self._stalled_s else None,
            f"The audit's writer is {heard['behind_bytes'] >> 20} MiB behind."
            if heard["behind_bytes"] > _BEHIND_BYTES
            else None,
        )
        return next((problem for problem in problems if problem), None)

    def _tell(self, problem: str | None) -> None:
        before, self._problem = self._problem, problem
        if (problem is None) == (before is None):
            return
        if problem:
            self._reporter.warn(f"Audit: {problem}")
            self.event(f"A problem with the audit began: {problem}")
        else:
            self.event(f"A problem with the audit is over: {before}")
        if self._on_problem:
            self._on_problem(problem)


def _disk_problem(folder: Path, reserve: int) -> str | None:
    try:
        told = os.statvfs(folder)
    except OSError as problem:
        return f"The folder {folder} is not there: {problem.strerror}."
    if told.f_flag & os.ST_RDONLY or not os.access(folder, os.W_OK):
        return f"The folder {folder} cannot be written."
    free = told.f_bavail * told.f_frsize
    if free < reserve:
        return f"{folder} has {free >> 20} MiB of free space left, and {reserve >> 20} MiB are the least."
    return None


def _private_folder(path: Path) -> None:
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as problem:
        raise EnvironmentLackError(
            f"{path} cannot be made: {problem.strerror}. Free space, or check who owns the folder."
        ) from problem


def _locked_file(path: Path) -> int:
    """Return a new file, opened to be appended to; the lock says that somebody may."""
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with contextlib.suppress(OSError):  # of file systems without locks
        fcntl.flock(descriptor, fcntl.LOCK_SH)
    return descriptor


def _next_number(audit: Path) -> int:
    try:
        state = read_state(audit)
    except ValueError as problem:
        raise EnvironmentLackError(
            f"{audit} cannot be read ({problem}). Move it away; a new chain begins."
        ) from problem
    return state["n"] if state else 0


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
