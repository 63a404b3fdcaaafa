"""The PDF: what it says, that it can be navigated, and that user text is never markup."""

from io import BytesIO

import pytest
from pypdf import PdfReader

from pipeline.report.document import Brand, Cell, Chart, Column, ReportDocument, Section, Table
from pipeline.report.render.json import to_json
from pipeline.report.render.pdf import to_pdf
from tests.unit.pipeline.report.render.logos import logo

pytestmark = pytest.mark.whole

HOSTILE = r"a#b $c$ *d* _e_ @f \g <h> [i] `j ~k //l = m"


@pytest.fixture(scope="module")
def pages(report: ReportDocument) -> PdfReader:
    """Return the PDF of the report, read again."""
    return PdfReader(BytesIO(to_pdf(report)))


def test_it_has_title_language_tags_and_a_day(pages: PdfReader, report: ReportDocument) -> None:
    """As readers and screen readers ask for them; the day is the report's, so that bytes do not change."""
    root = pages.trailer["/Root"]
    assert pages.metadata is not None
    assert pages.metadata.title == f"{report.cover.title} \N{EN DASH} {report.cover.client}"
    assert str(pages.metadata.get("/CreationDate")).startswith(f"D:{report.date.replace('-', '')}")
    assert root["/Lang"] == report.labels.language
    assert root["/MarkInfo"]["/Marked"]
    assert "pdfuaid" in pages.trailer["/Root"]["/Metadata"].get_data().decode()


def test_contents_lead_to_every_chapter(pages: PdfReader, report: ReportDocument) -> None:
    """Each chapter stands in the contents, with its page, and is a bookmark."""
    titles = [section.title for section in report.sections]
    marks = [str(mark.title) for mark in pages.outline if not isinstance(mark, list)]
    assert [mark for mark in marks if mark in titles] == titles
    contents = next(page.extract_text() for page in pages.pages[1:] if report.labels.contents in page.extract_text())
    assert all(title in contents for title in titles)


def test_pages_are_numbered_and_have_running_heads(pages: PdfReader, report: ReportDocument) -> None:
    """All but the cover."""
    many = len(pages.pages)
    for number, page in enumerate(pages.pages[1:], 2):
        assert f"{number} of {many}" in page.extract_text()
        assert report.cover.title in page.extract_text()
    assert f"1 of {many}" not in pages.pages[0].extract_text()


def test_every_figure_of_every_table_is_printed(pages: PdfReader, report: ReportDocument) -> None:
    """No row is lost where tables break, and no chapter."""
    printed = "".join("".join(page.extract_text() for page in pages.pages).split())
    for section in report.sections:
        for table in section.tables:
            for row in table.rows:
                texts = ["".join(cell.text.replace("`", "").split()) for cell in row if not cell.tag]
                assert [text for text in texts if text not in printed] == [], table.id


def test_figures_of_another_origin_than_their_tables_have_its_mark(pages: PdfReader, report: ReportDocument) -> None:
    """As on the page: measured and assumed look different where no column says which is which."""
    printed = "".join("".join(page.extract_text() for page in pages.pages).split())
    found = [
        f"{''.join(cell.text.split())}{report.labels.marks[mark]}"
        for section in report.sections
        for table in section.tables
        for row in table.rows
        for cell in row
        if (mark := table.mark_of(cell, row))
    ]
    assert found
    assert [text for text in found if text not in printed] == []


def test_the_document_is_attached(pages: PdfReader, report: ReportDocument) -> None:
    """As it is, so that a PDF alone can be verified."""
    assert pages.attachments["report.json"] == [to_json(report).encode()]


def test_only_our_fonts_are_used_and_all_are_embedded(pages: PdfReader) -> None:
    """Whatever fonts a machine has."""
    fonts = [font.get_object() for page in pages.pages for font in page["/Resources"].get("/Font", {}).values()]
    assert {str(font["/BaseFont"]).partition("+")[2].partition("-")[0] for font in fonts} <= {
        "DejaVuSans",
        "DejaVuSansMono",
    }
    assert all("+" in str(font["/BaseFont"]) for font in fonts)


def hostile(report: ReportDocument, text: str = HOSTILE) -> ReportDocument:
    """Return the report with the text wherever a user's can be."""
    table = Table(
        id="t", title=text, columns=(Column(title=text, numeric=False),), rows=((Cell(text=text),),), note=text
    )
    section = Section(id="s", title=text, paragraphs=(text,), bullets=(text,), tables=(table,))
    cover = report.cover.model_copy(update={"title": text, "client": text, "prepared_by": text})
    return report.model_copy(update={"cover": cover, "sections": (section,), "recommendation": text})


