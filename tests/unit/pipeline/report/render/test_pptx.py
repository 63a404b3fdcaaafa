"""The slides, read again: native charts with the document's figures, tables that fit, notes with evidence."""

import re
import zipfile
from io import BytesIO
from typing import Any

import pytest
from pptx import Presentation
from pptx.enum.chart import XL_CHART_TYPE
from pptx.oxml.ns import qn
from pptx.util import Inches, Pt

from pipeline.base.format import TIMES
from pipeline.report.document import Brand, Cell, Chart, Column, ReportDocument, Section, Table
from pipeline.report.render.pptx import to_pptx
from pipeline.report.render.slides import fit
from pipeline.report.render.slides.points import points_of
from tests.unit.pipeline.report.render.logos import logo
from tests.unit.pipeline.report.render.test_pdf import HOSTILE, hostile

pytestmark = pytest.mark.whole

KINDS = {
    "line": {XL_CHART_TYPE.LINE, XL_CHART_TYPE.LINE_MARKERS},
    "dot": {XL_CHART_TYPE.LINE, XL_CHART_TYPE.LINE_MARKERS},
    "bar": {XL_CHART_TYPE.BAR_CLUSTERED},
}
SCATTERED = {XL_CHART_TYPE.XY_SCATTER, XL_CHART_TYPE.XY_SCATTER_LINES, XL_CHART_TYPE.XY_SCATTER_LINES_NO_MARKERS}
_PER_POINT = 12700


def opened(report: ReportDocument, template: bytes | None = None) -> Any:
    """Return the presentation, read again."""
    return Presentation(BytesIO(to_pptx(report, template)))


@pytest.fixture(scope="module")
def deck(report: ReportDocument) -> Any:
    """Return the slides of the report."""
    return opened(report)


def texts(slide: Any) -> list[str]:
    """Return all that is written on a slide, its tables and charts left out."""
    return [shape.text_frame.text for shape in slide.shapes if shape.has_text_frame]


def shown(report: ReportDocument) -> list[Chart]:
    """Return the charts that slides show."""
    return [chart for section in report.sections if not section.background for chart in section.charts]


def native(deck: Any) -> list[Any]:
    """Return the frames of all charts, in order."""
    return [shape for slide in deck.slides for shape in slide.shapes if shape.has_chart]


def test_all_charts_are_native_and_have_the_figures_of_the_document(deck: Any, report: ReportDocument) -> None:
    """None is a picture; each says what is to be seen."""
    frames = native(deck)
    assert [frame.name for frame in frames] == [chart.title for chart in shown(report)]
    for frame, chart in zip(frames, shown(report), strict=True):
        assert frame.chart.chart_type in KINDS.get(chart.kind, SCATTERED)
        assert frame._element.nvGraphicFramePr.cNvPr.get("descr") == chart.alternative  # noqa: SLF001
        made = points_of(chart, report.labels)
        assert [one.name for one in frame.chart.plots[0].series] == [one.name for one in made]
        for series, points in zip(frame.chart.plots[0].series, made, strict=True):
            assert [value for value in series.values if value is not None] == [y for y in points.y if y is not None]
    assert {chart.kind for chart in shown(report)} >= {"line", "dot", "bar", "step", "forest", "pareto"}
    assert not [shape for slide in deck.slides for shape in slide.shapes if shape.shape_type == 13]


def test_figures_of_lines_and_bars_are_those_of_the_series(deck: Any, report: ReportDocument) -> None:
    """At the places of the document, with their ranges."""
    for frame, chart in zip(native(deck), shown(report), strict=True):
        if chart.kind not in KINDS:
            continue
        assert list(frame.chart.plots[0].categories) == [str(x) for x in chart.series[0].x]
        by_name = {one.name: one for one in frame.chart.plots[0].series}
        for one in chart.series:
            if not one.y:
                continue
            assert tuple(by_name[one.name].values) == one.y
            if one.low:
                bars = by_name[one.name]._element.find(qn("c:errBars"))  # noqa: SLF001
                up, down = (
                    [float(value.text) for value in bars.find(qn(f"c:{side}")).iter(qn("c:v"))]
                    for side in ("plus", "minus")
                )
                known = zip(one.y, one.low, one.high, strict=True)
                ends = [(y, low or y, high or y) for y, low, high in known if y is not None]
                assert up == pytest.approx([high - y for y, _, high in ends])
                assert down == pytest.approx([y - low for y, low, _ in ends])


