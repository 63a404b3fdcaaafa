"""What is said of AWQ against plain rounding in German."""

from collections.abc import Mapping

from pipeline.base.format import MINUS, PLUS_MINUS
from pipeline.report.comparison import AgainstControl
from pipeline.report.language.de.words import GermanWords
from pipeline.report.language.en.control import Control


class GermanControl(GermanWords, Control):
    """One sentence and one table."""

    verdicts: Mapping[AgainstControl, str] = {
        "better": "AWQ ist besser als Rundung",
        "worse": "AWQ ist schlechter als Rundung",
        "no clear difference": "kein eindeutiger Unterschied",
        "error not known": "ohne Standardfehler nicht vom Zufall zu unterscheiden",
    }
    words: Mapping[AgainstControl, str] = {
        "better": "besser",
        "worse": "schlechter",
        "no clear difference": "kein eindeutiger Unterschied",
        "error not known": "Fehler nicht bekannt",
    }
    title = "AWQ im Vergleich zu einfacher Rundung"
    columns = (
        "Aufgabe",
        "Metrik",
        "Einfach gerundet",
        "Verlust durch Rundung",
        "Verlust durch AWQ",
        f"AWQ {MINUS} Rundung",
        "AWQ im Vergleich",
    )
    lower_is_better = ", kleiner ist besser"
    same_items = " auf denselben Fragen"
    loses_nothing = "verliert nichts"
    paired = "auf denselben Fragen"
    partly_paired = "gepaart, soweit Fragen einzeln bewertet werden"

    def sentence(self, parts: str) -> str:
        return f"AWQ im Vergleich zu einfacher Rundung desselben Modells: {parts}."

    def counted_sentence(self, counted: str) -> str:
        return (
            f"AWQ im Vergleich zu einfacher Rundung desselben Modells: {counted}; alle Aufgaben stehen in der Tabelle "
            f"unten."
        )

    def task(self, task: str, rounding: str, awq: str, difference: str, metric: str, remarks: str, verdict: str) -> str:
        return (
            f"bei {task}: Rundung {rounding}, AWQ {awq} (AWQ {MINUS} Rundung: {difference} {metric}{remarks}), "
            f"{verdict}"
        )

    def loses(self, loss: str) -> str:
        return f"verliert {loss}"

    def gains(self, gain: str) -> str:
        return f"gewinnt {gain}"

    def counted(self, tasks: str, parts: str) -> str:
        return f"von {tasks} Aufgaben: {parts}"

    def counted_verdict(self, verdict: str, tasks: str) -> str:
        return f"{verdict} bei {tasks}"

    def note(self, paired: str) -> str:
        return (
            f"Die Kontrolle ist dasselbe Modell in denselben Gruppen, ohne AWQ auf den nächsten Wert gerundet; kein "
            f"Prüfkriterium gilt für sie. Werte {PLUS_MINUS} Standardfehler, die letzte Differenz {paired}. Enthält "
            f"ihr Intervall die Null, besteht kein eindeutiger Unterschied."
        )