def test_text_is_printed_as_it_is(report: ReportDocument) -> None:
    """Nothing in a name is markup: it comes as data."""
    read = PdfReader(BytesIO(to_pdf(hostile(report))))
    wanted = "".join(HOSTILE.replace("`", "").split())
    texts = ["".join(page.extract_text().replace("`", "").split()) for page in read.pages]
    assert sum(text.count(wanted) for text in texts) > 8
    assert read.metadata is not None
    assert HOSTILE in str(read.metadata.title)


def test_digests_break_inside_their_column(report: ReportDocument) -> None:
    """A sentence with one beside other sentences: it stays on the page, and commands beside it have no backticks."""
    digest, words = "48b0069f" * 8, "The baseline goes on as it is, and nothing of it changes meanwhile."
    row = tuple(
        Cell(text=text) for text in (words, f"The digest is {digest}.", "`awqctl verify out` is run here.", words)
    )
    columns = tuple(Column(title=title, numeric=False) for title in "abcd")
    table = Table(id="t", title="Long", columns=columns, rows=(row,))
    section = Section(id="s", title="One", tables=(table,))
    text = "".join(
        page.extract_text()
        for page in PdfReader(BytesIO(to_pdf(report.model_copy(update={"sections": (section,)})))).pages
    )
    found = text[text.index("The digest is") :]
    assert digest not in found
    assert f"{digest}." in "".join(found.split())
    assert "`" not in found


@pytest.mark.parametrize(("text", "claims"), [("\N{SAUROPOD} kept", True), ("\ufffe kept", False)])
def test_text_that_cannot_be_drawn_is_no_error(report: ReportDocument, text: str, claims: bool) -> None:  # noqa: FBT001
    """Where PDF/UA forbids a code point, the file does not claim to be that; it is tagged all the same."""
    read = PdfReader(BytesIO(to_pdf(hostile(report, text))))
    assert read.trailer["/Root"]["/MarkInfo"]["/Marked"]
    assert ("pdfuaid:part" in read.trailer["/Root"]["/Metadata"].get_data().decode()) == claims
    assert "kept" in read.pages[0].extract_text()


def test_equal_documents_give_equal_bytes(report: ReportDocument) -> None:
    """And another one other bytes."""
    assert to_pdf(report) == to_pdf(report.model_copy())
    assert to_pdf(report) != to_pdf(report.model_copy(update={"recommendation": "Another."}))


@pytest.mark.parametrize("kind", ["png", "jpeg", "svg"])
def test_the_brand_is_on_the_cover_and_in_the_heads(report: ReportDocument, kind: str) -> None:
    """Name, logo and colour."""
    brand = Brand(name="Example & Söhne", colour="#a3005c", logo=logo(kind))
    read = PdfReader(BytesIO(to_pdf(report.model_copy(update={"brand": brand}))))
    assert all("Example & Söhne" in page.extract_text() for page in read.pages)
    assert b"0.6392157 0 0.36078432" in read.pages[0].get_contents().get_data()


def test_a_report_of_little_is_a_report(report: ReportDocument) -> None:
    """Without chapters, figures and next steps there are a cover, a summary and signatures."""
    empty = {"sections": (), "key_figures": (), "findings": (), "next_steps": ()}
    read = PdfReader(BytesIO(to_pdf(report.model_copy(update=empty))))
    assert report.labels.signatures in read.pages[-1].extract_text()


def test_a_long_table_repeats_its_header(report: ReportDocument) -> None:
    """On each page that it takes, and its first page has more than one row."""
    rows = tuple((Cell(text=f"row-{number}"), Cell(text="1")) for number in range(150))
    table = Table(id="t", title="Long", columns=(Column(title="Headword"), Column(title="n")), rows=rows)
    section = Section(id="s", title="Chapter", tables=(table,), charts=charts_of(report)[:2])
    read = PdfReader(BytesIO(to_pdf(report.model_copy(update={"sections": (section,)}))))
    parts = [page.extract_text() for page in read.pages if "row-" in page.extract_text()]
    assert len(parts) > 2
    assert all("Headword" in part and part.count("row-") > 1 for part in parts)


def charts_of(report: ReportDocument) -> tuple[Chart, ...]:
    """Return all charts."""
    return tuple(chart for section in report.sections for chart in section.charts)
