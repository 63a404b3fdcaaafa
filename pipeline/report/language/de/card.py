"""What the model card says in German; of the checkpoint as quantizing says it, and of the measured accuracy."""

from pipeline.base.format import PLUS_MINUS
from pipeline.report.language.de.stored_card import GermanCardSentences
from pipeline.report.language.de.words import GermanWords
from pipeline.report.language.en.card import Card


class GermanCard(GermanWords, GermanCardSentences, Card):
    """One section on the accuracy: a table, how it was measured, and the control."""

    task = "Aufgabe"
    metric = "Metrik"
    titles = ("Fragen", "Baseline", "AWQ", "Erhalt", "Verlust")
    margin = "Vereinbarte Toleranz"
    verdict = "Ergebnis"
    undecided = " Nicht entschieden: Die gemessenen Fragen reichen nicht aus."
    control_titles = ("Einfach gerundet", "AWQ minus Rundung")
    control = "Dasselbe Modell, ohne AWQ einfach gerundet, als Kontrolle:"

    def interval(self, sure: str) -> str:
        return f"Konfidenzintervall des Verlusts, {sure}"

    def how(self, lm_eval: str, engine: str, sure: str) -> str:
        return (
            f"lm-eval {lm_eval} mit {engine}; dieselben Fragen und dieselben Einstellungen der Engine in jeder Spalte. "
            f"Punktwerte {PLUS_MINUS} Standardfehler; der Verlust zählt in die schlechtere Richtung. Eine Aufgabe ist "
            f"bestanden, wenn der Verlust mit {sure} Konfidenz (einseitig) innerhalb der vereinbarten Toleranz liegt, "
            f"und nicht bestanden, wenn er mit {sure} Konfidenz darüber liegt."
        )
