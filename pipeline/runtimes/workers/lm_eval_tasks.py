"""What lm-eval's task files say: which names there are, what a task reports, and its items as text."""

import contextlib
import functools
import itertools
import os
import re
from collections.abc import Iterable, Iterator
from typing import Any

from lm_eval_index import own_tasks

_ALLOW_CODE = "HF_ALLOW_CODE_EVAL"
_SECRET_NAME, _SECRET_VALUE = re.compile(r"(TOKEN|KEY|SECRET|PASSWORD)$", re.IGNORECASE), re.compile(r"://[^/\s]*@")
"""Of environment variables; proxies may have a password in their address."""


@functools.cache
def task_index(include_path: tuple[str, ...]) -> Any:
    """Return lm-eval's index of its own task files and those of further folders, of which the later win."""
    from lm_eval.tasks import TaskManager

    manager = TaskManager(include_defaults=False)
    for folder in (None, *include_path):
        manager.task_index.update(_entries(folder))
    return manager


@functools.cache
def _entries(folder: str | None) -> dict[str, Any]:
    """Return the task files of one folder by name; None stands for lm-eval's own."""
    if folder is None:
        return own_tasks()
    from lm_eval.tasks import TaskManager

    entries: dict[str, Any] = TaskManager(include_path=folder, include_defaults=False).task_index
    return entries


def names_taken(folder: str, include_path: Iterable[str]) -> list[str]:
    """Return the names of a folder's tasks that lm-eval or a folder before it has, too: they would be replaced.

    A group of the same task would silently ask other questions then.
    """
    before = task_index(tuple(itertools.takewhile(lambda other: other != folder, include_path))).task_index
    return sorted(name for name in _entries(folder) if name in before)


@contextlib.contextmanager
def code_execution(*, allowed: bool) -> Iterator[None]:
    """Let tasks execute code that the model wrote, inside the block alone, where that is allowed."""
    before = dict(os.environ)
    if allowed:
        os.environ[_ALLOW_CODE] = "1"
    try:
        yield
    finally:
        os.environ.update(before)
        if allowed:
            del os.environ[_ALLOW_CODE]


def forget_secrets() -> None:
    """Take tokens, keys and passwords out of the environment, which is that of the code that the model wrote, too.

    No sandbox: code that looks for them finds them where this process has them, or in the user's files.
    """
    for name, value in list(os.environ.items()):
        if _SECRET_NAME.search(name) or _SECRET_VALUE.search(value):
            del os.environ[name]


def facts(manager: Any, name: str) -> dict[str, Any]:
    """Return what the files of a task or group say, without its data.

    Returns:
        `metrics`: what can be asked for, `acc` as well as `acc,none`, and whether a higher value is better (None where
        the files do not say). `complete`: whether that is all of it; a task written in Python may report more.
        `no_fewshot`: the files fix the number of few-shot examples at none, and lm-eval ignores another one.
        `unsafe`: it executes code that the model wrote. `subtasks`: how many tasks there are.
    """
    configs = list(_configs(manager, name))
    group = manager.task_index[name].cfg or {}
    named = [metric for metric in _as_list(group.get("aggregate_metric_list")) if isinstance(metric, dict)]
    parts = [_metrics(config) for config in configs]
    metrics = {key: better for part in parts for key, better in part.items()}
    if named:  # a group reports what it aggregates
        names = {str(metric["metric"]) for metric in named}
        metrics = {key: better for key, better in metrics.items() if key.partition(",")[0] in names}
    return {
        "metrics": metrics,
        "complete": all(map(_declared, configs)),
        "no_fewshot": any(config.get("num_fewshot") == 0 for config in configs),
        "unsafe": any(config.get("unsafe_code", False) is not False for config in configs),
        "subtasks": len(configs),
    }


