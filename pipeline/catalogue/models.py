"""The catalogue of models: configurations and licences, no weights."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from pipeline.base.errors import UsageError
from pipeline.catalogue.files import merged
from pipeline.catalogue.sources import Source, read_sources
from pipeline.plan.architecture import Architecture
from pipeline.plan.config_values import number
from pipeline.plan.model_config import architecture_of

_SUFFIXES = (
    (re.compile(r"[-_](awq|autoawq)([-_]int4)?$", re.IGNORECASE), "awq"),
    (re.compile(r"[-_]gptq([-_]int4)?$", re.IGNORECASE), "gptq"),
    (re.compile(r"[-_](fp8([-_](dynamic|kv))?)$", re.IGNORECASE), "fp8"),
    (re.compile(r"[-_](quantized\.)?w8a8$", re.IGNORECASE), "int8"),
    (re.compile(r"[-_](quantized\.)?w4a16$", re.IGNORECASE), "awq"),
)
"""What names of quantized checkpoints end in."""
_VARIANTS = re.compile(r"[-_](instruct|chat|base|it|hf|thinking|2507|v1\.5)(?=[-_]|$)", re.IGNORECASE)
"""Parts of a name that do not change the shape."""


_COMMERCIAL = {"yes": "commercial use", "limited": "commercial use with limits", "no": "no commercial use"}


@dataclass(frozen=True)
class Licence:
    """What a licence allows and asks; no legal advice."""

    name: str
    commercial: str
    """`yes`, `limited` or `no`."""
    facts: str
    source: Source

    @property
    def sentence(self) -> str:
        """Return it in a line."""
        said = "recalled, not opened" if self.source.recalled else self.source.title
        return f"{self.name}: {_COMMERCIAL[self.commercial]}; {self.facts} ({said})"


@cache
def licences() -> Mapping[str, Licence]:
    """Return what is known of licences by name, the user's file included."""
    entries, described = merged("models.yaml", "licences")
    sources = read_sources("models.yaml", described)
    return {name: _licence(name, entry, sources) for name, entry in entries.items()}


def _licence(name: str, entry: Mapping[str, Any], sources: Mapping[str, Source]) -> Licence:
    given = entry.get("commercial")
    commercial = str(given) if not isinstance(given, bool) else "yes" if given else "no"
    if commercial not in _COMMERCIAL or "facts" not in entry or str(entry.get("source")) not in sources:
        raise UsageError(
            f"models.yaml: the licence {name} needs `commercial` (yes, limited or no), `facts`, and a `source` that is "
            f"described under `sources`. Add what is missing."
        )
    return Licence(name, commercial, str(entry["facts"]), sources[entry["source"]])


@dataclass(frozen=True)
class ModelEntry:
    """One model of the catalogue."""

    name: str
    licence: str
    config: Mapping[str, Any]
    parameters: int | None
    """As published; None: not recorded."""
    also: tuple[str, ...] = ()
    """Other models of the same shape."""
    source: Source | None = None
    """Where the configuration is from; None where the user's file does not say."""

    @property
    def architecture(self) -> Architecture:
        """Return its architecture."""
        return architecture_of(self.config)


@cache
def models() -> Mapping[str, ModelEntry]:
    """Return all models by name, the user's file included."""
    entries, described = merged("models.yaml", "models")
    sources = read_sources("models.yaml", described)
    return {name: _entry(name, entries, sources) for name in entries}


def _entry(name: str, entries: Mapping[str, Any], sources: Mapping[str, Source]) -> ModelEntry:
    entry = entries[name]
    try:
        return ModelEntry(
            name,
            str(entry.get("licence", "unknown")),
            _config(name, entries),
            None if entry.get("parameters") is None else number(entry, "parameters"),
            _also(entry.get("also")),
            _source(name, entry, sources),
        )
    except (
        KeyError,
        OverflowError,
        RecursionError,
        TypeError,
        ValueError,
    ) as problem:  # recursion: `like` leads in a circle
        raise UsageError(f"models.yaml: {name} has a value that cannot be read: {problem}. Correct it.") from None


def _also(given: Any) -> tuple[str, ...]:
    if not isinstance(given, list | None):
        raise TypeError(f"`also` is {given!r}, and a list is expected")
    return tuple(map(str, given or ()))


def _source(name: str, entry: Mapping[str, Any], sources: Mapping[str, Source]) -> Source | None:
    if "source" not in entry:
        return None
    if entry["source"] not in sources:
        raise UsageError(f"models.yaml: {name} has the source {entry['source']!r}. Describe it under `sources`.")
    return sources[entry["source"]]


def _config(name: str, entries: Mapping[str, Any]) -> dict[str, Any]:
    entry = entries[name]
    base = _config(entry["like"], entries) if "like" in entry else {}
    return {**base, **(entry.get("config") or {})}


def catalogued(reference: str) -> tuple[ModelEntry, str | None] | None:
    """Return a model of the catalogue, and the quantization that its name says; None where there is no such model.

    `Qwen3-14B`, `qwen/qwen3-14b-awq` and `Qwen/Qwen3-14B-Instruct` are all the model of that shape.
    """
    exact = _by_name(reference, _plain)
    if exact:
        return exact, None
    for pattern, quantization in _SUFFIXES:
        stripped = pattern.sub("", reference)
        if stripped != reference:
            found = _by_name(stripped, _plain) or _by_name(stripped, _shape)
            return (found, quantization) if found else None
    found = _by_name(reference, _shape)
    return (found, None) if found else None


def known_names() -> list[str]:
    """Return what the models of the catalogue are called, those of the same shape included."""
    return [name for entry in models().values() for name in (entry.name, *entry.also)]


def _by_name(reference: str, form: Any) -> ModelEntry | None:
    wanted, whole = form(reference), "/" in reference
    for entry in models().values():
        for name in (entry.name, *entry.also):
            if wanted == form(name) or (not whole and wanted == form(name.rpartition("/")[2])):
                return entry
    if not whole or reference.rpartition("/")[0] in {name.partition("/")[0] for name in models()}:
        return None
    return _by_name(reference.rpartition("/")[2], form)


def _plain(name: str) -> str:
    return name.lower().replace("meta-llama-", "llama-")


def _shape(name: str) -> str:
    return _VARIANTS.sub("", _VARIANTS.sub("", _plain(name)))
