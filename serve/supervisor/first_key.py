"""Where the first key of an endpoint is shown: never in what is kept, such as a journal or the log of a service."""

import os
import stat
from pathlib import Path

from serve.endpoint import EndpointFolder
from serve.gateway.files import write_private


def is_read_at_once(descriptor: int, *, as_json: bool, journal: str | None) -> bool:
    """Return whether what is written there is for whoever started the program, and for nobody later.

    Args:
        descriptor: of standard output.
        as_json: whether a program asked for the document, so that a pipe is one to it.
        journal: what systemd says of its journal (`JOURNAL_STREAM`, device and inode); None where it started nothing.
    """
    found = os.fstat(descriptor)
    if journal == f"{found.st_dev}:{found.st_ino}":
        return False
    return os.isatty(descriptor) or (as_json and stat.S_ISFIFO(found.st_mode))


def keep_first_key(folder: EndpointFolder, key: str) -> Path:
    """Write the key into a file that its owner alone can read; return the file.

    Raises:
        EnvironmentLackError: it cannot be written.
    """
    write_private(folder.first_key, f"{key}\n")
    return folder.first_key
