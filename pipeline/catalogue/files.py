"""Catalogue files: the ones that ship, and the user's, whose entries come first."""

from importlib import resources
from pathlib import Path
from typing import Any

from pipeline.base.errors import UsageError
from pipeline.base.homes import config_home
from pipeline.base.yaml_text import YamlError, read_yaml

PRICES = "prices.yaml"
"""Written by `awqctl gpus refresh`; what the user's own files say comes after it."""


def packaged(name: str) -> Path:
    """Return a catalogue file that ships."""
    return Path(str(resources.files("recipes"))) / "catalogue" / name


def own(name: str) -> Path:
    """Return the user's file of that name, which need not be there."""
    return config_home() / "catalogue" / name


def read(path: Path) -> dict[str, Any]:
    """Return a catalogue file's document.

    Raises:
        UsageError: it is not YAML, or not a mapping.
    """
    try:
        document = read_yaml(path.read_text(encoding="utf-8"))
    except (YamlError, UnicodeDecodeError) as problem:
        raise UsageError(f"{path} is not valid YAML: {problem}. Correct it and try again.") from problem
    if not isinstance(document, dict):
        raise UsageError(f"{path}: a mapping is expected. `recipes/catalogue/README.md` of the source shows one.")
    return document


def merged(name: str, section: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the entries of a section, the user's keys over those that ship, and the sources of both."""
    shipped = read(packaged(name))
    entries, sources = dict(shipped[section]), dict(shipped.get("sources") or {})
    for path in (own(PRICES), own(name)):
        mine = read(path) if path.is_file() else {}
        sources.update(mine.get("sources") or {})
        for key, entry in (mine.get(section) or {}).items():
            entries[key] = {**entries.get(key, {}), **entry}
    return entries, sources
