"""The pieces of reports in XLSX and PPTX, read out of their XML: cells of sheets, texts and chart figures of slides."""

import io
import posixpath
import re
import zipfile
from collections.abc import Iterator
from xml.etree import ElementTree as ET

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_CHART = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_BESIDE_CELLS = re.compile(r"xl/(?!theme/|styles\.xml|.*\.(?:png|jpe?g|svg|bin)$).*|\[Content_Types\]\.xml")
_ON_SLIDES = re.compile(r"ppt/(?!theme/|presProps|viewProps|tableStyles|printerSettings|_rels).*")
_WORDS = re.compile(r"ppt/(?:notesSlides|comments|diagrams|slideMasters|slideLayouts|notesMasters)/[^/]*\.xml")
_SLIDE = re.compile(r"ppt/(slides/slide|charts/chart)(\d+)\.xml")


def read_xlsx(data: bytes) -> dict[str, str]:
    """Return the cells of a workbook, `SHEET!B4`: what is shown, and the formula where there is one."""
    with _opened(data) as archive:
        shared = ["".join(one.itertext()) for one in _root(archive, "xl/sharedStrings.xml").iter(f"{_MAIN}si")]
        return {
            f"{sheet}!{place}": text
            for sheet, path in _sheets(archive)
            for place, text in _cells(_root(archive, path), shared)
        }


def read_pptx(data: bytes) -> dict[str, str]:
    """Return the texts of slides, and the figures of their charts, in order."""
    with _opened(data) as archive:
        paths = sorted(filter(_SLIDE.fullmatch, archive.namelist()), key=_slide_order)
        return {
            f"{path.removeprefix('ppt/').removesuffix('.xml')}, text {number}": text
            for path in paths
            for number, text in enumerate(_texts(_root(archive, path)), 1)
        }


def parts_of_xlsx(data: bytes) -> dict[str, str]:
    """Return what of a workbook shows beside its cells: every part as canonical XML, and how numbers are shown."""
    with _opened(data) as archive:
        formats = _root(archive, "xl/styles.xml").iter(f"{_MAIN}numFmt")
        shown = {f"number format {one.get('numFmtId')}": one.get("formatCode", "") for one in formats}
        return shown | {
            name: ET.canonicalize(archive.read(name).decode()) if name.endswith((".xml", ".rels")) else "there"
            for name in filter(_BESIDE_CELLS.fullmatch, archive.namelist())
        }


def parts_of_pptx(data: bytes) -> dict[str, str]:
    """Return what of a presentation stands beside its slides: its parts, words in notes and layouts, charts' data."""
    with _opened(data) as archive:
        names = [name for name in filter(_ON_SLIDES.fullmatch, archive.namelist()) if not name.endswith(".rels")]
        return {name: _beside(archive, name) for name in names}


def _beside(archive: zipfile.ZipFile, name: str) -> str:
    if name.endswith(".xlsx"):
        return "; ".join(f"{place} {text}" for place, text in read_xlsx(archive.read(name)).items())
    if _WORDS.fullmatch(name):
        return " ".join(_texts(_root(archive, name)))
    return "there"


def _opened(data: bytes) -> zipfile.ZipFile:
    archive = zipfile.ZipFile(io.BytesIO(data))
    if len(set(archive.namelist())) != len(archive.namelist()):
        raise ValueError("two of its parts have one name")
    return archive


def _root(archive: zipfile.ZipFile, path: str) -> ET.Element:
    """Return the document at a path; an empty one where there is none."""
    if path not in archive.namelist():
        return ET.Element("none")
    return ET.fromstring(archive.read(path))  # noqa: S314 -- expat refuses to expand entities without limit


def _sheets(archive: zipfile.ZipFile) -> Iterator[tuple[str, str]]:
    targets = {one.get("Id"): one.get("Target", "") for one in _root(archive, "xl/_rels/workbook.xml.rels")}
    for sheet in _root(archive, "xl/workbook.xml").iter(f"{_MAIN}sheet"):
        target = targets.get(sheet.get(_RELATION), "")
        yield sheet.get("name", ""), posixpath.normpath(posixpath.join("xl", target)).lstrip("/")


def _cells(sheet: ET.Element, shared: list[str]) -> Iterator[tuple[str, str]]:
    for cell in sheet.iter(f"{_MAIN}c"):
        value, formula = cell.findtext(f"{_MAIN}v"), cell.findtext(f"{_MAIN}f")
        if cell.get("t") == "s" and value is not None:
            value = shared[int(value)]
        inline = cell.find(f"{_MAIN}is")
        text = "".join(inline.itertext()) if inline is not None else value or ""
        if text or formula:
            yield cell.get("r", ""), f"{text} (={formula})" if formula else text


def _texts(slide: ET.Element) -> Iterator[str]:
    for one in slide.iter():
        if one.tag in (f"{_DRAWING}t", f"{_CHART}v") and one.text:
            yield one.text


def _slide_order(path: str) -> tuple[str, int]:
    found = _SLIDE.fullmatch(path)
    return (found[1], int(found[2])) if found else (path, 0)
