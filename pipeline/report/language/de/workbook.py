"""Sheets, headings and notes of the Excel workbook in German."""

from collections.abc import Mapping

from pipeline.report.language.de.words import GermanWords
from pipeline.report.language.en.workbook import WorkbookSentences


class GermanWorkbookSentences(GermanWords, WorkbookSentences):
    """What the workbook says beside the chapters."""

    summary_sheet = "Zusammenfassung"
    evidence_sheet = "Belege"
    chart_data_sheet = "Diagrammdaten"
    further_sheet = "Weitere Kapitel"
    sheets: Mapping[str, tuple[str, ...]] = {
        "Genauigkeit": ("accuracy",),
        "Geschwindigkeit": ("speed", "crossover", "latency", "per-user", "profile"),
        "Speicher": ("memory", "plan"),
        "Kosten": ("costs",),
        "Betrieb": ("soak", "endpoint", "health"),
        "Checkpoint": ("checkpoint",),
        "Methode": ("method", "environment", "not-measured", "files"),
    }

    back = "Zur Zusammenfassung"
    sheets_title = "Blätter dieser Arbeitsmappe"
    recommendation = "Empfehlung"
    key_figures = "Kennzahlen"
    findings = "Ergebnisse"
    topic = "Thema"
    verdict = "Urteil"
    chart_not_drawn = "Excel hat kein solches Diagramm: Seine Werte stehen in den Tabellen dieses Kapitels."

    chart_ranges = (
        "In den Diagrammen von Excel ist ein Bereich ein Balken um seinen Punkt: das Intervall, wo es bekannt ist, "
        "sonst vom langsamsten bis zum schnellsten Lauf. Sehr breite reichen über das Diagramm hinaus."
    )
    evidence_title = "Wo jeder Wert steht"
    evidence_note = "Datei des Laufs und JSON-Zeiger darin; mehrere, wo ein Wert aus ihnen berechnet ist."
    evidence_columns = (
        "Kapitel",
        "Tabelle",
        "Zeile",
        "Spalte",
        "Gedruckt",
        "Ungerundet",
        "Herkunft",
        "Datei und Zeiger",
    )

    def printed(self, column: str) -> str:
        """Return the heading of a column with the whole text that a report prints in the column before."""
        return f"{column}, wie gedruckt"

    def below(self, name: str) -> str:
        """Return the heading of how far a range reaches below its figures."""
        return f"{name}, Bereich darunter"

    def above(self, name: str) -> str:
        """Return the heading of how far a range reaches above its figures."""
        return f"{name}, Bereich darüber"
