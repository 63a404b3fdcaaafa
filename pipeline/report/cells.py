"""Small constructors for the cells and columns of tables."""

from collections.abc import Callable, Iterable

from pipeline.base.format import NONE, number
from pipeline.base.results import Origin
from pipeline.report.document import Cell, Column, Fact, Table, Tone


def figure(
    value: float | None,
    form: Callable[[float], str] = number,
    *,
    origin: Origin | None = None,
    tone: Tone = "plain",
) -> Cell:
    """Return a number printed by `form`, with the unrounded value beside it; a dash for None."""
    text = NONE if value is None else form(value)
    return Cell(text=text, value=value, origin=origin, tone=tone)


def word(text: str, tone: Tone = "plain") -> Cell:
    """Return a cell of text."""
    return Cell(text=text, tone=tone)


def words(*titles: str) -> tuple[Column, ...]:
    """Return columns of text."""
    return tuple(Column(title=title, numeric=False) for title in titles)


def numbers(*titles: str) -> tuple[Column, ...]:
    """Return columns of numbers."""
    return tuple(Column(title=title) for title in titles)


def facts_table(
    name: str, title: str, facts: Iterable[Fact], *, sources: tuple[str, ...] = (), note: str = ""
) -> Table:
    """Return a table of labels and what they stand for."""
    rows = tuple((word(fact.label), word(fact.text)) for fact in facts)
    return Table(id=name, title=title, columns=words("Item", "Value"), rows=rows, sources=sources, note=note)
