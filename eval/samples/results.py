"""lm-eval's results files: read, and checked as far as `awqctl compare` uses them."""

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from eval.comparison.compression import read_bytes
from eval.comparison.scores import metric_keys
from pipeline.base.errors import SourceError

_Entry = tuple[str, Any, type | tuple[type, ...]]
"""Where a value stands, the value, and what it has to be."""
_OF_TASKS = ("results", "configs", "higher_is_better", "n-samples")
"""Objects with one object per task."""
_OBJECTS = (*_OF_TASKS, "n-shot", "versions", "config", "group_subtasks", "groups")
_KINDS: dict[type | tuple[type, ...], str] = {
    dict: "an object",
    list: "a list",
    str: "a text",
    (int, float): "a number of items",
}


def read_results(path: Path) -> Mapping[str, Any]:
    """Return the document of a results file.

    Raises:
        SourceError: it is damaged or is none of lm-eval's; names the file and the first value that cannot be.
    """
    try:
        document = json.loads(read_bytes(path))
    except (ValueError, RecursionError) as problem:
        raise SourceError(f"{path} is damaged: {problem}. Copy it again, or remove it to do without.") from None
    if not isinstance(document, dict) or not isinstance(document.get("results"), dict):
        raise SourceError(f"{path} is not a results file of lm-eval: it has no `results`. Remove it to do without.")
    for place, value, kind in _expected(document):
        if not isinstance(value, kind) or (isinstance(value, int | float) and not 0 <= value < math.inf):
            raise SourceError(
                f"{path} is damaged: `{place}` is not {_KINDS.get(kind, 'a text or an object')}. "
                f"Copy it again, or remove it to do without."
            )
    return document


def _expected(document: Mapping[str, Any]) -> Iterator[_Entry]:
    """Yield what is there, the outer values before those in them: whoever reads on has checked these."""
    yield from ((name, document[name], dict) for name in _OBJECTS if name in document)
    for name in _OF_TASKS:
        yield from ((f"{name}.{task}", entry, dict) for task, entry in document.get(name, {}).items())
    for task, counts in document.get("n-samples", {}).items():
        yield from (
            (f"n-samples.{task}.{kind}", counts.get(kind, 0), (int, float)) for kind in ("original", "effective")
        )
    for task, config in document.get("configs", {}).items():
        listed = config.get("metric_list") or []
        yield f"configs.{task}.metric_list", listed, list
        yield from ((f"configs.{task}.metric_list.{place}", entry, dict) for place, entry in enumerate(listed))
    for task, children in document.get("group_subtasks", {}).items():
        yield f"group_subtasks.{task}", children, list
        yield from ((f"group_subtasks.{task}.{place}", child, str) for place, child in enumerate(children))
    yield "config.model_args", document.get("config", {}).get("model_args") or {}, (str, dict)


def stated_tasks(document: Mapping[str, Any]) -> list[str]:
    """Return the tasks that have a score, without the groups."""
    children = document.get("group_subtasks", {})
    groups = {*document.get("groups", {}), *(name for name, below in children.items() if below)}
    return [name for name, values in document["results"].items() if name not in groups and metric_keys(dict(values))]
