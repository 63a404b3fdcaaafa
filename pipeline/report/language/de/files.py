"""What the chapters on the files and on what was not measured say in German."""

from collections.abc import Mapping

from pipeline.report.language.de.words import GermanWords
from pipeline.report.language.en.files import Files, NotMeasured


class GermanFiles(GermanWords, Files):
    """Stages and artifacts."""

    title = "Dateien"
    paragraph = "Pfade gelten ab dem Ausgabeordner des Laufs. Alle Werte oben stammen aus diesen Dateien."
    stages = "Stufen"
    stages_columns = ("Stufe", "Status", "Gestartet (UTC)", "Sekunden")
    outcomes: Mapping[str, str] = {
        "passed": "bestanden",
        "gate failed": "Prüfkriterium nicht erfüllt",
        "gate not passed": "Prüfkriterium nicht entschieden",
    }
    artifacts = "Artefakte"
    artifacts_columns = ("Stufe", "Name", "Pfad")
    sums = "SHA-256 jeder Ergebnisdatei"
    sums_columns = ("Pfad", "SHA-256")
    sums_note = (
        "`awqctl verify` auf dem Ausgabeordner liest alle erneut und nennt, was nicht mehr ist, wie es geschrieben "
        "wurde."
    )
    all = "alle"
    record = "Protokoll"


class GermanNotMeasured(GermanWords, NotMeasured):
    """The frame of the limits; each chapter has its own."""

    title = "Grenzen: was nicht gemessen wurde"
    paragraph = "Kein Wert in diesem Bericht beantwortet das Folgende."
