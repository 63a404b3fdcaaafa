"""Phrases made from the sentence that says them, so that a type checker compares the figures."""

from collections.abc import Callable, Sequence
from typing import Any, Concatenate, ParamSpec

from pipeline.base.results import Phrase
from pipeline.base.sentences.common import CommonSentences

Figures = ParamSpec("Figures")


def phrase(sentence: Callable[Concatenate[Any, Figures], str], *_: Figures.args, **figures: Figures.kwargs) -> Phrase:
    """Return what the sentence says, as a phrase; figures are given by their names, as printed."""
    return Phrase(key=sentence.__name__, figures={name: str(figure) for name, figure in figures.items()})


def phrase_of(
    sentence: Callable[Concatenate[Any, Sequence[str], Figures], str],
    parts: Sequence[Phrase],
    *_: Figures.args,
    **figures: Figures.kwargs,
) -> Phrase:
    """Return the same of a sentence in which other phrases stand."""
    return Phrase(
        key=sentence.__name__, figures={name: str(figure) for name, figure in figures.items()}, parts=tuple(parts)
    )


def quoted(text: str) -> Phrase:
    """Return words that every language shows as they are."""
    return phrase(CommonSentences.as_it_is, text=text)


def phrases_or_quoted(said: Sequence[Phrase], stored: Sequence[str]) -> tuple[Phrase, ...]:
    """Return the phrases; what an earlier version kept without any, as it is."""
    return tuple(said) if len(said) == len(stored) else tuple(map(quoted, stored))
