"""How a verdict on accuracy is said in German."""

from collections.abc import Mapping

from eval.comparison.wording import Undecided
from eval.statistics import Verdict
from pipeline.report.language.de.words import GermanWords
from pipeline.report.language.en.verdicts import Verdicts


class GermanVerdicts(GermanWords, Verdicts):
    """In the report and in the model card."""

    words: Mapping[Verdict, str] = {
        "pass": "bestanden",
        "fail": "nicht bestanden",
        "inconclusive": "nicht entschieden",
    }
    no_margin = "keine Toleranz vereinbart"
    none_left = "keine"

    lacks: Mapping[Undecided, str] = {
        "no standard error": "kein Standardfehler, daher nicht mit der Toleranz vergleichbar",
        "too near the margin": "zu nah an der Toleranz für jede Anzahl von Fragen",
        "margin beyond chance": "geratene Antworten liegen innerhalb der Toleranz",
    }

    def more_needed(self, items: str, *, one: bool) -> str:
        return f"{items} weitere Frage nötig" if one else f"{items} weitere Fragen nötig"

    def margin_of_recovery(self, margin: str, recovery: str) -> str:
        return f"{margin} ({recovery} Erhalt)"

    def undecided(self, word: str, shortfall: str) -> str:
        return f"{word}: {shortfall}"

    def task_has(self, left: str) -> str:
        return f", weitere in der Aufgabe: {left}"

    def remedy(self, reason: Undecided, task: str) -> str:
        if reason == "no standard error":
            return (
                f"Bei {task} hat der Verlust keinen Standardfehler, daraus lässt sich daher nichts schließen: mehr als "
                f"eine Frage messen oder eine `metric` wählen, die je Frage einen Wert ergibt."
            )
        if reason == "margin beyond chance":
            return (
                f"Bei {task} ist die Toleranz so groß wie der gesamte Abstand der Baseline vom Zufall, geratene "
                f"Antworten würden also bestehen: eine kleinere Toleranz vereinbaren oder eine Aufgabe wählen, die die "
                f"Baseline beherrscht."
            )
        return (
            f"Bei {task} wird voraussichtlich keine Anzahl von Fragen entscheiden, weil der Verlust zu nah an der "
            f"Toleranz liegt: den Checkpoint verbessern oder eine andere Toleranz vereinbaren, bevor neue Werte "
            f"betrachtet werden."
        )

    def more_items(self, task: str, items: str, left: str) -> str:
        return (
            f"Bei {task} würden etwa {items} weitere Fragen entscheiden, wenn der Verlust bleibt wie gemessen; die "
            f"Aufgabe hat noch {left} (ihr `limit` ist zu erhöhen)."
        )

    def too_few_items(self, task: str, items: str, left: str | None) -> str:
        has = "keine weiteren" if left is None else f"nur noch {left}"
        return (
            f"Bei {task} würden etwa {items} weitere Fragen entscheiden, wenn der Verlust bleibt wie gemessen, und die "
            f"Aufgabe hat {has}: eine Aufgabe derselben Art oder eigene Fragen hinzufügen oder eine andere Toleranz "
            f"vereinbaren, bevor neue Werte betrachtet werden."
        )

    def loss_alone(self, loss: str) -> str:
        return f"ein Verlust von {loss}, ohne Konfidenzintervall"

    def at_least(self, sure: str, loss: str) -> str:
        return f"mit {sure} Konfidenz beträgt der Verlust mindestens {loss}"

    def better_by(self, sure: str, gain: str) -> str:
        return f"mit {sure} Konfidenz ist AWQ um mindestens {gain} besser"

    def at_most(self, sure: str, loss: str) -> str:
        return f"mit {sure} Konfidenz beträgt der Verlust höchstens {loss}"

    def span(self, low: str, high: str) -> str:
        return f"{low} bis {high}"

    def part_of(self, items: str, of: str) -> str:
        return f"{items} von {of}"

    def groups(self, groups: str) -> str:
        return f" in {groups} Gruppen"

    def lower_is_better(self, metric: str) -> str:
        return f"{metric} (kleiner ist besser)"
