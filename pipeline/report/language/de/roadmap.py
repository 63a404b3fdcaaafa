"""What the chapter on the implementation says in German: phases, what each needs, and the way back."""

from collections.abc import Mapping

from pipeline.report.decision import Choice
from pipeline.report.language.de.words import GermanWords
from pipeline.report.language.en.roadmap import Phase, Roadmap


class GermanRoadmap(GermanWords, Roadmap):
    """Its tables, with the commands."""

    title = "Einführungsplan"
    absent = "Es gibt keinen Einführungsplan, weil es keinen AWQ-Checkpoint gibt: `awqctl quantize` lief nicht."
    by_decision: Mapping[Choice, str] = {
        "deploy AWQ": "Empfohlen ist AWQ. Jede Phase beginnt, wenn die vorige bestanden ist.",
        "deploy FP8": (
            "Empfohlen ist FP8, das keinen eigenen Checkpoint braucht: Die Engine wandelt die 16-Bit-Gewichte beim "
            "Laden um. awqctl stellt nur AWQ-Checkpoints bereit; FP8 ist daher mit dem eigenen Server in denselben "
            "Phasen einzuführen."
        ),
        "stay on 16 bit": (
            "Empfohlen ist, bei 16 Bit zu bleiben; keine dieser Phasen steht also an. Sie stehen hier für den Tag, an "
            "dem sich die Tatsachen geändert haben."
        ),
        "not decided": (
            "Noch ist nichts entschieden; an steht daher nur die erste Phase, neben den Befehlen unter der Empfehlung."
        ),
    }
    phases: Mapping[Phase, str] = {
        "verify": "1. Prüfen",
        "pilot": "2. Erprobung",
        "canary": "3. Teilbetrieb",
        "shift": "4. Umstellung",
        "rollback": "Rückkehr, jederzeit",
    }
    table = "Phasen"
    columns = ("Phase", "Was geschieht", "Bestanden, wenn", "Was sie braucht")

    def verify(self, command: str) -> str:
        return f"{command} auf den Checkpoint anwenden, dort, wo er bereitgestellt wird."

    def verify_passed(self, digest: str) -> str:
        return f"Der Befehl endet mit Code 0, und der Digest ist {digest}."

    verify_needs = "Den Checkpoint; keine GPU."

    def pilot(self, run: str, serve: str) -> str:
        return f"{run} auf der Maschine, die für den Betrieb vorgesehen ist, dann dort {serve} für wenige Personen."

    def pilot_passed(self, gates: str) -> str:
        return f"Genauigkeit, Geschwindigkeit und Endpunkt bestehen dort wie hier (in diesem Lauf: {gates})."

    def server(self, devices: str, weights: str, cache: str) -> str:
        return f"Ein Server: {devices}, Gewichte von {weights} GiB, ein KV-Cache von {cache} Token."

    def canary(self, keys: str, bench: str) -> str:
        return (
            f"{keys}, und der eigene Lastverteiler schickt einen kleinen Teil der Anfragen an AWQ. Die Baseline läuft "
            f"weiter wie bisher; {bench} misst jeden der beiden Server, wie er steht."
        )

    canary_passed = (
        "Eine Woche lang liegen Fehler, Latenz und Beschwerden bei AWQ nicht über denen der Baseline daneben."
    )

    def canary_needs(self, awq: str, baseline: str) -> str:
        return f"Eine Maschine für AWQ neben denen der Baseline ({baseline} bei dieser Last, später {awq} mit AWQ)."

    shift = (
        "Der eigene Lastverteiler schickt AWQ die Hälfte der Anfragen, dann alle; die Baseline läuft ohne Anfragen "
        "weiter."
    )

    shift_passed = (
        "Das Service-Level wird eine ganze Woche lang gehalten, Spitzen eingeschlossen, und die Abnahme ist "
        "unterschrieben."
    )

    def shift_needs(self, awq: str, baseline: str) -> str:
        return f"Maschinen für AWQ: {awq}. Maschinen der Baseline, bis die Abnahme unterschrieben ist: {baseline}."

    def not_priced(self, command: str) -> str:
        return f"Die Zahl der Maschinen ist nicht bekannt, weil die Kosten der Last nicht berechnet wurden: {command}."

    def rollback(self, checkpoints: str) -> str:
        return (
            f"Der eigene Lastverteiler schickt alle Anfragen an die Baseline; dann `awqctl serve` mit Strg-C oder "
            f"SIGTERM beenden, was laufende Antworten enden lässt. {checkpoints} nennt die ersetzten Checkpoints, um "
            f"zu einem davon zurückzukehren."
        )

    rollback_passed = "Die Baseline beantwortet alle Anfragen; am Modell und an den Clients hat sich nichts geändert."

    rollback_needs = "Die Maschinen der Baseline, die weiterlaufen: Deshalb werden sie zuletzt abgegeben."

    model_folder = "ORDNER"

    def baseline(self, command: str) -> str:
        return (
            f"awqctl hat keinen Befehl, der die 16-Bit-Baseline bereitstellt: Der vorhandene Server bleibt, er ist der "
            f"Weg zurück. Mit den hier gemessenen Einstellungen ist ein solcher Server {command}."
        )

    processors = "keine GPU"
    memory_table = "Speicher eines Servers"
    memory_columns = ("Variante", "Gewichte, GiB", "KV-Cache, Token", "Anfragen voller Länge zugleich")

    def memory_note(self, command: str) -> str:
        return (
            f"Laut den Engines oder nach der Größe der Dateien. {command} berechnet dasselbe für eine andere GPU, "
            f"bevor etwas läuft."
        )

    no_bench = "Was ein Server an Speicher braucht, wurde nicht gemessen: `awqctl bench` lief nicht."
    gates_passed = "alle Prüfkriterien erfüllt"
    gates_open = "nicht alle Prüfkriterien erfüllt"
