"""Checksums are those of the bytes on disk, and the cache spares a second reading only where nothing changed."""

import hashlib
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import pytest

from pipeline.base.errors import Interrupted, SourceError
from pipeline.models.checksums import FileSum, KnownSum, SumCache, read_sums, sum_files

LONG_AGO_NS = 10**18


class Meter:
    """A reporter that knows how many bytes were read."""

    def __init__(self) -> None:
        self.read = 0.0

    @contextmanager
    def task(self, _text: str, _total: float | None = None) -> Iterator["Meter"]:
        """Count the bytes of one task."""
        yield self

    def update(self, *, done: float | None = None, **_: object) -> None:
        """Take what the task says."""
        self.read = done or 0.0

    def note(self, _text: str, **_: object) -> None:
        """Ignore."""

    warn = note


def bytes_read(folder: Path, cache: SumCache) -> float:
    """Read all files of `folder`; return how many bytes came from the disk and not from the cache."""
    meter = Meter()
    assert sum_files(folder, cache=cache, reporter=meter) == {
        path.name: FileSum(bytes=path.stat().st_size, sha256=hashlib.sha256(path.read_bytes()).hexdigest())
        for path in sorted(folder.iterdir())
    }
    return meter.read


def write(path: Path, content: bytes) -> None:
    """Write a file whose mtime is old, and whose ctime differs from the one before."""
    before = path.stat().st_ctime_ns if path.exists() else None
    while True:
        path.write_bytes(content)
        os.utime(path, ns=(LONG_AGO_NS, LONG_AGO_NS))
        if path.stat().st_ctime_ns != before:
            return


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two files that were written long ago."""
    path = tmp_path / "model"
    path.mkdir()
    write(path / "a", b"abc")
    write(path / "b", b"weights" * 1000)
    return path


@pytest.fixture
def cache(tmp_path: Path) -> SumCache:
    """An empty cache."""
    return SumCache(tmp_path / "home")


def test_published_checksum(folder: Path) -> None:
    """SHA-256 of `abc` as in FIPS 180-2, appendix B.1."""
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert sum_files(folder, names=["a"]) == {"a": FileSum(bytes=3, sha256=expected)}


def test_names_and_suffixes(folder: Path) -> None:
    """Files below are named by their path; suffixes choose."""
    (folder / "sub").mkdir()
    (folder / "sub" / "c.json").write_bytes(b"{}")
    assert list(sum_files(folder)) == ["a", "b", "sub/c.json"]
    assert list(sum_files(folder, suffixes=(".json", ".safetensors"))) == ["sub/c.json"]


def test_second_time_nothing_is_read(folder: Path, cache: SumCache) -> None:
    """What did not change is read once, also by another process's view of the cache."""
    assert [bytes_read(folder, cache), bytes_read(folder, SumCache(cache.home))] == [7003, 0]


def test_new_times_are_read_again(folder: Path, cache: SumCache) -> None:
    """A changed mtime is a changed file, even where the bytes are the same."""
    bytes_read(folder, cache)
    os.utime(folder / "a", ns=(LONG_AGO_NS, LONG_AGO_NS + 1))
    assert [bytes_read(folder, cache), bytes_read(folder, cache)] == [3, 0]


def test_exchanged_file_is_read_again(folder: Path, cache: SumCache) -> None:
    """Another file in its place, of the same size and mtime, has another inode."""
    bytes_read(folder, cache)
    write(folder / "other", b"xyz")
    (folder / "other").replace(folder / "a")
    assert bytes_read(folder, cache) == 3


def test_write_that_hides_its_mtime_is_read_again(folder: Path, cache: SumCache) -> None:
    """Other bytes under the old mtime: the ctime tells."""
    bytes_read(folder, cache)
    write(folder / "a", b"xyz")
    assert bytes_read(folder, cache) == 3


def test_fresh_file_is_not_remembered(folder: Path, cache: SumCache) -> None:
    """A second write within the resolution of the clock would carry the same times."""
    (folder / "a").write_bytes(b"abc")
    assert [bytes_read(folder, cache), bytes_read(folder, cache)] == [7003, 3]


def test_distrust_reads_everything_and_replaces(folder: Path, cache: SumCache) -> None:
    """What the cache says wrongly, a reading without trust corrects."""
    bytes_read(folder, cache)
    known = cache.recall(folder)["a"]
    cache.store(folder, {"a": known.model_copy(update={"sha256": "0" * 64})})
    assert sum_files(folder, cache=cache)["a"].sha256 == "0" * 64
    assert bytes_read(folder, SumCache(cache.home, trusted=False)) == 7003
    assert cache.recall(folder)["a"] == known


