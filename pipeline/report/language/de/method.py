"""What the chapter on the method says in German."""

from collections.abc import Mapping

from eval.bench.load.result import ThroughputOver
from pipeline.base.results import Outcome
from pipeline.report.language.de.words import GermanWords
from pipeline.report.language.en.method import Method


class GermanMethod(GermanWords, Method):
    """How accuracy, speed and costs were found, and the gates."""

    title = "Methode"
    rounding = "Vor keinem Vergleich wird gerundet; gerundet werden Werte erst bei der Ausgabe."
    gates = "Prüfkriterien"
    gates_columns = ("Stufe", "Prüfkriterium", "Ergebnis", "Begründung")
    outcomes: Mapping[Outcome, str] = {
        "passed": "bestanden",
        "failed": "nicht bestanden",
        "inconclusive": "nicht entschieden",
    }

    def runs(self, runs: str, warm_up: str) -> str:
        return f"{runs} je Parallelität, zuvor mindestens {warm_up}"

    def speed(self, engine: str, runs: str, seed: str) -> str:
        return (
            f"Geschwindigkeit: Lastclient von vLLM gegen {engine}; eine feste Anzahl von Anfragen ist in Bearbeitung, "
            f"eine neue beginnt, sobald eine endet; {runs} (Seed {seed})."
        )

    def same_machine(self, arguments: str) -> str:
        return (
            f"Geschwindigkeit der Varianten: auf derselben Maschine, nie zwei zugleich, mit denselben Argumenten der "
            f"Engine: {arguments}."
        )

    def counters(self, difference: str) -> str:
        return (
            f"Prüfung des Lastclients: Seine Tokenzahlen und die des Servers weichen um höchstens {difference} "
            f"voneinander ab."
        )

    over: Mapping[ThroughputOver, str] = {
        "steady state": (
            "Ausgabedurchsatz: im eingeschwungenen Zustand, solange mindestens 95 % der geforderten Anfragen in "
            "Bearbeitung waren; An- und Auslauf sind ausgenommen."
        ),
        "whole run": "Ausgabedurchsatz: über ganze Läufe, einschließlich An- und Auslauf.",
    }

    def costs(self, hours: str) -> str:
        return (
            f"Kosten: ganze Maschinen für die Spitzenlast, {hours} Stunden im Monat; Preise bleiben in allen Jahren "
            f"wie angegeben."
        )

    chat_template = "über die Chat-Vorlage seines Tokenizers, Beispiele als frühere Gesprächsschritte"
    plain_text = "als einfacher Text, ohne Chat-Vorlage"
    shots_of_task = "Anzahl der Beispiele nach Vorgabe der Aufgabe"
    was_scored = "wurde bewertet"
    ran = "lief"
    no_arguments = "keine"

    def shots(self, shots: str) -> str:
        return f"{shots}-Shot"

    def first_items(self, items: str) -> str:
        return f" (erste {items} Fragen)"

    def task(self, task: str, shots: str, limit: str) -> str:
        return f"{task}, {shots}{limit}"

    def stopped(self, lm_eval: str, tasks: str) -> str:
        return f"Genauigkeit: Der Alarm stoppte AWQ, bevor lm-eval {lm_eval} die Aufgaben stellte: {tasks}."

    def asked(self, lm_eval: str, tasks: str, seed: str, template: str) -> str:
        return (
            f"Genauigkeit: lm-eval {lm_eval} gegen einen laufenden Server, einmal je Variante, mit {tasks} (Seed "
            f"{seed}). Das Modell wurde befragt {template}."
        )

    def served(self, did: str, engine: str, arguments: str) -> str:
        return (
            f"Jede Variante {did} auf {engine} mit denselben Argumenten der Engine, ausgenommen der Pfad ihrer "
            f"Gewichte und deren Datentyp: {arguments}."
        )

    def judged(self, sure: str, methods: str) -> str:
        return (
            f"Urteil: ein Nichtunterlegenheitstest auf den Differenzen einzelner Fragen. Konfidenzintervalle sind "
            f"zweiseitig zu {sure}; jede Schranke des Prüfkriteriums ist einseitig zu {sure}. Verfahren: {methods}."
        )

    def several(self, tasks: str) -> str:
        return (
            f"Mehrere Aufgaben: Das Bestehen braucht keine Korrektur, weil alle {tasks} Aufgaben bestanden sein "
            f"müssen. Das Nichtbestehen einer einzigen genügt zur Ablehnung; seine p-Werte sind daher nach Holm über "
            f"die {tasks} Aufgaben korrigiert, ebenso die der Differenzen."
        )

    def few(self, enough: str, tasks: str, risk: str) -> str:
        return (
            f"Weniger als {enough} Fragen oder Gruppen wurden beim Resampling gezogen bei {tasks}: Die "
            f"Wahrscheinlichkeit von {risk}, einen Verlust genau in Höhe der Toleranz bestehen zu lassen, ist dort "
            f"nominal und bei stark schiefen Verlusten etwas größer."
        )

    second_look = (
        "Nach einem nicht entschiedenen Ergebnis weitere Fragen zu messen, ist ein zweiter Blick auf dieselbe Sache "
        "und besteht etwas eher durch Zufall als ein erster: Die endgültige Anzahl der Fragen ist vorab zu vereinbaren."
    )

    def times(self, times: str, arm: str) -> str:
        return f"{times} bei {arm}"

    def recalled_of(self, responses: str, arm: str) -> str:
        return f"{responses} von {arm}"

    def restarted(self, arms: str) -> str:
        return f"die Engine fiel aus und wurde neu gestartet: {arms}"

    def recalled(self, arms: str) -> str:
        return f"Antworten aus einem früheren Versuch wurden verwendet: {arms}"

    def interrupted(self, parts: str) -> str:
        return f"Unterbrechungen der Evaluation: {parts}."
