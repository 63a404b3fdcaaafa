"""The presentation that slides are added to: the client's template without its slides, or a plain one of ours."""

import re
import zipfile
from io import BytesIO
from typing import Any

from pptx import Presentation
from pptx.opc.constants import RELATIONSHIP_TYPE
from pptx.oxml import parse_xml
from pptx.oxml.ns import qn
from pptx.util import Emu, Inches

OUR_COLOUR = "#0067a3"
_TEMPLATE = b"presentationml.template.main+xml"
_PRESENTATION = b"presentationml.presentation.main+xml"
_TYPES = "[Content_Types].xml"
_WIDTH, _HEIGHT = Inches(13.333), Inches(7.5)
_TITLE = (Inches(0.6), Inches(0.35), Inches(12.13), Inches(0.8))
_COVER_TITLE = (Inches(0.9), Inches(2.3), Inches(11.5), Inches(1.5))
_COVER_TEXT = (Inches(0.9), Inches(3.95), Inches(11.5), Inches(2.2))
_NUMBER = (Inches(11.53), Inches(7.02), Inches(1.2), Inches(0.3))
_FOOT = (Inches(0.6), Inches(7.02), Inches(9), Inches(0.3))
_COVER, _PLAIN = "Title Slide", "Title Only"
_LINE = """<p:sp xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main"
 xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"><p:nvSpPr><p:cNvPr id="{id}" name="Line"/><p:cNvSpPr/>
<p:nvPr userDrawn="1"/></p:nvSpPr><p:spPr><a:xfrm><a:off x="{x}" y="{y}"/><a:ext cx="{cx}" cy="{cy}"/></a:xfrm>
<a:prstGeom prst="rect"><a:avLst/></a:prstGeom><a:solidFill><a:schemeClr val="accent1"/></a:solidFill><a:ln><a:noFill/>
</a:ln></p:spPr></p:sp>"""


def from_template(template: bytes) -> Any:
    """Return the client's presentation or template with its masters and layouts and without its slides."""
    deck = Presentation(BytesIO(_as_presentation(template)))
    slides = deck.slides._sldIdLst  # noqa: SLF001 -- python-pptx removes slides in no other way
    for slide in list(slides):
        deck.part.drop_rel(slide.rId)
        slides.remove(slide)
    return deck


def ours(colour: str | None) -> Any:
    """Return a plain 16:9 presentation: white, titles at the left in one colour, Arial."""
    deck = Presentation()
    deck.slide_width, deck.slide_height = _WIDTH, _HEIGHT
    master = deck.slide_masters[0]
    for layout in list(deck.slide_layouts):
        if layout.name not in (_COVER, _PLAIN):
            deck.slide_layouts.remove(layout)
    _paint_theme(master, colour or OUR_COLOUR)
    _style_titles(master)
    _place(master)
    for layout in deck.slide_layouts:
        _place(layout, cover=layout.name == _COVER)
        _draw_line(layout, cover=layout.name == _COVER)
    return deck


def _as_presentation(content: bytes) -> bytes:
    """Return a template (.potx) as the presentation that it is but for its declared type."""
    made = BytesIO()
    with zipfile.ZipFile(BytesIO(content)) as source, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            member = source.read(name)
            target.writestr(name, member.replace(_TEMPLATE, _PRESENTATION) if name == _TYPES else member)
    return made.getvalue()


def _paint_theme(master: Any, colour: str) -> None:
    """Set the first accent and the fonts of the theme, which all else takes from it."""
    theme = master.part.part_related_by(RELATIONSHIP_TYPE.THEME)
    text = theme.blob.decode()
    text = re.sub(
        r"(<a:accent1>)\s*<a:srgbClr val=\"[0-9A-Fa-f]{6}\"/>",
        rf'\1<a:srgbClr val="{colour.removeprefix("#").upper()}"/>',
        text,
    )
    text = re.sub(r'(<a:(?:major|minor)Font>\s*<a:latin typeface=")[^"]*', r"\1Arial", text)
    theme._blob = text.encode()  # noqa: SLF001 -- python-pptx keeps themes as they are


def _style_titles(master: Any) -> None:
    style = master.element.find(f".//{qn('p:titleStyle')}/{qn('a:lvl1pPr')}")
    style.set("algn", "l")
    run = style.find(qn("a:defRPr"))
    run.set("sz", "2600")
    run.set("b", "1")
    for fill in run.findall(qn("a:solidFill")):
        fill.find(qn("a:schemeClr")).set("val", "accent1")


def _place(page: Any, *, cover: bool = False) -> None:
    """Put the placeholders of a master or a layout where they belong on a wide slide; the date is not shown."""
    for shape in list(page.placeholders):
        kind = str(shape.placeholder_format.type).partition(" ")[0]
        if kind in ("TITLE", "CENTER_TITLE"):
            box = _COVER_TITLE if cover else _TITLE
        elif kind in ("SUBTITLE", "BODY"):
            box = _COVER_TEXT
        elif kind == "SLIDE_NUMBER":
            box = _NUMBER
        elif kind == "FOOTER":
            box = _FOOT
        else:
            shape.element.getparent().remove(shape.element)
            continue
        shape.left, shape.top, shape.width, shape.height = box
        _to_the_left(shape)


def _to_the_left(shape: Any) -> None:
    """Set the text of a placeholder flush left, in the middle of its height, whatever the default template has."""
    body = shape.element.find(qn("p:txBody"))
    for style in body.iter(qn("a:lvl1pPr")):
        style.set("algn", "r" if "SLIDE_NUMBER" in str(shape.placeholder_format.type) else "l")
    frame = body.find(qn("a:bodyPr"))
    frame.set("anchor", "ctr")
    frame.set("lIns", "0")


def _draw_line(layout: Any, *, cover: bool) -> None:
    """Draw the line below the title."""
    box = (
        (_COVER_TITLE[0], Inches(3.85), Inches(1.6), Emu(38100))
        if cover
        else (_TITLE[0], Inches(1.15), _TITLE[2], 12700)
    )
    x, y, cx, cy = (int(one) for one in box)
    layout.shapes._spTree.append(parse_xml(_LINE.format(id=900, x=x, y=y, cx=cx, cy=cy)))  # noqa: SLF001 -- layouts take no shapes
