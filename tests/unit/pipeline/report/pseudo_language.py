"""A language of which every sentence is its name and its figures, so that words that are not its own stand out."""

import inspect
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from functools import wraps
from typing import Any, Literal, get_origin, get_type_hints

from pipeline.base.sentences.stored import StoredSentences
from pipeline.report.language.language import ENGLISH, Language

_NAMES = {
    *("name_of", "title_of", "of", "language", "gate_name", "check_name", "condition_name", "health_name"),
    *("held_back", "held_out", "left_reason"),
}
"""What chooses among sentences, and says none itself."""
_MARKED = re.compile("«[^»]*»")
_ENGLISH = re.compile(r"\b[A-Za-z][a-z']+,?(?: [a-z][a-z']+,?){2,}")
"""Three words in a row or more."""


def pseudo_language() -> Language:
    """Return a language that says `«name»` and its figures for every sentence."""
    return Language(**{field.name: _pseudo(type(getattr(ENGLISH, field.name))) for field in fields(Language)})


def english_in(text: str, known: Sequence[str] = ()) -> list[str]:
    """Return runs of words that the pseudo language did not say, names and texts that are known left out."""
    for one in sorted(known, key=len, reverse=True):
        text = text.replace(one, "«»")
    return _ENGLISH.findall(_MARKED.sub(" | ", text))


def strings_of(document: Any, *, without: frozenset[str]) -> Iterator[str]:
    """Yield every text in a document, but for the values of some keys."""
    if isinstance(document, str):
        yield document
    elif isinstance(document, Mapping):
        for key, value in document.items():
            if key not in without:
                yield from strings_of(value, without=without)
    elif isinstance(document, Sequence):
        for value in document:
            yield from strings_of(value, without=without)


def _pseudo(english: type) -> Any:
    others = {"text", "texts"} if issubclass(english, StoredSentences) else set()
    names = [name for name in dir(english) if not name.startswith("_") and name not in _NAMES | others]
    said = {name: _said(name, inspect.getattr_static(english, name)) for name in names}
    return type(f"Pseudo{english.__name__}", (english,), {name: one for name, one in said.items() if one is not None})()


def _said(name: str, english: Any) -> Any:
    """Return the same without English words; None for what is none."""
    if isinstance(english, str):
        return f"«{name}»"
    if isinstance(english, tuple):
        return tuple(_said(f"{name} {place}", one) for place, one in enumerate(english))
    if isinstance(english, Mapping):
        return {key: _said(f"{name} {key}", one) for key, one in english.items()}
    return _sentence(name, english) if inspect.isfunction(english) else None


def _sentence(name: str, english: Any) -> Any:
    hints, signature = get_type_hints(english), inspect.signature(english)
    figures = [each for each in signature.parameters if each in hints and get_origin(hints[each]) is not Literal]

    @wraps(english)
    def say(*args: Any, **kwargs: Any) -> Any:
        if hints["return"] is not str:
            return tuple(f"«{name} {place}»" for place, _ in enumerate(english(*args, **kwargs)))
        given = signature.bind(*args, **kwargs).arguments
        return f"«{name}» {' | '.join(_printed(given[each]) for each in figures if each in given)}"

    return say


def _printed(value: Any) -> str:
    if isinstance(value, str):
        return value
    return " | ".join(map(_printed, value)) if isinstance(value, list | tuple) else ""
