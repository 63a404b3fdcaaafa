"""What the chapter on acceptance says in German."""

from collections.abc import Mapping

from pipeline.report.language.de.words import GermanWords
from pipeline.report.language.en.acceptance import AcceptanceSentences


class GermanAcceptanceSentences(GermanWords, AcceptanceSentences):
    """Clauses, outcomes, and why one is not decided or not measured."""

    title = "Abnahme"
    table = "Abnahmekriterien"
    columns = ("Kriterium", "Gegenstand", "Vereinbart", "Festgestellt", "Ergebnis")
    outcomes: Mapping[str, str] = {
        "passed": "bestanden",
        "failed": "nicht bestanden",
        "not decided": "nicht entschieden",
        "not measured": "nicht gemessen",
    }
    latencies: Mapping[str, str] = {
        "ttft": "Zeit bis zum ersten Token",
        "tpot": "Zeit je Ausgabetoken",
        "e2e": "Latenz der ganzen Antwort",
    }
    memories: Mapping[str, str] = {"weights": "Speicher der Gewichte", "peak": "Spitzenspeicher der Engine"}
    cost_names: Mapping[str, str] = {"month": "Kosten im Monat", "mtok": "Kosten je Million Ausgabetoken"}
    every_task = "alle gemessenen Aufgaben"
    at_best = "der Parallelität mit dem höchsten Durchsatz"
    at_every_level = "jeder Parallelität"
    uptime = "Verfügbarkeit des Endpunkts"
    tokens_per_s = "Token/s"
    nothing_found = "nicht gemessen"
    note = (
        "Ein Kriterium ist bestanden, wenn sein ganzes Intervall innerhalb der Grenze liegt, und nicht bestanden, wenn "
        "nichts davon innerhalb liegt."
    )

    def at_most(self, limit: str) -> str:
        return f"höchstens {limit}"

    def at_least(self, limit: str) -> str:
        return f"mindestens {limit}"

    def with_interval(self, value: str, ends: str) -> str:
        return f"{value} ({ends})"

    def at_level(self, concurrency: str) -> str:
        return f"Parallelität {concurrency}"

    def recovery(self, arm: str, task: str) -> str:
        return f"Anteil der Genauigkeit der Baseline, den {arm} behält, {task}"

    def loss(self, arm: str, task: str) -> str:
        return f"Genauigkeitsverlust von {arm}, {task}"

    def latency(self, of: str, percentile: str, concurrency: str, arm: str) -> str:
        return f"{of}, {percentile}, von {arm} bei Parallelität {concurrency}"

    def throughput(self, level: str, arm: str) -> str:
        return f"Ausgabedurchsatz von {arm} bei {level}"

    def speed_up(self, arm: str, reference: str, level: str) -> str:
        return f"Durchsatzverhältnis {arm} / {reference} bei {level}"

    def cost(self, of: str, arm: str) -> str:
        return f"{of} mit {arm}, bei der Last des Rezepts"

    def memory(self, of: str, arm: str) -> str:
        return f"{of}, {arm}"

    def temperature(self, arm: str) -> str:
        return f"Temperatur der wärmsten GPU unter der Last von {arm}"

    def utilisation(self, arm: str, level: str) -> str:
        return f"kleinste mittlere GPU-Auslastung unter der Last von {arm} bei {level}"

    def errors(self, arm: str, level: str) -> str:
        return f"fehlgeschlagene Anfragen von {arm} bei {level}"

    def line(self, about: str, agreed: str, found: str, outcome: str) -> str:
        return f"{about[:1].upper()}{about[1:]}: {outcome}. Vereinbart: {agreed}; festgestellt: {found}."

    def run_this(self, command: str) -> str:
        return f"Klarheit schafft `{command}`."

    def counts(self, passed: str, failed: str, undecided: str, missing: str) -> str:
        return f"{passed} bestanden, {failed} nicht bestanden, {undecided} nicht entschieden, {missing} nicht gemessen."

    def headline(self, passed: str, clauses: str, failed: str) -> str:
        return f"{passed} von {clauses} Abnahmekriterien bestanden, {failed} nicht bestanden."

    def failed_clauses(self, clauses: str) -> str:
        return f"Nicht bestanden: {clauses}."

    def open_clauses(self, undecided: str, missing: str) -> str:
        return f"{undecided} nicht entschieden, {missing} nicht gemessen."

    def terms(self, source: str, sha256: str, recorded_at: str) -> str:
        return f"Vereinbarung: {source}, SHA-256 {sha256}, aufgezeichnet {recorded_at} UTC."

    def signed(self, name: str, date: str) -> str:
        return f"Freigegeben von {name} am {date}, laut Datei."

    def person(self, name: str, role: str) -> str:
        return f"{name} ({role})"

    late = "Die Vereinbarung wurde nach den Messungen aufgezeichnet."
    unsigned = "Nicht freigegeben."
    not_signed = "Nicht freigegeben: Niemand ist genannt, der diesen Kriterien zugestimmt hätte."
    standing_before = "Sie wurde vor den Messungen aufgezeichnet."
    standing_after = (
        "Sie wurde aufgezeichnet, nachdem die Messungen begonnen hatten, an denen sie geprüft wird. Wer die Werte "
        "zuerst sah, kann Grenzen wählen, die sie einhalten."
    )
    signed_after = "Die Freigabe ist nach dem Tag der Messungen datiert."
    nothing_measured = "Nichts von dem, was sie betrifft, wurde bisher gemessen."
    none_before = "Zu Beginn der Messungen war keine Vereinbarung aufgezeichnet."

    def changed(self, sha256: str, clauses: str) -> str:
        return f"Zu Beginn der Messungen war SHA-256 {sha256} aufgezeichnet. Seither geändert: {clauses}."

    def unchanged(self, sha256: str) -> str:
        return f"Zu Beginn der Messungen war SHA-256 {sha256} aufgezeichnet, mit denselben Kriterien."

    def earlier(self, outcome: str, before: str) -> str:
        return f"{outcome} (nach der früheren Vereinbarung: {before})"

    def client_words(self, clause: str, words: str) -> str:
        return f"{clause}: {words}"

    def no_result(self, *, stage: str) -> str:
        return f"Die Stufe {stage} hat kein Ergebnis."

    def arm_not_measured(self, *, arm: str) -> str:
        return f"Die Geschwindigkeit der Variante {arm} wurde nicht gemessen: sie in bench.arms nennen."

    def void_at(self, *, concurrency: str) -> str:
        return f"Die Messung bei Parallelität {concurrency} ist ungültig; das Kapitel zum Durchsatz nennt den Grund."

    def all_void(self) -> str:
        return "Jede Messung ist ungültig."

    def overloaded(self, *, concurrency: str) -> str:
        return (
            f"Parallelität {concurrency} übersteigt, was eine der beiden Engines gleichzeitig bedient; dort werden "
            f"keine Geschwindigkeiten verglichen."
        )

    def concurrency_not_measured(self, *, concurrency: str, arm: str) -> str:
        return f"{arm} wurde bei Parallelität {concurrency} nicht gemessen."

    def too_few_requests(self, *, percentile: str, requests: str) -> str:
        return f"{requests} Anfragen je Lauf sind zu wenige für {percentile}."

    def runs_too_small(self, *, percentile: str, requests: str) -> str:
        return (
            f"Alle Läufe zusammen ergeben {percentile}, ein einzelner mit {requests} Anfragen nicht; es gibt daher "
            f"kein Intervall."
        )

    def repeats_do_not_tell(self, *, repeats: str) -> str:
        return (
            f"Die Grenze liegt innerhalb der möglichen Werte, oder die Wiederholungen ({repeats}) zeigen nicht, welche "
            f"das sind."
        )

    def costs_do_not_tell(self) -> str:
        return (
            "Die Grenze liegt innerhalb der möglichen Kosten, oder die Wiederholungen des Benchmarks zeigen nicht, "
            "welche das sind."
        )

    def alarm_stopped(self) -> str:
        return "Der Alarm hat die Evaluation gestoppt, bevor eine Aufgabe bewertet wurde."

    def task_not_measured(self, *, task: str) -> str:
        return f"{task} wurde nicht evaluiert: in eval.tasks nennen."

    def no_error_known(self, *, task: str) -> str:
        return f"Der Verlust bei {task} hat keinen Standardfehler."

    def beyond_chance(self, *, task: str) -> str:
        return (
            f"Bei {task} würden geratene Antworten bestehen: Die Grenze ist so groß wie der gesamte Abstand der "
            f"Baseline vom Zufall."
        )

    def items_do_not_tell(self, *, task: str, items: str) -> str:
        return (
            f"Bei {task} liegt die Grenze innerhalb der Schranken, die {items} Fragen ergeben: `limit` erhöhen oder "
            f"Aufgaben hinzufügen."
        )

    def not_priced(self, *, arm: str) -> str:
        return f"{arm} hat keinen Preis."

    def no_peak(self) -> str:
        return "Der Speicher der Engine wurde unter Last nicht gelesen."

    def gpu_tells_nothing(self) -> str:
        return "Der Treiber der GPU meldet solche Werte nicht."

    def no_gpu(self) -> str:
        return "Keine Werte einer GPU: Der Lauf nutzte keine, oder die Version las keine aus."

    def some_loads(self) -> str:
        return "Einige Lasten halten die Grenze ein, andere nicht."

    def no_requests_counted(self) -> str:
        return "Kein Lauf hat seine Anfragen gezählt."

    def requests_do_not_tell(self, *, failed: str, sent: str, needed: str) -> str:
        return (
            f"Fehlgeschlagene Anfragen: {failed} von {sent}. Das entscheidet es nicht: {needed} ohne einen Fehlschlag "
            f"würden bestehen, mit 95 % Konfidenz."
        )

    def uptime_is_operated(self) -> str:
        return (
            "Ein Lauf von Minuten sagt nichts über die Verfügbarkeit aus: Sie wird im Betrieb gemessen, durch die "
            "Überwachung des Endpunkts."
        )

    def why_open(self, clause: str, reason: str) -> str:
        return f"{clause}: {reason}"
