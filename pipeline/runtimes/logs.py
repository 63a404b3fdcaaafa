"""Log files: one per process that is started, the newest under a name that stays."""

import contextlib
import fcntl
import glob
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

KEPT = 10
"""Files of one name; those that are still written to are kept beside these."""
_STAMP = "%Y%m%dT%H%M%S-%fZ"


def new_log(path: Path) -> Path:
    """Return a new file for the log `path`, which becomes a link to it: `a.log` to `a.20261129T104403-250113Z.log`.

    The process that opens it holds a shared lock on it (`GuardedProcess`), so that no later start removes it meanwhile.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_file() and not path.is_symlink():  # of a version that had one file
        path.rename(_unused(path, datetime.fromtimestamp(path.stat().st_mtime, UTC)))
    made = _unused(path, datetime.now(UTC))
    link = path.with_name(f".{path.name}.{os.getpid()}")
    link.unlink(missing_ok=True)
    link.symlink_to(made.name)
    link.replace(path)
    for old in sorted(path.parent.glob(f"{glob.escape(path.stem)}.[0-9]*{path.suffix}"), reverse=True)[KEPT:]:
        _remove_idle(old)
    return made


def _unused(path: Path, moment: datetime) -> Path:
    """Return a file of this time that nobody had, made."""
    while True:
        found = path.with_name(f"{path.stem}.{moment.strftime(_STAMP)}{path.suffix}")
        try:
            os.close(os.open(found, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
        except FileExistsError:
            moment += timedelta(microseconds=1)
        else:
            return found


def _remove_idle(log: Path) -> None:
    with contextlib.suppress(OSError), log.open("rb") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        log.unlink()


def newest_log(path: Path) -> Path:
    """Return the file that the log `path` is a link to now; `path` where it is none."""
    return path.with_name(path.readlink().name) if path.is_symlink() else path
