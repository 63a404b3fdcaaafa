"""Tables on slides: columns as wide as their words, and as many rows as fit; the rest goes on on the next slide."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pptx.dml.color import RGBColor
from pptx.enum.text import MSO_ANCHOR, PP_ALIGN
from pptx.util import Emu, Pt

from pipeline.report.document import Cell, Column, Labels, Table
from pipeline.report.render.slides import fit
from pipeline.report.render.slides.deck import TONES, Box, describe, plain

_PER_POINT = 12700
_INSET, _EDGE = 5.0, 3.0
_SIZES = (12.0, 11.0, 10.0, 9.0, 8.0)
_WIDEST = 0.5
"""Of a table, that a column of text takes at most before others have what they need."""
_NARROWEST = 34.0


@dataclass(frozen=True)
class Page:
    """The part of a table that stands on one slide."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    widths: tuple[float, ...]
    heights: tuple[float, ...]
    """Of the header and of each row, in points."""
    size: float

    @property
    def height(self) -> float:
        """In points."""
        return sum(self.heights)


def pages_of(table: Table, width: float, height: float, labels: Labels) -> tuple[Page, ...]:
    """Return the table in parts, none of which is wider than `width` or higher than `height`, both in points.

    A row that is higher by itself is set in the smallest size, and its text shortened.
    """
    table = _marked(table, labels)
    size = next((size for size in _SIZES if _natural(table, size, labels) <= width * _spare(size)), _SIZES[-1])
    widths = _widths(table, size, width, labels)
    head = _row_height([(column.title, True) for column in table.columns], widths, size)
    return tuple(_split(table, widths, size, head, height, labels))


def _marked(table: Table, labels: Labels) -> Table:
    """Return a table with marks after the figures that have one."""

    def marked(cell: Cell, row: tuple[Cell, ...]) -> Cell:
        origin = table.mark_of(cell, row)
        return cell.model_copy(update={"text": f"{cell.text} {labels.marks[origin]}"}) if origin else cell

    rows = tuple(tuple(marked(cell, row) for cell in row) for row in table.rows)
    return table.model_copy(update={"rows": rows})


def add_table(slide: Any, page: Page, box: Box, title: str, labels: Labels) -> Any:
    """Add a part of a table to a slide; return its frame."""
    width = sum(page.widths)
    frame = slide.shapes.add_table(
        len(page.rows) + 1, len(page.columns), *Box(box.left, box.top, width, page.height).emu
    )
    describe(frame, title, title)
    native = frame.table
    for column, wide in zip(native.columns, page.widths, strict=True):
        column.width = Emu(round(wide * _PER_POINT))
    for row, high in zip(native.rows, page.heights, strict=True):
        row.height = Emu(round(high * _PER_POINT))
    for place, column in enumerate(page.columns):
        _fill(native.cell(0, place), column.title, page.size, numeric=column.numeric and place > 0, bold=True)
    for number, row in enumerate(page.rows, 1):
        for place, cell in enumerate(row):
            tone = None if cell.tone == "plain" else TONES[cell.tone]
            _fill(
                native.cell(number, place),
                text_of(cell, labels),
                page.size,
                numeric=page.columns[place].numeric and place > 0,
                bold=tone is not None,
                colour=tone or TONES["plain"],
            )
    return frame


def text_of(cell: Cell, labels: Labels) -> str:
    """Return what a cell says; of an origin the word with its mark."""
    if cell.tag and cell.origin:
        return f"{labels.marks[cell.origin]} {labels.origins[cell.origin]}"
    return cell.text


def _fill(cell: Any, text: str, size: float, *, numeric: bool, bold: bool, colour: str | None = None) -> None:
    frame = cell.text_frame
    frame.word_wrap = True
    cell.margin_left = cell.margin_right = Pt(_INSET)
    cell.margin_top = cell.margin_bottom = Pt(_EDGE)
    cell.vertical_anchor = MSO_ANCHOR.MIDDLE
    frame.text = plain(text)
    for paragraph in frame.paragraphs:
        paragraph.alignment = PP_ALIGN.RIGHT if numeric else PP_ALIGN.LEFT
        for run in paragraph.runs:
            run.font.size, run.font.bold = Pt(size), bold
            if colour:
                run.font.color.rgb = RGBColor.from_string(colour)


