"""The sheet of evidence: where each figure of the report stands in the files of the run."""

from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.base.results import Origin
from pipeline.report.document import ReportDocument, Section
from pipeline.report.language.en.workbook import WorkbookSentences
from pipeline.report.render.workbook.sheet import Sheet
from pipeline.report.render.workbook.styles import ORIGINS, WRAPPED, number_format

_EXACT = number_format("General")


@dataclass(frozen=True)
class Traced:
    """A figure with the keys of its evidence."""

    place: tuple[str, str, str, str]
    """Chapter, table, row, column."""
    text: str
    value: float | None
    origin: Origin | None
    evidence: tuple[str, ...]


def traced(report: ReportDocument, say: WorkbookSentences) -> Iterator[Traced]:
    """Yield every figure of the report that names its evidence."""
    summary = report.labels.summary
    for key in report.key_figures:
        yield Traced((summary, say.key_figures, key.label, ""), key.text, key.value, key.origin, key.evidence)
    for one in report.findings:
        if one.evidence:
            yield Traced((summary, say.findings, one.topic, ""), one.headline, None, one.origin, one.evidence)
    for section in report.sections:
        yield from _in_section(section)


def _in_section(section: Section) -> Iterator[Traced]:
    for table in section.tables:
        for row in table.rows:
            for cell, column in zip(row, table.columns, strict=True):
                if cell.evidence:
                    place = (section.title, table.title, row[0].text, column.title)
                    yield Traced(place, cell.text, cell.value, cell.origin or table.origin, cell.evidence)
    for chart in section.charts:
        for series in chart.series:
            place = (section.title, chart.title, series.name, series.statistic)
            yield Traced(place, "", None, series.origin, series.evidence)


def write_evidence(sheet: Sheet, report: ReportDocument, say: WorkbookSentences) -> None:
    """Write all figures with their evidence."""
    sheet.title(say.evidence_title)
    sheet.note(say.evidence_note)
    sheet.header(say.evidence_columns, [title == say.evidence_columns[5] for title in say.evidence_columns])
    sheet.freeze()
    first = sheet.row - 1
    for one in traced(report, say):
        for column, text in enumerate((*one.place, one.text)):
            sheet.text(column, text.replace("`", ""), WRAPPED)
        if one.value is not None:
            sheet.number(5, one.value, _EXACT)
        if one.origin:
            sheet.text(6, report.labels.origins[one.origin], ORIGINS[one.origin])
        sheet.text(7, "\n".join(one.evidence), WRAPPED)
        sheet.row += 1
    sheet.raw.autofilter(first, 0, max(first, sheet.row - 1), len(say.evidence_columns) - 1)
