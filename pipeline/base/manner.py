"""`Manner`: how a language prints numbers, ranges and days, and in which currency a report prints money.

The manner is that of a context and not an argument: figures are printed in some three hundred places, most of them
handed on as functions, and none of these decides in which language. Whoever makes a document enters its manner once
(`with printed_in(manner)`); everything else, stages and the command line included, prints in English.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

_MINUS, _TO, _ERROR, _TIMES = "\N{MINUS SIGN}", "\N{EN DASH}", "\N{PLUS-MINUS SIGN}", "\N{MULTIPLICATION SIGN}"
_NUMBER = rf"(?:\d{{1,3}}(?:,\d{{3}})+|\d+)(?:\.\d+)?(?:e[-+{_MINUS}]?\d+)?"
_SIGNED = f"[<>+{_MINUS}{_ERROR}-]? ?{_NUMBER}"
_FIGURE = re.compile(rf"{_SIGNED}(?: ?[{_TO}{_ERROR}] ?{_SIGNED})?(?: ?%|{_TIMES}| [^\W\d][\w/]*)?")
"""A figure as English prints it, alone: with a sign, an end of a range or an error, and a unit."""


@dataclass(frozen=True)
class Manner:
    """English, unless told otherwise."""

    language: str = "en"
    point: str = "."
    """Before decimals."""
    group: str = ","
    """Between thousands."""
    percent: str = " %"
    to: str = "\N{EN DASH}"
    """Between the ends of a range."""
    to_signed: str = " \N{EN DASH} "
    """The same where an end has a sign."""
    million: str = "million"
    billion: str = "billion"
    day: str = "{year}-{month}-{day}"
    currency: str = "USD"
    """Code of what money is printed in; it is computed in US dollars."""
    per_usd: float = 1.0
    """Its units for one US dollar."""


ENGLISH = Manner()
GERMAN = Manner(
    language="de",
    point=",",
    group=".",
    percent="\N{NARROW NO-BREAK SPACE}%",
    to=" bis ",
    to_signed=" bis ",
    million="Mio.",
    billion="Mrd.",
    day="{day}.{month}.{year}",
)
MANNERS: Mapping[str, Manner] = {one.language: one for one in (ENGLISH, GERMAN)}
"""By the code of the language."""
_MANNER: ContextVar[Manner] = ContextVar("manner", default=ENGLISH)


@contextmanager
def printed_in(manner: Manner) -> Iterator[None]:
    """Print in a manner for as long as the context lasts."""
    before = _MANNER.set(manner)
    try:
        yield
    finally:
        _MANNER.reset(before)


def manner() -> Manner:
    """Return the manner of the context."""
    return _MANNER.get()


def separated(text: str, given: Manner) -> str:
    """Return a number that Python formatted with the separators of a manner."""
    return text.translate({ord(","): given.group, ord("."): given.point})


def restated(text: str, given: Manner) -> str:
    """Return a figure that was printed in English in another manner; any other text as it is.

    Results keep the figures of their sentences as they printed them.
    """
    if _FIGURE.fullmatch(text) is None:
        return text
    ranged = re.sub(f" ?{_TO} ?", given.to, text)
    return re.sub(" ?%", given.percent, separated(ranged, given))
