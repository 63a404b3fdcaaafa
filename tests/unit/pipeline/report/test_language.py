"""Another language is a file: what it says stands in the report, and what it lacks is said in English."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import pytest

from pipeline.base.results import Origin
from pipeline.record.record import RunRecord
from pipeline.report.language.en.accuracy import Accuracy
from pipeline.report.language.en.page import Page
from pipeline.report.language.en.throughput import Throughput
from pipeline.report.language.en.words import Noun, Words
from pipeline.report.language.language import ENGLISH
from pipeline.report.render.html import to_html
from pipeline.report.render.markdown import to_markdown
from pipeline.report.view import report_of
from tests.unit.pipeline.report.documents import inputs_of

pytestmark = pytest.mark.whole


class Woerter(Words):
    """What every chapter says, in German."""

    arm_names: Mapping[str, str] = {"baseline": "Original", "awq": "AWQ", "rtn": "gerundet"}
    nouns: Mapping[Noun, tuple[str, str]] = {**Words.nouns, "run": ("Lauf", "Läufe")}

    def listing(self, items: Sequence[str]) -> str:
        """Return `a und b`."""
        return super().listing(items).replace(" and ", " und ")


class Seite(Woerter, Page):
    """Headings and labels in German."""

    language = "de"
    summary = "Zusammenfassung"
    next_steps = "Nächste Schritte"
    source = "Quelle"
    signatures = "Unterschriften"
    origins: Mapping[Origin, str] = {**Page.origins, "measured": "gemessen"}


class Durchsatz(Woerter, Throughput):
    """A chapter of which only the words that all chapters share are German."""


class Genauigkeit(Woerter, Accuracy):
    """A chapter in German, as far as it got."""

    title = "Genauigkeit"
    items = "Aufgaben"

    def limit_tasks(self, names: str) -> str:
        """Return the limit with its figures in another order."""
        return f"Auf eigenen Daten statt {names} kann es anders sein."


@pytest.mark.usefixtures("no_charts")
def test_sentences_of_another_language_stand_in_the_report(make_run: Callable[..., RunRecord]) -> None:
    """Title, column and limit are the other language's; the rest of the chapter and the figures stay."""
    inputs = inputs_of(make_run())
    english = to_markdown(report_of(inputs))
    german = to_markdown(report_of(replace(inputs, say=replace(ENGLISH, accuracy=Genauigkeit()))))

    assert "## Genauigkeit" in german
    assert "| Aufgaben |" in german
    assert "Auf eigenen Daten statt demo\\_sums und demo\\_cloze kann es anders sein." in german
    assert "| Aufgaben |" not in english
    assert len(german.splitlines()) == len(english.splitlines())


def test_headings_counts_and_arms_are_the_language_s_too(make_run: Callable[..., RunRecord]) -> None:
    """What stands around the chapters, and what they count and name; the templates have no words of their own."""
    inputs = inputs_of(make_run())
    document = report_of(replace(inputs, say=replace(ENGLISH, page=Seite(), throughput=Durchsatz())))
    markdown, html = to_markdown(document), to_html(document)

    assert "geometric mean of 3 Läufe;" in markdown
    assert "| 1 | Original |" in markdown
    for text in (markdown, html):
        for word in ("Zusammenfassung", "Nächste Schritte", "Quelle:", "Unterschriften", "gemessen"):
            assert word in text
        for word in ("Summary", "Next steps", "Source:", "Signatures"):
            assert word not in text
    assert '<html lang="de">' in html
