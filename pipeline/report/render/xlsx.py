"""A report document as an Excel workbook: figures as numbers, charts of its own, and costs as live formulas."""

import datetime as dt
import io
import re
from typing import Any

from xlsxwriter import Workbook

from pipeline.report.document import ReportDocument
from pipeline.report.language.language import ENGLISH
from pipeline.report.language.languages import LANGUAGES
from pipeline.report.render.workbook.chapters import ChapterSheet, sheets_of
from pipeline.report.render.workbook.evidence import write_evidence
from pipeline.report.render.workbook.names import sheet_names
from pipeline.report.render.workbook.points import Points
from pipeline.report.render.workbook.pricing.sheets import add_pricing, pricing_names
from pipeline.report.render.workbook.sheet import Sheet
from pipeline.report.render.workbook.styles import Styles
from pipeline.report.render.workbook.summary import SummarySheet

_DAY = re.compile(r"(\d{4})-(\d\d)-(\d\d)|(\d\d)\.(\d\d)\.(\d{4})")
"""In the manner of English or of German."""
_NO_DATE = dt.datetime(2000, 1, 1)  # noqa: DTZ001 -- Excel knows no time zones


def to_xlsx(report: ReportDocument) -> bytes:
    """Return the same report as a workbook; equal reports give equal bytes.

    Where the report has a pricing model, its inputs are cells and all costs are formulas of these.
    """
    buffer = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = Workbook(buffer, options)
    book.set_properties(_properties(report))
    for sheet in _fill(book, report):
        sheet.finish(report.cover.title)
    book.close()
    return buffer.getvalue()


def _fill(book: Any, report: ReportDocument) -> list[Sheet]:
    """Write all sheets, and return them in order."""
    language, styles, pricing = LANGUAGES.get(report.labels.language, ENGLISH), Styles(book), report.pricing
    say, priced = language.workbook, language.pricing_sheets
    groups, computed = sheets_of(report, say), pricing_names(pricing, priced)
    charted = any(chart.kind != "forest" for section in report.sections for chart in section.charts)
    last = [*([say.chart_data_sheet] if charted else []), say.evidence_sheet]
    names = sheet_names([*computed, say.summary_sheet, *last, *groups])[len(computed) :]
    home, *after = names[: 1 + len(last)]
    titled = dict(zip(names[1 + len(last) :], groups, strict=True))
    sheets = [Sheet(book, styles, home), *(Sheet(book, styles, name) for name in titled)]
    chapters = dict(zip(titled, sheets[1:], strict=True))
    if pricing is not None:
        sheets += add_pricing(book, styles, pricing, priced, report.labels.origins)
    closing = [Sheet(book, styles, name) for name in after]
    points = Points(closing[0], say)
    SummarySheet(sheets[0], report, say).write([one.name for one in (*sheets[1:], *closing)])
    for name, sheet in chapters.items():
        ChapterSheet(book, sheet, points, report, say, home).write(titled[name], groups[titled[name]])
    write_evidence(closing[-1], report, say)
    return [*sheets, *closing]


def _properties(report: ReportDocument) -> dict[str, Any]:
    cover = report.cover
    return {
        "title": cover.title,
        "subject": cover.client or "",
        "author": cover.prepared_by or "",
        "created": _date(report),
    }


def _date(report: ReportDocument) -> dt.datetime:
    """Return the day of the report, so that the file does not know when it was written."""
    for fact in report.cover.facts:
        if day := _DAY.fullmatch(fact.text):
            year, month, day_of_month = map(int, (day[1], day[2], day[3]) if day[1] else (day[6], day[5], day[4]))
            return dt.datetime(year, month, day_of_month)  # noqa: DTZ001 -- Excel knows no time zones
    return _NO_DATE
