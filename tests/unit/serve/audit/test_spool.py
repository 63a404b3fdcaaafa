"""The spool: read on, given back to the disk, removed when nobody writes any more."""

import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from serve.audit.spool import DOOR, Spool, SpoolFile


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a file of the door with two lines and the beginning of a third."""
    (tmp_path / "door-1.jsonl").write_bytes(b"one\ntwo\nthr")
    return tmp_path / "door-1.jsonl"


@pytest.fixture
def writer(path: Path) -> Iterator[int]:
    """Hold the file as whoever appends to it does."""
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND)
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    yield descriptor
    os.close(descriptor)


def _texts(file: SpoolFile) -> list[bytes]:
    return [text for text, _ in file.lines()]


def _age(path: Path) -> None:
    old = time.time() - 60
    os.utime(path, (old, old))


def test_lines_are_read_on(path: Path) -> None:
    """Whole ones, from where it was left, also after a stop in the middle."""
    file = SpoolFile(path, None)
    assert next(file.lines()) == (b"one", 4)
    assert _texts(file) == [b"two"]
    with path.open("ab") as stream:
        stream.write(b"ee\n")
    assert list(file.lines()) == [(b"three", 14)]


def test_mark_is_where_the_next_one_goes_on(path: Path) -> None:
    """For the same file; one that has taken its name begins at its beginning."""
    file = SpoolFile(path, None)
    for _, end in file.lines():
        file.taken = end
        break
    assert _texts(SpoolFile(path, file.mark)) == [b"two"]
    assert _texts(SpoolFile(path, {**file.mark, "inode": 0})) == [b"one", b"two"]
    assert file.behind() == 7


def test_line_without_end_is_cut(tmp_path: Path) -> None:
    """A megabyte without a line break is no line; reading goes on after it."""
    path = tmp_path / "door-1.jsonl"
    path.write_bytes(b"x" * (1 << 20) + b"\none\n")
    assert _texts(SpoolFile(path, None))[1:] == [b"", b"one"]


def test_what_was_taken_is_given_back(path: Path, writer: int) -> None:
    """Blocks go, the size stays, the writer goes on appending; lines behind the hole are read as before."""
    block = b"x" * 99 + b"\n"
    path.write_bytes(b"")
    for _ in range(400):
        os.write(writer, block * 100)
    file = SpoolFile(path, None)
    *_, (_, end) = file.lines()
    before = path.stat().st_blocks
    file.free(end)
    if path.stat().st_blocks == before:
        pytest.skip("this file system makes no holes")
    assert path.stat().st_blocks * 512 < 1_200_000
    os.write(writer, b"more\n")
    assert (_texts(file), path.stat().st_size) == ([b"more"], 4_000_005)
    assert _texts(SpoolFile(path, None))[-1] == b"more"


def test_file_in_use_stays(path: Path, writer: int) -> None:
    """Although everything in it is taken."""
    path.write_bytes(b"one\n")
    spool = Spool(path.parent, {})
    (file,) = spool.files(DOOR)
    assert _texts(file) == [b"one"]
    _age(path)
    assert spool.clear({path.name: {"inode": file.inode, "offset": 4}}) == []
    assert path.exists()


def test_file_that_is_over_goes_and_its_torn_end_is_told(path: Path) -> None:
    """Not before all of it is in the audit for certain, nor right after it was made."""
    spool = Spool(path.parent, {})
    (file,) = spool.files(DOOR)
    assert _texts(file) == [b"one", b"two"]
    saved = {path.name: {"inode": file.inode, "offset": 8}}
    spool.clear(saved)
    assert path.exists()
    _age(path)
    spool.clear({})
    assert path.exists()
    (said,) = spool.clear(saved)
    assert "door-1.jsonl is torn after 3 bytes" in said
    assert (path.exists(), spool.files(DOOR), spool.marks()) == (False, [], {})
