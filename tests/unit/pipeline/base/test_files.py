"""Files: permissions as the umask leaves them, UTF-8, and what early versions wrote."""

import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pipeline.base.files import read_written, share, write_atomically


@contextmanager
def umask(mask: int) -> Iterator[None]:
    """Set the umask during the block."""
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def permissions(path: Path) -> int:
    """Return the permission bits."""
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("mask", [0o002, 0o022, 0o027, 0o077])
def test_umask_decides(tmp_path: Path, mask: int) -> None:
    """A file is for those whom the user's umask lets in; a private one never is."""
    with umask(mask):
        write_atomically(tmp_path / "record.json", "{}")
        write_atomically(tmp_path / "private.json", "{}", mode=0o600)
        made_private = tmp_path / "weights"
        made_private.touch(mode=0o600)
        share(made_private)
        kept = os.umask(mask)
    assert [permissions(tmp_path / name) for name in ("record.json", "weights")] == [0o666 & ~mask] * 2
    assert (permissions(tmp_path / "private.json"), kept) == (0o600, mask)


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    """What cannot be written leaves neither a part nor a temporary file."""
    path = tmp_path / "record.json"
    write_atomically(path, "old")
    with pytest.raises(UnicodeEncodeError):
        write_atomically(path, "\ud800")
    assert ([file.name for file in tmp_path.iterdir()], path.read_text(encoding="utf-8")) == (["record.json"], "old")


def test_nothing_takes_the_place_of_a_pipe_or_a_device(tmp_path: Path) -> None:
    """A rename onto /dev/null would take it from the whole system."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(FileExistsError, match="not a file"):
        write_atomically(pipe, "text")
    assert [path.name for path in tmp_path.iterdir() if path.is_fifo()] == ["pipe"]


@pytest.mark.parametrize(
    ("encoding", "name"),
    [("utf-8", "Łódź"), ("latin-1", "für 5 Größen"), ("cp1252", "5 €"), ("gb18030", "乗"), ("cp932", "能力表")],
)
def test_documents_of_early_versions_are_read(tmp_path: Path, encoding: str, name: str) -> None:
    """They were written in the machine's encoding; where that is told by nothing, at least the document is read."""
    path = tmp_path / "record.json"
    path.write_bytes(json.dumps({"name": name, "seconds": 1}, ensure_ascii=False).encode(encoding))
    found = json.loads(read_written(path))
    assert found["seconds"] == 1
    if encoding in ("utf-8", "latin-1", "cp1252"):
        assert found["name"] == name


def test_what_is_no_document_in_any_encoding_is_refused(tmp_path: Path) -> None:
    """Bytes that are neither UTF-8 nor JSON in another encoding end with the error of UTF-8."""
    (tmp_path / "record.json").write_bytes(b'{"name": "\xff')
    with pytest.raises(UnicodeDecodeError):
        read_written(tmp_path / "record.json")
