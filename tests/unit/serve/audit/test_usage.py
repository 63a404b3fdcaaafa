"""Tokens by key, day and model."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from pipeline.base.errors import SourceError, UsageError
from serve.audit.chain import Chain, audit_files
from serve.audit.usage import UsageRow, usage_csv, usage_report, wanted_groups

EXACT = {"prompt_tokens": 10, "completion_tokens": 3, "tokens_exact": True}


def _request(key: str = "alice", day: str = "2026-11-30", **changes: Any) -> dict[str, Any]:
    usual = {
        "at": f"{day}T10:00:00.000Z",
        "kind": "request",
        "key": key,
        "key_id": key if key == "-" else f"id-{key}",
        "path": "/v1/completions",
        "model": "demo",
        "place": "model-1/place-1",
        "status": 200,
    }
    return {**usual, **changes}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return an audit of two keys on two days."""
    documents = [
        _request(**EXACT),
        _request(**EXACT),
        _request(day="2026-11-29", model="other", **EXACT),
        _request("bob", prompt_tokens=100, completion_tokens=1, tokens_exact=False),
        _request("bob", status=429),
        _request("bob", status=-1),
        _request("bob"),
        _request("bob", path="/v1/models"),
        _request("-", status=401),
        {"at": "2026-11-30T11:00:00.000Z", "kind": "event", "event": "A release was promoted."},
        {"at": "2026-11-30T11:00:00.000Z", "kind": "event", "key": "bob", "key_id": "id-bob", "event": "late", **EXACT},
    ]
    Chain(tmp_path, rotate_bytes=1 << 20, keep_days=400).append(documents, {}, [])
    return tmp_path


def test_tokens_by_key_and_day(folder: Path) -> None:
    """What was counted, what was estimated and what nobody knows stay apart; events and strangers are in no row."""
    report = usage_report(folder, by=("key", "day"))
    alice = {"key": "alice", "key_id": "id-alice"}
    bob = UsageRow(
        key="bob",
        key_id="id-bob",
        day="2026-11-30",
        requests=5,
        refused=2,
        prompt_tokens=10,
        completion_tokens=3,
        inexact_requests=1,
        inexact_prompt_tokens=100,
        inexact_completion_tokens=1,
        uncounted_requests=1,
    )
    assert report.rows == (
        UsageRow(**alice, day="2026-11-29", requests=1, prompt_tokens=10, completion_tokens=3),
        UsageRow(**alice, day="2026-11-30", requests=2, prompt_tokens=20, completion_tokens=6),
        bob,
    )
    assert (report.total.requests, report.total.prompt_tokens, report.without_key) == (8, 40, 1)
    assert (report.first_day, report.last_day) == ("2026-11-29", "2026-11-30")


def test_key_has_one_row_also_where_a_line_lacks_its_name(tmp_path: Path) -> None:
    """A disk that was full kept its name from the writer for a while; it is billed once all the same."""
    documents = [
        _request(**EXACT),
        _request("id-alice", key_id="id-alice", **EXACT),
        _request("awqctl-checks", key_id="awqctl-checks"),
    ]
    Chain(tmp_path, rotate_bytes=1 << 20, keep_days=400).append(documents, {}, [])
    rows = usage_report(tmp_path, by=("key",)).rows
    assert [(row.key, row.key_id, row.requests) for row in rows] == [
        ("alice", "id-alice", 2),
        ("awqctl-checks", "awqctl-checks", 1),
    ]


def test_days_and_groups_are_chosen(folder: Path) -> None:
    """From a day to a day, by model alone."""
    report = usage_report(folder, by=("model",), first=date(2026, 11, 29), last=date(2026, 11, 29))
    assert report.rows == (UsageRow(model="other", requests=1, prompt_tokens=10, completion_tokens=3),)
    assert usage_report(folder, by=()).rows == (usage_report(folder, by=("key",)).total,)


def test_table_for_spreadsheets(folder: Path) -> None:
    """Columns as in JSON, without those that nothing was grouped by."""
    first, second, *_ = usage_csv(usage_report(folder, by=("key",))).splitlines()
    assert first.startswith("key,key_id,requests,refused,prompt_tokens,completion_tokens,")
    assert second.startswith("alice,id-alice,3,0,30,9,")


@pytest.mark.parametrize(
    "line",
    [
        b"nothing",
        b"\xff\x00",
        b"[" * 100_000,
        b'{"n": 1, "at": "2026-11-30T10:00:00.000Z", "kind": "request"}',
        b'{"n": 1, "at": "-.-Z", "kind": "event", "previous": ""}',
        b'{"n": 1, "at": "2026-11-30T10:00:00.000Z", "previous": "", "prompt_tokens": "x"}',
    ],
)
def test_unreadable_lines_are_counted(folder: Path, line: bytes) -> None:
    """They are no reason not to sum the others."""
    with audit_files(folder)[0].open("ab") as stream:
        stream.write(line + b"\n")
    report = usage_report(folder, by=("key",))
    assert (report.unreadable, report.total.requests) == (1, 8)


def test_what_no_engine_was_asked_for_is_no_model(tmp_path: Path) -> None:
    """A client may name what it likes: escape sequences for a terminal, formulas for a spreadsheet, a million names."""
    made_up = [_request(model=name, status=404, place="-") for name in ("\x1b[2J", "=1+1", "x")]
    Chain(tmp_path, rotate_bytes=1 << 20, keep_days=400).append([*made_up, _request(**EXACT)], {}, [])
    rows = usage_report(tmp_path, by=("model",)).rows
    assert {row.model: row.requests for row in rows} == {"-": 3, "demo": 1}


def test_what_can_be_grouped_by() -> None:
    """In one order whatever was typed; unknown words are refused."""
    assert wanted_groups("day, key") == ("key", "day")
    with pytest.raises(UsageError, match="'hour' is nothing to group by"):
        wanted_groups("hour")


def test_without_an_audit(tmp_path: Path) -> None:
    """An endpoint that has never answered has none."""
    with pytest.raises(SourceError, match="There is no audit yet"):
        usage_report(tmp_path, by=("key",))
