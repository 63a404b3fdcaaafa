"""`awqctl audit`: what it prints, and how it ends."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pipeline.base.errors import UsageError
from pipeline.cli.main import cli
from serve.audit.chain import Chain, audit_files
from serve.endpoint import endpoint_folder


@pytest.fixture
def audit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the audit of the only endpoint: two requests of one key, one of nobody."""
    monkeypatch.setenv("AWQCTL_HOME", str(tmp_path))
    folder = endpoint_folder("mine").audit
    folder.mkdir(parents=True)
    usual = {"at": "2026-11-30T10:00:00.000Z", "kind": "request", "path": "/v1/completions", "model": "demo"}
    tokens = {"prompt_tokens": 1000, "completion_tokens": 64, "tokens_exact": True}
    alice = {**usual, "key": "alice", "key_id": "id-alice", "status": 200}
    nobody = {**usual, "key": "-", "key_id": "-", "status": 401}
    chain = Chain(folder, rotate_bytes=1 << 20, keep_days=400)
    chain.append([{**alice, **tokens}, {**alice, **tokens, "tokens_exact": False}, nobody], {}, [])
    return folder


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["audit", *arguments], standalone_mode=False)


def test_whole_chain(audit: Path) -> None:
    """Says so, from when to when, and the head; the head is found again."""
    outcome = _run("verify")
    verdict, head = outcome.stdout.splitlines()
    assert verdict == "whole: 3 lines in 1 file, 2026-11-30 10:00 to 2026-11-30 10:00 UTC"
    assert outcome.return_value == 0
    assert _run("verify", "--head", head.removeprefix("head ")).return_value == 0
    assert _run("verify", "--head", "0" * 63 + "1").return_value == 3


def test_head_that_is_no_hash(audit: Path) -> None:
    """One that was cut off on the way is wrong usage, and no chain that is broken."""
    assert isinstance(_run("verify", "--head", "0" * 12).exception, UsageError)


def test_broken_chain(audit: Path) -> None:
    """Names file and line, and ends with 3; as JSON, too, and of files that were named."""
    (path,) = audit_files(audit)
    path.write_text(path.read_text().replace("alice", "bob", 1))
    outcome = _run("verify")
    assert outcome.return_value == 3
    assert outcome.stdout.splitlines()[0].startswith(f"{path}:2: Its hash of the line before")
    assert "BROKEN: 3 lines in 1 file" in outcome.stdout
    named = _run("verify", str(path), "--json")
    assert (named.return_value, json.loads(named.stdout)["faults"][0]["line"]) == (3, 2)
    assert isinstance(_run("verify", str(path), "--endpoint", "mine").exception, UsageError)


def test_usage_as_a_table(audit: Path) -> None:
    """A row for each key and day and their sum; what is not exact in columns of its own, strangers beside."""
    outcome = _run("usage")
    above, titles, row, total = outcome.stdout.splitlines()
    assert above.split() == ["TOKENS", "TOKENS", "IN", "OUT"]
    assert titles.split() == ["KEY", "DAY", "REQUESTS", "IN", "OUT", "INEXACT", "(EST.)", "(SENT)"]
    assert max(map(len, (above, titles, row, total))) <= 80
    assert row.split() == ["alice", "2026-11-30", "2", "1,000", "64", "1", "1,000", "64"]
    assert total.split() == ["all", "2", "1,000", "64", "1", "1,000", "64"]
    assert outcome.stderr == "Beside them 1 request without a valid key.\n"


def test_usage_for_machines(audit: Path) -> None:
    """CSV and JSON have the same; both at once are refused."""
    table = _run("usage", "--by", "key", "--csv").stdout.splitlines()
    assert table[0].startswith("key,key_id,requests,")
    assert table[1].startswith("alice,id-alice,2,0,1000,64,")
    document = json.loads(_run("usage", "--by", "key", "--json").stdout)
    assert (document["rows"][0]["prompt_tokens"], document["without_key"]) == (1000, 1)
    assert isinstance(_run("usage", "--csv", "--json").exception, UsageError)


def test_no_request_in_these_days(audit: Path) -> None:
    """Is said, and no table printed."""
    outcome = _run("usage", "--from", "2026-12-01")
    assert (outcome.stdout, outcome.stderr) == ("", "No request in these days.\n")
