"""What pydantic found wrong with a file, in words for whoever wrote it."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from pipeline.base.suggestion import suggestion

_LONGEST_VALUE = 200
_PLAIN = {
    "too_short": "more entries are needed",
    "tuple_type": "a list is expected, such as [a, b]",
    "list_type": "a list is expected, such as [a, b]",
}
"""Types of errors that pydantic tells in words of Python."""


def explain(error: ErrorDetails, model: type[BaseModel], whole: str) -> str:
    """Return one problem: the key path (`whole` for the document itself), what is wrong, and the value."""
    location = ".".join(str(part) for part in error["loc"])[:_LONGEST_VALUE] or whole
    if error["type"] == "extra_forbidden":
        allowed = _keys_at(error["loc"][:-1], model)
        meant = suggestion(str(error["loc"][-1]), allowed)
        return f"{location}: unknown key; allowed here: {', '.join(allowed)}{'.' * bool(meant)}{meant}"
    if error["type"] == "missing":
        return f"{location}: required, but missing"
    message = _PLAIN.get(error["type"], error["msg"].removeprefix("Value error, "))
    if error["type"] == "string_type" and isinstance(error["input"], int | float):
        message += "; write it in quotes"
    shown = "" if isinstance(error["input"], dict) else f" (value: {repr(error['input'])[:_LONGEST_VALUE]})"
    return f"{location}: {message}{shown}"


def _keys_at(location: Sequence[str | int], model: type[BaseModel]) -> list[str]:
    """Return the keys that the section at `location` knows."""
    schema = model.model_json_schema()
    node: Mapping[str, Any] = schema
    for part in location:
        node = _part_of(node, part, schema)
        node = _dereference(node, schema)
    return list(node.get("properties", {}))


def _part_of(node: Mapping[str, Any], part: str | int, schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the schema below a place in a list, a key, or the `kind` that tells the members of a union apart."""
    if "oneOf" in node:
        members = [_dereference(one, schema) for one in node["oneOf"]]
        return next(one for one in members if one["properties"]["kind"]["const"] == part)
    found: Mapping[str, Any] = node["items"] if isinstance(part, int) else node["properties"][part]
    return found


def _dereference(node: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    for candidate in (node, *node.get("anyOf", ()), *node.get("allOf", ())):
        if "$ref" in candidate:
            found: Mapping[str, Any] = schema["$defs"][candidate["$ref"].rsplit("/", 1)[1]]
            return found
    return node
