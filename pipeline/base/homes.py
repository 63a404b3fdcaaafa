"""The folders of this program in a user's home, and paths that begin with one."""

import os
import pwd
from collections.abc import MutableMapping
from contextlib import suppress
from pathlib import Path

from pipeline.base.errors import EnvironmentLackError, UsageError

_HOME = "AWQCTL_HOME"


def user_home() -> Path:
    """Return `AWQCTL_HOME`, default `~/.cache/awqctl`: engine environments, shared by all projects.

    Raises:
        EnvironmentLackError: this user has no home; names the variables to set.
        UsageError: `AWQCTL_HOME` names the home of a user who does not exist.
    """
    configured = os.environ.get(_HOME)
    if configured:
        return Path(os.path.realpath(expanded(configured, _HOME)))  # Path.resolve fails where links lead in a circle
    return expanded("~", _HOME) / ".cache" / "awqctl"


def config_home() -> Path:
    """Return the folder of the user's configuration, API keys and certificate.

    It lies inside `AWQCTL_HOME` when that is set, so that one variable isolates everything; otherwise in
    `XDG_CONFIG_HOME`, because a cache may be emptied and keys may not.

    Raises:
        EnvironmentLackError: this user has no home; names the variables to set.
        UsageError: a variable names the home of a user who does not exist.
    """
    if os.environ.get(_HOME):
        return user_home() / "config"
    base = expanded(os.environ.get("XDG_CONFIG_HOME") or "~/.config", "XDG_CONFIG_HOME")
    if not base.is_absolute():  # the XDG specification: to be ignored
        base = expanded("~/.config", "HOME")
    return base / "awqctl"


def expanded(text: str, origin: str) -> Path:
    """Return a path with `~` and `~user` at its beginning filled in.

    Args:
        text: the path.
        origin: the option, key or variable that it comes from.

    Raises:
        EnvironmentLackError: it begins with `~`, and this user has no home; names the variables to set.
        UsageError: it begins with `~user`, and there is no such user.
    """
    if not text.startswith("~"):
        return Path(text)  # ./~ is a file
    try:
        return Path(text).expanduser()
    except RuntimeError:
        user = Path(text).parts[0].removeprefix("~")
    if user:
        raise UsageError(f"{origin}: there is no user '{user}', whose home {text} begins with. Correct the path.")
    raise EnvironmentLackError(
        f"User {os.getuid()} has no home folder, which {text} begins with: passwd does not know the user, and HOME "
        f"names none. Set {_HOME} to a folder that can be written, or HOME."
    )


def variable_for(path: Path) -> str | None:
    """Return the variable that moves what lies at `path`, or below it; None for what is in no home."""
    with suppress(EnvironmentLackError, UsageError):
        for variable, folder in _homes():
            if folder.is_relative_to(path.absolute()) or path.absolute().is_relative_to(folder):
                return variable
    return None


def leads_to_home(path: object) -> bool:
    """Return whether a path is a home, or above one: where even that is missing, none can be made."""
    with suppress(EnvironmentLackError, UsageError):
        return path is not None and any(folder.is_relative_to(str(path)) for _, folder in _homes())
    return False


def _homes() -> list[tuple[str, Path]]:
    """Return the variables that move homes, and where these are now."""
    hub = expanded(os.environ.get("HF_HOME") or "~/.cache/huggingface", "HF_HOME")
    homes = ((_HOME, user_home()), (_HOME, config_home()), ("HF_HOME", hub))
    return [(variable, folder.absolute()) for variable, folder in homes]  # HOME may be relative


def home_for_libraries(environment: MutableMapping[str, str]) -> None:
    """Give a user without a home the folder of `AWQCTL_HOME` as one, and a user without a name one.

    Libraries would make a folder called `~` where the user stands, or fail for want of a name. A `HOME` that is set to
    nothing is none: to libraries, it is the root of all files.
    """
    if not environment.get("HOME"):
        environment.pop("HOME", None)
    try:
        pwd.getpwuid(os.getuid())
    except KeyError:
        if "HOME" not in environment and environment.get(_HOME):
            environment["HOME"] = str(user_home())
        environment.setdefault("USER", str(os.getuid()))
        environment.setdefault("LOGNAME", environment["USER"])
