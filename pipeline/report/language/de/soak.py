"""What the chapter on the soak says in German."""

from collections.abc import Mapping

from eval.bench.soak.figures import Knee, Quantity, Verdict
from pipeline.report.language.de.words import GermanWords
from pipeline.report.language.en.soak import SoakSentences


class GermanSoakSentences(GermanWords, SoakSentences):
    """Its paragraphs, tables and charts."""

    title = "Stabilität unter Dauerlast"
    absent = (
        "Stabilität über Minuten: Es wurde keine Last gehalten (`awqctl bench RECIPE --soak`); über ein Driften von "
        "Geschwindigkeit oder Speicher ist daher nichts bekannt."
    )

    names: Mapping[Quantity, str] = {
        "throughput": "Ausgabedurchsatz",
        "ttft": "TTFT, Median",
        "itl": "ITL, Median",
        "memory": "Speicher",
    }
    inside: Mapping[Quantity, str] = {
        "throughput": "Ausgabedurchsatz",
        "ttft": "mediane TTFT",
        "itl": "mediane ITL",
        "memory": "Speicherbedarf",
    }
    units: Mapping[Quantity, str] = {"throughput": "Token/s", "ttft": "ms", "itl": "ms", "memory": "GiB"}
    verdicts: Mapping[Verdict, str] = {
        "stable": "stabil",
        "drifting": "driftet",
        "undecided": "nicht entschieden",
    }
    knees: Mapping[str, str] = {
        "sweep": (
            "dem Knickpunkt der Messreihe, ab dem mehr gleichzeitige Anfragen weniger als ein Zehntel mehr bringen"
        ),
        "highest measured": "der höchsten gemessenen, weil der Durchsatz dort noch stieg",
        "highest asked": "der höchsten geforderten, weil kein Messpunkt der Messreihe gültig ist",
    }

    def method(self, sure: str) -> str:
        return (
            f"Eine Last wird von einem Lauf des Clients gehalten. Die erste Welle von Anfragen und der Auslauf sind "
            f"abgeschnitten; das Dazwischenliegende ist in Abschnitte geteilt, und jede Größe erhält einen Trend durch "
            f"sie (Theil-Sen) mit einem Intervall, das berücksichtigt, dass Abschnitte ihren Vorgängern ähneln "
            f"(AR(1)); alle Intervalle eines Dauerlasttests gelten zusammen mit {sure} Konfidenz."
        )

    def rules(self, limit: str) -> str:
        return (
            f"Eine Größe driftet, wenn das Intervall die Null ausschließt und der Trend sie über die gesamte Zeit um "
            f"mehr als {limit} verschiebt; sie ist stabil, wenn das ganze Intervall innerhalb dieser Grenze liegt, und "
            f"sonst nicht entschieden."
        )

    def load(
        self, arm: str, *, concurrency: str, share: str, knee: Knee, duration: str, asked: str, requests: str
    ) -> str:
        return (
            f"{arm}: {concurrency} gleichzeitige Anfragen ({share} von {knee.concurrency}, {self.knees[knee.basis]}), "
            f"Dauer {duration} (gefordert: {asked}), {requests}."
        )

    def lengths(self, low: str, high: str, answers: str, *, natural: bool) -> str:
        ends = "höchstens " if natural else ""
        return f"Prompts mit {low} bis {high} Token, Antworten mit {ends}{answers}."

    def void_soak(self, arm: str, reasons: str) -> str:
        return f"{arm}: Der Dauerlasttest ist ungültig und hat kein Ergebnis: {reasons}."

    def growth(self, arm: str, hourly: str) -> str:
        return (
            f"{arm}: Der Speicherbedarf wuchs während des Laufs, bei gleichbleibender Rate um {hourly} je Stunde. "
            f"Engines füllen anfangs ihre Caches; ein längerer Dauerlasttest zeigt, ob das Wachstum endet."
        )

    table = "Drift während der Dauerlast"
    columns = ("Variante", "Größe", "Niveau", "Drift", "Intervall", "Kleinste nachweisbare Drift", "Ergebnis")
    note = (
        "Niveau: Median der Abschnitte. Drift ist darauf bezogen, über alle Abschnitte. Kleinste nachweisbare Drift: "
        "was ein solcher Lauf in vier von fünf Fällen von keiner Drift unterscheidet; eine kleinere kann unbemerkt "
        "vorhanden sein. Mehr Minuten verringern sie. Die TTFT gemischter Prompts gilt wie für einen mittlerer Länge."
    )
    slices = "Abschnitte"
    slices_columns = (
        *("Variante", "Ab, s", "Ausgabetoken/s", "TTFT p50, ms", "ITL p50, ms", "Speicher, GiB"),
        *("In Bearbeitung", "Wartend", "Belegter KV-Cache"),
    )
    memory_notes: Mapping[str, str] = {
        "processes": (
            "Speicher: im Arbeitsspeicher gehaltene Seiten der Prozesse der Engine; gemeinsam genutzte zählen bei "
            "beiden."
        ),
        "device": "Speicher: der von der Engine genutzten GPUs.",
    }

    trend = "Trend"
    minutes_axis = "Minuten nach der ersten Anfrage"
    chart_caption = "Punkte: Abschnitte; Linie: Trend durch sie; Band: weitere Steigungen, die das Intervall zulässt."

    def chart(self, name: str, arm: str) -> str:
        return f"{name} während der Dauerlast, {arm}"

    def axis(self, name: str, unit: str) -> str:
        return f"{name}, {unit}"

    def chart_alternative(self, name: str, level: str, drift: str | None, verdict: str) -> str:
        moved = "kein Trend, weil es zu wenige Abschnitte sind" if drift is None else f"{drift} über die gesamte Zeit"
        return f"Punkte über der Zeit mit einer Linie. {name}: {level}, {moved}; {verdict}."

    topic = "Stabilität"

    def limit_duration(self, seconds: str) -> str:
        return (
            f"Lange Läufe: Der längste Dauerlasttest dauerte {seconds}. Das Verhalten über Stunden wurde nicht "
            f"gemessen."
        )

    limit_void = "Stabilität über Minuten: Jeder Dauerlasttest ist ungültig."

    def stable(self, arm: str, duration: str) -> str:
        return f"{arm} ist stabil: Unter Dauerlast ({duration}) driftete nichts über die Grenze hinaus."

    def drifting(self, arm: str, duration: str) -> str:
        return f"{arm} driftet unter Dauerlast ({duration})."

    def undecided(self, arm: str, duration: str) -> str:
        return f"Ob {arm} stabil ist, ist nicht entschieden: Die Dauerlast ({duration}) zeigt es nicht."

    def void_headline(self, arm: str) -> str:
        return f"Ob {arm} stabil ist, ist nicht bekannt: Der Dauerlasttest ist ungültig."

    def moved(self, name: str, drift: str, interval: str) -> str:
        return f"{name}: Änderung um {drift} (Konfidenzintervall {interval}) über die gesamte Zeit"

    def within(self, names: str, limit: str, smallest: str) -> str:
        shown = f"; eine Drift von {smallest} wäre in vier von fünf Fällen aufgefallen" if smallest else ""
        return self.sentence(f"{names}: nachweislich höchstens {limit} Änderung{shown}")

    def unbounded(self, name: str) -> str:
        return f"{name}: durch so wenige unabhängige Abschnitte nicht einzugrenzen"

    def of_arm(self, arm: str, sentence: str) -> str:
        return f"{arm}: {sentence}"

    def sentence(self, text: str) -> str:
        return f"{text[:1].upper()}{text[1:]}."
