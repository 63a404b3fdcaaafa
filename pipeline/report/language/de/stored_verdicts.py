"""What the gate on accuracy states in German: the scores, the bound that decides, what an undecided task lacks."""

from collections.abc import Sequence

from pipeline.base.sentences.verdicts import VerdictSentences


class GermanVerdictSentences(VerdictSentences):
    """One sentence per verdict; those of an undecided task hold what it lacks."""

    def task_verdict(
        self, verdict: Sequence[str], *, task: str, metric: str, before: str, after: str, items: str
    ) -> str:
        amount = "1 Frage" if items == "1" else f"{items} Fragen"
        return f"{task}: {metric} {before} auf {after} ({amount}); {''.join(verdict)}"

    def agreed_margin(self, *, margin: str) -> str:
        return f"der Toleranz von {margin}"

    def margin_of_recovery(self, *, margin: str, recovery: str) -> str:
        return f"der Toleranz von {margin} ({recovery} Erhalt)"

    def within_margin(self, margin: Sequence[str], *, sure: str, loss: str) -> str:
        return f"bestanden: Mit {sure} Konfidenz beträgt der Verlust höchstens {loss}, innerhalb {''.join(margin)}."

    def beyond_margin(self, margin: Sequence[str], *, sure: str, loss: str) -> str:
        return (
            f"nicht bestanden: Mit {sure} Konfidenz beträgt der Verlust mindestens {loss}, außerhalb {''.join(margin)}."
        )

    def not_within_margin(self, margin_and_lack: Sequence[str], *, sure: str, loss: str) -> str:
        margin, lack = margin_and_lack
        return (
            f"nicht entschieden: Mit {sure} Konfidenz beträgt der Verlust höchstens {loss}, nicht innerhalb {margin}; "
            f"{lack}."
        )

    def loss_without_error(self, margin: Sequence[str], *, loss: str) -> str:
        return (
            f"nicht entschieden: Ohne Standardfehler lässt sich der Verlust von {loss} nicht mit {''.join(margin)} "
            f"vergleichen."
        )

    def not_decided(self, why: Sequence[str]) -> str:
        return f"nicht entschieden: {''.join(why)}"

    def guesses_within(self, margin: Sequence[str], *, baseline: str, chance: str) -> str:
        return (
            f"der Wert der Baseline ({baseline}) liegt nicht weiter vom Zufall ({chance}) entfernt, als es "
            f"{''.join(margin)} entspricht; ein Modell, das nichts weiß, würde bestehen. Eine kleinere Toleranz "
            f"vereinbaren oder eine Aufgabe wählen, die die Baseline beherrscht."
        )

    def more_items_needed(self, *, items: str) -> str:
        return f"{items} weitere {'Frage' if items == '1' else 'Fragen'} nötig"

    def lacks_error(self) -> str:
        return "kein Standardfehler, daher nicht mit der Toleranz vergleichbar"

    def lacks_distance(self) -> str:
        return "zu nah an der Toleranz für jede Anzahl von Fragen"

    def lacks_baseline(self) -> str:
        return "geratene Antworten liegen innerhalb der Toleranz"
