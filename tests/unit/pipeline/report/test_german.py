"""The German report: whole, with every figure of the English one, printed as German does."""

import inspect
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest

from eval.bench.soak.figures import Knee
from pipeline.report.language.language import ENGLISH, Language
from pipeline.report.language.languages import LANGUAGES

GERMAN = LANGUAGES["de"]
_CHOOSERS = {
    *("name_of", "title_of", "amount", "headlines", "gate_name", "check_name", "condition_name", "health_name"),
    *("held_out", "held_back", "left_reason", "xid", "as_it_is", "nothing", "several", "sheets", "text", "texts"),
}
"""What chooses among sentences or joins them, in any language."""
_ALIKE = {
    *("AWQ", "AWQ / baseline", "Alarm", "Backend", "Baseline", "Chat", "Checkpoint", "Drift", "Engine", "Fairness"),
    *("Format", "GPTQ", "GPU", "GPUs", "Hardware", "INT8", "ITL, ms", "Kernel, AWQ", "NVLink", "Name", "Operation"),
    *("AWQ / Baseline", "Commit", "Digest", "Parameter", "Modus", "Goodput, tokens/s", "Interval", "Version", ""),
    *(
        "Option",
        "Phase",
        "Revision",
        "Router",
        "SHA-256",
        "Server",
        "Status",
        "TPOT",
        "TPOT, ms",
        "TTFT",
        "TTFT, ms",
        "Trend",
    ),
    *("TTFT, ms (p95)", "E2E, ms (p95)", "TTFT p50, ms", "ITL p50, ms", "config.json", "E2E, ms", "GiB"),
    *("Engines: quantize, eval, bench, serve", "«name», SHA-256 «digest»", "«version», CUDA «cuda»", "«gib» GiB"),
}
"""Names, units and words that both languages have."""
_MARK = re.compile("«[^»]*»")
_LETTERS = re.compile(r"[^\W\d_]{3,}")


def rooms() -> list[Any]:
    """Return the name of every field of a language."""
    return [field.name for field in fields(Language)]


def names_of(english: type) -> list[str]:
    """Return what a class says."""
    return [name for name in dir(english) if not name.startswith("_") and name not in _CHOOSERS]


@pytest.mark.parametrize("room", rooms())
def test_german_says_all_that_english_says(room: str) -> None:
    """Every sentence and every label is a German class's own: none is left to what it inherits from English."""
    german = type(getattr(GERMAN, room))
    by = {name: _home(german, name) for name in names_of(type(getattr(ENGLISH, room)))}

    assert [name for name, home in by.items() if ".language.de." not in home] == []


def _home(german: type, name: str) -> str:
    return next(one.__module__ for one in german.__mro__ if name in vars(one))


@pytest.mark.parametrize("room", rooms())
def test_german_sentences_differ_and_hold_the_same_figures(room: str) -> None:
    """No text is the English one but names and units, and each says all the figures that the English one says."""
    english, german = getattr(ENGLISH, room), getattr(GERMAN, room)
    same, lost = [], []
    for name in names_of(type(english)):
        if inspect.isfunction(inspect.getattr_static(type(english), name)):
            for given in _arguments(getattr(type(english), name)):
                ours, theirs = (_said(getattr(one, name), given) for one in (german, english))
                lost += [name] if set(_MARK.findall(ours)) != set(_MARK.findall(theirs)) else []
                same += [ours] if ours == theirs else []
        else:
            ours, theirs = (list(_texts(getattr(one, name))) for one in (german, english))
            lost += [name] if len(ours) != len(theirs) else []
            same += [one for one, other in zip(ours, theirs, strict=False) if one == other]

    assert [one for one in same if one not in _ALIKE and _LETTERS.search(_MARK.sub("", one))] == []
    assert lost == []


def _texts(value: Any) -> Iterator[str]:
    """Yield the texts of a label, a tuple or a mapping, whose keys must be the same in both languages."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key in sorted(value, key=str):
            yield from _texts(value[key])
    elif isinstance(value, Sequence):
        for one in value:
            yield from _texts(one)


def _arguments(sentence: Any) -> Iterator[dict[str, Any]]:
    """Yield what a sentence can be given: a mark for every figure, and every choice that it makes."""
    hints = get_type_hints(sentence)
    names = [name for name in inspect.signature(sentence).parameters if name != "self"]
    for values in itertools.product(*(_values(name, hints[name]) for name in names)):
        yield dict(zip(names, values, strict=True))


def _values(name: str, hint: Any) -> list[Any]:
    if get_origin(hint) is Literal:
        return list(get_args(hint))
    if hint is Knee:
        return [Knee(concurrency=7, basis="sweep")]
    if get_origin(hint) in (Sequence, tuple):
        inner = get_args(hint)[0]
        pair = [(f"«{name} 0»", f"«{name} 1»")]
        return [pair * 2] if get_origin(inner) is tuple else pair
    return {bool: [True, False], int: [7], str: [f"«{name}»"]}.get(hint, [None if hint is None else f"«{name}»"])


def _said(sentence: Any, given: dict[str, Any]) -> str:
    positional = [
        name for name, one in inspect.signature(sentence).parameters.items() if one.kind is one.VAR_POSITIONAL
    ]
    arguments = [given[name] for name in positional]
    said = sentence(*arguments, **{name: one for name, one in given.items() if name not in positional})
    return said if isinstance(said, str) else " ".join(said)
