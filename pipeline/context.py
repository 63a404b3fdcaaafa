"""`RunContext`: where a run happens. Stages get it beside the recipe and the record."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pipeline.progress import Reporter
from pipeline.recipe.models import Accelerator

_RETIRED = ".old"


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
        path = self.out / ".partial"
        path.mkdir(parents=True, exist_ok=True)
        return path

    def relative(self, path: Path) -> str:
        """Return `path` relative to the output folder, as kept in the record."""
        return path.relative_to(self.out).as_posix()

    def recover(self) -> None:
        """Clean up after a run that was killed: put back what was being replaced, drop what was not finished."""
        for retired in self.scratch.glob(f"*{_RETIRED}"):
            final = self.out / retired.name.removesuffix(_RETIRED)
            if not final.exists():
                retired.replace(final)
        shutil.rmtree(self.scratch, ignore_errors=True)

    @contextmanager
    def staged(self, name: str) -> Iterator[Path]:
        """Yield a folder that becomes `out/name` when the block ends, and vanishes when it fails."""
        partial = self.scratch / f"{name}.{os.getpid()}"
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir()
        try:
            yield partial
            publish(partial, self.out / name)
        finally:
            shutil.rmtree(partial, ignore_errors=True)


def publish(partial: Path, final: Path) -> None:
    """Make `partial` appear as `final`, replacing what was there; files are synced first."""
    for path in partial.rglob("*"):
        if path.is_file():
            _sync(path)
    retired = partial.with_name(f"{final.name}{_RETIRED}")
    shutil.rmtree(retired, ignore_errors=True)
    if final.exists():
        final.replace(retired)
    partial.replace(final)
    _sync(final.parent)
    shutil.rmtree(retired, ignore_errors=True)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
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
