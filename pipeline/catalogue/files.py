"""Catalogue files: the ones that ship, and the user's, whose entries come first."""

from importlib import resources
from pathlib import Path
from typing import Any

from pipeline.base.errors import EnvironmentLackError, UsageError
from pipeline.base.format import listed
from pipeline.base.homes import config_home, expanded
from pipeline.base.yaml_text import YamlError, read_yaml, yaml_file_text

PRICES = "prices.yaml"
"""Written by `awqctl gpus refresh`; what the user's own files say comes after it."""


def packaged(name: str) -> Path:
    """Return a catalogue file that ships."""
    return Path(str(resources.files("recipes"))) / "catalogue" / name


def own(name: str) -> Path:
    """Return the user's file of that name, which need not be there."""
    return config_home() / "catalogue" / name


def plan_file(name: str) -> Path:
    """Return the file that a user names for `awqctl plan pack`, `fleet` or `claims`: a path, or one that ships."""
    ships = packaged("") / ".." / "plans" / f"{name}.yaml"
    return ships.resolve() if "/" not in name and ships.is_file() else expanded(name, "FILE")


def shipped_plans() -> list[str]:
    """Return the names of the plan files that ship."""
    return sorted(path.stem for path in (packaged("") / ".." / "plans").glob("*.yaml"))


def read(path: Path) -> dict[str, Any]:
    """Return a catalogue file's document.

    Raises:
        UsageError: it is not YAML in UTF-8, or not a mapping.
    """
    try:
        document = read_yaml(yaml_file_text(path))
    except YamlError as problem:
        raise UsageError(f"{path} is not valid YAML: {problem}. Correct it and try again.") from problem
    if not isinstance(document, dict):
        raise UsageError(f"{path}: a mapping is expected. `recipes/catalogue/README.md` of the source shows one.")
    return document


def merged(name: str, section: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the entries of a section, the user's keys over those that ship, and the sources of both.

    Raises:
        UsageError: a file of the user's is not YAML, or holds something else than mappings.
    """
    shipped = read(packaged(name))
    entries, sources = dict(shipped[section]), dict(shipped.get("sources") or {})
    for path in _own_files(name):
        mine = read(path) if path.is_file() else {}
        if unknown := mine.keys() - {*shipped, *(("gpus",) if path.name == PRICES else ())}:
            raise UsageError(f"{path}: no part is called {listed(sorted(unknown))}. Write {listed(list(shipped))}.")
        sources.update(_mapping(path, "sources", mine.get("sources")))
        for key, entry in _mapping(path, section, mine.get(section)).items():
            entries[key] = {**entries.get(key, {}), **_mapping(path, f"{section}.{key}", entry)}
    return entries, sources


def _own_files(name: str) -> tuple[Path, ...]:
    """Return the user's files that come before one that ships; of a user without a home there are none."""
    try:
        return own(PRICES), own(name)
    except EnvironmentLackError:
        return ()


def _mapping(path: Path, where: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict | None):
        raise UsageError(f"{path}: {where} is {str(value)[:100]!r}, and keys with values are expected. Correct it.")
    return value or {}
