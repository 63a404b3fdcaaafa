"""What is said of changed answers in German."""

from pipeline.report.language.de.words import GermanWords
from pipeline.report.language.en.examples import Examples


class GermanExamples(GermanWords, Examples):
    """Titles and labels; the answers themselves are quoted as they are."""

    note = "Die ersten Fragen mit geänderter Antwort, reihum aus den Teilen der Aufgabe; lange Texte sind gekürzt."
    to_wrong = "Richtig zu falsch"
    to_right = "Falsch zu richtig"
    question = "Frage"
    expected = "Erwartet"
    baseline = "Baseline"
    empty = "(leer)"

    def title(self, task: str) -> str:
        return f"Beispiele geänderter Antworten: {task}"

    def item(self, direction: str, part: str, number: str) -> str:
        return f"{direction}: {part}Frage {number}"
