"""Nested documents as pairs of a dotted name and a value."""

from collections.abc import Iterator
from typing import Any


def flatten(document: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield mappings, and lists with mappings in them, as `a.b.0.c` and value; what is empty is a value."""
    for key, value in _members(document):
        name = f"{prefix}.{key}" if prefix else str(key)
        if any(True for _ in _members(value)):
            yield from flatten(value, name)
        else:
            yield name, value


def _members(value: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(value, dict):
        yield from value.items()
    elif isinstance(value, list | tuple) and any(isinstance(item, dict) for item in value):
        yield from enumerate(value)
