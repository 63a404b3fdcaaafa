"""The chapters on their sheets: prose, charts, tables, lists and examples."""

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.report.document import Chart, ReportDocument, Section
from pipeline.report.language.en.workbook import WorkbookSentences
from pipeline.report.render.workbook.charts import CHART_ROWS, CHART_WIDTH, chart_of
from pipeline.report.render.workbook.points import Points
from pipeline.report.render.workbook.sheet import Sheet
from pipeline.report.render.workbook.tables import write_table

_BULLET = "\N{BULLET} "


def sheets_of(report: ReportDocument, say: WorkbookSentences) -> Mapping[str, tuple[Section, ...]]:
    """Return the chapters of each sheet; chapters that no sheet names stand on the last."""
    placed = {name: tuple(one for one in report.sections if one.id in ids) for name, ids in say.sheets.items()}
    known = {one.id for sections in placed.values() for one in sections}
    further = tuple(one for one in report.sections if one.id not in known)
    return {name: sections for name, sections in {**placed, say.further_sheet: further}.items() if sections}


class ChapterSheet:
    """One sheet of chapters."""

    def __init__(
        self, book: Any, sheet: Sheet, points: Points, report: ReportDocument, say: WorkbookSentences, home: str
    ) -> None:
        """Take the workbook, the sheet, where the charts' points go, the report, the sentences, the first sheet."""
        self._book, self._sheet, self._points, self._report, self._say = book, sheet, points, report, say
        self._home = home

    def write(self, title: str, sections: Sequence[Section]) -> None:
        """Write all chapters."""
        sheet = self._sheet
        sheet.title(title)
        sheet.link(0, self._say.back, self._home)
        sheet.row += 1
        sheet.freeze(1)
        for section in sections:
            sheet.heading(section.title)
            for paragraph in section.paragraphs:
                sheet.prose(paragraph)
            self._charts(section.charts)
            for table in section.tables:
                write_table(sheet, table, self._report.labels, self._say)
            for bullet in section.bullets:
                sheet.prose(f"{_BULLET}{bullet}")
            for group in section.examples:
                sheet.table_title(group.title)
                for example in group.examples:
                    sheet.prose(example.title)
                    for excerpt in example.excerpts:
                        sheet.text(0, excerpt.label)
                        for line in excerpt.text.split("\n"):
                            sheet.text(1, line, measure=False)
                            sheet.row += 1
                if group.note:
                    sheet.note(group.note)

    def _charts(self, charts: Sequence[Chart]) -> None:
        sheet, placed = self._sheet, 0
        for chart in charts:
            drawn = chart_of(self._book, chart, self._points)
            if drawn is None:
                sheet.note(f"{chart.title}: {self._say.chart_not_drawn}")
                continue
            options = {"description": chart.alternative, "object_position": 2, "x_offset": placed * (CHART_WIDTH + 16)}
            sheet.raw.insert_chart(sheet.row, 0, drawn, options)
            placed += 1
        if placed:
            sheet.row += CHART_ROWS
            for chart in charts:
                sheet.note(f"{chart.title}. {chart.caption}")
            if any(one.low for chart in charts for one in chart.series):
                sheet.note(self._say.chart_ranges)
