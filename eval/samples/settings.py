"""Which settings of an evaluation lm-eval's results state, and whether two evaluations had the same."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from eval.comparison.rows import read_document, requests_of
from eval.samples.models import arguments_of
from eval.samples.task import SampleTask
from pipeline.base.errors import VoidMeasurementError

_MISSING = object()
_Document = Mapping[str, Any]
_LENGTHS = ("max_model_len", "context_length", "max_length", "max_seq_len", "max_seq_length", "seq_length", "n_ctx")
"""What the models of lm-eval call the longest sequence; where two are given, the engine's own name comes first."""
_ANSWERS = ("max_gen_toks", "max_new_tokens", "max_completion_tokens", "max_tokens")
"""What they call the longest answer."""


def _fewshot(results: _Document, task: str) -> Any:
    own = results.get("configs", {}).get(task, {}).get("num_fewshot", _MISSING)
    found = results.get("n-shot", {}).get(task, own)
    return 0 if found is None else found


def _generation(results: _Document, task: str) -> Any:
    given, configs = results.get("config", {}).get("gen_kwargs", _MISSING), results.get("configs", {})
    if given is _MISSING or task not in configs:
        return _MISSING
    return [_renamed(_parsed(given)), _renamed(configs[task].get("generation_kwargs"))]


def _parsed(given: Any) -> Any:
    """Return generation settings that were given as `a=1,b=2`, which some versions write as they are."""
    if not isinstance(given, str):
        return given or None
    parts = (part.partition("=") for part in given.split(","))
    return {name.strip(): _value(value) for name, _, value in parts if name.strip()} or None


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return {"True": True, "False": False, "None": None}.get(text, text)


def _renamed(settings: Any) -> Any:
    """Return generation settings with one name for the longest answer."""
    if not isinstance(settings, dict):
        return settings or None
    return {_ANSWERS[0] if name in _ANSWERS else name: value for name, value in settings.items()} or None


def _asked(names: tuple[str, ...]) -> Callable[[_Document, str], Any]:
    """Return a function that reads an argument of the model under any of its names, as text."""

    def read(results: _Document, _: str) -> Any:
        if "model_args" not in results.get("config", {}):
            return _MISSING
        arguments = arguments_of(results)
        return str(next((arguments[name] for name in names if arguments.get(name) not in (None, "None")), None))

    return read


def _stated(name: str) -> Callable[[_Document, str], Any]:
    return lambda results, _: results.get(name, _MISSING)


def _template(results: _Document, _: str) -> Any:
    return results.get("chat_template_sha", results.get("chat_template", _MISSING))


_SETTINGS: dict[str, Callable[[_Document, str], Any]] = {
    "number of few-shot examples": _fewshot,
    "few-shot examples as turns": _stated("fewshot_as_multiturn"),
    "chat template": _template,
    "system prompt": _stated("system_instruction_sha"),
    "generation settings": _generation,
    "longest sequence": lambda results, _: _MISSING if results.get("max_length") is None else results["max_length"],
    "longest sequence asked for": _asked(_LENGTHS),
    "longest answer asked for": _asked(_ANSWERS),
}
"""Those that decide what a model is asked and how it may answer. A limit only decides how many items there are."""
_IN_PROMPT = ("few-shot examples as turns", "chat template", "system prompt")
"""Those that act through the prompt alone: prompts that are the same as they were sent say more than a hash."""


def _read(task: SampleTask, read: Callable[[_Document, str], Any]) -> Any:
    """Return what all subtasks have, or each of them."""
    found = [read(results, name) for name, results in task.documents.items()]
    return _MISSING if any(value is _MISSING for value in found) else _common(found)


def _common(values: list[Any]) -> Any:
    return values[0] if all(value == values[0] for value in values) else values


