"""A report document as slides: what a decision takes, with native charts and tables that the client can edit."""

from io import BytesIO

from pipeline.base.manner import MANNERS, printed_in
from pipeline.report.document import ReportDocument
from pipeline.report.render.slides.archive import settled
from pipeline.report.render.slides.chapter import add_chapter
from pipeline.report.render.slides.cover import add_cover
from pipeline.report.render.slides.deck import Deck
from pipeline.report.render.slides.summary import add_key_figures, add_sign_off, add_sources, add_summary


def to_pptx(report: ReportDocument, template: bytes | None = None) -> bytes:
    """Return the same report as PowerPoint slides; equal documents give equal bytes.

    Args:
        report: chapters that are background stay in the other formats.
        template: a presentation or template of the client's, whose masters and layouts are taken.
    """
    with printed_in(MANNERS[report.labels.language]):
        return _presentation(report, template)


def _presentation(report: ReportDocument, template: bytes | None) -> bytes:
    deck = Deck(report, template)
    add_cover(deck)
    add_summary(deck)
    if report.key_figures:
        add_key_figures(deck)
    for section in report.sections:
        if not section.background:
            add_chapter(deck, section)
    add_sources(deck)
    add_sign_off(deck)
    deck.finish()
    made = BytesIO()
    deck.file.save(made)
    return settled(made.getvalue(), report.date)
