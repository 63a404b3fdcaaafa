"""`delivery.json`: every file of a delivery with its SHA-256, and what is to be known of the whole."""

import json
import os
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from pipeline.base.errors import SourceError
from pipeline.base.files import read_written, write_atomically
from pipeline.base.identity import document_identity
from pipeline.base.results import Result
from pipeline.models.checksums import FileSum, SumCache, read_sums, sum_files

NAME = "delivery.json"
SUMS = "SHA256SUMS"
"""The same sums for `sha256sum -c`."""
_SEAL = "seal"


class DeliveryManifest(Result):
    """Contents of `delivery.json`. The file also carries a `seal`, the SHA-256 of the rest as canonical JSON."""

    schema_version: Literal[1] = 1
    created_at: str
    awqctl: str
    recipe: str
    run: str
    """Identity of the results, as the report and its evidence have it."""
    made_from: str
    """The same of the run itself, paths and all."""
    formats: tuple[str, ...]
    gates_not_passed: tuple[str, ...] = ()
    """What each gate says that was passed over to deliver."""
    not_measured: tuple[str, ...] = ()
    redacted: dict[str, str] = Field(default_factory=dict)
    """Files out of which paths of the machine were taken, with the SHA-256 that they had before."""
    files: dict[str, FileSum]


def write_delivery(manifest: DeliveryManifest, folder: Path) -> None:
    """Write the manifest, sealed, and the sums for `sha256sum`."""
    document = json.loads(manifest.model_dump_json())
    write_atomically(folder / NAME, json.dumps(document | {_SEAL: document_identity(document)}, indent=2) + "\n")
    sums = {**manifest.files, **sum_files(folder, names=[NAME])}
    write_atomically(folder / SUMS, "".join(f"{sums[name].sha256}  {name}\n" for name in sorted(sums)))


def read_delivery(folder: Path) -> DeliveryManifest:
    """Return the manifest of a delivery.

    Raises:
        SourceError: there is none, or it is damaged.
    """
    try:
        document = json.loads(read_written(folder / NAME))
        intact = document.pop(_SEAL) == document_identity(document)
        manifest = DeliveryManifest.model_validate(document)
    except OSError as problem:
        raise SourceError(f"{folder} has no {NAME}: it is no delivery. Give the folder of one.") from problem
    except (ValueError, LookupError, TypeError, AttributeError, ValidationError):
        intact = False
    if not intact:
        raise SourceError(f"{folder / NAME} is damaged. Have the run delivered again.")
    return manifest


def is_delivery(folder: Path) -> bool:
    """Return whether a folder says that it is one."""
    return (folder / NAME).is_file()


def files_of(folder: Path) -> list[str]:
    """Return the files of a delivery but for its own manifest and sums; links are files here, which no sum is of."""
    found = [
        Path(root, name).relative_to(folder).as_posix()
        for root, folders, names in os.walk(folder)
        for name in (*names, *(one for one in folders if Path(root, one).is_symlink()))
    ]
    return sorted(name for name in found if name not in (NAME, SUMS))


def delivery_problems(folder: Path, cache: SumCache | None = None) -> list[str]:
    """Return one sentence per file that is gone, changed or more than the manifest lists; empty when all match.

    Raises:
        SourceError: the manifest is damaged.
    """
    expected, there = read_delivery(folder).files, set(files_of(folder))
    problems = [f"{name}: not in {NAME}" for name in sorted(there - expected.keys())]
    for name, found in read_sums(folder, sorted(expected), cache=cache).items():
        if not isinstance(found, FileSum):
            problems.append(f"{name}: missing" if name not in there else f"{name}: cannot be read ({found.strerror})")
        elif found.sha256 != expected[name].sha256:
            problems.append(f"{name}: contents changed")
    return problems
