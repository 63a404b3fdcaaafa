"""The first slide: what the report is of, for whom and by whom, with the logo."""

from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pptx.util import Pt

from pipeline.report.document import Logo
from pipeline.report.render.slides import fit
from pipeline.report.render.slides.deck import Box, Deck, describe, plain, write

_PER_POINT = 12700
_LOGO_HEIGHT, _LOGO_WIDTH = 56.0, 260.0
_SVG = "image/svg+xml"
_PIXELS_PER_INCH = 220
_SIZES = (36.0, 32.0, 28.0, 24.0, 20.0, 16.0)


def add_cover(deck: Deck) -> None:
    """Add the slide."""
    report, say = deck.report, deck.report.labels
    cover, slide = report.cover, deck.cover()
    facts = [
        *([f"{say.for_client} {cover.client}"] if cover.client else []),
        *([f"{say.prepared_by} {cover.prepared_by}"] if cover.prepared_by else []),
        *(f"{fact.label}: {fact.text}" for fact in cover.facts),
    ]
    title, others = slide.shapes.title, [one for one in slide.placeholders if one.placeholder_format.idx != 0]
    if title is not None:
        room = title.width / _PER_POINT - 15, title.height / _PER_POINT
        size = fit.largest(cover.title, _SIZES, *room, bold=True)
        title.text_frame.text = fit.shortened(plain(cover.title), size, *room, bold=True)
        title.text_frame.paragraphs[0].runs[0].font.size = Pt(size)
    place = next((one for one in others if one.has_text_frame), None)
    for one in others:
        if one is not place:
            one.element.getparent().remove(one.element)
    if place is None:
        place = write(slide, Box(70, 300, 600, 150), [])
    _fill(place, facts)
    if report.brand and report.brand.logo:
        _add_logo(slide, report.brand.logo, report.brand.name or cover.title)


def _fill(shape: Any, facts: list[str]) -> None:
    wide, high = shape.width / _PER_POINT - 15, shape.height / _PER_POINT - 10
    sizes = (18.0, 16.0, 14.0, 12.0, 10.0)
    size = fit.largest("\n".join(facts), sizes, wide, high * 0.8)
    frame = shape.text_frame
    for number, fact in enumerate(facts):
        paragraph = frame.paragraphs[0] if number == 0 else frame.add_paragraph()
        run = paragraph.add_run()
        run.text = fit.shortened(plain(fact), size, wide, 2 * size * fit.LINE)
        run.font.size = Pt(size)
        paragraph.space_before = Pt(2)


def _add_logo(slide: Any, logo: Logo, alternative: str) -> None:
    scale = min(_LOGO_HEIGHT / logo.height, _LOGO_WIDTH / logo.width)
    box = Box(66, 40, logo.width * scale, logo.height * scale)
    content = drawn(logo.content) if logo.media_type == _SVG else logo.content
    describe(slide.shapes.add_picture(BytesIO(content), *box.emu), "Logo", alternative)


def drawn(svg: bytes) -> bytes:
    """Return an SVG as a PNG with a clear background: python-pptx and XlsxWriter take no SVG."""
    import typst  # noqa: PLC0415 -- only a logo of this kind needs it

    page = '#set page(width: auto, height: auto, margin: 0pt, fill: none)\n#image("logo.svg", height: 60pt)'
    with TemporaryDirectory(prefix="awqctl-") as made:
        (Path(made) / "logo.svg").write_bytes(svg)
        (Path(made) / "main.typ").write_text(page, encoding="utf-8")
        return bytes(typst.compile(Path(made) / "main.typ", root=Path(made), format="png", ppi=_PIXELS_PER_INCH))
