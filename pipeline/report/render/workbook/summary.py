"""The first sheet: cover, recommendation, key figures, findings, next steps, and what the looks of origins mean."""

from collections.abc import Sequence

from pipeline.report.document import ReportDocument
from pipeline.report.language.en.workbook import WorkbookSentences
from pipeline.report.render.workbook.printed import printed
from pipeline.report.render.workbook.sheet import Sheet
from pipeline.report.render.workbook.styles import BOLD, HEADER, ORIGINS, TONES, WRAPPED, number_format

_FIRST_WIDTH, _VERDICT_WIDTH, _TEXT_WIDTH, _ORIGIN_WIDTH = 26, 34, 52, 12


class SummarySheet:
    """The sheet, part after part."""

    def __init__(self, sheet: Sheet, report: ReportDocument, say: WorkbookSentences) -> None:
        """Take the sheet, the report and the sentences."""
        self._sheet, self._report, self._say = sheet, report, say

    def write(self, sheets: Sequence[str]) -> None:
        """Write all parts; `sheets` are the others of the workbook."""
        sheet, report = self._sheet, self._report
        for column, width in enumerate((_FIRST_WIDTH, _VERDICT_WIDTH, _TEXT_WIDTH, _ORIGIN_WIDTH)):
            sheet.width(column, width)
        self._cover()
        if report.recommendation:
            sheet.heading(self._say.recommendation)
            sheet.prose(report.recommendation)
        self._key_figures()
        self._findings()
        if report.next_steps:
            sheet.heading(report.labels.next_steps)
            for place, step in enumerate(report.next_steps, start=1):
                sheet.prose(f"{place}. {step}")
        self._legend()
        sheet.heading(self._say.sheets_title)
        for name in sheets:
            sheet.link(0, name, name)
            sheet.row += 1

    def _cover(self) -> None:
        sheet, cover, labels = self._sheet, self._report.cover, self._report.labels
        sheet.title(cover.title)
        facts = [(labels.for_client, cover.client), (labels.prepared_by, cover.prepared_by)]
        facts += [(fact.label, fact.text) for fact in cover.facts]
        for label, text in facts:
            if text:
                sheet.text(0, label, BOLD)
                sheet.text(1, text, measure=False)
                sheet.row += 1

    def _key_figures(self) -> None:
        sheet, labels = self._sheet, self._report.labels
        if not self._report.key_figures:
            return
        sheet.heading(self._say.key_figures)
        sheet.header((labels.figure, labels.value, labels.detail, labels.origin), (False, True, False, False))
        for one in self._report.key_figures:
            look = ORIGINS[one.origin]
            sheet.text(0, one.label, WRAPPED)
            shown = None if one.value is None else printed(one.text, one.value)
            if shown is not None and shown.whole:
                sheet.number(1, shown.value, look, number_format(shown.form), TONES[one.tone])
            else:
                sheet.text(1, one.text, look, {"align": "right"}, WRAPPED, TONES[one.tone])
            sheet.text(2, one.detail.replace("`", ""), WRAPPED)
            sheet.text(3, labels.origins[one.origin], look)
            sheet.row += 1

    def _findings(self) -> None:
        sheet, labels, say = self._sheet, self._report.labels, self._say
        if not self._report.findings:
            return
        sheet.heading(say.findings)
        sheet.header((say.topic, say.verdict, labels.detail, labels.origin), (False,) * 4)
        for one in self._report.findings:
            sheet.text(0, one.topic, BOLD, WRAPPED)
            sheet.text(1, one.headline.replace("`", ""), WRAPPED, TONES[one.tone], measure=False)
            sheet.text(2, one.detail.replace("`", ""), WRAPPED)
            if one.origin:
                sheet.text(3, labels.origins[one.origin], ORIGINS[one.origin])
            sheet.row += 1

    def _legend(self) -> None:
        sheet, labels = self._sheet, self._report.labels
        sheet.heading(labels.origins_title)
        for one in self._report.legend:
            sheet.text(0, labels.origins[one.origin], HEADER)
            sheet.number(1, 1234.5, ORIGINS[one.origin], number_format("#,##0.0"))
            sheet.text(2, one.meaning, WRAPPED)
            sheet.row += 1
