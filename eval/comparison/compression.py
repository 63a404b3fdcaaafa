"""Files as their makers compress them: read by what they begin with, whatever they are called."""

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

from pipeline.base.errors import SourceError

_READ: dict[bytes, Callable[[Path], Any]] = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\x00": lzma.open}
_UNREAD = {b"\x28\xb5\x2f\xfd": "zstd", b"PK\x03\x04": "zip", b"\x04\x22\x4d\x18": "lz4", b"7z\xbc\xaf": "7z"}
SUFFIXES = (".gz", ".bz2", ".xz")
"""Of compressed files that are read."""
_ARCHIVES = (".zst", ".zip", ".lz4", ".7z", ".br", ".tar", ".tgz", ".lzma", ".z")
DAMAGED = (EOFError, OSError, zlib.error, lzma.LZMAError)
"""What reading a compressed file that was cut off or changed raises."""


def plain_name(path: Path) -> str:
    """Return the name of a file without the suffix of its compression."""
    return path.name.removesuffix(path.suffix) if path.suffix.lower() in SUFFIXES else path.name


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """Open a file, unpacked where it is compressed.

    Raises:
        SourceError: it is compressed in a way that is not read here, or cannot be unpacked.
    """
    with path.open("rb") as stream:
        start = stream.read(6)
    kind = next((name for magic, name in _UNREAD.items() if start.startswith(magic)), None)
    if kind or Path(plain_name(path)).suffix.lower() in _ARCHIVES:
        raise SourceError(f"{path} is compressed{f' with {kind}' if kind else ''}, which is not read. Unpack it.")
    unpack = next((open_ for magic, open_ in _READ.items() if start.startswith(magic)), None)
    if unpack is None:
        with path.open("rb") as stream:
            yield stream
        return
    with unpack(path) as packed:
        try:
            yield cast("IO[bytes]", io.BufferedReader(packed))
        except DAMAGED as problem:
            raise SourceError(f"{path} is damaged: {problem}. Copy it again.") from None


def read_bytes(path: Path) -> bytes:
    """Return what a file holds, unpacked; errors as of `opened`."""
    with opened(path) as stream:
        return stream.read()
