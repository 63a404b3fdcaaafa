"""The sheet with the charts' points, each series in columns of its own."""

from collections.abc import Sequence
from dataclasses import dataclass

from xlsxwriter.utility import xl_rowcol_to_cell

from pipeline.report.document import Chart, Series
from pipeline.report.language.en.workbook import WorkbookSentences
from pipeline.report.render.workbook.sheet import Sheet
from pipeline.report.render.workbook.styles import HEADER

Values = Sequence[float | str | None]


@dataclass(frozen=True)
class Placed:
    """Where the figures of a series stand; None where it has none."""

    name: str
    x: str
    y: str
    below: str | None
    above: str | None


class Points:
    """Fills the sheet, a block of rows for each chart."""

    def __init__(self, sheet: Sheet, say: WorkbookSentences) -> None:
        """Take the sheet and the sentences."""
        self._sheet, self._say = sheet, say
        self._end = 0
        self._column = 0

    def begin(self, chart: Chart) -> None:
        """Begin the block of a chart."""
        self._sheet.row = self._end
        self._sheet.table_title(f"{chart.title} ({chart.y_title})" if chart.y_title else chart.title)
        self._end, self._column = self._sheet.row + 1, 0

    def add(self, chart: Chart, series: Series, x: Values, y: Values, below: Values = (), above: Values = ()) -> Placed:
        """Write a series, and return where its figures stand."""
        names = (chart.x_title or series.name, series.name, self._say.below(series.name), self._say.above(series.name))
        found = [self._write(name, values) for name, values in zip(names, (x, y, below, above), strict=True) if values]
        self._column += 1
        reach = found[2:] if below and above else (None, None)
        return Placed(series.name, found[0], found[1], *reach)

    def _write(self, name: str, values: Values) -> str:
        sheet, row, column = self._sheet, self._sheet.row, self._column
        sheet.text(column, name, HEADER, measure=False)
        sheet.width(column, 14)
        for place, value in enumerate(values, start=row + 1):
            if isinstance(value, str):
                sheet.text(column, value, row=place)
            elif value is not None:
                sheet.number(column, value, row=place)
        self._column += 1
        self._end = max(self._end, row + len(values) + 1)
        first, last = (
            xl_rowcol_to_cell(one, column, row_abs=True, col_abs=True) for one in (row + 1, row + len(values))
        )
        return f"='{sheet.name}'!{first}:{last}"
