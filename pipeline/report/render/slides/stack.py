"""`Stack`: puts blocks below each other on slides of one title; what does not fit goes on on the next slide."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any

from pptx.util import Pt

from pipeline.report.render.slides import fit
from pipeline.report.render.slides.deck import Box, Deck, Run, write

SPACE = 8.0
"""Points below a paragraph."""
_BETWEEN = 14.0
"""Points between blocks."""
Paint = Callable[[Any, Box], object]


class Stack:
    """The slides of one title."""

    def __init__(self, deck: Deck, title: str) -> None:
        self._deck = deck
        self._title = title
        self._slide: Any = None
        self._notes: list[str] = []
        self._number = 0
        self._used = 0.0

    @property
    def left(self) -> float:
        """Points that the slide at hand has left; none before the first one."""
        return 0.0 if self._slide is None else self._deck.room.height - self._used

    def add(self, height: float, paint: Paint, notes: Iterable[str] = ()) -> None:
        """Add a block that is painted into a box of its height, on a new slide where it does not fit."""
        if height > self.left:
            self._begin()
        room = self._deck.room
        paint(self._slide, Box(room.left, room.top + self._used, room.width, height))
        self._used += height + _BETWEEN
        self._notes += notes
        self._deck.note(self._slide, self._notes)

    def add_text(self, paragraphs: Sequence[list[Run]], notes: Iterable[str] = ()) -> None:
        """Add paragraphs, as many to a slide as fit."""
        told = tuple(notes)
        for part in _parts(paragraphs, self._deck.room.width, self._deck.room.height):
            self.add(_height(part, self._deck.room.width), partial(_write, paragraphs=part), told)
            told = ()

    def _begin(self) -> None:
        continued = self._deck.report.labels.continued
        title = f"{self._title} ({continued})" if self._number and continued else self._title
        self._slide, _ = self._deck.slide(title)
        self._number, self._used, self._notes = self._number + 1, 0.0, []


def _write(slide: Any, box: Box, paragraphs: Sequence[list[Run]]) -> None:
    for paragraph in write(slide, box, paragraphs).text_frame.paragraphs:
        paragraph.space_after = Pt(SPACE)


def _height(paragraphs: Sequence[list[Run]], width: float) -> float:
    return sum(_height_of(runs, width) for runs in paragraphs)


def _height_of(runs: list[Run], width: float) -> float:
    text, size = "".join(run[0] for run in runs), max(run[1] for run in runs)
    return fit.height_of(text, size, width, bold=any(run[3] for run in runs)) + SPACE


def _parts(paragraphs: Sequence[list[Run]], width: float, height: float) -> Iterator[list[list[Run]]]:
    part: list[list[Run]] = []
    for runs in paragraphs:
        if part and _height([*part, runs], width) > height:
            yield part
            part = []
        part.append(_fitted(runs, width, height))
    if part:
        yield part


def _fitted(runs: list[Run], width: float, height: float) -> list[Run]:
    """Return a paragraph that is no higher than a slide, shortened where it is."""
    if _height_of(runs, width) <= height or len(runs) > 1:
        return runs
    ((text, size, colour, bold),) = runs
    return [(fit.shortened(text, size, width, height - SPACE, bold=bold), size, colour, bold)]
