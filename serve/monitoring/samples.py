"""`Sample`: what the supervisor saw at one moment; a line every ten seconds, in a file per day."""

import contextlib
import gzip
import os
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from pipeline.base.results import Result

EVERY_S = 10.0
KEEP_DAYS = 400
_MODE = 0o600


class ModelSample(Result):
    """The engines of one model."""

    model: str
    replicas: int
    up: int
    """That are alive and loaded."""
    ready: int
    """That take requests."""
    running: int = 0
    """Requests in the engines' batches."""
    waiting: int = 0
    """Requests in the engines' queues."""
    kv_cache_usage: float | None = None
    """Of the fullest engine, from 0 to 1."""
    generation_tokens: int | None = None
    """Since the starts of these engines."""


class GpuPoint(Result):
    """One GPU."""

    index: int
    utilization_percent: float | None = None
    memory_used_bytes: int | None = None
    temperature_c: float | None = None
    power_w: float | None = None
    not_well: tuple[str, ...] = ()
    """Checks that fail."""


class Sample(Result):
    """One line: a sample, or that the supervisor started, or stopped as it was asked to."""

    at: str
    """UTC, ISO 8601."""
    event: Literal["sample", "started", "stopped"] = "sample"
    ready: bool = False
    """A replica of every model takes requests, and the door does not refuse them."""
    models: tuple[ModelSample, ...] = ()
    restarts: int = 0
    """Of all engines since the supervisor started."""
    hung: int = 0
    door_restarts: int = 0
    connections: int = 0
    queued: int = 0
    """Requests that wait in HAProxy."""
    audit_lost: int = 0
    rss_bytes: int | None = None
    """Memory of all processes of the endpoint; what they share counts for each."""
    gpus: tuple[GpuPoint, ...] = ()

    @property
    def time(self) -> datetime:
        """Return when it was taken."""
        return datetime.fromisoformat(self.at)


class SampleFile:
    """The file that lines are appended to; a day's lines are packed when it is over, and removed after 400 days.

    Args:
        path: of the file of today.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._day: date | None = None

    def append(self, sample: Sample) -> None:
        """Append a line, after what a killed process left half written.

        Raises:
            OSError: the disk is full, or the folder cannot be written.
        """
        day = sample.time.astimezone(UTC).date()
        if self._day != day:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._pack(day)
            self._day = day
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, _MODE)
        with os.fdopen(descriptor, "r+b") as stream:
            size = stream.seek(0, os.SEEK_END)
            torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
            stream.write((b"\n" if torn else b"") + sample.model_dump_json(exclude_defaults=True).encode() + b"\n")

    def _pack(self, today: date) -> None:
        begun = _first_day(self._path)
        if begun is not None and begun < today:
            packed = _packed(self._path, begun)
            temporary = packed.with_name(f".{packed.name}")
            temporary.unlink(missing_ok=True)
            with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE), "wb") as stream:
                stream.write(gzip.compress(self._path.read_bytes(), mtime=0))
            temporary.replace(packed)
            self._path.unlink()
        for day, old in _packed_days(self._path):
            if day < today - timedelta(days=KEEP_DAYS):
                old.unlink(missing_ok=True)


def read_samples(path: Path, since: datetime, until: datetime) -> Iterator[Sample]:
    """Yield the lines between two times in order, and the last one before, which says how it was at the beginning.

    What a killed process left half written is passed over.
    """
    before: Sample | None = None
    for sample in _all(path, since.astimezone(UTC).date()):
        if sample.time < since:
            before = sample
            continue
        if before is not None:
            yield before
            before = None
        if sample.time >= until:
            return
        yield sample
    if before is not None:
        yield before


def _all(path: Path, first: date) -> Iterator[Sample]:
    for text in _texts(path, first):
        for line in text.splitlines():
            if sample := _parsed(line):
                yield sample


def _texts(path: Path, first: date) -> Iterator[str]:
    """Yield what each file has that may be needed, from the one before the first day on."""
    days = _packed_days(path)
    earlier = [day for day, _ in days if day < first]
    for day, packed in days:
        if day >= first or day == max(earlier, default=None):
            yield gzip.decompress(packed.read_bytes()).decode()
    with contextlib.suppress(FileNotFoundError):
        yield path.read_text(encoding="utf-8")


def _packed(path: Path, day: date) -> Path:
    return path.with_name(f"{path.stem}-{day.isoformat()}{path.suffix}.gz")


def _packed_days(path: Path) -> list[tuple[date, Path]]:
    start, end = f"{path.stem}-", f"{path.suffix}.gz"
    found = []
    for packed in path.parent.glob(f"{start}*{end}"):
        with contextlib.suppress(ValueError):
            found.append((date.fromisoformat(packed.name.removeprefix(start).removesuffix(end)), packed))
    return sorted(found)


def _first_day(path: Path) -> date | None:
    try:
        with path.open(encoding="utf-8") as lines:
            found = next((sample for line in lines if (sample := _parsed(line))), None)
    except FileNotFoundError:
        return None
    return found.time.astimezone(UTC).date() if found else None


def _parsed(line: str) -> Sample | None:
    try:
        return Sample.model_validate_json(line)
    except ValidationError:
        return None