def _configs(manager: Any, name: str, overrides: dict[str, Any] | None = None) -> Iterator[dict[str, Any]]:
    """Yield the settings of a task, or of all tasks of a group or tag."""
    entry = manager.task_index[name]
    if entry.kind.name == "TAG":
        for tagged in sorted(entry.tags):
            yield from _configs(manager, tagged, overrides)
    elif entry.kind.name == "GROUP":
        yield from _members(manager, entry.cfg, overrides or {})
    else:
        yield {**(entry.cfg or {}), **(overrides or {})}


def _members(manager: Any, group: dict[str, Any], overrides: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for member in _as_list(group.get("task")):
        settings = {"task": member} if isinstance(member, str) else member
        named = settings.get("group") or settings.get("task")
        inherited = {**overrides, **{key: value for key, value in settings.items() if key not in ("task", "group")}}
        if named in manager.task_index:
            yield from _configs(manager, named, inherited)
        elif "group" in settings:
            yield from _members(manager, settings, overrides)
        else:
            yield {**inherited, "task": named}


def _declared(config: dict[str, Any]) -> bool:
    """Whether the metrics stand in the settings: not so in a class, nor where a function may report several."""
    if "class" in config:
        return False
    functions = [metric for metric in _as_list(config.get("metric_list")) if _is_function(metric.get("metric"))]
    return not functions or config.get("process_results") is not None


def _metrics(config: dict[str, Any]) -> dict[str, bool | None]:
    """Return a task's metrics, alone and with each filter."""
    from lm_eval.api.registry import DEFAULT_METRIC_REGISTRY

    listed = _as_list(config.get("metric_list"))
    if not listed:
        listed = [{"metric": name} for name in DEFAULT_METRIC_REGISTRY.get(config.get("output_type"), [])]
    filters = [str(one["name"]) for one in _as_list(config.get("filter_list"))] or ["none"]
    found: dict[str, bool | None] = {}
    for metric in listed:
        name = str(metric["metric"]).rpartition(".")[2] if _is_function(metric["metric"]) else str(metric["metric"])
        better = metric.get("higher_is_better", _usual_direction(name))
        found |= dict.fromkeys((name, *(f"{name},{one}" for one in filters)), better)
    return found


def _is_function(metric: object) -> bool:
    """Whether a metric is a function of the task's own: lm-eval's index has the path of its file there."""
    return isinstance(metric, str) and os.sep in metric


def _usual_direction(metric: str) -> bool | None:
    from lm_eval.api.registry import HIGHER_IS_BETTER_REGISTRY

    return HIGHER_IS_BETTER_REGISTRY[metric] if metric in HIGHER_IS_BETTER_REGISTRY else None  # noqa: SIM401 -- its `get` raises


def _as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def item_text(task: Any, doc: Any) -> str:
    """Return an item as asked, with the right answer, or with all of them where several are right.

    Question and answer may be given as numbers of choices: `winogrande` asks with choices, most others answer so.
    """
    choices = task.doc_to_choice(doc) if getattr(task.config, "doc_to_choice", None) is not None else []
    question, answers = task.doc_to_text(doc), task.doc_to_target(doc)
    answers = answers if isinstance(answers, list | tuple) else [answers]
    parts = [str(_chosen(part, choices)) for part in (question, *answers)]
    return " ".join(part for part in parts if part)


def choices_of(task: Any, doc: Any) -> int:
    """Return how many answers an item is given to choose from; 0 where the answer is free or nothing says it."""
    if getattr(task.config, "doc_to_choice", None) is not None:
        return len(task.doc_to_choice(doc))
    listed = doc.get("choices") if isinstance(doc, dict) else None
    listed = listed.get("text") if isinstance(listed, dict) else listed
    return len(listed) if isinstance(listed, list) else 0


def _chosen(part: Any, choices: list[Any]) -> Any:
    """Return the choice that a number stands for; a number that is none, such as -100 for "unknown", gives nothing."""
    if isinstance(part, int) and choices:
        return choices[part] if 0 <= part < len(choices) else ""
    return part
