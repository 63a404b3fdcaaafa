"""SHA-256 of files, read by several threads, and a cache that spares reading the same 40 GB for every stage.

The cache knows a file by its path, device, inode, size, and the times of its last write (mtime) and of its last change
of any kind (ctime). When one of them differs the file is read again. A file written less than two seconds before it
was read is not remembered, because a second write could carry the same times.

What the cache cannot see: bytes that change below the file system while all of these stay the same, such as a failing
disk or a write to the block device. Only reading finds those: `awqctl verify` always reads everything, and replaces
what the cache knew by what it read.
"""

import errno
import hashlib
import os
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self

from pipeline.base.errors import SourceError
from pipeline.base.files import write_atomically
from pipeline.base.format import size_text
from pipeline.base.identity import document_identity
from pipeline.base.results import Result

if TYPE_CHECKING:
    from pipeline.base.progress import Reporter

_CHUNK = 1 << 20
_SIGNALS_SEEN_S = 0.5
_MOST_THREADS = 8
_SETTLED_NS = 2 * 10**9
"""Coarsest time stamp of the file systems in use (FAT: 2 s)."""
_STALE_S = 24 * 3600


class FileSum(Result):
    """Size and checksum of one file."""

    bytes: int
    sha256: str


class KnownSum(FileSum):
    """A checksum, and the state of the file when it was read."""

    device: int
    inode: int
    mtime_ns: int
    ctime_ns: int

    @classmethod
    def of(cls, sha256: str, state: os.stat_result) -> Self:
        """Return the checksum of a file in this state."""
        return cls(
            bytes=state.st_size,
            sha256=sha256,
            device=state.st_dev,
            inode=state.st_ino,
            mtime_ns=state.st_mtime_ns,
            ctime_ns=state.st_ctime_ns,
        )

    def holds_for(self, state: os.stat_result) -> bool:
        """Return whether the file is still in the state it was read in."""
        return self == self.of(self.sha256, state)

    def plain(self) -> FileSum:
        """Return size and checksum alone."""
        return FileSum(bytes=self.bytes, sha256=self.sha256)


class _Document(Result):
    """What is known of the files of one folder."""

    schema_version: Literal[1] = 1
    folder: str
    files: dict[str, KnownSum]


@dataclass(frozen=True)
class SumCache:
    """Checksums under `home/checksums`, one document per folder.

    Several processes may use it at once: documents are replaced whole, and what one overwrites of another's is read
    again. A document that cannot be read is ignored, and so is a cache that cannot be written.
    """

    home: Path
    trusted: bool = True
    """False: everything is read, and what was read is remembered."""

    def recall(self, folder: Path) -> dict[str, KnownSum]:
        """Return the known sums of files in `folder` that did not change since, by relative name."""
        known = {}
        for name, entry in self._files(folder).items() if self.trusted else ():
            with suppress(OSError):
                if entry.holds_for((folder / name).stat()):
                    known[name] = entry
        return known

    def store(self, folder: Path, entries: Mapping[str, KnownSum], forget: Collection[str] = ()) -> None:
        """Remember sums of files in `folder`; drop those in `forget` and of vanished files or folders."""
        path = self._path(folder)
        with suppress(OSError):
            if not path.exists():
                self._sweep()
            known = self._files(folder).items()
            kept = {name: entry for name, entry in known if name not in forget and (folder / name).exists()}
            document = _Document(folder=str(folder.resolve()), files={**kept, **entries})
            write_atomically(path, document.model_dump_json(), mode=0o600)

    def _files(self, folder: Path) -> dict[str, KnownSum]:
        document = _load(self._path(folder))
        return document.files if document is not None and document.folder == str(folder.resolve()) else {}

    def _path(self, folder: Path) -> Path:
        name = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()
        return self.home / "checksums" / f"{name[:32]}.json"

    def _sweep(self) -> None:
        for path in (self.home / "checksums").glob("*.json"):
            document = _load(path)
            if document is None or not Path(document.folder).is_dir():
                path.unlink(missing_ok=True)
        for leftover in (self.home / "checksums").glob(".*.json.*"):
            if leftover.stat().st_mtime < time.time() - _STALE_S:
                leftover.unlink(missing_ok=True)


def _load(path: Path) -> _Document | None:
    try:
        return _Document.model_validate_json(path.read_bytes())
    except (OSError, ValueError):
        return None


