"""`Deck`: adds slides with title, number, footer and notes, and says how much room each has."""

import re
from collections.abc import Iterable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pptx.dml.color import RGBColor
from pptx.oxml import parse_xml
from pptx.oxml.ns import qn
from pptx.util import Emu, Pt

from pipeline.report.document import ReportDocument, Tone
from pipeline.report.render.slides import fit
from pipeline.report.render.slides.design import from_template, ours

TONES: dict[Tone, str] = {"plain": "1D2733", "good": "1F6B3A", "bad": "B3401F", "caution": "8A5A00"}
MUTED = "5A6573"
_TITLE_SIZES = (26.0, 22.0, 18.0, 16.0, 14.0)
_PER_POINT = 12700
_GAP = 12.0
_FOOT = 44.0
"""Points at the bottom of a slide that nothing but its number and its footer are written in."""
_FOOT_SIZE = 10.0
_LONGEST_PROPERTY = 255
_INSET = 7.2
_NOT_IN_XML = re.compile("[^\\t\\n\\x20-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")
_NUMBER = (
    '<a:p xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"><a:pPr algn="r"/>'
    '<a:r><a:rPr sz="1000"/><a:t></a:t></a:r><a:fld id="{B6F15528-21DE-4FAA-801E-634DDDAF4B2B}" type="slidenum">'
    '<a:rPr sz="1000"/><a:t></a:t></a:fld><a:r><a:rPr sz="1000"/><a:t></a:t></a:r></a:p>'
)
_ONLY_FRAMES = ("DATE", "FOOTER", "SLIDE_NUMBER")


@dataclass(frozen=True)
class Box:
    """A rectangle on a slide, in points."""

    left: float
    top: float
    width: float
    height: float

    @property
    def emu(self) -> tuple[Emu, Emu, Emu, Emu]:
        """The same as python-pptx wants it."""
        left, top, width, height = (
            Emu(round(one * _PER_POINT)) for one in (self.left, self.top, self.width, self.height)
        )
        return left, top, width, height

    def columns(self, share: float) -> tuple["Box", "Box"]:
        """Return two boxes beside each other, the left one with a share of the width."""
        left = (self.width - _GAP) * share
        return (
            Box(self.left, self.top, left, self.height),
            Box(self.left + left + _GAP, self.top, self.width - left - _GAP, self.height),
        )


_NO_TITLE = Box(40, 20, 640, 50)
"""Where the title stands on layouts that have none."""


