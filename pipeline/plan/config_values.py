"""Values of a stranger's config.json: whole numbers that a model can have, or a sentence that says what is wrong."""

from collections.abc import Mapping
from typing import Any

from pipeline.base.errors import SourceError

_LARGEST = 2**40
"""Beyond it a number in a configuration is a mistake."""
_LONGEST = 100
"""Characters of a wrong value that are shown."""


def part(config: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """Return a mapping inside of a configuration; an empty one where there is none.

    Raises:
        TypeError: it is something else.
    """
    found = config.get(key) or {}
    if not isinstance(found, Mapping):
        raise TypeError(f"{key} is {found!r}"[:_LONGEST])
    return found


def number(text: Mapping[str, Any], *keys: str, default: int | None = None) -> int:
    """Return the whole number of the first key that is there.

    Raises:
        SourceError: none is, and there is no default.
        ValueError: it is no whole number above 0.
    """
    key = next((key for key in keys if text.get(key) is not None), None)
    found = default if key is None else text[key]
    if found is None:
        raise SourceError(
            f"The configuration has no {' or '.join(keys)}, so nothing can be planned from it. Give the model's own "
            f"config.json, or a catalogue name (`awqctl plan ls`)."
        )
    if not _is_whole(found) or found == 0:
        raise ValueError(f"{key or keys[0]} is {found!r}"[:_LONGEST])
    return int(found)


def optional(text: Mapping[str, Any], *keys: str) -> int:
    """Return the whole number of the first key that has one; 0 where all are left out, null, false or 0.

    Raises:
        ValueError: it is no whole number.
    """
    key = next((key for key in keys if text.get(key) not in (None, False)), None)
    if key is None:
        return 0
    if not _is_whole(text[key]):
        raise ValueError(f"{key} is {text[key]!r}"[:_LONGEST])
    return int(text[key])


def known(part_of: Mapping[str, Any], *keys: str) -> int:
    """Return a number that a plan can do without; 0 where it is not given, or not as one number."""
    return next((int(part_of[key]) for key in keys if _is_whole(part_of.get(key))), 0)


def truth(text: Mapping[str, Any], key: str, *, default: bool) -> bool:
    """Return what a key says; the default where it is left out or null.

    Raises:
        TypeError: it is neither true nor false.
    """
    found = text.get(key)
    if found is None:
        return default
    if not isinstance(found, bool):
        raise TypeError(f"{key} is {found!r}"[:_LONGEST])
    return found


def plain(value: Any) -> str:
    """Return a name of a stranger's as it may be shown: short, and without what a terminal would obey."""
    return "".join(each for each in str(value)[:_LONGEST] if each.isprintable())


def _is_whole(value: Any) -> bool:
    """Return whether it is a whole number from 0 on, perhaps written as 4096.0."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return 0 <= value <= _LARGEST and int(value) == value
