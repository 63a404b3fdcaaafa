"""The traffic of the last minute, from the end of the audit."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from serve.audit.chain import GENESIS
from serve.audit.lines import AuditLine
from serve.live.recent import RecentRequests

NOW = datetime(2026, 11, 30, 12, 0, 0, tzinfo=UTC)
LONG_AGO = NOW - timedelta(hours=1)


def _line(ended_before_s: float, total_ms: int = 500, **changes: Any) -> str:
    at = NOW - timedelta(seconds=ended_before_s, milliseconds=total_ms)
    fields = {"n": 0, "key_id": "k", "method": "POST", "status": 200, "total_ms": total_ms, "previous": GENESIS}
    return AuditLine.model_validate({**fields, "at": at.isoformat(), **changes}).model_dump_json() + "\n"


def _recent(folder: Path, *lines: str) -> RecentRequests:
    (folder / "audit-0.jsonl").write_text("".join(lines))
    return RecentRequests(folder)


def test_without_an_audit_nothing_is_known(tmp_path: Path) -> None:
    """None, not zero requests."""
    assert RecentRequests(tmp_path / "audit").refresh(NOW, since=LONG_AGO) is None


def test_window_counts_what_ended_in_it(tmp_path: Path) -> None:
    """By the end of the answer; older ones, lists of models and events are left out."""
    others = (_line(5, method="GET"), _line(5, kind="event", method="-", event="a key was made"))
    recent = _recent(tmp_path, _line(61), _line(59, 120_000), _line(1), *others)
    found = recent.refresh(NOW, since=LONG_AGO)
    assert found is not None
    assert (found.requests, found.seconds, found.per_second) == (2, 60.0, 2 / 60)


def test_outcomes_and_latency(tmp_path: Path) -> None:
    """Failures are 5xx and cut answers; latency is of what was answered; p95 needs sixty of them."""
    failed = (_line(1, status=503), _line(1, cut=True))
    recent = _recent(tmp_path, *failed, _line(1, status=429), *(_line(1, 100 * n) for n in (1, 2, 3)))
    found = recent.refresh(NOW, since=LONG_AGO)
    assert found is not None
    assert (found.failed, found.limited, found.p50_ms, found.p95_ms) == (2, 1, 200.0, None)
    many = _recent(tmp_path, *(_line(1, 100) for _ in range(60))).refresh(NOW, since=LONG_AGO)
    assert many is not None
    assert many.p95_ms == 100.0


def test_endpoint_that_is_younger_than_the_window(tmp_path: Path) -> None:
    """The rate is over the time in which there could be requests."""
    found = _recent(tmp_path, _line(1), _line(2)).refresh(NOW, since=NOW - timedelta(seconds=10))
    assert found is not None
    assert found.per_second == 0.2


def test_audit_is_followed(tmp_path: Path) -> None:
    """Further lines, those of a line that was half written, and those of the next file."""
    first = _line(30)
    recent = _recent(tmp_path, first, first[:20])
    assert recent.refresh(NOW, since=LONG_AGO).requests == 1  # type: ignore[union-attr]
    with (tmp_path / "audit-0.jsonl").open("a") as stream:
        stream.write(first[20:])
    (tmp_path / "audit-2.jsonl").write_text(_line(3))
    assert recent.refresh(NOW, since=LONG_AGO).requests == 3  # type: ignore[union-attr]
    assert recent.refresh(NOW + timedelta(seconds=50), since=LONG_AGO).requests == 1  # type: ignore[union-attr]


def test_beginning_of_a_large_file_is_not_read(tmp_path: Path) -> None:
    """A first look costs what a second does; the line that is cut in two there is none."""
    recent = _recent(tmp_path, *([_line(30)] * 4000), _line(3))
    found = recent.refresh(NOW, since=LONG_AGO)
    assert found is not None
    assert 1000 < found.requests < 4000
