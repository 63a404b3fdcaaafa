"""What changes of release took, a line each in the endpoint's `releases.jsonl`: the forecast of the next one."""

import json
import os
from datetime import UTC, datetime
from typing import Literal

from pydantic import ValidationError

from pipeline.base.results import Result
from serve.endpoint import EndpointFolder
from serve.releases.release import Release
from serve.releases.rollout import Observed

Kind = Literal["promote", "rollback", "register"]
Outcome = Literal["under way", "moved", "promoted", "aborted", "undecided", "interruption"]
"""`moved`: the alias alone, as nothing runs; `undecided` and `interruption`: somebody has to decide."""


_OPEN = ("under way", "undecided")


class Change(Result):
    """One change of release, or the attempt of one."""

    at: str
    """UTC, ISO 8601."""
    kind: Kind
    release: int
    """Version that was to be served."""
    replaced: int | None
    """Version that was served before; None where nothing registered was."""
    outcome: Outcome
    said: tuple[str, ...] = ()
    """What was found, and why it ended so, as sentences."""
    agreed: bool = False
    """Somebody had it done although the canary decided nothing."""
    start_seconds: float | None = None
    drain_seconds: float | None = None
    interruption_seconds: float | None = None
    """In which nothing was served; None where both releases had room."""
    new: Observed | None = None
    """Of the canary."""
    old: Observed | None = None
    """Of the release beside it."""
    pid: int | None = None
    """Of the process that is at it, or whose canary is undecided; None once it ended."""


def now() -> str:
    """Return the time: UTC, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def keep_change(folder: EndpointFolder, change: Change) -> None:
    """Append a change to the endpoint's file, on the disk when this returns."""
    folder.path.mkdir(mode=0o700, parents=True, exist_ok=True)
    line = json.dumps(change.model_dump(mode="json", exclude_defaults=True)) + "\n"
    descriptor = os.open(folder.interruptions, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        end = os.fstat(descriptor).st_size
        cut = end > 0 and os.pread(descriptor, 1, end - 1) != b"\n"  # a full disk left half a line
        os.write(descriptor, (b"\n" if cut else b"") + line.encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def changes_of(folder: EndpointFolder) -> tuple[Change, ...]:
    """Return the endpoint's changes in order; lines that a full disk cut off are left out."""
    found = []
    if folder.interruptions.is_file():
        for line in folder.interruptions.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                found.append(Change.model_validate_json(line))
            except ValidationError:
                continue
    return tuple(found)


def latest_change(folder: EndpointFolder) -> Change | None:
    """Return the last change, as it stands: one whose process is gone was broken off, and its canary with it."""
    change = next(reversed(changes_of(folder)), None)
    if change is None or change.outcome not in _OPEN or _alive(change.pid):
        return change
    broken = "The process that was at it ended before it did; what the registry calls production is served."
    return change.model_copy(update={"outcome": "aborted", "said": (broken,)})


def interruption_forecast(folder: EndpointFolder, release: Release) -> str:
    """Return what is known of how long nothing is served when this release takes the place of the present one."""
    measured = [change for change in changes_of(folder) if change.interruption_seconds is not None]
    if measured:
        last = measured[-1]
        return f"The last one took {last.interruption_seconds:.0f} s (v{last.release}, {last.at[:10]})."
    if release.start_seconds is not None:
        return (
            f"None was measured on this endpoint yet; to start alone took {release.start_seconds:.0f} s when its run "
            f"tried it, and the answers under way have to end before."
        )
    return "None was measured on this endpoint yet."


def _alive(pid: int | None) -> bool:
    try:
        os.kill(pid or 0, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return pid is not None