def test_bars_below_zero_are_drawn(report: ReportDocument) -> None:
    """A saving that is a loss at both ends of an input: no axis begins at zero and hides it."""
    section = next(one for one in report.sections if any(chart.kind == "bar" for chart in one.charts))
    (chart,) = (one for one in section.charts if one.kind == "bar")
    series = tuple(
        one.model_copy(update={"y": tuple(-(y or 0.0) for y in one.y), "low": (), "high": ()}) for one in chart.series
    )
    losses = section.model_copy(update={"charts": (chart.model_copy(update={"series": series}),)})
    (frame,) = native(opened(report.model_copy(update={"sections": (losses,)})))
    assert frame.chart.value_axis.minimum_scale is None


def test_notes_have_the_evidence_of_what_is_shown(deck: Any, report: ReportDocument) -> None:
    """A chart's series, a table's cells, and what the key figures are from."""
    for slide in deck.slides:
        for shape in slide.shapes:
            if shape.has_chart:
                chart = next(one for one in shown(report) if one.title == shape.name)
                notes = slide.notes_slide.notes_text_frame.text
                assert all(key in notes for one in chart.series for key in one.evidence)
    notes = "\n".join(slide.notes_slide.notes_text_frame.text for slide in deck.slides if slide.has_notes_slide)
    keys = [key for one in (*report.key_figures, *report.findings) for key in one.evidence]
    tables = [table for section in report.sections if not section.background for table in section.tables]
    keys += [key for table in tables if not table.folded for row in table.rows for cell in row for key in cell.evidence]
    assert not [key for key in keys if key not in notes]


def test_slides_are_numbered_and_end_with_the_sign_off(deck: Any, report: ReportDocument) -> None:
    """The cover has no number; the last slide has a line for each role."""
    many = len(deck.slides)
    for number, slide in enumerate(deck.slides, 1):
        fields = list(slide.element.iter(qn("a:fld")))
        assert [field.get("type") for field in fields] == ["slidenum"] * (number > 1)
        assert number == 1 or fields[0].getparent().findtext(f".//{qn('a:r')}[2]/{qn('a:t')}") == f" of {many}"
    (table,) = (shape.table for shape in deck.slides[-1].shapes if shape.has_table)
    assert [table.cell(row, 0).text for row in (1, 2)] == [one.label for one in report.signatures]


def test_figures_at_charts_are_in_the_manner_of_the_language(report: ReportDocument) -> None:
    """Factors have a comma in German, whatever the language of the machine."""
    german = report.model_copy(update={"labels": report.labels.model_copy(update={"language": "de"})})
    factor = re.compile(rf"<a:t>\d+([.,])\d\d{TIMES}</a:t>")
    with zipfile.ZipFile(BytesIO(to_pptx(german))) as made:
        drawn = [made.read(name).decode() for name in made.namelist() if name.startswith("ppt/charts/")]

    assert {point for xml in drawn for point in factor.findall(xml)} == {","}


def test_the_recommendation_stands_on_the_second_slide(deck: Any, report: ReportDocument) -> None:
    """With what was found on each topic; the origins have their words and marks on a slide of their own."""
    said = "\n".join(texts(deck.slides[1]))
    assert report.recommendation.replace("`", "") in said
    assert report.labels.decisions[report.decision] in said
    assert all(one.headline in said for one in report.findings)
    legend = "\n".join(texts(deck.slides[-2]))
    assert all(one.meaning in legend for one in report.legend)


