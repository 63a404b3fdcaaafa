"""The report as CSV: one well-formed table, unrounded, and no text that a spreadsheet would run."""

import csv
import io

import pytest

from pipeline.report.document import Cell, Column, Fact, ReportDocument, Section, Table
from pipeline.report.labels import labels_of
from pipeline.report.language.de.language import GERMAN
from pipeline.report.render.csv import COLUMNS, inert, to_csv

HOSTILE = ("=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", " =1+1", "\uff1d1+1", "-", "- a list")
HARMLESS = (
    "-5",
    "-0.25",
    "+1,234.5",
    "-3.2 %",
    "+1.234,5",
    "-3,2\N{NARROW NO-BREAK SPACE}%",
    "-1e-05",
    "\N{MINUS SIGN}0.25",
    "plain",
    "",
    "a=b",
    "\N{EM DASH}",
)


def _read(report: ReportDocument) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(to_csv(report), newline="")))


def test_every_line_has_every_column_and_ends_as_the_standard_says(report: ReportDocument) -> None:
    """RFC 4180: one heading, the same number of fields in every line, lines ended by CR and LF."""
    text = to_csv(report)
    lines = list(csv.reader(io.StringIO(text, newline=""), strict=True))

    assert lines[0] == list(COLUMNS)
    assert {len(line) for line in lines} == {len(COLUMNS)}
    assert text.endswith("\r\n")


def test_every_cell_of_every_table_stands_in_it(report: ReportDocument) -> None:
    """Printed text, unrounded value, origin and evidence are those of the document, in its order."""
    wanted = [
        (section.id, table.id, cell.text, cell.value, cell.origin or table.origin or "", "\n".join(cell.evidence))
        for section in report.sections
        for table in section.tables
        for row in table.rows
        for cell in row
    ]
    found = [
        (
            one["chapter"], one["id"], one["text"].removeprefix("'"),
            float(one["value"]) if one["value"] else None, one["origin"], one["evidence"],
        )
        for one in _read(report)
        if one["kind"] == "cell"
    ]  # fmt: skip

    assert found == wanted


def test_points_of_charts_that_no_table_has_stand_in_it(report: ReportDocument) -> None:
    """The staircase of costs over load is in no table; latencies are, and are not repeated."""
    points = {one["id"] for one in _read(report) if one["kind"] == "point"}
    stairs = next(chart for section in report.sections for chart in section.charts if chart.id == "chart-load")
    values = [float(one["value"]) for one in _read(report) if one["id"] == "chart-load" and one["value"]]

    assert "chart-load" in points
    assert set(stairs.series[0].y) <= set(values)
    assert "chart-ttft" not in points


def test_labels_of_origins_are_in_the_language_of_the_report(report: ReportDocument) -> None:
    """As in every other format; the column of origins keeps the codes."""
    german = report.model_copy(update={"labels": labels_of(GERMAN)})
    tags = {one["text"] for one in _read(german) if one["kind"] == "cell"}

    assert "gemessen" in tags
    assert not tags & {"measured", "modelled", "quoted", "assumed"}
    assert "measured" in {one["origin"] for one in _read(german)}


@pytest.mark.parametrize("text", HOSTILE)
def test_what_a_spreadsheet_would_run_is_text(text: str) -> None:
    """An apostrophe stands before what begins like a formula."""
    assert inert(text) == f"'{text}"


@pytest.mark.parametrize("text", HARMLESS)
def test_numbers_and_words_stay_as_they_are(text: str) -> None:
    """Negative numbers and plain words are not touched."""
    assert inert(text) == text


def test_hostile_text_anywhere_in_a_report_is_text(report: ReportDocument) -> None:
    """Cover, chapter and table cannot bring a formula in."""
    rows = ((Cell(text="=A1"), Cell(text="-1.5", value=-1.5)),)
    table = Table(id="t", title="@x", columns=(Column(title="+1+1"), Column(title="n")), rows=rows)
    changed = report.model_copy(
        update={
            "cover": report.cover.model_copy(update={"facts": (Fact(label="=x", text="=1+1"),)}),
            "sections": (Section(id="s", title="s", paragraphs=("=cmd",), tables=(table,)),),
        }
    )
    fields = [field for line in _read(changed) for field in line.values()]

    assert not [field for field in fields if field.startswith(("=", "+", "@"))]
    assert [one["value"] for one in _read(changed) if one["text"] == "-1.5"] == ["-1.5"]
