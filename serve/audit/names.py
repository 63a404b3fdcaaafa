"""What keys are called and which release stood at which place: a file that the supervisor writes and the writer reads.

A release's name comes with the time from which on it held the place, as lines may be taken long after they were
written. Standard library only.
"""

import json
from pathlib import Path
from typing import TypedDict

_KEPT_PER_PLACE = 20


class NamesDocument(TypedDict):
    """The file."""

    keys: dict[str, str]
    """Name by id."""
    releases: dict[str, list[list[str]]]
    """By place: pairs of a time (UTC, ISO 8601) and the release that held it from then on, oldest first."""


def read_names(path: Path) -> NamesDocument:
    """Return what the file says; nothing where there is none or it cannot be read."""
    try:
        document: NamesDocument = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {"keys": {}, "releases": {}}
    return document


def placed(releases: list[list[str]], since: str, release: str) -> list[list[str]]:
    """Return a place's releases with a further one, unless it is there already."""
    if releases and releases[-1][1] == release:
        return releases
    return [*releases, [since, release]][-_KEPT_PER_PLACE:]


class Names:
    """The names as the file has them now.

    Args:
        path: of the file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen = (0, 0)
        self._document: NamesDocument = {"keys": {}, "releases": {}}

    def refresh(self) -> None:
        """Read the file again where it has changed."""
        try:
            told = self._path.stat()
        except FileNotFoundError:
            return
        if (told.st_mtime_ns, told.st_ino) != self._seen:
            self._seen = (told.st_mtime_ns, told.st_ino)
            self._document = read_names(self._path)

    def key(self, identity: str) -> str:
        """Return a key's name; its id where none is known."""
        return self._document["keys"].get(identity, identity)

    def release(self, place: str, at: str) -> str:
        """Return the release that held a place at that time; `-` where none is known."""
        held = [release for since, release in self._document["releases"].get(place, []) if since <= at]
        return held[-1] if held else "-"
