"""What is said in German of how it was made sure that arms are compared alike."""

from collections.abc import Mapping, Sequence

from eval.bench.enough import Limit
from eval.bench.settings_diff import Kind
from pipeline.recipe.repeats import Order
from pipeline.report.language.de.words import GermanWords
from pipeline.report.language.en.fair_arms import FairArmsSentences


class GermanFairArmsSentences(GermanWords, FairArmsSentences):
    """Order of the arms, repeats for a precision, and settings of their engines."""

    def order(self, order: Order, arms: Sequence[str], seed: str) -> str:
        drawn = f"ausgelost mit Seed {seed}: {', dann '.join(map(self.name_of, arms))}"
        if order == "blocks":
            return (
                f"Reihenfolge der Varianten, {drawn}. Die Wiederholungen einer Variante stammen aus einem Start ihrer "
                f"Engine, reihum über alle Parallelitäten."
            )
        return (
            f"Die Varianten wechselten sich ab, in einer Reihenfolge {drawn}, in jeder zweiten Wiederholung umgekehrt. "
            f"Jede Wiederholung einer Variante hat ihren eigenen Start der Engine; die Intervalle erfassen so auch, "
            f"was sich von Start zu Start unterscheidet."
        )

    warm_up = (
        "Bevor an einer Engine gemessen wird, wird sie bei jeder Parallelität mit mindestens einem vollen Batch "
        "aufgewärmt; dieser zählt nicht mit."
    )

    def precision(self, first: str, width: str) -> str:
        return (
            f"Anzahl der Wiederholungen: zuerst {first} je Messpunkt. Ihre Streuung legte einmalig fest, wie viele es "
            f"insgesamt werden, damit die Intervalle der Verhältnisse höchstens ± {width} breit sind (zweistufiges "
            f"Verfahren nach Stein). Aufzuhören, sobald ein Intervall schmal aussieht, würde es zu schmal machen."
        )

    def made(self, arm: str, repeats: Sequence[tuple[str, str]]) -> str:
        concurrencies, amounts = (self.listing(each) for each in zip(*repeats, strict=True))
        return f"{self.title_of(arm)}: {amounts} bei Parallelität {concurrencies}."

    def reached(self, concurrencies: str) -> str:
        return f"Die Genauigkeit der Messung wurde erreicht bei Parallelität {concurrencies}."

    limits: Mapping[Limit, str] = {
        "max_repeats": "Höchstzahl der Wiederholungen (`bench.max_repeats`)",
        "budget_minutes": "Zeitbudget (`bench.budget_minutes`)",
    }
    no_interval = "Läufe, die ungültig, alle gleich oder zu wenige sind"

    def wider(self, concurrency: str, width: str) -> str:
        return f"{concurrency} (± {width})" if width else concurrency

    def not_reached(self, concurrencies: str, limits: Sequence[str]) -> str:
        return f"Sie wurde nicht erreicht bei Parallelität {concurrencies}; Grund: {self.listing(limits)}."

    def settings(self, amount: str, reference: str) -> str:
        return (
            f"Einstellungen der Engine: {amount} je Variante, wie sie gestartet wurde und wie sie selbst sie angibt, "
            f"wurden mit denen der Variante {self.name_of(reference)} verglichen. Abweichen darf nur, was zu den "
            f"Gewichten gehört oder aus ihnen folgt; alles andere hätte den Vergleich ungültig gemacht."
        )

    compared = "Verglichene Einstellungen der Engine"
    compared_columns = ("Einstellung", "Wert")

    def compared_note(self, nested: str) -> str:
        return f"Dazu {nested} zu Kompilierung und Kerneln, namentlich in `bench/results.json`."

    differences = "Abweichende Einstellungen der Engine"
    differences_columns = ("Einstellung", "Variante", "Wert", "Referenz", "Bedeutung")
    kinds: Mapping[Kind, str] = {
        "weights": "die Gewichte",
        "consequence": "folgt aus den Gewichten",
        "state": "die Engine hatte zuvor eine Evaluation beantwortet",
        "setting": "eine andere Einstellung",
    }
    no_differences = "Keine Einstellung weicht ab."
