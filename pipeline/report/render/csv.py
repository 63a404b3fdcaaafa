"""A report document as CSV: one table of everything that it says, a line per figure or sentence."""

import csv
import io
import re
from collections.abc import Iterator

from pipeline.base.results import Origin
from pipeline.report.document import Chart, Labels, ReportDocument, Section, Table

COLUMNS = ("kind", "chapter", "id", "title", "row", "column", "text", "value", "origin", "evidence")
_FORMULA = re.compile(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r]")
"""How a text begins that a spreadsheet takes for a formula."""
_NUMBER = re.compile(r"[+-]?(\d[\d.,]*)?[.,]?\d([eE][+-]?\d+)?([ \u202f]?%)?$")


def to_csv(report: ReportDocument) -> str:
    """Return the same report as CSV (RFC 4180), unrounded values beside what is printed.

    A text that a spreadsheet would take for a formula begins with an apostrophe; negative numbers stay as they are.
    """
    buffer = io.StringIO()
    lines = csv.writer(buffer)
    lines.writerow(COLUMNS)
    for line in _lines(report):
        lines.writerow(map(inert, line))
    return buffer.getvalue()


def inert(text: str) -> str:
    """Return text that no spreadsheet takes for a formula."""
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.match(text) else text


def _line(
    kind: str,
    text: str,
    *,
    chapter: str = "",
    id_: str = "",
    title: str = "",
    row: str = "",
    column: str = "",
    value: float | None = None,
    origin: Origin | None = None,
    evidence: tuple[str, ...] = (),
) -> tuple[str, ...]:
    number = "" if value is None else repr(value)
    return kind, chapter, id_, title, row, column, text, number, origin or "", "\n".join(evidence)


def _lines(report: ReportDocument) -> Iterator[tuple[str, ...]]:
    cover = report.cover
    yield _line("cover", cover.title)
    for label, text in ((report.labels.for_client, cover.client), (report.labels.prepared_by, cover.prepared_by)):
        if text:
            yield _line("cover", text, row=label)
    for fact in cover.facts:
        yield _line("cover", fact.text, row=fact.label)
    yield _line("recommendation", report.recommendation)
    for key in report.key_figures:
        yield _line(
            "key figure", key.text, title=key.detail, row=key.label,
            value=key.value, origin=key.origin, evidence=key.evidence,
        )  # fmt: skip
    for one in report.findings:
        said = f"{one.headline} {one.detail}".strip()
        yield _line("finding", said, chapter=one.stage, row=one.topic, origin=one.origin, evidence=one.evidence)
    for place, step in enumerate(report.next_steps, start=1):
        yield _line("next step", step, row=str(place))
    for meaning in report.legend:
        yield _line("legend", meaning.meaning, origin=meaning.origin)
    for section in report.sections:
        yield from _section(section, report.labels)


def _section(section: Section, labels: Labels) -> Iterator[tuple[str, ...]]:
    for paragraph in section.paragraphs:
        yield _line("paragraph", paragraph, chapter=section.id, title=section.title)
    standing = {cell.value for table in section.tables for row in table.rows for cell in row}
    for chart in section.charts:
        yield from _chart(section.id, chart, standing)
    for table in section.tables:
        yield from _table(section.id, table, labels)
    for place, bullet in enumerate(section.bullets, start=1):
        yield _line("list", bullet, chapter=section.id, title=section.title, row=str(place))
    for group in section.examples:
        for example in group.examples:
            for excerpt in example.excerpts:
                yield _line(
                    "example", excerpt.text, chapter=section.id, id_=group.id, title=group.title,
                    row=example.title, column=excerpt.label,
                )  # fmt: skip


def _table(chapter: str, table: Table, labels: Labels) -> Iterator[tuple[str, ...]]:
    for row in table.rows:
        for cell, column in zip(row, table.columns, strict=True):
            text = labels.origins[cell.origin] if cell.tag and cell.origin else cell.text
            yield _line(
                "cell", text, chapter=chapter, id_=table.id, title=table.title, row=row[0].text,
                column=column.title, value=cell.value, origin=cell.origin or table.origin, evidence=cell.evidence,
            )  # fmt: skip
    for kind, text in (("note", table.note), ("source", "\n".join(table.sources))):
        if text:
            yield _line(kind, text, chapter=chapter, id_=table.id, title=table.title)


def _chart(chapter: str, chart: Chart, standing: set[float | None]) -> Iterator[tuple[str, ...]]:
    """Yield the points of those series of which not every figure stands in a table of the chapter."""
    for series in chart.series:
        figures = {"": series.y, "low": series.low, "high": series.high}
        if {value for values in figures.values() for value in values} <= standing | {None}:
            continue
        for end, values in figures.items():
            for x, value in zip(series.x, values, strict=False):
                yield _line(
                    "point", "", chapter=chapter, id_=chart.id, title=chart.title, row=str(x),
                    column=f"{series.name} {end}".strip(), value=value, origin=series.origin,
                    evidence=series.evidence,
                )  # fmt: skip
