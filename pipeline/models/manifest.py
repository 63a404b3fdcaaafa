"""`awqctl-manifest.json`: SHA-256 of every file of a checkpoint, and where the checkpoint came from.

The manifest finds damage and mix-ups. It is no signature: who changes a file on purpose can change the manifest too.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from pipeline.base.errors import SourceError
from pipeline.base.files import write_atomically
from pipeline.base.identity import document_identity
from pipeline.base.results import Result
from pipeline.models.checksums import FileSum, SumCache, digest_of, read_sums

if TYPE_CHECKING:
    from pipeline.base.progress import Reporter

NAME = "awqctl-manifest.json"
CARD = "README.md"
"""The model card. Another one, such as the report writes with measured figures, makes no other checkpoint of it."""
DAMAGED = f"{NAME}: damaged"
"""What `differences` says of a manifest that cannot be trusted."""
EXTRA = "not in the manifest"
"""How `differences` ends what it says of a file that was added."""
_SEAL = "seal"
_INDEX = ".safetensors.index.json"


class ManifestSource(Result):
    """The model a checkpoint was made from."""

    reference: str
    commit: str | None
    licence: str
    files: dict[str, FileSum]


class Manifest(Result):
    """Contents of `awqctl-manifest.json`. The file also carries a `seal`, the SHA-256 of the rest as canonical JSON."""

    schema_version: int = 1
    created_at: str
    source: ManifestSource
    quantize: dict[str, Any]
    """The recipe's quantize section."""
    versions: dict[str, str]
    files: dict[str, FileSum]

    def digest(self) -> str:
        """Return one SHA-256 that names the contents of the checkpoint, the model card left out."""
        return digest_of({name: entry for name, entry in self.files.items() if name != CARD})


def write_manifest(manifest: Manifest, folder: Path) -> None:
    """Write the manifest into the checkpoint, sealed."""
    document = json.loads(manifest.model_dump_json())
    write_atomically(folder / NAME, json.dumps(document | {_SEAL: document_identity(document)}, indent=2) + "\n")


def read_manifest(folder: Path) -> Manifest:
    """Return the manifest of a checkpoint.

    Raises:
        SourceError: there is none, or it is not one.
    """
    manifest = _parse(_contents(folder))
    if manifest is None:
        raise SourceError(f"{folder / NAME} is damaged. Quantize again.")
    return manifest


def differences(
    folder: Path, *, cache: SumCache | None = None, reporter: "Reporter | None" = None, contents: bool = True
) -> list[str]:
    """Return one sentence per file that is missing, truncated, changed, extra or a link; empty when all match.

    The model card must be there, but may say something else by now: whoever publishes the checkpoint puts the one with
    the measured figures in its place.

    Args:
        folder: the checkpoint.
        cache: spares reading what it knows; without one everything is read.
        reporter: shows the advance of reading.
        contents: false compares names and sizes alone.

    Raises:
        SourceError: the folder has no manifest.
    """
    manifest = _parse(_contents(folder))
    if manifest is None:
        return [DAMAGED]
    expected, (found, odd) = manifest.files, _listing(folder)
    problems = [] if expected else [f"{NAME}: lists no file"]
    problems += [f"{name}: missing" for name in sorted(expected.keys() - found - odd.keys())]
    problems += [f"{name}: {EXTRA}" for name in sorted(found - expected.keys() - {NAME})]
    problems += [f"{name}: {what}" for name, what in sorted(odd.items())]
    there = {name: expected[name] for name in sorted((expected.keys() & found) - {CARD})}
    changed = _of_wrong_size(folder, there)
    if contents:
        changed |= _of_wrong_contents(folder, {n: e for n, e in there.items() if n not in changed}, cache, reporter)
    problems += [f"{name}: {what}" for name, what in sorted(changed.items())]
    return problems + _index_problems(folder, there, expected)


def _contents(folder: Path) -> bytes:
    try:
        return (folder / NAME).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        what = f"{folder} has no {NAME}: it" if folder.is_dir() else f"There is no folder {folder}: it"
        raise SourceError(f"{what} is not a checkpoint of awqctl. Give the `checkpoint` folder.") from None


def _parse(text: bytes) -> Manifest | None:
    """Return the manifest, or None when it is damaged. The first ones had no seal."""
    try:
        document = json.loads(text)
        if not isinstance(document, dict):
            return None
        seal = document.pop(_SEAL, None)
        return Manifest.model_validate(document) if seal in (None, document_identity(document)) else None
    except (ValueError, RecursionError):
        return None


def _listing(folder: Path) -> tuple[set[str], dict[str, str]]:
    """Return the regular files below `folder`, and what else is there by name: links, devices, closed folders."""
    found: set[str] = set()
    odd: dict[str, str] = {}

    def name_of(path: str | Path) -> str:
        return Path(path).relative_to(folder).as_posix()

    def closed(problem: OSError) -> None:
        odd[name_of(problem.filename)] = f"cannot be read ({problem.strerror})"

    for root, folders, names in os.walk(folder, onerror=closed):
        for path in (Path(root, name) for name in (*folders, *names)):
            if path.is_symlink():
                odd[name_of(path)] = f"a link to {path.readlink()}, not a file of the checkpoint"
            elif path.is_file():
                found.add(name_of(path))
            elif path.name in names:
                odd[name_of(path)] = "neither a file nor a folder"
    return found, odd


def _of_wrong_size(folder: Path, expected: Mapping[str, FileSum]) -> dict[str, str]:
    wrong = {}
    for name, entry in expected.items():
        try:
            size = (folder / name).stat().st_size
        except OSError as problem:
            wrong[name] = f"cannot be read ({problem.strerror})"
            continue
        if size != entry.bytes:
            wrong[name] = f"{size} bytes, {entry.bytes} expected"
    return wrong


def _of_wrong_contents(
    folder: Path, expected: Mapping[str, FileSum], cache: SumCache | None, reporter: "Reporter | None"
) -> dict[str, str]:
    changed = {}
    for name, read in read_sums(folder, list(expected), cache=cache, reporter=reporter).items():
        if isinstance(read, OSError):
            changed[name] = f"cannot be read ({read.strerror})"
        elif read.sha256 != expected[name].sha256:
            changed[name] = "contents changed"
    return changed


def _index_problems(folder: Path, there: Mapping[str, FileSum], expected: Mapping[str, FileSum]) -> list[str]:
    """Return one sentence per shard that an index names and the manifest does not: nothing would vouch for it."""
    problems = []
    for name in (name for name in there if name.endswith(_INDEX)):
        try:
            names = json.loads((folder / name).read_bytes())["weight_map"].values()
            shards = {str(PurePosixPath(name).parent / shard) for shard in names}
        except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
            problems.append(f"{name}: not an index of shards")
            continue
        unknown = sorted(shards - expected.keys())
        problems += [f"{name}: names {shard}, which is not in the manifest" for shard in unknown]
    return problems