def unstated(baseline: SampleTask, candidate: SampleTask) -> tuple[str, ...]:
    """Return the settings that at least one side does not state, so that nobody can compare them.

    Raises:
        VoidMeasurementError: a setting differs, and the prompts do not show that it makes no difference.
    """
    missing = [] if all(row.prompt_hash for task in (baseline, candidate) for row in task.rows) else ["prompts"]
    _require_same_requests(baseline, candidate)
    for name, read in _SETTINGS.items():
        before, after = _read(baseline, read), _read(candidate, read)
        if _MISSING in (before, after):
            missing.append(name)
        elif before != after and not _makes_no_difference(name, baseline, candidate):
            raise VoidMeasurementError(
                f"Task '{baseline.name}' was scored with another {name}: {_shown(before)} and {_shown(after)}. "
                f"Score both with the same settings."
            )
    return tuple(missing)


def _require_same_requests(baseline: SampleTask, candidate: SampleTask) -> None:
    """Refuse answers that were asked for with other settings, as the samples themselves say, results or not.

    Only what both state is compared: some versions take out what they hand on in another way.
    """
    for name in (part for part in baseline.subtasks if part in candidate.subtasks):
        before, after = _sent(baseline, name), _sent(candidate, name)
        other = [key for key in before if key in after and before[key] != after[key]]
        if other:
            listed = ", ".join(f"{key} {_shown(before[key])} and {_shown(after[key])}" for key in other)
            raise VoidMeasurementError(
                f"Task '{name}' was scored with other generation settings: {listed}. Score both with the same settings."
            )


def _sent(task: SampleTask, subtask: str) -> dict[str, Any]:
    """Return the generation settings that went with the first request of a task; none of one with choices."""
    first = next((row for row in task.rows if row.subtask == subtask), None)
    requests = requests_of(read_document(first)) if first else []
    settings = next((part for request in requests[:1] for part in request[1:] if isinstance(part, dict)), {})
    return dict(_renamed(settings) or {})


def _makes_no_difference(name: str, baseline: SampleTask, candidate: SampleTask) -> bool:
    """Return whether a setting that differs is seen not to matter: in the prompts, or in the length that came of it."""
    if name == "longest sequence asked for":
        return bool(_read(baseline, _length) == _read(candidate, _length))
    return name in _IN_PROMPT and _rendered(baseline) and _rendered(candidate)


def _length(results: _Document, task: str) -> str:
    """Return the longest sequence that was asked for, or else the one that is stated."""
    asked = _asked(_LENGTHS)(results, task)
    return str(results.get("max_length")) if asked == "None" else asked


def _rendered(task: SampleTask) -> bool:
    """Return whether the prompts were sent as text: messages are rendered by the server, unseen."""
    firsts = {row.subtask: row for row in reversed(task.rows)}.values()
    asked = [requests_of(read_document(row)) for row in firsts]
    return all(requests and requests[0] and _is_text(requests[0][0]) for requests in asked)


def _is_text(prompt: Any) -> bool:
    if not isinstance(prompt, str):
        return False
    start = prompt.lstrip()
    return not (start.startswith("[") and '"role"' in start)


def remarks(baseline: SampleTask, candidate: SampleTask) -> tuple[str, ...]:
    """Return differences that change no prompt, as sentences."""
    kinds: dict[str, Callable[[_Document, str], Any]] = {
        "versions of lm-eval": _stated("lm_eval_version"),
        "versions of the task": lambda results, task: results.get("versions", {}).get(task),
        "limits": lambda results, _: results.get("config", {}).get("limit", _MISSING),
    }
    found = ((name, _read(baseline, read), _read(candidate, read)) for name, read in kinds.items())
    others = tuple(
        f"Other {name} on both sides: {_shown(before)} and {_shown(after)}."
        for name, before, after in found
        if _MISSING not in (before, after) and None not in (before, after) and before != after
    )
    prompts = ((name, _read(baseline, _SETTINGS[name]), _read(candidate, _SETTINGS[name])) for name in _IN_PROMPT)
    return others + tuple(
        f"Another {name} on both sides ({_shown(before)} and {_shown(after)}), but the prompts are the same."
        for name, before, after in prompts
        if _MISSING not in (before, after) and before != after
    )


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 80 else text[:79] + "…"  # noqa: PLR2004 -- a message, not a document
