"""Recipes of earlier versions, written as this version writes them.

Each function takes a document one `schema_version` further and says what to write now. It looks at the keys rather than
at the number, because `--set` may bring an old key into a new recipe.
"""

from typing import Any

SCHEMA_VERSION = 2


def migrate(document: dict[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the document with today's keys, and one sentence per key that is written otherwise now.

    What is wrong in it stays, for the validation to tell.
    """
    return _to_2(document)


def _to_2(document: dict[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Bring `quantize.control` and `eval.arms` into the section `arms`."""
    new = dict(document)
    arms: list[Any] = []
    notes: list[str] = []
    for section, key, read in (("quantize", "control", _control), ("eval", "arms", _own_arms)):
        found = new.get(section)
        if isinstance(found, dict) and key in found:
            rest = dict(found)
            given = read(rest.pop(key))
            new[section] = rest
            if given:
                arms += given
                written = ", ".join(_shown(arm) for arm in given)
                notes.append(f"`{section}.{key}` is written under `arms` now: `arms: [baseline, awq, {written}]`")
    if arms:
        known = new.get("arms", ["baseline", "awq"])
        new["arms"] = [*known, *(arm for arm in arms if arm not in known)] if isinstance(known, list) else known
    if new.get("schema_version") == 1 and new["schema_version"] is not True:
        new["schema_version"] = 2
    return new, tuple(notes)


def _control(value: object) -> list[Any]:
    return [] if value is None else [value]


def _own_arms(value: object) -> list[Any]:
    """Return the entries with their kind; what is no list of mappings stays, for the validation to tell."""
    if not isinstance(value, list | tuple):
        return [value]
    return [_with_kind(arm) if isinstance(arm, dict) else arm for arm in value]


def _with_kind(arm: dict[str, Any]) -> dict[str, Any]:
    given = {key: value for key, value in arm.items() if value is not None and key != "quantization"}
    return given | {"kind": arm.get("quantization") or "checkpoint"}


def _shown(arm: object) -> str:
    if isinstance(arm, dict):
        return "{" + ", ".join(f"{key}: {value}" for key, value in arm.items()) + "}"
    return str(arm)
