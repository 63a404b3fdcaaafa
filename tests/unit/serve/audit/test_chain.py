"""The chain: numbered, hashed, in files; nothing lost or doubled wherever its writer ends."""

import hashlib
import json
import os
import stat
import time
from pathlib import Path
from typing import Any

import pytest

from serve.audit.chain import GENESIS, Chain, audit_files, read_anchor, read_state
from serve.audit.verify import verify_folder

MARKS = {"door-1.jsonl": {"inode": 1, "offset": 10}}


def _chain(folder: Path, *, rotate_bytes: int = 1 << 20, keep_days: int = 400) -> Chain:
    return Chain(folder, rotate_bytes=rotate_bytes, keep_days=keep_days)


def _documents(*names: str) -> list[dict[str, Any]]:
    return [{"at": "2026-11-30T02:00:00.000Z", "kind": "event", "event": name} for name in names]


def _events(folder: Path) -> list[str]:
    return [json.loads(line)["event"] for path in audit_files(folder) for line in path.read_text().splitlines()]


def test_each_line_has_the_hash_of_the_one_before(tmp_path: Path) -> None:
    """From the first on, over batches, of the bytes without the line break; files are private."""
    chain = _chain(tmp_path)
    chain.append(_documents("a", "b"), {}, [])
    chain.append(_documents("c"), {}, [])
    (path,) = audit_files(tmp_path)
    lines = path.read_bytes().splitlines()
    hashes = [GENESIS, *(hashlib.sha256(line).hexdigest() for line in lines)]
    assert [json.loads(line)["previous"] for line in lines] == hashes[:-1]
    assert [json.loads(line)["n"] for line in lines] == [0, 1, 2]
    assert chain.state["head"] == hashes[-1]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("kept", [0, 1, 100, -1, None])
def test_batch_that_was_broken_off_is_finished(tmp_path: Path, kept: int | None) -> None:
    """Killed after the state and before, within or after the batch: the file ends the same."""
    chain = _chain(tmp_path)
    chain.append(_documents("a"), {}, [])
    (path,) = audit_files(tmp_path)
    before = path.stat().st_size
    chain.append(_documents("b", "c"), MARKS, ["{}"])
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) if kept is None else (before + kept if kept >= 0 else kept)])
    again = _chain(tmp_path)
    assert (again.marks, again.state["unmatched"]) == (MARKS, ["{}"])
    again.append(_documents("d"), {}, [])
    assert path.read_bytes().startswith(whole)
    assert _events(tmp_path) == ["a", "b", "c", "d"]
    assert verify_folder(tmp_path).whole


def test_killed_before_the_state_nothing_has_happened(tmp_path: Path) -> None:
    """What is left of a state that was being written does no harm."""
    _chain(tmp_path).append(_documents("a"), {}, [])
    (tmp_path / ".state.json").write_text("{")
    _chain(tmp_path).append(_documents("b"), {}, [])
    assert _events(tmp_path) == ["a", "b"]


def test_full_disk_changes_nothing_and_is_made_up_for(tmp_path: Path) -> None:
    """The state cannot be written: the same batch goes in once it can."""
    chain = _chain(tmp_path)
    chain.append(_documents("a"), {}, [])
    (tmp_path / ".state.json").mkdir()
    with pytest.raises(OSError, match="directory"):
        chain.append(_documents("b"), {}, [])
    (tmp_path / ".state.json").rmdir()
    chain.append(_documents("b"), {}, [])
    assert _events(tmp_path) == ["a", "b"]
    assert verify_folder(tmp_path).whole


def test_files_follow_one_another(tmp_path: Path) -> None:
    """A new one is begun when one is large, named by its first number; the chain goes on."""
    chain = _chain(tmp_path, rotate_bytes=1)
    for name in "abc":
        chain.append(_documents(name), {}, [])
    assert [path.name for path in audit_files(tmp_path)] == [f"audit-{n:012d}.jsonl" for n in range(3)]
    assert verify_folder(tmp_path).whole


def test_new_day_has_a_new_file(tmp_path: Path) -> None:
    """So that days can be found, and go when their time is over."""
    chain = _chain(tmp_path)
    chain.append(_documents("a"), {}, [])
    yesterday = time.time() - 86_400
    os.utime(audit_files(tmp_path)[0], (yesterday, yesterday))
    chain.append(_documents("b"), {}, [])
    assert len(audit_files(tmp_path)) == 2


def test_old_files_go_and_the_chain_stays_whole(tmp_path: Path) -> None:
    """What was removed is written down, so that the rest can be checked; the last file stays."""
    chain = _chain(tmp_path, rotate_bytes=1, keep_days=10)
    for name in "abcd":
        chain.append(_documents(name), {}, [])
    old = time.time() - 11 * 86_400
    for path in audit_files(tmp_path)[:2]:
        os.utime(path, (old, old))
    said = chain.expire()
    assert said is not None
    assert said.startswith("Lines before 2 were removed after 10 days")
    assert chain.expire() is None
    anchor = read_anchor(tmp_path)
    assert anchor is not None
    assert (anchor["n"], _events(tmp_path)) == (2, ["c", "d"])
    report = verify_folder(tmp_path)
    assert (report.whole, report.removed_before, report.lines) == (True, 2, 2)


def test_chain_without_its_state_goes_on_after_the_last_line(tmp_path: Path) -> None:
    """Somebody removed it: numbers and hashes go on."""
    _chain(tmp_path).append(_documents("a", "b"), MARKS, [])
    (tmp_path / "state.json").unlink()
    assert read_state(tmp_path) is None
    again = _chain(tmp_path)
    assert (again.state["n"], again.marks) == (2, {})
    again.append(_documents("c"), {}, [])
    assert verify_folder(tmp_path).whole


def test_damaged_last_line_keeps_no_chain_from_going_on(tmp_path: Path) -> None:
    """The state is gone and the disk has lost a block: what comes is numbered behind it, and the damage shows."""
    _chain(tmp_path).append(_documents("a", "b", "c"), MARKS, [])
    (tmp_path / "state.json").unlink()
    (path,) = audit_files(tmp_path)
    first, *_ = path.read_bytes().split(b"\n")
    path.write_bytes(first + b"\n\0\0\0\n{\n")
    again = _chain(tmp_path)
    assert again.state["n"] == 3
    again.append(_documents("d"), {}, [])
    assert {fault.what for fault in verify_folder(tmp_path).faults} >= {"It is no line of an audit."}


def test_damaged_file_keeps_no_old_one_from_going(tmp_path: Path) -> None:
    """The first line that is kept cannot be read: the chain's beginning is known all the same."""
    chain = _chain(tmp_path, rotate_bytes=1, keep_days=10)
    for name in "abc":
        chain.append(_documents(name), {}, [])
    first, second, _ = audit_files(tmp_path)
    os.utime(first, (0, 0))
    second.write_bytes(b"nothing\n")
    assert chain.expire() is not None
    anchor = read_anchor(tmp_path)
    assert anchor is not None
    assert anchor["n"] == 1
    (fault, *_) = verify_folder(tmp_path).faults
    assert fault.what == "It is no line of an audit."
