"""What the figures in short say in German, on the first pages."""

from pipeline.report.language.de.words import GermanWords
from pipeline.report.language.en.summary import Summary


class GermanSummary(GermanWords, Summary):
    """One small table per stage."""

    baseline = "Baseline"
    awq = "AWQ"
    checkpoint = "Checkpoint"
    checkpoint_columns = ("Gewichte", "Baseline", "AWQ", "AWQ / Baseline")
    files = "Dateien"
    in_4bit = "Lineare Schichten in 4 Bit"
    scaled = "Von AWQ skalierte lineare Schichten"

    accuracy = "Genauigkeit gegenüber der Baseline"
    accuracy_note = "Ergebnisse gelten für AWQ; weitere Varianten haben keine."

    def accuracy_columns(self, sure: str) -> tuple[str, ...]:
        return ("Aufgabe, Metrik", "Baseline", "Punktwert", f"Verlust (Intervall zu {sure})", "Ergebnis")

    def verdict(self, verdict: str, margin: str) -> str:
        return f"{verdict}, Toleranz {margin}"

    no_gate = "kein Prüfkriterium"
    control = "Kontrolle: ohne AWQ einfach gerundet"
    control_columns = ("Aufgabe, Metrik", "Rundung", "AWQ", "AWQ gegen Rundung", "AWQ ist")

    def row(self, *names: str) -> str:
        return ", ".join(names)

    speed = "Geschwindigkeit und Latenz"
    speed_columns = ("bei Parallelität", "Baseline", "AWQ", "AWQ / Baseline", "AWQ ist")
    throughput = "Ausgabetoken/s"
    ttft = "erstes Token, ms (p50)"
    tpot = "je Token, ms (p50)"

    uncompared = "AWQ und die Baseline wurden nicht beide gemessen; es wird daher nichts verglichen."

    def at(self, concurrency: str, what: str) -> str:
        return f"{concurrency}: {what}"

    def load(self, prompt: str, answer: str) -> str:
        return f"Prompts von {prompt} und Antworten von {answer} Token. "

    def speed_note(self, sure: str) -> str:
        return (
            f"In Klammern: Intervalle nach den Wiederholungen, die für alle Parallelitäten zusammen mit {sure} "
            f"Konfidenz gelten."
        )

    costs = "Kosten bei dieser Last"
    costs_columns = ("", "Baseline", "AWQ")
    per_mtok_at_load = "je Million Ausgabetoken"
    per_mtok_busy = "dasselbe, voll ausgelastet"
    machines = "Maschinen"
    monthly = "im Monat"
    saving = "Einsparung im Monat"
    break_even = "Gewinnschwelle, Anfragen am Tag"
    costs_note = "In Klammern: mögliche Werte, soweit die Wiederholungen es zeigen."
    no_ranges = (
        "Die Geschwindigkeiten wurden nicht oder zu selten wiederholt gemessen; für die Kosten ist daher kein Bereich "
        "bekannt."
    )

    endpoint = "Endpunkt"
    endpoint_columns = ("Prüfung", "Ergebnis")
    passed = "bestanden"
    failed = "nicht bestanden"

    ways = "Optionen für den Betrieb"

    ways_note = "In Klammern: Schranken. Der Projektpreis ist in den Jahren von AWQ enthalten."

    def ways_columns(self, years: str) -> tuple[str, ...]:
        return ("", "im Monat", years, "je Million Token", "Herkunft")

    awq_saves = "AWQ, gemietet, spart gegenüber"

    def awq_saves_columns(self, years: str) -> tuple[str, ...]:
        return ("", years, "Kapitalwert", "Amortisation, Monate", "AWQ")
