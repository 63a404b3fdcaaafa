"""Tables of the report on a sheet: figures as numbers, with the origin in their look and in words."""

from collections.abc import Mapping, Sequence

from pipeline.base.results import Origin
from pipeline.report.document import Cell, Labels, Table
from pipeline.report.language.en.workbook import WorkbookSentences
from pipeline.report.render.workbook.printed import Printed, printed
from pipeline.report.render.workbook.sheet import Sheet
from pipeline.report.render.workbook.styles import ORIGINS, RIGHT, TONES, WRAPPED, Look, number_format

_WIDEST_TEXT = 40


def write_table(sheet: Sheet, table: Table, labels: Labels, say: WorkbookSentences) -> None:
    """Write a table with its title, note and sources."""
    sheet.table_title(table.title)
    doubled = [any(_says_more(row[place]) for row in table.rows) for place in range(len(table.columns))]
    named = _origins(table)
    titles, numeric = [], []
    for column, twice in zip(table.columns, doubled, strict=True):
        titles += [column.title, *([say.printed(column.title)] if twice else [])]
        numeric += [column.numeric, *([False] if twice else [])]
    if named is not None:
        titles, numeric = [*titles, labels.origin], [*numeric, False]
    sheet.header(titles, numeric)
    for place, row in enumerate(table.rows):
        at = 0
        for cell, heading, twice in zip(row, table.columns, doubled, strict=True):
            _write_cell(sheet, at, cell, cell.origin or table.origin, labels.origins, numeric=heading.numeric)
            if twice and cell.value is not None:
                sheet.text(at + 1, cell.text, WRAPPED)
            at += 2 if twice else 1
        if named is not None and (origin := named[place]):
            sheet.text(at, labels.origins[origin], ORIGINS[origin])
        sheet.row += 1
    if table.note:
        sheet.note(table.note)
    if table.sources:
        sheet.note(f"{labels.source}: {', '.join(table.sources)}")


def _origins(table: Table) -> Sequence[Origin | None] | None:
    """Return the origin of each row for a column of its own; None where a column has it, or none is known."""
    if any(cell.tag for row in table.rows for cell in row):
        return None
    found = [next((cell.origin for cell in row if cell.origin), table.origin) for row in table.rows]
    return found if any(found) else None


def _write_cell(
    sheet: Sheet,
    column: int,
    cell: Cell,
    origin: Origin | None,
    words: Mapping[Origin, str],
    *,
    numeric: bool,
) -> None:
    tone = TONES[cell.tone]
    look: Look = ORIGINS[origin] if origin and (cell.value is not None or cell.tag) else {}
    if cell.value is not None:
        shown = _printed(cell)
        sheet.number(column, shown.value, look, number_format(shown.form), tone)
        sheet.width(column, min(len(cell.text), _WIDEST_TEXT))
        return
    text = words[origin] if cell.tag and origin else cell.text.replace("`", "")
    sheet.text(column, text, look, RIGHT if numeric else {}, WRAPPED, tone)


def _printed(cell: Cell) -> Printed:
    return printed(cell.text, cell.value or 0.0)


def _says_more(cell: Cell) -> bool:
    return cell.value is not None and not _printed(cell).whole
