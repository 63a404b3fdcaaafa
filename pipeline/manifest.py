"""`awqctl-manifest.json`: SHA-256 of every file of a checkpoint, and where the checkpoint came from."""

import hashlib
import json
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from pipeline.errors import SourceError
from pipeline.record import Result, write_atomically

NAME = "awqctl-manifest.json"
_CHUNK = 1 << 20


class FileSum(Result):
    """Size and checksum of one file."""

    bytes: int
    sha256: str


class Origin(Result):
    """The model a checkpoint was made from."""

    reference: str
    commit: str | None
    licence: str
    files: dict[str, FileSum]


class Manifest(Result):
    """Contents of `awqctl-manifest.json`."""

    schema_version: int = 1
    created_at: str
    source: Origin
    quantize: dict[str, Any]
    """The recipe's quantize section."""
    versions: dict[str, str]
    files: dict[str, FileSum]

    def digest(self) -> str:
        """Return one SHA-256 that names the contents of the checkpoint."""
        sums = {name: entry.sha256 for name, entry in self.files.items()}
        return hashlib.sha256(json.dumps(sums, sort_keys=True).encode()).hexdigest()


def sum_files(folder: Path) -> dict[str, FileSum]:
    """Return size and SHA-256 of every file below `folder` except the manifest, by relative name."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != NAME)
    return {path.relative_to(folder).as_posix(): _sum(path) for path in paths}


def write_manifest(manifest: Manifest, folder: Path) -> None:
    """Write the manifest into the checkpoint."""
    write_atomically(folder / NAME, manifest.model_dump_json(indent=2) + "\n")


def read_manifest(folder: Path) -> Manifest:
    """Return the manifest of a checkpoint.

    Raises:
        SourceError: there is none, or it is not one.
    """
    try:
        return Manifest.model_validate_json((folder / NAME).read_text())
    except FileNotFoundError:
        raise SourceError(
            f"{folder} has no {NAME}: it is not a checkpoint of awqctl. Give the `checkpoint` folder."
        ) from None
    except ValidationError as problem:
        raise SourceError(f"{folder / NAME} is damaged. Quantize again.") from problem


def differences(folder: Path) -> list[str]:
    """Return one sentence per file that is missing, truncated, changed or extra; empty when all match."""
    expected = read_manifest(folder).files
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} - {NAME}
    problems = [f"{name}: missing" for name in sorted(expected.keys() - found)]
    problems += [f"{name}: not in the manifest" for name in sorted(found - expected.keys())]
    for name in sorted(expected.keys() & found):
        size = (folder / name).stat().st_size
        if size != expected[name].bytes:
            problems.append(f"{name}: {size} bytes, {expected[name].bytes} expected")
        elif _sum(folder / name).sha256 != expected[name].sha256:
            problems.append(f"{name}: contents changed")
    return problems


def _sum(path: Path) -> FileSum:
    state = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            state.update(chunk)
    return FileSum(bytes=path.stat().st_size, sha256=state.hexdigest())
