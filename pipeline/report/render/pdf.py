"""A report document as PDF: set by Typst, whose wheel needs no system package, with charts as vectors and tags."""

from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import typst

from pipeline.report.charts.svg import svg_file
from pipeline.report.document import ReportDocument
from pipeline.report.render.fonts import SANS, fonts_folder
from pipeline.report.render.json import to_json
from pipeline.report.render.templates import source

if TYPE_CHECKING:
    from typst import PDFStandard

_MAIN = "report.typ"
_PAGE_FONTS = "Arial, Helvetica, sans-serif"


def to_pdf(report: ReportDocument) -> bytes:
    """Return the same report as PDF, A4; equal documents give equal bytes.

    It is PDF/UA-1. Where text has a code point which that forbids, such as a byte order mark in what a model said, the
    file is tagged all the same but does not claim to be. The document itself is attached as `report.json`.
    """
    with TemporaryDirectory(prefix="awqctl-") as made:
        root = Path(made)
        _write(report, root)
        try:
            return _compiled(root, report, ["ua-1"])
        except typst.TypstError:
            return _compiled(root, report, [])


def _compiled(root: Path, report: ReportDocument, standards: "list[PDFStandard]") -> bytes:
    at = datetime.fromisoformat(report.date).replace(tzinfo=UTC)
    return bytes(
        typst.compile(
            root / _MAIN,
            root=root,
            font_paths=[fonts_folder()],
            ignore_system_fonts=True,
            format="pdf",
            timestamp=at,
            pdf_standards=standards,
        )
    )


def _write(report: ReportDocument, root: Path) -> None:
    """Write the template and all that it reads."""
    (root / _MAIN).write_text(source(_MAIN), encoding="utf-8")
    (root / "report.json").write_text(to_json(report), encoding="utf-8")
    (root / "charts").mkdir()
    for chart in (chart for section in report.sections for chart in section.charts):
        drawn = svg_file(chart).replace(_PAGE_FONTS, SANS)
        (root / "charts" / f"{chart.id}.svg").write_text(drawn, encoding="utf-8")
    if report.brand is not None and report.brand.logo is not None:
        (root / f"logo.{report.brand.logo.suffix}").write_bytes(report.brand.logo.content)
