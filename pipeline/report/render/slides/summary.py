"""The slides around the chapters: summary, key figures, sources and the sign-off."""

from functools import partial
from typing import Any

from pptx.dml.color import RGBColor
from pptx.enum.shapes import MSO_SHAPE
from pptx.oxml.ns import qn
from pptx.util import Pt

from pipeline.report.document import KeyFigure
from pipeline.report.render.slides import fit
from pipeline.report.render.slides.chapter import SMALL, TEXT, evidence_of
from pipeline.report.render.slides.deck import MUTED, TONES, Box, Deck, Run, plain, write
from pipeline.report.render.slides.stack import Stack

_HEAD = 20.0
_CARDS = 3
_MANY_CARDS = 4
"""In a row, of two on a slide; the second where there are more figures than two rows of the first have."""
_GAP, _INSIDE = 14.0, 10.0
_RULE = RGBColor(0xCF, 0xD6, 0xDE)
_SHARES = (0.25, 0.25, 0.18, 0.32)
"""Widths of role, name, date and signature."""
_SIGN_HEAD, _SIGN = 32.0, 64.0


def add_summary(deck: Deck) -> None:
    """Add the recommendation, what was found on each topic, and what to do next."""
    report, say = deck.report, deck.report.labels
    found: list[list[Run]] = [
        [(f"{one.topic}: ", TEXT, MUTED, True), (one.headline, TEXT, TONES[one.tone], True)] for one in report.findings
    ]
    notes = [f"{one.topic}: {one.headline} {one.detail}" for one in report.findings]
    keys = [key for one in report.findings for key in one.evidence]
    stack = Stack(deck, say.summary)
    advice: list[Run] = [(report.recommendation, _HEAD, TONES["plain"], True)]
    chosen: list[list[Run]] = []
    if report.decision:
        chosen = [
            [(f"{say.decision}: ", TEXT, MUTED, True), (say.decisions[report.decision], _HEAD, TONES["plain"], True)]
        ]
    stack.add_text([*chosen, advice, *found], (*notes, *evidence_of(deck, keys)))
    if report.next_steps:
        steps = [f"{number}. {step}" for number, step in enumerate(report.next_steps, 1)]
        head: list[Run] = [(say.next_steps, TEXT, TONES["plain"], True)]
        stack.add_text([head, *([(step, TEXT, TONES["plain"], False)] for step in steps)])


def add_key_figures(deck: Deck) -> None:
    """Add cards, six or eight on a slide."""
    figures, say = deck.report.key_figures, deck.report.labels
    stack = Stack(deck, say.key_figures)
    across = _CARDS if len(figures) <= 2 * _CARDS else _MANY_CARDS
    for start in range(0, len(figures), 2 * across):
        chosen = figures[start : start + 2 * across]
        keys = [key for one in chosen for key in one.evidence]
        stack.add(
            deck.room.height,
            partial(_cards, deck=deck, figures=chosen, across=across),
            evidence_of(deck, keys),
        )


def add_sources(deck: Deck) -> None:
    """Add what the origins mean and which files the figures are from."""
    report, say = deck.report, deck.report.labels
    origins: list[list[Run]] = [
        [
            (f"{say.marks[one.origin]} {say.origins[one.origin]}: ", TEXT, TONES["plain"], True),
            (one.meaning, TEXT, TONES["plain"], False),
        ]
        for one in report.legend
    ]
    files = dict.fromkeys(path for section in report.sections for table in section.tables for path in table.sources)
    stack = Stack(deck, say.origins_title)
    stack.add_text(origins)
    if files:
        stack.add_text([[(f"{say.source}: {', '.join(files)}", SMALL, MUTED, False)]])


def add_sign_off(deck: Deck) -> None:
    """Add a line to sign on for each role."""
    report, say = deck.report, deck.report.labels
    slide, room = deck.slide(say.signatures)
    rows = [
        (say.role, say.name, say.date, say.signature),
        *((one.label, one.text, "", "") for one in report.signatures),
    ]
    heights = [_SIGN_HEAD, *(_SIGN for _ in report.signatures)]
    frame = slide.shapes.add_table(len(rows), len(_SHARES), *Box(room.left, room.top, room.width, sum(heights)).emu)
    for place, share in enumerate(_SHARES):
        frame.table.columns[place].width = Pt(round(room.width * share))
    for number, (row, high) in enumerate(zip(rows, heights, strict=True)):
        frame.table.rows[number].height = Pt(high)
        for place, (text, share) in enumerate(zip(row, _SHARES, strict=True)):
            frame_of = frame.table.cell(number, place).text_frame
            wide = room.width * share - 2 * _INSIDE
            frame_of.text = fit.shortened(plain(text), TEXT, wide, high - _INSIDE, bold=number == 0)
            for run in frame_of.paragraphs[0].runs:
                run.font.size = Pt(TEXT)


def _cards(slide: Any, box: Box, *, deck: Deck, figures: tuple[KeyFigure, ...], across: int) -> None:
    wide, high = (box.width - (across - 1) * _GAP) / across, (box.height - _GAP) / 2
    for place, one in enumerate(figures):
        left, top = box.left + place % across * (wide + _GAP), box.top + place // across * (high + _GAP)
        _card(deck, slide, one, Box(left, top, wide, high))


def _card(deck: Deck, slide: Any, one: KeyFigure, box: Box) -> None:
    border = slide.shapes.add_shape(MSO_SHAPE.RECTANGLE, *box.emu)
    border.fill.background()
    border.line.color.rgb, border.line.width = _RULE, Pt(1)
    border._element.remove(border._element.find(qn("p:style")))  # noqa: SLF001 -- the theme's shadow and double line
    inner = Box(box.left + _INSIDE, box.top + _INSIDE, box.width - 2 * _INSIDE, box.height - 2 * _INSIDE)
    origin = f"{deck.report.labels.marks[one.origin]} {deck.report.labels.origins[one.origin]}"
    size = fit.largest(one.text, (30.0, 26.0, 22.0, 18.0, 14.0), inner.width, 40, bold=True)
    label = fit.shortened(one.label, SMALL, inner.width, 2 * SMALL * fit.LINE)
    text = fit.shortened(one.text, size, inner.width, 40, bold=True)
    taken = sum(
        fit.height_of(*part, inner.width, bold=True) for part in ((label, SMALL), (text, size), (origin, SMALL))
    )
    write(
        slide,
        inner,
        [
            [(label, SMALL, MUTED, False)],
            [(text, size, TONES[one.tone], True)],
            [(fit.shortened(one.detail, SMALL, inner.width, inner.height - taken), SMALL, TONES["plain"], False)],
            [(origin, SMALL, MUTED, True)],
        ],
    )
