"""Whether a chain is whole: what was changed, removed or inserted is named."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.base.errors import SourceError
from serve.audit.chain import Chain, audit_files
from serve.audit.verify import verify_files, verify_folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a chain of six lines in three files."""
    chain = Chain(tmp_path, rotate_bytes=1, keep_days=400)
    for pair in ("ab", "cd", "ef"):
        chain.append([{"at": f"2026-11-30T0{name}", "kind": "event", "event": name} for name in pair], {}, [])
    return tmp_path


def _edit(folder: Path, number: int, change: Callable[[list[str]], list[str]]) -> None:
    path = audit_files(folder)[number]
    path.write_text("".join(f"{line}\n" for line in change(path.read_text().splitlines())))


def test_whole_chain(folder: Path) -> None:
    """Says how much there is, and the head that can be written down."""
    report = verify_folder(folder)
    assert (report.whole, report.files, report.lines, report.faults) == (True, 3, 6, ())
    assert (report.first_at, report.last_at) == ("2026-11-30T0a", "2026-11-30T0f")
    assert report.earlier_head is None
    assert verify_files(list(reversed(audit_files(folder)))) == report


def test_changed_line_is_named(folder: Path) -> None:
    """By the one after it, whose hash is of another text."""
    _edit(folder, 1, lambda lines: [lines[0].replace('"c"', '"x"'), lines[1]])
    (fault,) = verify_folder(folder).faults
    assert (Path(fault.file), fault.line) == (audit_files(folder)[1], 2)
    assert "line before was changed" in fault.what


def test_changed_last_line_is_found_by_its_head(folder: Path) -> None:
    """No later line has its hash: its writer knows it, and of files alone who wrote the head down."""
    head = verify_folder(folder).head
    _edit(folder, 2, lambda lines: [lines[0], lines[1].replace('"f"', '"x"')])
    (fault,) = verify_folder(folder).faults
    assert (fault.line, fault.what) == (2, "It is not the line that its writer wrote: it was changed.")
    assert verify_files(audit_files(folder)).whole
    report = verify_files(audit_files(folder), head=head)
    assert (report.whole, report.earlier_head) == (False, False)


def test_removed_lines_are_named(folder: Path) -> None:
    """Within a file, and whole files."""
    _edit(folder, 0, lambda lines: lines[:1])
    audit_files(folder)[1].unlink()
    (fault,) = verify_folder(folder).faults
    assert (Path(fault.file).name, fault.line) == ("audit-000000000004.jsonl", 1)
    assert fault.what == "Lines 1 to 3 are missing before it: removed."


def test_inserted_line_is_named(folder: Path) -> None:
    """The number that stands twice."""
    _edit(folder, 1, lambda lines: [lines[0], lines[0], lines[1]])
    faults = verify_folder(folder).faults
    assert (faults[0].line, "inserted" in faults[0].what) == (2, True)


def test_missing_end_is_found(folder: Path) -> None:
    """By what its writer wrote down, and by a head from before; files alone do not show it."""
    head = verify_folder(folder).head
    audit_files(folder)[2].unlink()
    _edit(folder, 1, lambda lines: lines[:1])
    (fault,) = verify_folder(folder).faults
    assert fault.what == "The end is missing: lines 3 to 3 were written."
    files = audit_files(folder)
    assert verify_files(files).whole
    assert not verify_files(files, head=head).whole


def test_earlier_head_is_found_in_a_longer_chain(folder: Path) -> None:
    """The head of an hour ago is the hash of some line now."""
    head = verify_folder(folder).head
    Chain(folder, rotate_bytes=1, keep_days=400).append([{"at": "z", "kind": "event", "event": "g"}], {}, [])
    assert verify_folder(folder, head=head).earlier_head is True


@pytest.mark.parametrize("line", ["", "nothing", '{"n": 1}', '{"n": "0", "previous": "", "at": ""}', "[1]"])
def test_what_is_no_line_is_named(folder: Path, line: str) -> None:
    """Garbage between lines."""
    _edit(folder, 0, lambda lines: [lines[0], line, lines[1]])
    (fault,) = verify_folder(folder).faults
    assert (fault.line, fault.what) == (2, "It is no line of an audit.")


def test_batch_under_way_is_no_fault(folder: Path) -> None:
    """Its writer has written the state and half of a line."""
    path = audit_files(folder)[2]
    path.write_bytes(path.read_bytes()[:-5])
    assert verify_folder(folder).whole


def test_half_of_the_files_can_be_checked(folder: Path) -> None:
    """A copy of some begins where it begins."""
    report = verify_files(audit_files(folder)[1:])
    assert (report.whole, report.lines, report.removed_before) == (True, 4, 2)


def test_without_an_audit(tmp_path: Path) -> None:
    """An endpoint that has never answered has none; files that are not there are named."""
    with pytest.raises(SourceError, match="There is no audit yet"):
        verify_folder(tmp_path)
    with pytest.raises(SourceError, match=r"none\.jsonl cannot be read"):
        verify_files([tmp_path / "none.jsonl"])
    for damaged in ("{", "[]", "{}"):
        (tmp_path / "state.json").write_text(damaged)
        with pytest.raises(SourceError, match="cannot be read"):
            verify_folder(tmp_path)


def test_lines_are_ascii(folder: Path) -> None:
    """Whatever a client named its model: a lone surrogate has no UTF-8."""
    Chain(folder, rotate_bytes=1, keep_days=400).append([{"at": "z", "kind": "event", "event": "\ud800ü"}], {}, [])
    assert json.loads(audit_files(folder)[-1].read_text(encoding="ascii"))["event"] == "\ud800ü"