def overflowing(deck: Any) -> list[str]:
    """Return what leaves its box or the slide, by our own estimate of widths."""
    found = []
    wide, high = deck.slide_width, deck.slide_height
    for number, slide in enumerate(deck.slides, 1):
        for shape in slide.shapes:
            place = f"slide {number}: {shape.name}"
            if (
                shape.left < 0
                or shape.top < 0
                or shape.left + shape.width > wide + 1
                or shape.top + shape.height > high + 1
            ):
                found.append(f"{place} leaves the slide")
            if shape.has_text_frame and shape.text_frame.text and not shape.is_placeholder and not _fits(shape):
                found.append(f"{place}: {shape.text_frame.text[:40]}")
            if shape.has_table and sum(row.height for row in shape.table.rows) > shape.height + _PER_POINT:
                found.append(f"{place}: rows")
    return found


def _fits(shape: Any) -> bool:
    used = 0.0
    for paragraph in shape.text_frame.paragraphs:
        sizes = [run.font.size.pt for run in paragraph.runs if run.font.size]
        size = max(sizes, default=10)
        used += fit.height_of(
            paragraph.text, size, shape.width / _PER_POINT, bold=any(run.font.bold for run in paragraph.runs)
        )
        used += paragraph.space_after.pt if paragraph.space_after else 0
    return used <= shape.height / _PER_POINT + 10


def test_nothing_overflows(deck: Any) -> None:
    """Of the report as it is."""
    assert overflowing(deck) == []


def stuffed(report: ReportDocument) -> ReportDocument:
    """Return a report whose texts are long, with a table that is long and wide and has a cell of many words."""
    words = "several words that go on " * 30
    columns = tuple(Column(title=f"Column number {number}", numeric=number > 0) for number in range(11))
    rows = tuple(tuple(Cell(text=f"{row}/{column} figure") for column in range(11)) for row in range(60))
    much = (Cell(text=words * 10), *rows[0][1:])
    table = Table(id="t", title="A title " * 20, columns=columns, rows=(*rows, much), note=words)
    section = Section(id="s", title="Chapter " * 30, paragraphs=(words, words * 9), tables=(table, table))
    cover = report.cover.model_copy(update={"title": "Long title " * 20, "client": "Client " * 30})
    findings = tuple(one.model_copy(update={"headline": words}) for one in report.findings)
    figures = tuple(
        one.model_copy(update={"detail": words, "label": words, "text": "9" * 60}) for one in report.key_figures
    )
    changes = {"sections": (section,), "cover": cover, "findings": findings, "key_figures": figures * 3}
    return report.model_copy(update=changes)


def test_long_texts_are_split_over_slides(report: ReportDocument) -> None:
    """Every row is there once, under a header on each slide; what no slide can hold is shortened and says so."""
    deck = opened(stuffed(report))
    assert overflowing(deck) == []
    tables = [shape.table for slide in deck.slides for shape in slide.shapes if shape.has_table][:-1]
    assert all(table.cell(0, 0).text == "Column number 0" for table in tables)
    first = [table.cell(row, 0).text for table in tables for row in range(1, len(table.rows))]
    assert first[:61] == [*(f"{row}/0 figure" for row in range(60)), first[60]]
    assert first[60].endswith("\N{HORIZONTAL ELLIPSIS}")
    assert len(first) == 122


def test_text_is_printed_as_it_is(report: ReportDocument) -> None:
    """Characters that XML or markup would take are text; those that XML has no place for are left out."""
    deck = opened(hostile(report, f"{HOSTILE}\x01\ufffe"))
    said = [text for slide in deck.slides for text in texts(slide)]
    assert sum(HOSTILE.replace("`", "") in text for text in said) > 4


def test_equal_documents_give_equal_bytes(report: ReportDocument) -> None:
    """Times in the archive and in the workbooks of its charts are the report's day."""
    first = to_pptx(report)
    assert first == to_pptx(report)
    with zipfile.ZipFile(BytesIO(first)) as archive:
        assert {
            f"{year:04}-{month:02}-{day:02}" for year, month, day, *_ in (one.date_time for one in archive.infolist())
        } == {report.date}


