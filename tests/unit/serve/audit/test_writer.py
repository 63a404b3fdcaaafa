"""What the writer takes from the spool, in its own process here."""

import os
from pathlib import Path

import pytest

from serve.audit.chain import audit_files
from serve.audit.lines import AuditLine
from serve.audit.writer import Writer

LINE = (
    '{"at":"2026-11-30T02:00:00.000Z","id":"%s","source":"::1","key":"-","method":"GET","path":"/","model":"-",'
    '"status":401,"bytes":1,"place":"-","ended":"--","queued_ms":-1,"first_byte_ms":0,"total_ms":0,"retries":"0"}'
)


@pytest.fixture
def door(tmp_path: Path) -> Path:
    """Return a file of the door that nobody appends to any more, in folders that are there."""
    for name in ("spool", "audit", "kept"):
        (tmp_path / name).mkdir()
    return tmp_path / "spool" / "door-1.jsonl"


def _take(door: Path, text: str) -> Writer:
    door.write_text(text)
    os.utime(door, (0, 0))
    folder = door.parents[1]
    writer = Writer(door.parent, folder / "audit", folder / "kept", rotate_bytes=1 << 20, keep_days=400)
    writer.take()
    writer.take()
    return writer


def _lines(door: Path) -> list[AuditLine]:
    (path,) = audit_files(door.parents[1] / "audit")
    return [AuditLine.model_validate_json(line) for line in path.read_bytes().splitlines()]


def test_words_of_haproxy_at_the_end_keep_no_file(door: Path) -> None:
    """At a reload it says something, and nobody asks afterwards: nothing is behind, and the file goes."""
    writer = _take(door, LINE % "a" + "\n[NOTICE] (1) : reloaded\n")
    assert writer.heartbeat()["behind_bytes"] == 0
    assert not door.exists()
    assert [line.id for line in _lines(door)] == ["a"]


def test_line_behind_a_torn_one_is_read(door: Path) -> None:
    """A disk that was full for a moment cost one request its line, not the next one, too."""
    writer = _take(door, (LINE % "a")[:50] + LINE % "b" + "\n" + LINE % "c" + "\n")
    torn, *requests = _lines(door)
    assert torn.event is not None
    assert "torn after 50 bytes" in torn.event
    assert [line.id for line in requests] == ["b", "c"]
    assert writer.heartbeat()["lost"] == 1
    assert not door.exists()
