"""`RecentRequests`: what the audit says of the last minute, read from its end as it grows."""

from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from pydantic import ValidationError

from eval.bench.load.details import distribution
from serve.audit.chain import audit_files
from serve.audit.lines import AuditLine
from serve.monitoring.outcomes import Outcome, generates, outcome_of

_READ_BACK = 1 << 20
"""Of the newest file at the first look: at 1 000 requests a second some seconds, at ten a second some minutes."""


@dataclass(frozen=True)
class Traffic:
    """Requests that ended within some seconds; lists of models are not among them."""

    seconds: float
    requests: int = 0
    failed: int = 0
    """5xx, no answer, or one that was cut."""
    limited: int = 0
    """429."""
    p50_ms: float | None = None
    """From the arrival to the last byte, of those that were answered."""
    p95_ms: float | None = None
    """None of too few."""

    @property
    def per_second(self) -> float:
        """Return requests per second."""
        return self.requests / self.seconds if self.seconds else 0.0


@dataclass(frozen=True)
class _Ended:
    at: datetime
    outcome: Outcome
    total_ms: float


class RecentRequests:
    """Follows the files of one audit.

    Args:
        folder: of the audit.
        window_s: what is recent.
    """

    def __init__(self, folder: Path, *, window_s: float = 60.0) -> None:
        self._folder = folder
        self._window_s = window_s
        self._file: Path | None = None
        self._offset = 0
        self._ended: deque[_Ended] = deque()

    def refresh(self, now: datetime, *, since: datetime) -> Traffic | None:
        """Return the traffic of the window; None where there is no audit.

        Args:
            now: its end.
            since: when the endpoint started: before, there was none.
        """
        files = audit_files(self._folder)
        if not files:
            return None
        self._read(files)
        seconds = min(self._window_s, max(1.0, (now - since).total_seconds()))
        begin = now - timedelta(seconds=seconds)
        self._ended = deque(one for one in self._ended if one.at >= begin)
        answered = [one.total_ms / 1000 for one in self._ended if one.outcome == "answered"]
        spread = distribution(answered, len(answered))
        outcomes = [one.outcome for one in self._ended]
        return Traffic(
            seconds=seconds,
            requests=len(outcomes),
            failed=outcomes.count("failed"),
            limited=outcomes.count("limited"),
            p50_ms=spread.p50,
            p95_ms=spread.p95,
        )

    def _read(self, files: list[Path]) -> None:
        if self._file is None:
            self._file = files[-1]
            self._offset = max(0, self._file.stat().st_size - _READ_BACK)
        for path in [path for path in files if path >= self._file]:
            if path != self._file:
                self._file, self._offset = path, 0
            self._read_on(path)

    def _read_on(self, path: Path) -> None:
        with path.open("rb") as stream:
            stream.seek(self._offset)
            text = stream.read()
        whole, found, _ = text.rpartition(b"\n")
        self._offset += len(whole) + len(found)
        for data in whole.splitlines():
            self._take(data)

    def _take(self, data: bytes) -> None:
        try:
            line = AuditLine.model_validate_json(data)
        except ValidationError:  # the rest of a line at the place where reading began
            return
        if generates(line):
            end = datetime.fromisoformat(line.at) + timedelta(milliseconds=line.total_ms)
            self._ended.append(_Ended(end, outcome_of(line), line.total_ms))
