"""What is said in German of the evidence behind the speeds."""

from collections.abc import Mapping

from pipeline.report.language.de.words import GermanWords
from pipeline.report.language.en.load_evidence import LoadEvidence


class GermanLoadEvidence(GermanWords, LoadEvidence):
    """Tables of what was sent and counted, of void points, and of the load client."""

    void = "Ungültige Messpunkte: gemessen, aber nicht zu verwenden"
    void_columns = ("Parallelität", "Variante", "Warum es keine Werte gibt")
    void_note = "Sie fehlen in jedem Vergleich, jedem Diagramm und allen Kosten. `awqctl bench` misst nur diese erneut."
    void_cell = "ungültig"

    counted = "Last: was gesendet, beantwortet und gezählt wurde"
    counted_columns = (
        *("Parallelität", "Variante", "Gültige Läufe", "Gesendet", "Beantwortet", "Fehlgeschlagen"),
        *("Ausgabetoken, Client", "Ausgabetoken, Engine", "Prompt-Token, Client", "Prompt-Token, Engine"),
    )
    counted_note = (
        "Summen über alle Läufe eines Messpunkts. Ein Lauf ist ungültig, wenn Client und Engine um mehr als 1 % "
        "voneinander abweichen."
    )

    meanwhile = "Last: was Engine und Maschine währenddessen taten"
    meanwhile_columns = (
        *("Parallelität", "Variante", "Gültige Läufe", "Aus dem Präfix-Cache", "Anfragen in der Engine", "Wartend"),
        *(
            "Verdrängungen",
            "Belegter KV-Cache",
            "Andere Programme",
            "Vom Hypervisor entzogen, s",
            "CPU des Clients, s",
            "Nicht geprüft",
        ),
    )
    meanwhile_note = (
        "Der jeweils höchste Wert aller Läufe eines Messpunkts; Anfragen, Warteschlange und KV-Cache nach vier "
        "Stichproben je Sekunde."
    )

    client_columns = (
        *("Parallelität", "Wahre Token/s", "Gemessen", "Rate, Abweichung in %", "TTFT, Abweichung in %"),
        *("TPOT, Abweichung in %", "CPU des Clients, s"),
        "Innerhalb der Toleranz",
    )
    right = "ja"
    not_right = "nein"
    no_ceiling = (
        "Die Maschine war zu beschäftigt, um die Obergrenze des Clients zu bestimmen; keine Last wurde daran gemessen."
    )

    def of(self, part: str, whole: str) -> str:
        return f"{part} von {whole}"

    def client(self, version: str, machine: str, date: str) -> str:
        return f"Lastclient {version} gegen einen Server bekannter Geschwindigkeit, auf {machine}, {date}"

    def ceiling(self, tokens: str) -> str:
        return f"Obergrenze: Bis zu {tokens} Ausgabetoken/s wurden richtig gemessen; ein Lauf darüber ist ungültig."

    limits: Mapping[str, str] = {
        "foreign_cpu_share": "Prozessorzeit anderer Programme",
        "client_cpu_share": "Prozessorzeit des Lastclients",
        "ceiling_share": "Anteil an der Obergrenze des Clients",
    }

    def limit(self, name: str, value: str | None) -> str:
        return f"{name} ohne Grenze" if value is None else f"{name} bis {value}"

    def held_to(self, limits: str) -> str:
        return f"Grenzen eines Laufs, die das Rezept geändert hat: {limits}."

    def finding(self, void: str, points: str) -> str:
        return f"Ungültige Messpunkte: {void} von {points}. Sie wurden gemessen und haben keine Werte."

    def finding_detail(self, points: str) -> str:
        return f"{points}."

    def void_point(self, arm: str, concurrency: str, reasons: str) -> str:
        return f"{arm} bei {concurrency} ({reasons})"

    def void_rate(self, arm: str, rate: str, reasons: str) -> str:
        return f"{arm} bei {rate} Anfragen/s ({reasons})"

    topic = "Messungen"