def digest_of(sums: Mapping[str, FileSum]) -> str:
    """Return one SHA-256 that names files and their contents."""
    return document_identity({name: entry.sha256 for name, entry in sums.items()})


def sum_files(
    folder: Path,
    *,
    names: Iterable[str] | None = None,
    suffixes: tuple[str, ...] = ("",),
    cache: SumCache | None = None,
    publish_as: Path | None = None,
    reporter: "Reporter | None" = None,
) -> dict[str, FileSum]:
    """Return size and SHA-256 of files below `folder`, by relative name, sorted.

    Args:
        folder: where the files are. Links to files are followed, as the hub's cache needs.
        names: relative names; default all files.
        suffixes: how the names end.
        cache: spares what it knows, and remembers the rest.
        publish_as: where the folder is about to be moved as a whole, which is where the cache will be asked for it.
        reporter: shows the advance.

    Raises:
        SourceError: a file cannot be read.
    """
    if names is None:
        names = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    wanted = sorted(name for name in names if name.endswith(suffixes))
    sums = {}
    for name, found in read_sums(folder, wanted, cache=cache, publish_as=publish_as, reporter=reporter).items():
        if isinstance(found, OSError):
            raise SourceError(
                f"{folder / name} cannot be read: {found.strerror}. Check the disk and who owns the file."
            )
        sums[name] = found
    return sums


def read_sums(
    folder: Path,
    names: Collection[str],
    *,
    cache: SumCache | None = None,
    publish_as: Path | None = None,
    reporter: "Reporter | None" = None,
) -> dict[str, FileSum | OSError]:
    """Return what `sum_files` returns for these names, in their order, with the error of each file that cannot be read.

    Also an error (EBUSY): the file was written to while it was read.
    """
    known = cache.recall(folder) if cache else {}
    unknown = [name for name in names if name not in known]
    sizes = {name: _size(folder / name) for name in unknown}
    total = sum(sizes.values())
    with reporter.task(f"reading {size_text(total)} of {folder}", total) if reporter else nullcontext() as task:
        done, lock = 0, threading.Lock()

        def advance(count: int) -> None:
            nonlocal done
            with lock:
                done += count
                if task is not None:
                    task.update(done=done)

        # The largest first, so that no thread is left alone with it in the end.
        fresh = _read_all(folder, sorted(unknown, key=sizes.__getitem__, reverse=True), advance)
    if cache and unknown:
        settled = {name: read.known for name, read in fresh.items() if isinstance(read, _Reading) and read.settled}
        cache.store(publish_as or folder, settled, forget=unknown)
    found = {name: read.known if isinstance(read, _Reading) else read for name, read in fresh.items()} | known
    return {name: entry if isinstance(entry := found[name], OSError) else entry.plain() for name in names}


@dataclass(frozen=True)
class _Reading:
    known: KnownSum
    settled: bool
    """Whether any later write will show in the file's times."""


def _read_all(folder: Path, names: list[str], advance: Callable[[int], None]) -> dict[str, _Reading | OSError]:
    """Read files side by side; SHA-256 lets go of the interpreter lock. Ends within a chunk when interrupted."""
    stop = threading.Event()
    with ThreadPoolExecutor(min(_MOST_THREADS, os.cpu_count() or 1)) as pool:
        futures = {name: pool.submit(_read, folder / name, advance, stop) for name in names}
        pending = set(futures.values())
        try:
            # A signal that comes just before a wait without end is not seen before the end of the first file.
            while pending:
                _, pending = wait(pending, _SIGNALS_SEEN_S)
            return {name: future.result() for name, future in futures.items()}
        finally:
            stop.set()
            pool.shutdown(wait=False, cancel_futures=True)


def _read(path: Path, advance: Callable[[int], None], stop: threading.Event) -> _Reading | OSError:
    digest, buffer, started = hashlib.sha256(), memoryview(bytearray(_CHUNK)), time.time_ns()
    try:
        with path.open("rb", buffering=0) as stream:
            before = os.fstat(stream.fileno())
            while not stop.is_set() and (count := stream.readinto(buffer)):
                digest.update(buffer[:count])
                advance(count)
            after = os.fstat(stream.fileno())
    except OSError as problem:
        return problem
    known = KnownSum.of(digest.hexdigest(), before)
    if (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
        return OSError(errno.EBUSY, "it changed while it was read", str(path))
    recent = min(before.st_mtime_ns, before.st_ctime_ns) > started - _SETTLED_NS
    return _Reading(known, settled=not recent and known.holds_for(after))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
