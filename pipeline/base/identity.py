"""Names for files and documents in fingerprints: files by contents when small, by size and time when large."""

import hashlib
import json
from pathlib import Path

_SMALL = 64 * 2**20


def document_identity(document: object) -> str:
    """Return the SHA-256 of what JSON can hold, keys sorted."""
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


def file_identity(path: Path) -> str:
    """Return the SHA-256 of a file up to 64 MiB; beyond that its size and modification time."""
    state = path.stat()
    if state.st_size > _SMALL:
        return f"{path.name}:{state.st_size}:{state.st_mtime_ns}"
    return f"{path.name}:{hashlib.sha256(path.read_bytes()).hexdigest()}"


def folder_identity(folder: Path) -> str:
    """Return one SHA-256 over the identities of all files of a folder, caches and hidden files left out."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and _counts(path.relative_to(folder))]
    names = [f"{path.relative_to(folder).parent}/{file_identity(path)}" for path in files]
    return hashlib.sha256("\n".join(names).encode()).hexdigest()


def _counts(path: Path) -> bool:
    return not any(part.startswith((".", "__pycache__")) for part in path.parts)
