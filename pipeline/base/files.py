"""Files that appear whole or not at all, as UTF-8 whatever the locale is."""

import errno
import json
import locale
import os
from pathlib import Path

SHARED = 0o666
"""What files are made with; the user's umask takes from it."""
_EARLIER_ENCODINGS = ("cp1252", "latin-1", "gb18030", "cp932", "big5")
"""Tried after this machine's own: a record may come from another one."""


def write_atomically(path: Path, text: str, *, mode: int = SHARED) -> None:
    """Write `text` to `path` through a temporary file in the same folder and one rename.

    Args:
        path: the file; folders above it are made.
        text: its content.
        mode: its permissions, less what the umask takes.

    Raises:
        OSError: it cannot be written, or is a folder, a device or a pipe.
    """
    if path.is_dir():  # the temporary file would lie beside it, and the message name that one
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if path.exists() and not path.is_file():  # the rename would take the place of /dev/null for the whole system
        raise FileExistsError(errno.EEXIST, "it is a device or a pipe, not a file", str(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.unlink(missing_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def share(path: Path) -> None:
    """Give a file that a library made private the permissions that the user's umask leaves."""
    umask = os.umask(0o077)  # can only be read by setting it; files that another thread makes meanwhile are private
    os.umask(umask)
    path.chmod(SHARED & ~umask)


def read_written(path: Path) -> str:
    """Return a JSON document that awqctl wrote; early ones are in the encoding of the machine that wrote them.

    Raises:
        ValueError: it is no JSON in UTF-8 or any encoding that a machine may have.
    """
    data = path.read_bytes()
    try:
        return data.decode()
    except UnicodeDecodeError:
        for encoding in (locale.getencoding(), *_EARLIER_ENCODINGS):
            try:
                text = data.decode(encoding)
                json.loads(text)
            except (ValueError, LookupError):
                continue
            return text
        raise