def _spare(size: float) -> float:
    """Return how much wider than the room a table's single lines may be at a size, because text wraps."""
    return 1.0 if size >= _SIZES[1] else 1.6


def _natural(table: Table, size: float, labels: Labels) -> float:
    return sum(_needs(table, size, labels))


def _needs(table: Table, size: float, labels: Labels) -> list[float]:
    """Return the width of each column in which nothing wraps."""
    columns = [[fit.width_of(column.title, size, bold=True)] for column in table.columns]
    for row in table.rows:
        for column, cell in zip(columns, row, strict=True):
            column.append(fit.width_of(text_of(cell, labels), size, bold=cell.tone != "plain"))
    return [max(column) + 2 * _INSET + 1 for column in columns]


def _longest_words(table: Table, size: float, labels: Labels) -> list[float]:
    """Return the width of each column in which no word breaks."""
    columns = [[fit.width_of(word, size, bold=True) for word in column.title.split()] for column in table.columns]
    for row in table.rows:
        for column, cell in zip(columns, row, strict=True):
            column += [fit.width_of(word, size, bold=cell.tone != "plain") for word in text_of(cell, labels).split()]
    return [max(column, default=0.0) + 2 * _INSET + 1 for column in columns]


def _widths(table: Table, size: float, width: float, labels: Labels) -> tuple[float, ...]:
    """Return the widths of the columns: what they need, else at least their longest words and a share of the rest."""
    needs = _needs(table, size, labels)
    if sum(needs) <= width:
        return tuple(needs)
    least = [
        max(_NARROWEST, min(word, need, _WIDEST * width))
        for word, need in zip(_longest_words(table, size, labels), needs, strict=True)
    ]
    if sum(least) > width:
        least = [one * width / sum(least) for one in least]
    wanted = [max(0.0, need - low) for need, low in zip(needs, least, strict=True)]
    rest = max(0.0, width - sum(least))
    return tuple(low + rest * want / (sum(wanted) or 1.0) for low, want in zip(least, wanted, strict=True))


def _row_height(texts: Sequence[tuple[str, bool]], widths: Sequence[float], size: float) -> float:
    """Return the height of a row of texts, each with whether it is bold."""
    inside = [wide - 2 * _INSET for wide in widths]
    heights = [fit.height_of(text, size, wide, bold=bold) for (text, bold), wide in zip(texts, inside, strict=True)]
    return max(heights) + 2 * _EDGE


def _split(
    table: Table, widths: tuple[float, ...], size: float, head: float, height: float, labels: Labels
) -> Iterator[Page]:
    rows: list[tuple[Cell, ...]] = []
    heights = [head]
    for whole in table.rows:
        row, high = _fitted(whole, widths, size, height - head, labels)
        if rows and sum(heights) + high > height:
            yield Page(table.columns, tuple(rows), widths, tuple(heights), size)
            rows, heights = [], [head]
        rows.append(row)
        heights.append(high)
    if rows:
        yield Page(table.columns, tuple(rows), widths, tuple(heights), size)


def _fitted(
    row: tuple[Cell, ...], widths: tuple[float, ...], size: float, room: float, labels: Labels
) -> tuple[tuple[Cell, ...], float]:
    """Return a row that fits on a slide, its text shortened where it would not, and its height."""
    high = _row_height([(text_of(cell, labels), cell.tone != "plain") for cell in row], widths, size)
    if high <= room:
        return row, high
    inside = room - 2 * _EDGE
    short = tuple(
        cell.model_copy(update={"text": fit.shortened(cell.text, size, wide - 2 * _INSET, inside, bold=True)})
        for cell, wide in zip(row, widths, strict=True)
    )
    return short, room
