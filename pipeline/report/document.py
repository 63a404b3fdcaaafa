"""What a report consists of. HTML, Markdown and JSON are three renderings of one `ReportDocument`."""

from typing import Literal

from pydantic import Field

from pipeline.base.results import Origin, Result

SCHEMA_VERSION = 1
Tone = Literal["plain", "good", "bad", "caution"]


class Cell(Result):
    """One printed figure or word of a table."""

    text: str
    value: float | None = None
    """Unrounded; None for words."""
    tone: Tone = "plain"
    origin: Origin | None = None
    """Only where it differs within a table; otherwise the table says it."""


class Column(Result):
    """One column: its heading and whether it holds numbers."""

    title: str
    numeric: bool = True


class Table(Result):
    """Rows under headings; the first cell of a row names it."""

    id: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    origin: Origin | None = None
    """Of all figures in the table."""
    note: str = ""
    sources: tuple[str, ...] = ()
    """Files with the raw figures, relative to the output folder."""
    folded: bool = False
    """Closed until asked for, on screen; printed in full."""


class Chart(Result):
    """A drawing of figures that stand in a table of the same section."""

    id: str
    title: str
    caption: str
    alternative: str
    """What is to be seen, for those who cannot see it."""
    svg: str = Field(exclude=True, repr=False)


class Excerpt(Result):
    """Text of the data or of a model, quoted as it is; it may have several lines."""

    label: str
    text: str
    code: bool = False
    """Whether spaces and columns matter, as in program code."""


class Example(Result):
    """One item that readers can look at for themselves."""

    title: str
    excerpts: tuple[Excerpt, ...]


class ExampleGroup(Result):
    """Items that belong together."""

    id: str
    title: str
    examples: tuple[Example, ...]
    note: str = ""
    sources: tuple[str, ...] = ()
    folded: bool = False
    """Closed until asked for, on screen; printed in full."""


class Finding(Result):
    """One verdict in plain words."""

    topic: str
    headline: str
    detail: str = ""
    tone: Tone = "plain"


class KeyFigure(Result):
    """One of the few figures on the first page."""

    label: str
    text: str
    value: float | None
    detail: str
    origin: Origin
    tone: Tone = "plain"


class Section(Result):
    """A chapter: paragraphs, charts, a list, tables and examples, in this order."""

    id: str
    title: str
    paragraphs: tuple[str, ...] = ()
    charts: tuple[Chart, ...] = ()
    tables: tuple[Table, ...] = ()
    bullets: tuple[str, ...] = ()
    examples: tuple[ExampleGroup, ...] = ()


class Fact(Result):
    """A label and what it stands for."""

    label: str
    text: str


class Cover(Result):
    """Who made the report of what, for whom, and when."""

    title: str
    client: str | None
    prepared_by: str | None
    facts: tuple[Fact, ...]


class OriginMeaning(Result):
    """A line of the legend."""

    origin: Origin
    meaning: str


class ReportDocument(Result):
    """The whole report."""

    schema_version: int = SCHEMA_VERSION
    cover: Cover
    findings: tuple[Finding, ...]
    key_figures: tuple[KeyFigure, ...]
    recommendation: str
    next_steps: tuple[str, ...]
    legend: tuple[OriginMeaning, ...]
    sections: tuple[Section, ...]
    signatures: tuple[Fact, ...]
    """Role and name, each with a line to sign on."""
