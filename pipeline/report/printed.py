"""What a report prints, piece by piece: the text of every cell, key figure and sentence under a name of its own.

Figures are pieces that say where they come from. One that does not is a fault of the program, and no report is made.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from pipeline.base.errors import AwqctlError
from pipeline.base.results import Origin
from pipeline.report.document import Cell, Chart, Labels, ReportDocument, Section, Table
from pipeline.report.evidence import Keys

_DIGIT = re.compile(r"\d")


class UnsourcedFigureError(AwqctlError):
    """A figure of a report that does not say where it is from."""


@dataclass(frozen=True)
class Printed:
    """One piece."""

    id: str
    """`TABLE/ROW/COLUMN`, `key-figures/0`, `SECTION/paragraphs/1`."""
    where: str
    """For a reader: the table, its row and its column."""
    text: str
    value: float | None = None
    """Unrounded; None for words."""
    origin: Origin | None = None
    keys: Keys = ()
    figure: bool = False
    """Whether it must have a source."""
    on_page: bool = True
    """Whether pages print it as text; figures of charts are drawn, and the summary stands in the terminal."""


def printed(report: ReportDocument) -> tuple[Printed, ...]:
    """Return all pieces of a report, in its order."""
    return tuple(_pieces(report))


def figures_of(report: ReportDocument) -> tuple[Printed, ...]:
    """Return the pieces that are figures.

    Raises:
        UnsourcedFigureError: one has no key, or no origin; names the table, the row and the column.
    """
    found = tuple(one for one in printed(report) if one.figure)
    for one in found:
        if not one.keys or one.origin is None:
            lacks = "no key into the files of the run" if not one.keys else "no origin"
            raise UnsourcedFigureError(
                f"The report prints '{one.text}' in {one.where}, which has {lacks}. This is a fault of awqctl's: give "
                f"the figure its `evidence` and its origin in the chapter that makes it."
            )
    return found


def figure_id(table: Table, row: int, column: int) -> str:
    """Return the name of a cell's piece."""
    return f"{table.id}/{row}/{column}"


def _pieces(report: ReportDocument) -> Iterator[Printed]:
    for place, fact in enumerate(report.cover.facts):
        yield Printed(f"cover/{place}", f"the cover, '{fact.label}'", fact.text)
    yield Printed("recommendation", "the recommendation", report.recommendation)
    yield from _first_page(report)
    for table in report.summary:
        yield from (replace(piece, on_page=False) for piece in _table(table, report.labels))
    for section in report.sections:
        yield from _section(section, report.labels)


def _first_page(report: ReportDocument) -> Iterator[Printed]:
    for place, one in enumerate(report.key_figures):
        where = f"the key figure '{one.label}'"
        yield Printed(f"key-figures/{place}", where, one.text, one.value, one.origin, one.evidence, figure=True)
        yield Printed(f"key-figures/{place}/detail", f"the detail of {where}", one.detail)
    for place, finding in enumerate(report.findings):
        where = f"the finding '{finding.topic}'"
        stated = finding.origin is not None and _DIGIT.search(finding.headline) is not None
        yield Printed(
            f"findings/{place}",
            where,
            finding.headline,
            None,
            finding.origin,
            finding.evidence,
            figure=stated or bool(finding.evidence),
        )
        if finding.detail:
            yield Printed(f"findings/{place}/detail", f"the detail of {where}", finding.detail)
    for place, step in enumerate(report.next_steps):
        yield Printed(f"next-steps/{place}", f"next step {place + 1}", step)


def _section(section: Section, labels: Labels) -> Iterator[Printed]:
    for name, texts in (("paragraphs", section.paragraphs), ("bullets", section.bullets)):
        for place, text in enumerate(texts):
            yield Printed(f"{section.id}/{name}/{place}", f"the chapter '{section.title}', {name} {place + 1}", text)
    for chart in section.charts:
        yield from _chart(chart)
    for table in section.tables:
        yield from _table(table, labels)


def _chart(chart: Chart) -> Iterator[Printed]:
    """Yield a piece per series: its figures as they stand, one after the other."""
    for place, one in enumerate(chart.series):
        figures = json.dumps([one.x, one.y, one.low, one.high])
        drawn = any(figure is not None for figure in (*one.y, *one.low, *one.high))
        where = f"the chart '{chart.title}' ({chart.id}), series '{one.name}'"
        yield Printed(
            f"{chart.id}/{place}", where, figures, None, one.origin, one.evidence, figure=drawn, on_page=False
        )


def _table(table: Table, labels: Labels) -> Iterator[Printed]:
    for number, row in enumerate(table.rows):
        named = ", ".join(dict.fromkeys(cell.text for cell in row[: _names(table)]))
        for column, cell in enumerate(row):
            title, origin = table.columns[column].title, cell.origin or table.origin or _of_row(row)
            where = f"the table '{table.title}' ({table.id}), row '{named}', column '{title}'"
            yield Printed(
                figure_id(table, number, column),
                where,
                labels.origins[cell.origin] if cell.tag and cell.origin else cell.text,
                cell.value,
                origin,
                cell.evidence,
                figure=_is_figure(cell, origin, numeric=table.columns[column].numeric and column > 0),
            )
    if table.note:
        yield Printed(f"{table.id}/note", f"the note of the table '{table.title}' ({table.id})", table.note)


def _names(table: Table) -> int:
    """Return how many columns name a row: those of words before the first of numbers; one at least."""
    first = next((place for place, one in enumerate(table.columns) if one.numeric), 1)
    return max(first, 1)


def _of_row(row: tuple[Cell, ...]) -> Origin | None:
    """Return the origin that a cell of the row states for all of it."""
    return next((cell.origin for cell in row if cell.tag), None)


def _is_figure(cell: Cell, origin: Origin | None, *, numeric: bool) -> bool:
    """Return whether a cell must have a source: a number, digits in a column of numbers, or words made of figures."""
    if cell.value is not None or (cell.evidence and origin):
        return True
    return numeric and _DIGIT.search(cell.text) is not None
