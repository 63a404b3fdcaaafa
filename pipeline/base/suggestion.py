"""The name that was most likely meant, for messages about names that are not known."""

from collections.abc import Iterable
from difflib import get_close_matches

_MOST = 3
_ALIKE = 0.6
"""Least similarity of two names (difflib's ratio)."""


def suggestion(given: str, known: Iterable[str]) -> str:
    """Return ` Did you mean a or b?` with the nearest names, whatever their case; nothing where none is near."""
    names = {name.lower(): name for name in known}
    near = [names[name] for name in get_close_matches(given.lower(), names, _MOST, _ALIKE)]
    return f" Did you mean {' or '.join(near)}?" if near else ""
