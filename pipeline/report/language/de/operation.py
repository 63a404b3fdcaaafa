"""Was der Betriebsbericht sagt."""

from collections.abc import Mapping

from pipeline.report.language.de.words import GermanWords
from pipeline.report.language.en.operation import OperationSentences
from serve.monitoring.drift import Verdict as DriftVerdict
from serve.monitoring.incidents import Kind
from serve.monitoring.operation import Period
from serve.monitoring.service_levels import LevelName, Verdict


class GermanOperationSentences(GermanWords, OperationSentences):
    """Deckblatt, Befunde, Kapitel und Empfehlungen."""

    title = "Betriebsbericht"
    endpoint = "Endpunkt"
    period = "Zeitraum"
    periods: Mapping[Period, str] = {"week": "Woche", "month": "Monat", "quarter": "Quartal"}
    models = "Modelle"
    operator = "Für den Betrieb"

    def served(self, model: str, release: str) -> str:
        return f"{model}, Freigabe {release}"

    def days(self, period: str, first: str, last: str) -> str:
        return f"{period}, {first} bis {last} (UTC)"

    levels: Mapping[LevelName, str] = {
        "p95": "p95 der Antworten",
        "errors": "Fehleranteil",
        "availability": "Verfügbarkeit",
    }
    levels_within: Mapping[LevelName, str] = levels
    shares: Mapping[LevelName, str] = {
        "p95": "langsamer als die Grenze",
        "errors": "fehlgeschlagen",
        "availability": "bereit",
    }
    verdicts: Mapping[Verdict, str] = {"kept": "eingehalten", "missed": "verfehlt", "undecided": "unentschieden"}

    def at_most(self, limit: str) -> str:
        return f"höchstens {limit}"

    def at_least(self, limit: str) -> str:
        return f"mindestens {limit}"

    def level_headline(self, level: str, verdict: str, limit: str) -> str:
        return f"{level}: {verdict} (zugesagt: {limit})."

    def level_without_value(self, verdict: str, limit: str) -> str:
        return f"{verdict[:1].upper()}{verdict[1:]} (zugesagt: {limit})."

    def bounds(self, low: str, high: str, what: str) -> str:
        return f"Zwischen {low} und {high} {what}, jede Schranke mit 95 % Sicherheit."

    def bounds_of_time(self, low: str, high: str, what: str) -> str:
        return f"Zwischen {low} und {high} {what}: Was niemand sah, zählt einmal als ausgefallen, einmal als bereit."

    def all_seen(self, samples: str) -> str:
        return f"Nach {samples}; keine Zeit blieb ungesehen."

    def nothing_seen(self) -> str:
        return "Nichts wurde gesehen, was es entscheiden könnte."

    def incidents_headline(self, amount: str) -> str:
        return f"Vorfälle: {amount}."

    incidents_topic = "Vorfälle"
    no_incidents = "Kein Vorfall wurde aufgezeichnet."

    def summary_kept(self, days: str) -> str:
        return f"An {days} Tagen wurde jede Zusage eingehalten."

    def summary_missed(self, levels: str) -> str:
        return f"Zugesagt und nicht eingehalten: {levels}."

    def summary_undecided(self, levels: str) -> str:
        return f"Unentschieden, weil zu wenig gesehen wurde: {levels}."

    key_availability = "Verfügbarkeit"
    key_p95 = "p95 der Antworten"
    key_errors = "Fehleranteil"
    key_requests = "Beantwortete Anfragen"
    key_tokens = "Ausgabetokens"
    key_cost = "Kosten je Million Ausgabetokens"
    of_seen = "der Zeit, die gesehen wurde"
    at_the_door = "vom Eintreffen an der Tür bis zum letzten Byte"
    of_counted = "der beantworteten und fehlgeschlagenen Anfragen"
    in_period = "im ganzen Zeitraum"
    of_machine = "die Stunden der Maschine, über alle Ausgabetokens"

    service_title = "Zusagen"

    def service_method(self) -> str:
        return (
            "Jede Anfrage hat eine Zeile im Prüfprotokoll; Zeiten und Fehler sind deshalb gezählt und nicht aus "
            "Stichproben. Fehler sind 5xx, keine Antwort und abgeschnittene Antworten; 4xx gehören dem Aufrufer, 429 "
            "der Grenze des Schlüssels. Eine Zusage ist eingehalten oder verfehlt, wo exakte Schranken mit 95 % "
            "Sicherheit es sagen, sonst unentschieden. Verfügbarkeit ist der Anteil der Beobachtungen alle zehn "
            "Sekunden, in denen jedes Modell eine Maschine hatte, die Anfragen annimmt."
        )

    def time_spent(self, ready: str, down: str, unknown: str, planned: str) -> str:
        return (
            f"{ready} h bereit, {down} h nicht bereit, {unknown} h unbekannt (er hätte laufen sollen, und niemand sah "
            f"hin), {planned} h auf Wunsch angehalten oder im Start."
        )

    service_table = "Zusagen über den ganzen Zeitraum"
    service_columns = ("Zusage", "Zugesagt", "Gemessen", "Anteil", "Kleinster", "Größter", "Von", "Urteil")
    days_table = "Zusagen nach Tagen"
    days_columns = (
        "Tag",
        "Beantwortet",
        "Fehlgeschlagen",
        "p95 in s",
        "Fehler",
        "Verfügbar",
        "p95 eingehalten",
        "Fehler eingehalten",
        "Verfügbarkeit eingehalten",
    )
    days_note = "Ein Tag allein hat weniger Anfragen als der Zeitraum; deshalb bleibt an ihm mehr unentschieden."

    keys_title = "Schlüssel"
    keys_table = "Anfragen, Tokens und Kosten nach Schlüsseln"
    keys_columns = (
        "Schlüssel",
        "Beantwortet",
        "Fehlgeschlagen",
        "Begrenzt",
        "Abgewiesen",
        "Eingabetokens",
        "Ausgabetokens",
        "Kosten",
    )
    no_requests = "Keine Anfrage kam mit einem gültigen Schlüssel."

    def priced(self, hourly: str, total: str) -> str:
        return (
            f"Die Maschine kostet {hourly} je Stunde, {total} im Zeitraum. Das ist nach Ausgabetokens verteilt und "
            "enthält ungenutzte Stunden: Was ein Schlüssel kostet, hängt von den übrigen ab."
        )

    def planned_cost(self, planned: str) -> str:
        return f"Die Aufzeichnung der Freigabe sah bei ihrer Last {planned} je Million Ausgabetokens vor."

    not_priced = (
        "Ohne Preis: Die Aufzeichnung der Freigabe hat keine Kosten. Der Preis der Maschine steht in "
        "`awqctl serve report --usd-per-hour USD`."
    )

    drift_title = "Geschwindigkeit gegenüber der Messung"
    drift_table = "Zeit je Ausgabetoken, Median"
    drift_columns = (
        "Gleichzeitig",
        "Messung, ms",
        "Betrieb, ms",
        "Kleinster, ms",
        "Größter, ms",
        "Änderung",
        "Anfragen",
        "Urteil",
    )
    drift_verdicts: Mapping[DriftVerdict, str] = {
        "slower": "langsamer",
        "faster": "schneller",
        "alike": "gleich",
        "undecided": "unentschieden",
        "not comparable": "nicht vergleichbar",
    }
    drift_method = (
        "Nur Gleiches wird verglichen: gestreamte Antworten aus Zeiten, in denen eine Maschine bis auf 25 % so viele "
        "Anfragen hatte wie die Messung, mit höchstens doppelt oder halb so langen Eingaben, mindestens 60. Gleich "
        "heißt innerhalb von 10 %, nach dem exakten Intervall des Medians. Ob es die Maschine der Messung ist, wird "
        "nicht geprüft."
    )
    no_benchmark = "Nicht verglichen: Neben dem Checkpoint ist keine Messung aufgezeichnet (`awqctl bench RECIPE`)."

    load_title = "Auslastung"
    load_table = "Wie voll der Endpunkt war"
    load_facts = (
        "Beobachtungen",
        "Mit wartenden Anfragen",
        "Mit einem KV-Cache über 95 %",
        "Meiste Anfragen gleichzeitig",
    )

    incidents_title = "Vorfälle"
    incidents_table = "Was schiefging"
    incidents_columns = ("Zeit (UTC)", "Was", "Menge")
    incident_kinds: Mapping[Kind, str] = {
        "restart": "Maschine starb und wurde neu gestartet",
        "hung": "Maschine stand still und wurde beendet",
        "door_restart": "HAProxy starb und wurde neu gestartet",
        "audit_loss": "Zeilen des Prüfprotokolls verloren",
        "down": "Nichts nahm Anfragen an, s",
        "unseen": "Niemand sah hin, s",
    }

    recommendations_title = "Empfehlungen"

    def decide_longer(self, level: str, seen: str, needed: str) -> str:
        return f"{level} ist nach {seen} unentschieden: {needed} könnten es entscheiden."

    def keep_supervised(self, hours: str) -> str:
        return (
            f"{hours} h lang war die Aufsicht nicht da, obwohl niemand sie angehalten hatte: systemd kann sie am "
            "Laufen halten (`awqctl serve export systemd RECIPE`)."
        )

    def add_replica(self, share: str) -> str:
        return (
            f"In {share} der Beobachtungen warteten Anfragen: eine weitere Maschine hinzunehmen oder die Grenzen der "
            "Schlüssel senken."
        )

    def more_cache(self, share: str) -> str:
        return (
            f"In {share} der Beobachtungen war ein KV-Cache über 95 % voll: engine.max_model_len oder "
            "engine.max_num_seqs senken oder eine weitere Maschine hinzunehmen."
        )

    def look_at_errors(self, failed: str) -> str:
        return f"{failed} Anfragen schlugen fehl: siehe die Zeilen des Prüfprotokolls ab Status 500 und die Vorfälle."

    def raise_limits(self, key: str, limited: str, share: str) -> str:
        return (
            f"{key} wurde begrenzt, {limited} ({share} der Anfragen): die Grenzen anheben oder fragen, was "
            "gesendet wird."
        )

    def slower(self, change: str, concurrency: str) -> str:
        return (
            f"Bei {concurrency} Anfragen gleichzeitig dauert ein Token {change} länger als in der Messung: siehe "
            "`awqctl doctor --gpu`, dann neu messen mit `awqctl bench RECIPE`."
        )

    def look_at_engines(self, amount: str) -> str:
        return (
            f"Maschinen starben oder standen still, {amount}: Die Ursache steht in ihren Logs (`awqctl serve status`)."
        )

    def verify_audit(self, lines: str) -> str:
        return (
            f"{lines} Zeilen des Prüfprotokolls gingen verloren: siehe `awqctl audit verify`, und serve.audit.strict "
            "erwägen."
        )

    nothing_to_do = "Kein Wert verlangt eine Änderung."
