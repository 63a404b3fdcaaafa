"""What is said of the noise floor in German."""

from pipeline.base.format import MINUS
from pipeline.report.language.de.words import GermanWords
from pipeline.report.language.en.noise_floor import NoiseFloorSentences


class GermanNoiseFloorSentences(GermanWords, NoiseFloorSentences):
    """One paragraph and one table."""

    inside = "im Grundrauschen"
    beyond = "über dem Grundrauschen"
    no_difference = "keine Differenz"
    not_measured = "kein Grundrauschen gemessen"
    again = "Die Baseline wurde ein zweites Mal gemessen, auf einem neuen Server bei anderer Parallelität."
    title = "Grundrauschen: die Baseline gegen sich selbst"
    columns = (
        "Aufgabe",
        "Fragen",
        f"Zweiter {MINUS} erster Lauf",
        "Geänderte Antworten",
        "Wechsel (zu falsch, zu richtig)",
        "Grundrauschen",
        f"AWQ {MINUS} Baseline",
        "Wechsel mit AWQ",
        "Differenz von AWQ",
    )

    def inside_sentence(self, tasks: str) -> str:
        return (
            f"Bei {tasks} liegt die Differenz zwischen AWQ und Baseline in diesem Grundrauschen: Zweimaliges Messen "
            f"desselben Modells erklärt ebenso viel."
        )

    def beyond_sentence(self, tasks: str) -> str:
        return f"Bei {tasks} ist die Differenz zwischen AWQ und Baseline größer, als es dadurch zu erklären ist."

    def unknown_sentence(self, tasks: str) -> str:
        return f"Bei {tasks} gibt es kein Grundrauschen, weil die Fragen nicht einzeln bewertet werden."

    def runs(self, first: str, second: str) -> str:
        return f"{first} im ersten Lauf, {second} im zweiten"

    def note(self, runs: str) -> str:
        return (
            f"Anfragen in Bearbeitung: {runs}. Das Grundrauschen ist die Differenz, die allein der Zufall hinzufügt, "
            f"wenn dieselben Gewichte erneut gemessen werden, mit 95 % Konfidenz; null, wenn beide Läufe dieselben "
            f"Antworten gaben. Ein Verlust im Grundrauschen zählt beim Prüfkriterium trotzdem voll."
        )