def test_sums_follow_a_folder_to_its_place(folder: Path, cache: SumCache, tmp_path: Path) -> None:
    """What was summed before it was published is known there."""
    final = tmp_path / "published"
    sum_files(folder, cache=cache, publish_as=final)
    folder.rename(final)
    assert bytes_read(final, cache) == 0


@pytest.mark.parametrize("content", [b"", b"not JSON", b'{"files": 1}', b"\xff\xfe"])
def test_damaged_cache_is_ignored(folder: Path, cache: SumCache, content: bytes) -> None:
    """It is read past, and replaced."""
    bytes_read(folder, cache)
    (document,) = (cache.home / "checksums").iterdir()
    document.write_bytes(content)
    assert [bytes_read(folder, cache), bytes_read(folder, cache)] == [7003, 0]


def test_cache_that_cannot_be_written_is_only_slow(folder: Path, tmp_path: Path) -> None:
    """A home that is no folder stops nobody."""
    (tmp_path / "file").write_text("")
    assert bytes_read(folder, SumCache(tmp_path / "file")) == 7003


def test_what_vanished_is_forgotten(folder: Path, cache: SumCache, tmp_path: Path) -> None:
    """Files at the next writing, folders when a new one comes."""
    bytes_read(folder, cache)
    (folder / "b").unlink()
    write(folder / "c", b"c")
    bytes_read(folder, cache)
    (document,) = (cache.home / "checksums").iterdir()
    assert '"c"' in document.read_text()
    assert '"b"' not in document.read_text()
    folder.rename(tmp_path / "elsewhere")
    bytes_read(tmp_path / "elsewhere", cache)
    assert not document.exists()
    assert len(list((cache.home / "checksums").iterdir())) == 1


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs a file that opens and cannot be read")
def test_unreadable_file_has_an_error_of_its_own() -> None:
    """One bad file does not hide the others; a sum of all of them is refused."""
    sums = read_sums(Path("/proc/self"), ["mem", "comm"])
    assert isinstance(sums["mem"], OSError)
    assert isinstance(sums["comm"], FileSum)
    with pytest.raises(SourceError, match="/proc/self/mem cannot be read"):
        sum_files(Path("/proc/self"), names=["mem"])


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs a file that opens and cannot be read")
def test_unreadable_file_is_forgotten(cache: SumCache) -> None:
    """What could not be read the last time is not vouched for by an older reading."""
    folder = Path("/proc/self")
    cache.store(folder, {"mem": KnownSum.of("0" * 64, (folder / "mem").stat())})
    assert list(cache.recall(folder)) == ["mem"]
    read_sums(folder, ["mem"], cache=SumCache(cache.home, trusted=False))
    assert cache.recall(folder) == {}


@pytest.mark.parametrize("field", ["bytes", "device", "inode", "mtime_ns", "ctime_ns"])
def test_sum_holds_for_one_state_only(folder: Path, field: str) -> None:
    """Each part of the state counts."""
    state = (folder / "a").stat()
    known = KnownSum.of("0" * 64, state)
    other = known.model_copy(update={field: getattr(known, field) + 1})
    assert (known.holds_for(state), other.holds_for(state)) == (True, False)


def test_file_that_grows_is_an_error(folder: Path) -> None:
    """A sum of bytes that were never there together is none."""

    class Writer(Meter):
        def update(self, **_: object) -> None:
            (folder / "a").write_bytes(b"abcd")

    found = read_sums(folder, ["a"], reporter=Writer())["a"]
    assert isinstance(found, OSError)
    assert found.strerror == "it changed while it was read"


def test_interruption_ends_the_reading(tmp_path: Path, cache: SumCache) -> None:
    """A signal in the middle stops all threads long before the end, and nothing half-read is remembered."""
    size, meter = 64 * 2**30, Meter()
    for name in "xyz":
        with (tmp_path / name).open("wb") as stream:
            stream.truncate(size)
        os.utime(tmp_path / name, ns=(LONG_AGO_NS, LONG_AGO_NS))

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise Interrupted("stop.")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    try:
        with pytest.raises(Interrupted):
            read_sums(tmp_path, ["x", "y", "z"], cache=cache, reporter=meter)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert 0 < meter.read < size
    assert cache.recall(tmp_path) == {}
