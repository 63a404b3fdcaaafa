"""Which settings of an evaluation lm-eval's results state, and whether two evaluations had the same."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from eval.samples.sets import SampleTask
from pipeline.base.errors import VoidMeasurementError

_MISSING = object()
_Document = Mapping[str, Any]


def _fewshot(task: SampleTask) -> Any:
    stated, configs = task.results.get("n-shot", {}), task.results.get("configs", {})
    found = [stated.get(name, configs.get(name, {}).get("num_fewshot", _MISSING)) for name in task.subtasks]
    return _MISSING if _MISSING in found else _common(found)


def _generation(task: SampleTask) -> Any:
    configs, given = task.results.get("configs", {}), task.results.get("config", {}).get("gen_kwargs", _MISSING)
    own = [configs[name].get("generation_kwargs") for name in task.subtasks if name in configs]
    return _MISSING if given is _MISSING or not own else [given or None, _common(own)]


def _length_asked(task: SampleTask) -> Any:
    arguments = task.results.get("config", {}).get("model_args", _MISSING)
    if isinstance(arguments, str):
        arguments = dict(part.split("=", 1) for part in arguments.split(",") if "=" in part)
    if arguments is _MISSING:
        return _MISSING
    return str((arguments or {}).get("max_length"))


def _common(values: list[Any]) -> Any:
    """Return what all subtasks have, or each of them."""
    return values[0] if all(value == values[0] for value in values) else values


def _stated(name: str) -> Callable[[SampleTask], Any]:
    return lambda task: task.results.get(name, _MISSING)


def _template(task: SampleTask) -> Any:
    return task.results.get("chat_template_sha", task.results.get("chat_template", _MISSING))


_SETTINGS: dict[str, Callable[[SampleTask], Any]] = {
    "number of few-shot examples": _fewshot,
    "few-shot examples as turns": _stated("fewshot_as_multiturn"),
    "chat template": _template,
    "system prompt": _stated("system_instruction_sha"),
    "generation settings": _generation,
    "longest sequence": _stated("max_length"),
    "longest sequence asked for": _length_asked,
}
"""Those that decide what a model is asked and how it may answer. A limit only decides how many items there are."""


def unstated(baseline: SampleTask, candidate: SampleTask) -> tuple[str, ...]:
    """Return the settings that at least one side does not state, so that nobody can compare them.

    Raises:
        VoidMeasurementError: a setting differs.
    """
    missing = []
    for name, read in _SETTINGS.items():
        before, after = read(baseline), read(candidate)
        if _MISSING in (before, after):
            missing.append(name)
        elif before != after:
            raise VoidMeasurementError(
                f"Task '{baseline.name}' was scored with another {name}: {_shown(before)} and {_shown(after)}. "
                f"Score both with the same settings."
            )
    return tuple(missing)


def remarks(baseline: SampleTask, candidate: SampleTask) -> tuple[str, ...]:
    """Return differences that change no prompt, as sentences."""
    kinds: dict[str, Callable[[SampleTask], Any]] = {
        "versions of lm-eval": _stated("lm_eval_version"),
        "versions of the task": lambda task: _common([task.results.get("versions", {}).get(n) for n in task.subtasks]),
        "limits": lambda task: task.results.get("config", {}).get("limit", _MISSING),
    }
    found = ((name, read(baseline), read(candidate)) for name, read in kinds.items())
    return tuple(
        f"Other {name} on both sides: {_shown(before)} and {_shown(after)}."
        for name, before, after in found
        if _MISSING not in (before, after) and None not in (before, after) and before != after
    )


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 80 else text[:79] + "…"  # noqa: PLR2004 -- a message, not a document