def a_template(*, slides: int = 2, potx: bool = False) -> bytes:
    """Return a client's template, 4:3, with slides of its own and a red accent."""
    deck = Presentation()
    for _ in range(slides):
        deck.slides.add_slide(deck.slide_layouts[1]).shapes.title.text = "Theirs"
    deck.slide_layouts[6].name = "Client blank"
    made = BytesIO()
    deck.save(made)
    if not potx:
        return made.getvalue()
    changed = BytesIO()
    with zipfile.ZipFile(made) as source, zipfile.ZipFile(changed, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            target.writestr(
                name, content.replace(b"presentation.main+xml", b"template.main+xml") if "Types" in name else content
            )
    return changed.getvalue()


@pytest.mark.parametrize("potx", [False, True])
def test_a_template_gives_its_layouts_and_keeps_its_slides(report: ReportDocument, potx: bool) -> None:  # noqa: FBT001
    """Masters, layouts and the size of slides are the client's; its own slides are not in the report."""
    deck = opened(report, a_template(potx=potx))
    assert (deck.slide_width, deck.slide_height) == (Inches(10), Inches(7.5))
    assert "Client blank" in [layout.name for layout in deck.slide_layouts]
    assert deck.slides[0].slide_layout.name == "Title Slide"
    assert deck.slides[1].slide_layout.name == "Title Only"
    assert not any("Theirs" in text for slide in deck.slides for text in texts(slide))
    assert overflowing(deck) == []
    assert len(native(deck)) == len(shown(report))


@pytest.mark.parametrize("kind", ["png", "jpeg", "svg"])
def test_the_brand_is_on_the_cover(report: ReportDocument, kind: str) -> None:
    """Name, logo with a text that stands for it, and the colour as the first accent of the theme."""
    brand = Brand(name="Example & Söhne", colour="#a3005c", logo=logo(kind))
    content = to_pptx(report.model_copy(update={"brand": brand}))
    deck = Presentation(BytesIO(content))
    (picture,) = (shape for shape in deck.slides[0].shapes if shape.shape_type == 13)
    assert picture._element.nvPicPr.cNvPr.get("descr") == "Example & Söhne"  # noqa: SLF001
    assert picture.width == pytest.approx(2 * picture.height, rel=0.02)
    assert any("Example & Söhne" in text for text in texts(deck.slides[1]))
    with zipfile.ZipFile(BytesIO(content)) as archive:
        theme = archive.read("ppt/theme/theme1.xml").decode()
    assert re.search(r'<a:accent1>\s*<a:srgbClr val="A3005C"', theme)


def test_a_report_of_little_is_a_report(report: ReportDocument) -> None:
    """Without chapters, figures and next steps there are a cover, a summary, the origins and the sign-off."""
    empty = {"sections": (), "key_figures": (), "findings": (), "next_steps": ()}
    assert len(opened(report.model_copy(update=empty)).slides) == 4


def test_figures_of_another_origin_than_their_tables_have_its_mark(deck: Any, report: ReportDocument) -> None:
    """As in the other formats: measured and assumed look different where no column says which is which."""
    written = {
        cell.text
        for slide in deck.slides
        for shape in slide.shapes
        if shape.has_table
        for row in shape.table.rows
        for cell in row.cells
    }
    (capacity,) = (row[1] for one in report.sections for t in one.tables if t.id == "costs-arms" for row in t.rows[:1])
    assert f"{capacity.text} {report.labels.marks['measured']}" in written


def test_rows_are_as_high_as_their_text(deck: Any) -> None:
    """By our estimate, so that PowerPoint does not stretch a table over the end of its slide."""
    for slide in deck.slides:
        for shape in (shape for shape in slide.shapes if shape.has_table):
            for row in shape.table.rows:
                for cell, column in zip(row.cells, shape.table.columns, strict=True):
                    runs = [run for one in cell.text_frame.paragraphs for run in one.runs]
                    if not runs:
                        continue
                    inside = (column.width - 2 * (cell.margin_left or Pt(5))) / _PER_POINT
                    high = fit.height_of(cell.text, runs[0].font.size.pt, inside + 0.1, bold=bool(runs[0].font.bold))
                    assert high <= row.height / _PER_POINT + 0.5
