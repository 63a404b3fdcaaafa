"""`RunContext`: where a run happens. Stages get it beside the recipe and the record.

Output folders appear whole or not at all. A stage writes into `.partial/`, and `publish` moves the finished folder to
its place. Whenever the process is killed, either the old folder or the new one is in its place, or `recover` puts the
old one back at the next start.
"""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from pipeline.checksums import SumCache
from pipeline.errors import SourceError
from pipeline.manifest import Manifest, read_manifest
from pipeline.progress import Reporter
from pipeline.recipe.section import Accelerator

CHECKPOINT = "checkpoint"
EARLIER = "checkpoints"
"""Where checkpoints go that were replaced by others, until `awqctl checkpoints prune`."""
_SCRATCH = ".partial"
_RESUME = ".resume"
_RETIRED = ".old"
_DOOMED = ".gone"
_HALF_WRITTEN = ".*.json.[0-9]*"
"""What `write_atomically` leaves when it is killed."""


@dataclass(frozen=True)
class RunContext:
    """Folders, accelerator and reporter of one run."""

    out: Path
    home: Path
    recipe_dir: Path
    accelerator: Accelerator
    reporter: Reporter

    @property
    def logs(self) -> Path:
        """Folder of the engines' and workers' logs."""
        path = self.out / "logs"
        path.mkdir(parents=True, exist_ok=True)
        return path

    @property
    def scratch(self) -> Path:
        """Folder for output that is not finished; emptied at the start of the next run."""
        path = self.out / _SCRATCH
        path.mkdir(parents=True, exist_ok=True)
        return path

    @property
    def sums(self) -> SumCache:
        """Cache of checksums."""
        return SumCache(self.home)

    def resume(self, name: str) -> Path:
        """Return a folder for findings that a later attempt goes on from; it stays until the stage deletes it."""
        path = self.out / _RESUME / name
        path.mkdir(parents=True, exist_ok=True)
        return path

    def forget(self, name: str) -> None:
        """Remove the findings of earlier attempts."""
        path = self.out / _RESUME / name
        if path.exists():
            discard(path, self.scratch)

    def relative(self, path: Path) -> str:
        """Return `path` relative to the output folder, as kept in the record."""
        return path.relative_to(self.out).as_posix()

    def recover(self) -> None:
        """Clean up after a run that was killed: put back what was being replaced, drop what was not finished.

        The caller holds the lock of the output folder.
        """
        scratch = self.out / _SCRATCH
        for path in [*scratch.glob("*"), *self.out.glob(_HALF_WRITTEN)]:
            # First, because what comes next may need the space.
            if path.suffix != _RETIRED:
                _remove(path)
        for retired in scratch.glob(f"*{_RETIRED}"):
            name = retired.name.removesuffix(_RETIRED)
            _settle(retired, self.out / name, self._earlier(name))
        _remove(scratch)
        if scratch.exists():
            self.reporter.warn(f"{scratch} cannot be emptied; check who owns it and remove it")

    @contextmanager
    def staged(self, name: str) -> Iterator[Path]:
        """Yield a folder that becomes `out/name` when the block ends, and vanishes when it fails.

        A checkpoint that is replaced by another one moves to `checkpoints/`. Of two nested blocks the inner one is
        published first: make the checkpoint the inner one, so that after a kill between the two the record's digest
        differs from the manifest's and the mix is noticed.
        """
        partial = self.scratch / f"{name}.{os.getpid()}"
        _remove(partial)
        partial.mkdir()
        try:
            yield partial
            publish(partial, self.out / name, earlier=self._earlier(name))
        finally:
            _remove(partial)

    def _earlier(self, name: str) -> Path | None:
        return self.out / EARLIER if name == CHECKPOINT else None


def publish(partial: Path, final: Path, *, earlier: Path | None = None) -> None:
    """Make `partial` appear as `final`, whole, replacing what was there.

    1. `partial` is brought to disk: files, then folders.
    2. What was at `final` moves beside `partial`, under a name that says what it was.
    3. `partial` moves to `final`.
    4. What was replaced moves into `earlier` when it is another checkpoint, and is removed otherwise.

    A process killed between 2 and 3 leaves nothing at `final`; `recover` undoes step 2. Killed later, it leaves the
    new folder at `final`; `recover` does step 4. Each move is on disk before the next one.
    """
    retired = partial.with_name(f"{final.name}{_RETIRED}")
    _settle(retired, final, earlier)
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
        _settle(retired, final, earlier)


def discard(folder: Path, scratch: Path) -> None:
    """Remove a folder that others may find: first out of sight, then away. Killed between, `recover` removes the rest.

    Args:
        folder: what goes.
        scratch: `RunContext.scratch` of its output folder.
    """
    doomed = scratch / f"{folder.name}{_DOOMED}"
    _remove(doomed)
    folder.replace(doomed)
    _remove(doomed)


def _settle(retired: Path, final: Path, earlier: Path | None) -> None:
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


def _remove(path: Path) -> None:
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


def user_home() -> Path:
    """Return `AWQCTL_HOME`, default `~/.cache/awqctl`: engine environments, shared by all projects."""
    configured = os.environ.get("AWQCTL_HOME")
    return Path(configured).expanduser().resolve() if configured else Path.home() / ".cache" / "awqctl"


def config_home() -> Path:
    """Return the folder of the user's configuration, API keys and certificate.

    It lies inside `AWQCTL_HOME` when that is set, so that one variable isolates everything; otherwise in
    `XDG_CONFIG_HOME`, because a cache may be emptied and keys may not.
    """
    if os.environ.get("AWQCTL_HOME"):
        return user_home() / "config"
    base = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(base) / "awqctl"
