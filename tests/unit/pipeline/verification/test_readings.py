"""What each format prints is read back by place: rows, columns, cells, slides."""

import io
import zipfile

import pytest

from pipeline.base.errors import SourceError
from pipeline.verification.html_reading import read_html
from pipeline.verification.office_reading import read_pptx, read_xlsx
from pipeline.verification.readings import read_report
from pipeline.verification.text_reading import read_csv, read_markdown

MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
RELATION = 'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'


def archive(**files: str) -> bytes:
    """Return an Office document of these files; two underscores stand for a slash."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as target:
        for name, text in files.items():
            target.writestr(f"{name.replace('__', '/')}", text)
    return data.getvalue()


def test_html_by_attribute() -> None:
    """Breaks and marks are no text; code has no backticks; entities are what they stand for."""
    page = (
        '<meta name="awqctl-run" content="ab"><td data-figure="a/0/1">1<wbr>2 &lt; 3 '
        '<span class="mark mark-assumed">?</span></td><p data-figure="b">set <code>x</code>\n now</p><p>other</p>'
    )
    assert read_html(page) == ("ab", {"a/0/1": "12 < 3", "b": "set x now"})


def test_markdown_by_heading_row_and_column() -> None:
    """Escaped borders are text; rows of one name are numbered."""
    page = (
        "### Speed\n\n| arm | speed |\n| --- | ---: |\n| A | 1 \\| 2 |\n| A | 3 |\n\nText.\n\n<!-- awqctl run: ab -->\n"
    )
    run, pieces = read_markdown(page)
    assert run == "ab"
    assert pieces["'Speed', row 'A', column 'speed'"] == "1 \\| 2"
    assert pieces["'Speed', row 'A', column 'speed' (2)"] == "3"
    assert pieces["'Speed', text"] == "Text."


def test_csv_by_what_the_line_says() -> None:
    """The columns that name a figure, where there are such; a field too much is seen."""
    pieces = read_csv("kind,id,row,column,text\ncell,speed,A,at 1,12\nnote,,,,x,more\n")
    assert pieces["id 'speed', row 'A', column 'at 1', field 'text'"] == "12"
    assert pieces["line 'note', field ''"] == "more"


def test_xlsx_by_cell() -> None:
    """Shared texts, inline texts, numbers, and the formula behind a figure."""
    sheet = (
        f'<worksheet {MAIN}><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1"><f>2*A2</f><v>4.5</v></c>'
        f'<c r="C1" t="inlineStr"><is><t>in</t></is></c><c r="D1"/></row></sheetData></worksheet>'
    )
    book = f'<workbook {MAIN} {RELATION}><sheets><sheet name="ROI" sheetId="1" r:id="rId1"/></sheets></workbook>'
    data = archive(
        **{
            "xl__workbook.xml": book,
            "xl___rels__workbook.xml.rels": '<R><One Id="rId1" Target="worksheets/sheet1.xml"/></R>',
            "xl__worksheets__sheet1.xml": sheet,
            "xl__sharedStrings.xml": f"<sst {MAIN}><si><t>price</t></si></sst>",
        }
    )
    assert read_xlsx(data) == {"ROI!A1": "price", "ROI!B1": "4.5 (=2*A2)", "ROI!C1": "in"}


def test_pptx_by_slide_and_chart() -> None:
    """Slides in their order, and the figures of native charts."""
    drawing = 'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
    chart = 'xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart"'
    slides = {f"ppt__slides__slide{n}.xml": f"<s {drawing}><a:t>slide {n}</a:t></s>" for n in (10, 2)}
    found = read_pptx(archive(**slides, **{"ppt__charts__chart1.xml": f"<c {chart}><c:v>1.25</c:v></c>"}))
    assert list(found.values()) == ["1.25", "slide 2", "slide 10"]


def test_damage_is_said_and_pdf_is_not_read() -> None:
    """A file that is none of its format is damaged; of PDF only the hash is compared."""
    for name, data in (("xlsx", b"no archive"), ("json", b"{"), ("json", b"{}"), ("html", b"\xff")):
        with pytest.raises(SourceError, match="damaged"):
            read_report(name, data)
    assert read_report("pdf", b"%PDF") is None
