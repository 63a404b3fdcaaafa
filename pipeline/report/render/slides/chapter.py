"""The slides of a chapter: one per chart, then its tables, short ones together on a slide."""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

from pptx.util import Pt

from pipeline.report.document import Chart, Section, Table
from pipeline.report.render.slides import fit
from pipeline.report.render.slides.charts import add_chart
from pipeline.report.render.slides.deck import MUTED, TONES, Box, Deck, Run, write
from pipeline.report.render.slides.stack import SPACE, Stack
from pipeline.report.render.slides.tables import Page, add_table, pages_of

TEXT, SMALL = 14.0, 12.0
_CHART_SHARE = 0.68
_MOST_NOTE = 60.0
"""Points of height for the note of a table; all of it stands in the notes of the slide."""
_HEAD = 24.0


def add_chapter(deck: Deck, section: Section) -> None:
    """Add the slides of a chapter. Tables that are folded on screen stay in the other formats."""
    said = [*section.paragraphs, *section.bullets]
    for place, chart in enumerate(section.charts):
        _chart(deck, section, chart, said if place == 0 else ())
    stack = Stack(deck, section.title)
    if not section.charts and said:
        stack.add_text([[(text, TEXT, TONES["plain"], False)] for text in said])
    for table in section.tables:
        if not table.folded:
            _table(deck, stack, table)


def evidence_of(deck: Deck, keys: Iterable[str]) -> tuple[str, ...]:
    """Return lines for the notes that say where figures stand, each once."""
    found = tuple(dict.fromkeys(keys))
    return ("", f"{deck.report.labels.evidence}:", *found) if found else ()


def _chart(deck: Deck, section: Section, chart: Chart, said: Sequence[str]) -> None:
    keys = [key for one in chart.series for key in one.evidence]
    notes = (*said, chart.caption, chart.alternative, *evidence_of(deck, keys))
    slide, room = deck.slide(f"{section.title}: {chart.title}", notes)
    left, right = room.columns(_CHART_SHARE)
    add_chart(slide, chart, left, deck.report.labels)
    origins = dict.fromkeys(one.origin for one in chart.series)
    tags = "   ".join(f"{deck.report.labels.marks[one]} {deck.report.labels.origins[one]}" for one in origins)
    paragraphs: list[list[Run]] = [[(tags, SMALL, MUTED, True)]]
    room_left = right.height - SMALL * fit.LINE - SPACE
    for text, colour, share in ((" ".join(said[:1]), TONES["plain"], 0.55), (chart.caption, MUTED, 1.0)):
        if text:
            size = fit.largest(text, (TEXT, 13.0, SMALL, 11.0), right.width, room_left * share)
            short = fit.shortened(text, size, right.width, room_left * share - SPACE)
            paragraphs.insert(-1, [(short, size, colour, False)])
            room_left -= fit.height_of(short, size, right.width) + SPACE
    for paragraph in write(slide, right, paragraphs).text_frame.paragraphs:
        paragraph.space_after = Pt(SPACE)


def _table(deck: Deck, stack: Stack, table: Table) -> None:
    """Add a table below what stands on the slide where all of it fits, else on slides of its own."""
    say, width = deck.report.labels, deck.room.width
    note = fit.shortened(table.note, SMALL, width, _MOST_NOTE) if table.note else ""
    below = fit.height_of(note, SMALL, width) + SPACE if note else 0.0
    pages = pages_of(table, width, deck.room.height - _HEAD - below, say)
    for number, page in enumerate(pages):
        keys = [key for row in page.rows for cell in row for key in cell.evidence]
        sources = f"{say.source}: {', '.join(table.sources)}" if table.sources else ""
        title = f"{table.title} ({say.continued})" if number and say.continued else table.title
        told = (f"{title}. {table.note}", sources, *evidence_of(deck, keys))
        last = number == len(pages) - 1
        stack.add(
            _HEAD + page.height + (below if last else 0.0),
            partial(_paint, deck=deck, table=table, page=page, title=title, note=note if last else ""),
            told,
        )


def _paint(slide: Any, box: Box, *, deck: Deck, table: Table, page: Page, title: str, note: str) -> None:
    say = deck.report.labels
    tag = f"   {say.marks[table.origin]} {say.origins[table.origin]}" if table.origin else ""
    short = fit.shortened(title, TEXT, 0.8 * box.width, TEXT * fit.LINE, bold=True)
    write(
        slide,
        Box(box.left, box.top, box.width, _HEAD),
        [[(short, TEXT, TONES["plain"], True), (tag, SMALL, MUTED, True)]],
    )
    add_table(slide, page, Box(box.left, box.top + _HEAD, box.width, page.height), title, say)
    if note:
        top = box.top + _HEAD + page.height + SPACE / 2
        write(slide, Box(box.left, top, box.width, box.top + box.height - top), [[(note, SMALL, MUTED, False)]])
