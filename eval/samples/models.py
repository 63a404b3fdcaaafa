"""Whose samples a folder holds: one model's, or several that have to be told apart first."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from pipeline.base.errors import SourceError

_SHOWN = 8
_FILES_SHOWN = 2
_NAMES = ("pretrained", "model", "path")


class _File(Protocol):
    @property
    def path(self) -> Path: ...
    @property
    def task(self) -> str: ...
    @property
    def model(self) -> str: ...


def arguments_of(results: Mapping[str, Any]) -> dict[str, Any]:
    """Return the model arguments of an evaluation, which lm-eval writes as text or as an object."""
    given = results.get("config", {}).get("model_args") or {}
    if isinstance(given, str):
        parts = (part.partition("=") for part in given.split(","))
        return {name.strip(): value.strip() for name, _, value in parts if value}
    return dict(given)


def model_of(results: Mapping[str, Any]) -> str:
    """Return the model that results name; empty where they name none."""
    arguments = arguments_of(results)
    named = (results.get("model_name"), *(arguments.get(name) for name in _NAMES))
    return next((str(name) for name in named if name), "")


def require_one_model(origin: Path, files: Sequence[_File]) -> None:
    """Refuse files of several models, and a task in several folders, which may be those of several models.

    Raises:
        SourceError: there are several; names each with a folder that has nothing else, or with its files.
    """
    owners = _by_model(files)
    if len(owners) == 1:
        runs = _by_run(files)
        owners = runs if len(runs) > 1 else owners
    if len(owners) == 1:
        return
    lines = [_line(name, mine, files) for name, mine in owners.items()]
    more = f"\n  and {len(lines) - _SHOWN} more" if len(lines) > _SHOWN else ""
    listed = "".join(f"\n  {line}" for line in lines[:_SHOWN])
    raise SourceError(
        f"{origin} has samples of several models or runs. Give the folder or a samples file of one of them; where they "
        f"share a folder, move the files of one into a folder of its own.{listed}{more}"
    )


def _by_model(files: Iterable[_File]) -> dict[str, list[_File]]:
    """Return the files by model; one that no results name is that of its folder's other files, or has its folder's."""
    known: dict[Path, str] = {}
    for file in files:
        if file.model:
            known.setdefault(file.path.parent, file.model)
    found: dict[str, list[_File]] = {}
    for file in files:
        folder = file.path.parent
        found.setdefault(file.model or known.get(folder) or folder.name, []).append(file)
    return found


def _by_run(files: Iterable[_File]) -> dict[str, list[_File]]:
    """Return the files by folder, of the folders that have a task which another one has as well."""
    folders: dict[str, set[Path]] = {}
    for file in files:
        folders.setdefault(file.task, set()).add(file.path.parent)
    several = {folder for same in folders.values() if len(same) > 1 for folder in same}
    found: dict[str, list[_File]] = {}
    for file in files:
        if file.path.parent in several:
            found.setdefault(str(file.path.parent), []).append(file)
    return found or {"": list(files)}


def _line(name: str, mine: Sequence[_File], files: Sequence[_File]) -> str:
    """Return the folder that holds nothing else, on any level below; otherwise the name and the first files."""
    folders = {file.path.parent for file in mine}
    if len(folders) == 1:
        (folder,) = folders
        if all(file in mine for file in files if file.path.is_relative_to(folder)):
            return str(folder)
    shown = ", ".join(str(file.path) for file in mine[:_FILES_SHOWN])
    return f"{name}: {shown}{', …' if len(mine) > _FILES_SHOWN else ''}"
