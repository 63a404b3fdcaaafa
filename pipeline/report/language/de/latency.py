"""What the chapter on latency says in German."""

from collections.abc import Mapping

from pipeline.report.language.de.words import GermanWords
from pipeline.report.language.en.latency import LatencySentences


class GermanLatencySentences(GermanWords, LatencySentences):
    """Its tables and charts."""

    title = "Latenz"
    method = (
        "Mittel, p95 und p99 gelten über die Anfragen aller Wiederholungen eines Messpunkts zusammen, bei der ITL über "
        "deren Token; p95 braucht mindestens 60 und p99 mindestens 300 Anfragen, bei weniger steht in der Tabelle zu "
        "wenige. p50 ist das geometrische Mittel der Mediane der Wiederholungen, die wie der Durchsatz verglichen "
        "werden. Bei einer Parallelität über dem, was die Engine zugleich bearbeitet, enthält die TTFT das Warten in "
        "der Warteschlange."
    )
    columns = ("Parallelität", "Variante", "Mittel", "p50", "p95", "p99")
    tables: Mapping[str, str] = {"ttft": "TTFT, ms", "tpot": "TPOT, ms", "itl": "ITL, ms", "e2e": "E2E, ms"}
    notes: Mapping[str, str] = {
        "ttft": "Zeit bis zum ersten Token (time to first token).",
        "tpot": "Zeit je Ausgabetoken nach dem ersten, je Anfrage (time per output token).",
        "itl": "Zeit zwischen zwei Token, über alle Token (inter-token latency).",
        "e2e": "Latenz einer Anfrage von Anfang bis Ende (end to end).",
    }
    ratios = "p50 von AWQ im Verhältnis zur Baseline"
    ratios_columns = ("Parallelität", "Latenz", "AWQ / Baseline", "Intervall des Verhältnisses", "AWQ ist")
    ratios_note = "Unter 1 ist AWQ schneller. Die Intervalle einer Latenz gelten für alle Parallelitäten zusammen."
    names: Mapping[str, str] = {"ttft": "Zeit bis zum ersten Token (TTFT)", "tpot": "Zeit je Ausgabetoken (TPOT)"}
    chart_y = "Millisekunden; weniger ist besser"
    chart_caption = (
        "Durchgezogen: p50, Mittel der Wiederholungen; gestrichelt: p95, gepunktet: p99, aller Wiederholungen "
        "zusammen, sofern die Anfragen ausreichen."
    )

    def chart(self, name: str) -> str:
        return f"{name} über der Parallelität"

    def chart_alternative(self, name: str, arms: str) -> str:
        return f"Liniendiagramm. {name} in Millisekunden: {arms}."

    def tail(self, arm: str, values: str) -> str:
        return f"{arm} p95 {values}"
