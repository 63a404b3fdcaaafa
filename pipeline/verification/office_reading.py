"""The pieces of reports in XLSX and PPTX, read out of their XML: cells of sheets, texts and chart figures of slides."""

import io
import posixpath
import re
import zipfile
from collections.abc import Iterator
from xml.etree import ElementTree as ET

from pipeline.base.errors import SourceError

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_CHART = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
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


def _opened(data: bytes) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(io.BytesIO(data))
    except zipfile.BadZipFile as problem:
        raise SourceError("The file is damaged: it is no Office document. Write the report again.") from problem


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
