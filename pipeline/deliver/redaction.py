"""Paths of the machine and of its user, taken out of what leaves it. Pure.

A path that results state as a value becomes its last part; one that stands within a text becomes a name for the folder.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

_ABSOLUTE = re.compile(r"(?:/|~/|[A-Za-z]:[\\/])[^\r\n]+")
_NO_PATHS = frozenset({"routes"})
"""Keys whose values begin with a slash and are no files."""
_ROUTE = re.compile(r"/(?:v\d+|metrics|health|docs|tokenize)(?:/|$)")
_OF_USERS = re.compile(r"(?:/(?:home|Users)/|[A-Za-z]:[\\/]+Users[\\/]+)[^/\\\s\"'<>|]+")
_HOME = "~"


@dataclass(frozen=True)
class Redactor:
    """Replaces paths, the longest first."""

    names: Mapping[str, str]
    """Path -> what stands in its place."""

    def text(self, text: str, *, users: bool = True) -> str:
        """Return a text without the paths.

        Args:
            text: any.
            users: whether all homes of users go, too; not in the data of tasks, whose texts may be about such paths.
        """
        text = self._pattern.sub(lambda found: self.names[found[0]], text) if self.names else text
        return _OF_USERS.sub(_HOME, text) if users else text

    def leaks(self, text: str) -> bool:
        """Return whether one of the paths is in a text."""
        return bool(self.names) and self._pattern.search(text) is not None

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        longest = sorted(self.names, key=len, reverse=True)
        return re.compile(rf"(?<![\w.~])(?:{'|'.join(map(re.escape, longest))})(?![\w-])")


def paths_in(document: Any, key: str = "") -> Iterator[str]:
    """Yield the values of a JSON document that are absolute paths."""
    if isinstance(document, dict):
        for name, value in document.items():
            yield from paths_in(value, name)
    elif isinstance(document, list | tuple):
        for value in document:
            yield from paths_in(value, key)
    elif isinstance(document, str) and key not in _NO_PATHS and _is_path(document):
        yield document


def _is_path(text: str) -> bool:
    return _ABSOLUTE.fullmatch(text) is not None and not _ROUTE.match(text)


def last_part(path: str) -> str:
    """Return the name of a file or folder."""
    return re.split(r"[/\\]", path.rstrip("/\\"))[-1] or "."