class Deck:
    """A presentation that grows slide by slide."""

    def __init__(self, report: ReportDocument, template: bytes | None) -> None:
        colour = report.brand.colour if report.brand else None
        self.file = from_template(template) if template else ours(colour)
        self.report = report
        self._has_template = template is not None
        self._cover = _layout(self.file, cover=True)
        self._plain = _layout(self.file, cover=False)

    def cover(self) -> Any:
        """Add the first slide."""
        return self.file.slides.add_slide(self._cover)

    def slide(self, title: str, notes: Iterable[str] = ()) -> tuple[Any, Box]:
        """Add a slide; return it and the room below its title."""
        slide = self.file.slides.add_slide(self._plain)
        for shape in list(slide.placeholders):
            if shape.placeholder_format.idx != 0:
                shape.element.getparent().remove(shape.element)
        self._write_title(slide, title)
        self._write_frame(slide)
        self.note(slide, notes)
        return slide, self.room

    @cached_property
    def room(self) -> Box:
        """What a slide has for its content, below the title."""
        width, height = self.file.slide_width / _PER_POINT, self.file.slide_height / _PER_POINT
        title = next((one for one in self._plain.placeholders if _kind(one) in ("TITLE", "CENTER_TITLE")), None)
        bottom = (title.top + title.height) / _PER_POINT if title is not None else _NO_TITLE.top + _NO_TITLE.height
        side, below = 0.045 * width, min(bottom, 0.3 * height) + _GAP
        return Box(side, below, width - 2 * side, height - _FOOT - below)

    def note(self, slide: Any, lines: Iterable[str]) -> None:
        """Write the notes of a slide."""
        text = "\n".join(line for line in lines if line)
        if text:
            slide.notes_slide.notes_text_frame.text = plain(text)

    def finish(self) -> None:
        """Fill in how many slides there are, and what the file is."""
        many = str(len(self.file.slides))
        for slide in self.file.slides:
            for field in slide.element.iter(qn("a:fld")):
                after = field.getnext()
                if after is not None and after.find(qn("a:t")).text:
                    after.find(qn("a:t")).text = after.find(qn("a:t")).text.replace("{pages}", many)
        cover, about = self.report.cover, self.file.core_properties
        about.title = plain(cover.title)[:_LONGEST_PROPERTY]
        about.author = plain(cover.prepared_by or "")[:_LONGEST_PROPERTY]
        about.last_modified_by = ""
        about.language = self.report.labels.language
        about.revision = 1

    def _write_title(self, slide: Any, title: str) -> None:
        """Write the title at a size that fits."""
        shape = slide.shapes.title
        if shape is None:
            shape = slide.shapes.add_textbox(*_NO_TITLE.emu)
        box = shape.width / _PER_POINT - 2 * _INSET, shape.height / _PER_POINT
        size = fit.largest(title, _TITLE_SIZES, *box, bold=True)
        shape.text_frame.text = fit.shortened(plain(title), size, *box, bold=True)
        if size != _TITLE_SIZES[0] or self._has_template:
            shape.text_frame.paragraphs[0].runs[0].font.size = Pt(size)

    def _write_frame(self, slide: Any) -> None:
        """Write the number of the slide where the layout has it, and the footer."""
        labels = self.report.labels
        before, _, after = (labels.page_of or "{page}").partition("{page}")
        paragraph = parse_xml(_NUMBER)
        first, _, last = paragraph.iter(qn("a:t"))
        first.text, last.text = before, after
        theirs = next((one for one in self._plain.placeholders if "SLIDE_NUMBER" in _kind(one)), None)
        if theirs is None:
            width, height = self.file.slide_width / _PER_POINT, self.file.slide_height / _PER_POINT
            shape = slide.shapes.add_textbox(*Box(width - 150, height - 34, 110, 22).emu)._element  # noqa: SLF001
        else:
            shape = deepcopy(theirs.element)
            slide.shapes._spTree.append(shape)  # noqa: SLF001 -- python-pptx clones no slide numbers
            shape.nvSpPr.cNvPr.set("id", str(max(one.shape_id for one in slide.shapes) + 1))
        body = shape.find(qn("p:txBody"))
        for old in body.findall(qn("a:p")):
            body.remove(old)
        body.append(paragraph)
        if not self._has_template:
            height = self.file.slide_height / _PER_POINT
            brand = self.report.brand.name if self.report.brand else None
            parts = (brand, self.report.cover.client, self.report.cover.title)
            text = "  \N{MIDDLE DOT}  ".join(part for part in parts if part)
            room = Box(0.045 * self.file.slide_width / _PER_POINT, height - 34, 640, 22)
            short = fit.shortened(text, _FOOT_SIZE, room.width, _FOOT_SIZE * fit.LINE)
            write(slide, room, [[(short, _FOOT_SIZE, MUTED, False)]])


Run = tuple[str, float, str, bool]
"""Text, size in points, colour and whether it is bold."""


def write(slide: Any, box: Box, paragraphs: Sequence[Sequence[Run]]) -> Any:
    """Add a box of text that wraps."""
    shape = slide.shapes.add_textbox(*box.emu)
    frame = shape.text_frame
    frame.word_wrap = True
    frame.margin_left = frame.margin_right = frame.margin_top = frame.margin_bottom = 0
    for number, runs in enumerate(paragraphs):
        paragraph = frame.paragraphs[0] if number == 0 else frame.add_paragraph()
        for text, size, colour, bold in runs:
            run = paragraph.add_run()
            run.text, run.font.size, run.font.bold = plain(text), Pt(size), bold
            run.font.color.rgb = RGBColor.from_string(colour)
    return shape


def plain(text: str) -> str:
    """Return text without the backticks that mark code, and without characters that XML has no place for."""
    return _NOT_IN_XML.sub("", text.replace("`", ""))


def describe(shape: Any, name: str, alternative: str) -> None:
    """Say what a shape shows, for those who cannot see it."""
    named = next(iter(shape._element.iter(qn("p:cNvPr"))))  # noqa: SLF001 -- python-pptx has no alternative texts
    named.set("name", plain(name))
    named.set("descr", plain(alternative))


def _kind(shape: Any) -> str:
    return str(shape.placeholder_format.type).partition(" ")[0]


def _layout(file: Any, *, cover: bool) -> Any:
    """Return the layout of the cover, or the one that has a title and the least beside it."""

    def surplus(layout: Any) -> tuple[int, int]:
        kinds = [_kind(one) for one in layout.placeholders if _kind(one) not in _ONLY_FRAMES]
        titled = sum(kind in ("TITLE", "CENTER_TITLE") for kind in kinds)
        if cover:
            return (0 if titled and "SUBTITLE" in kinds else 1, len(kinds))
        return (0 if "TITLE" in kinds else 1, len(kinds))

    return min(file.slide_layouts, key=surplus)
