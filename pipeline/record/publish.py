"""Folders that appear whole or not at all, and what becomes of those they replace."""

import errno
import os
import shutil
from contextlib import suppress
from pathlib import Path

from pipeline.base.errors import SourceError
from pipeline.models.manifest import Manifest, read_manifest

RETIRED = ".old"
DOOMED = ".gone"


def publish(partial: Path, final: Path, *, earlier: Path | None = None) -> None:
    """Make `partial` appear as `final`, whole, replacing what was there.

    1. `partial` is brought to disk: files, then folders.
    2. What was at `final` moves beside `partial`, under a name that says what it was.
    3. `partial` moves to `final`.
    4. What was replaced moves into `earlier` when it is another checkpoint, and is removed otherwise.

    A process killed between 2 and 3 leaves nothing at `final`; `recover` undoes step 2. Killed later, it leaves the
    new folder at `final`; `recover` does step 4. Each move is on disk before the next one.
    """
    retired = partial.with_name(f"{final.name}{RETIRED}")
    settle(retired, final, earlier)
    _sync_tree(partial)
    if earlier and _kept_name(final, partial):
        # A disk without room for it must show before anything moves.
        earlier.mkdir(exist_ok=True)
        _sync(earlier.parent)
    try:
        if final.exists():
            _move(final, retired)
        _move(partial, final)
    finally:
        settle(retired, final, earlier)


def discard(folder: Path, scratch: Path) -> None:
    """Remove a folder that others may find: first out of sight, then away. Killed between, `recover` removes the rest.

    Args:
        folder: what goes.
        scratch: `RunContext.scratch` of its output folder.
    """
    doomed = scratch / f"{folder.name}{DOOMED}"
    remove(doomed)
    folder.replace(doomed)
    remove(doomed)


def settle(retired: Path, final: Path, earlier: Path | None) -> None:
    """End a replacement, wherever it stopped: put `retired` back where `final` is missing, else keep or remove it."""
    if not retired.exists():
        return
    if not final.exists():
        _move(retired, final)
        return
    kept = earlier and _kept_name(retired, final)
    if earlier and kept and not (earlier / kept).exists():
        earlier.mkdir(exist_ok=True)
        _move(retired, earlier / kept)
    else:
        discard(retired, retired.parent)


def _kept_name(folder: Path, successor: Path) -> str | None:
    """Return what a replaced checkpoint is called; None when it is none, or the same as its successor."""
    before, after = _manifest_of(folder), _manifest_of(successor)
    if before is None or (after is not None and after.digest() == before.digest()):
        return None
    made = "".join(filter(str.isalnum, before.created_at.replace("+00:00", "Z")))
    return f"{made}-{before.digest()[:12]}"


def _manifest_of(folder: Path) -> Manifest | None:
    try:
        return read_manifest(folder)
    except SourceError:
        return None


def _move(source: Path, target: Path) -> None:
    """Rename a folder and wait until the disk knows: the new name first, so that it never has none."""
    source.replace(target)
    _sync(target.parent)
    _sync(source.parent)


def remove(path: Path) -> None:
    """Remove a file or a folder, as far as possible."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink(missing_ok=True)


def _sync_tree(folder: Path) -> None:
    for root, _, names in os.walk(folder, topdown=False):
        for path in (Path(root, name) for name in names):
            if not path.is_symlink():
                _sync(path)
        _sync(Path(root))


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as problem:
        # Some network file systems cannot sync folders; they have no way to do better.
        if not (problem.errno in (errno.EINVAL, errno.EOPNOTSUPP) and path.is_dir()):
            raise
    finally:
        os.close(descriptor)
