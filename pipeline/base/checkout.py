"""The git commits of this program and of the files it is given.

The working directory says nothing about either: it is a client's folder as often as not. `hatch_build.py` runs this
file by itself, so it imports the standard library alone.
"""

import os
import subprocess
from functools import cache
from pathlib import Path

BAKED = "pipeline/commit.txt"
"""In a built wheel: the commit that it was built from. A checkout has no such file."""
UNKNOWN = "unknown"
DIRTY = "-dirty"
"""Ends the name of a commit where files were not as committed."""
_ROOT = Path(__file__).resolve().parents[2]
_OWN = ("pipeline", "eval", "serve", "recipes")
"""What of a checkout a wheel holds."""
_REDIRECTING = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY", "GIT_NAMESPACE")
"""Variables that would name another repository; a hook of git sets them for all that it starts."""
_TIMEOUT_S = 30


@cache
def own_commit(root: Path = _ROOT) -> str:
    """Return the commit of the source that this program is: baked in when it was built, else that of its checkout.

    Installed below a project's own repository, as in its `.venv`, it is no part of that one, and the commit unknown.
    """
    baked = root / BAKED
    if baked.is_file():
        return baked.read_text(encoding="ascii").strip()
    top = _git(root, "rev-parse", "--show-toplevel")
    tracked = _git(root, "ls-files", "--error-unmatch", "pipeline/__init__.py")
    if not top or Path(top).resolve() != root or not tracked:
        return UNKNOWN
    return _commit(root, _git(root, "status", "--porcelain", "--", *_OWN)) or UNKNOWN


def commit_of(file: Path) -> str | None:
    """Return the commit of the repository that a file stands in; None where it is in none, or is one of our own.

    It is dirty where a tracked file of the repository was changed, and where the file itself is not in the commit.
    """
    file = file.resolve()
    if any(file.is_relative_to(_ROOT / name) for name in _OWN):
        return None
    changed = _git(file.parent, "status", "--porcelain", "--untracked-files=no")
    own = _git(file.parent, "status", "--porcelain", "--ignored", "--untracked-files=all", "--", file.name)
    return _commit(file.parent, None if changed is None or own is None else changed + own)


def _commit(folder: Path, changes: str | None) -> str | None:
    """Return the commit that is checked out; None where git does not say, of it or of the changes since."""
    commit = _git(folder, "rev-parse", "--verify", "HEAD")
    return None if not commit or changes is None else commit + (DIRTY if changes else "")


def _git(folder: Path, *arguments: str) -> str | None:
    """Return what git answers; None where there is no git, or no repository that it trusts."""
    # A repository may name a program to watch its files; looking at it is no reason to start that.
    command = ("git", "--no-optional-locks", "-c", "core.fsmonitor=false", "--literal-pathspecs", *arguments)
    environment = {name: value for name, value in os.environ.items() if name not in _REDIRECTING}
    try:
        answer = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            capture_output=True,
            timeout=_TIMEOUT_S,
            check=True,
            encoding="utf-8",
        )
    except (subprocess.SubprocessError, OSError, UnicodeDecodeError):
        return None
    return answer.stdout.strip()
