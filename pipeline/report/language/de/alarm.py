"""What is said of the alarm on token probabilities in German."""

from pipeline.report.language.de.words import GermanWords
from pipeline.report.language.en.alarm import Alarm


class GermanAlarm(GermanWords, Alarm):
    """Its table, and what is said where it was raised."""

    title = "Alarm der Tokenwahrscheinlichkeiten (kein Urteil)"
    columns = (
        *("Variante", "Zurückgehaltener Text", "Token", "Mittlere KL-Divergenz, nat"),
        *("Gleiches wahrscheinlichstes Token", "Alarm"),
    )
    raised = "ausgelöst"
    silent = "kein Alarm"
    not_scored = "AWQ wurde nicht an den Aufgaben bewertet."

    def note(self, nats: str, agreement: str, times: str, tokens: str) -> str:
        return (
            f"Der Alarm wird ausgelöst über {nats} nat oder unter {agreement} Übereinstimmung, bei AWQ auch ab dem "
            f"{times}-Fachen der Divergenz des gerundeten Modells: Dann sind die Gewichte sehr wahrscheinlich defekt. "
            f"Token, bei denen auf beiden Seiten keines um mehr als das Rauschen vorn liegt, zählen als gleich. Kein "
            f"Alarm sagt nichts über die Aufgaben aus, und kein Urteil verwendet diese Werte. Die Divergenz ist eine "
            f"untere Schranke: Jenseits der {tokens} wahrscheinlichsten Token werden alle übrigen zusammengefasst."
        )

    def text(self, arm: str, nats: str, agreement: str, held_out: str) -> str:
        return (
            f"Der Alarm wurde für {arm} ausgelöst: Auf dem Text '{held_out}' weichen die Tokenwahrscheinlichkeiten um "
            f"{nats} nat von denen der Baseline ab; an {agreement} der Positionen ist das wahrscheinlichste Token "
            f"gleich oder nicht eindeutig. Die Gewichte sind sehr wahrscheinlich falsch zugeordnet."
        )
