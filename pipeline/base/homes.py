"""The folders of this program in a user's home."""

import os
from pathlib import Path


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
