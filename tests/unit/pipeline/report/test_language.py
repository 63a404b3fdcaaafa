"""Another language is a file: what it says stands in the report, and what it lacks is said in English."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from pipeline.record.record import RunRecord
from pipeline.report.language.en.accuracy import Accuracy
from pipeline.report.language.language import ENGLISH
from pipeline.report.render import to_markdown
from pipeline.report.view import report_of
from tests.unit.pipeline.report.documents import inputs_of


class Genauigkeit(Accuracy):
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
    assert "Auf eigenen Daten statt demo\\_sums and demo\\_cloze kann es anders sein." in german
    assert "| Aufgaben |" not in english
    assert len(german.splitlines()) == len(english.splitlines())
