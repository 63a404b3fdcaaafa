"""What the chapter on accuracy says in German."""

from collections.abc import Mapping

from pipeline.base.format import MINUS, PLUS_MINUS
from pipeline.report.language.de.words import GermanWords
from pipeline.report.language.en.accuracy import Accuracy


class GermanAccuracy(GermanWords, Accuracy):
    """The chapter itself, its tables of verdicts, scores and changes, and what was not measured."""

    title = "Genauigkeit"
    absent = "Die Genauigkeit wurde nicht gemessen: `awqctl eval` wurde nicht ausgeführt."
    arms: Mapping[str, str] = {
        "baseline": "die Baseline",
        "rtn": "die gerundete Kontrolle",
        "again": "die Baseline ein zweites Mal",
    }

    def answered(self, arms: str) -> str:
        return f"Dieselben Fragen, bei denselben Server-Einstellungen, beantworteten {arms}."

    def gate(self, sure: str) -> str:
        return (
            f"Geprüft wird auf Nichtunterlegenheit: Liegt der Verlust durch AWQ innerhalb der im Rezept vereinbarten "
            f"Toleranz? Eine Aufgabe ist bestanden, wenn der Verlust mit {sure} Konfidenz unter der Toleranz liegt, "
            f"und nicht bestanden, wenn er mit {sure} Konfidenz darüber liegt. Dazwischen reicht die Stichprobe für "
            f"eine Entscheidung nicht aus; das ist weder bestanden noch ein Nachweis von Schaden."
        )

    def shared_run(self, words: str) -> str:
        return f"eine Folge von {words} Wörtern mit dem Kalibriertext gemeinsam"

    def overlapping_items(self, overlapping: str, items: str, task: str) -> str:
        return f"{overlapping} von {items} Fragen aus {task}"

    def no_overlap(self, shared: str) -> str:
        return f"Keine Frage dieser Aufgaben hat {shared}."

    def overlap(self, seen: str, shared: str) -> str:
        return (
            f"{seen} haben {shared}: Bei diesen kann AWQ besser aussehen als bei Text, auf dem nicht kalibriert wurde."
        )

    task = "Aufgabe"
    metric = "Metrik"
    arm = "Variante"
    items = "Fragen"
    loss = "Verlust"
    margin = "Vereinbarte Toleranz"
    baseline = "Baseline"
    recovery = "Erhalt"
    verdict = "Ergebnis"
    verdicts = "Ergebnisse"
    others = "Weitere Varianten im Vergleich zur Baseline"
    by_margin = "Gemessen an der Toleranz für AWQ"
    scores = "Punktwerte"
    score_of_arm = "Wert der Variante"
    score_of_awq = "AWQ"
    difference = "Differenz"
    difference_of_awq = f"AWQ {MINUS} Baseline"
    changes = "Geänderte Antworten und Zufall"
    changed = ("Richtig zu falsch", "Falsch zu richtig", "Anteil geändert", "p", "p nach Holm")

    def interval(self, sure: str) -> str:
        return f"Konfidenzintervall, {sure}"

    def bounds(self, sure: str) -> str:
        return f"Schranken des Prüfkriteriums, {sure}"

    def verdicts_note(self, sure: str) -> str:
        return (
            f"Verlust: um wie viel AWQ schlechter ist, in der Einheit der Metrik; negativ heißt besser. Das Intervall "
            f"ist zweiseitig. Jede Schranke des Prüfkriteriums gilt mit {sure} Konfidenz: Eine Aufgabe ist bestanden, "
            f"wenn die obere unter der Toleranz liegt, und nicht bestanden, wenn die untere darüber liegt. Werden "
            f"mehrere Aufgaben verglichen, muss ein Nichtbestehen auch nach der Holm-Korrektur gelten."
        )

    others_note = (
        "Zum Vergleich: Für diese Varianten wurde keine Toleranz vereinbart, und kein Prüfkriterium gilt für sie."
    )

    def scores_note(self, paired: str) -> str:
        return (
            f"Punktwert {PLUS_MINUS} Standardfehler; der Standardfehler der Differenz ist {paired}. Erhalt: Punktwert "
            f"als Anteil des Werts der Baseline, bei Metriken, bei denen kleiner besser ist, umgekehrt."
        )

    paired = "je Frage gepaart"
    partly_paired = "je Frage gepaart, soweit Fragen einzeln bewertet werden"
    changes_note = (
        "Hinter einem unveränderten Punktwert können sich Antworten verbergen, die sich in beide Richtungen geändert "
        "haben. p: wie oft allein der Zufall eine so große Differenz ergäbe, wenn beide gleich gut wären; einzeln und "
        "korrigiert für die Anzahl der Aufgaben. Ein großes p beweist keine Gleichheit; was ausgeschlossen werden "
        "kann, sagt das Intervall oben."
    )

    limit_stopped = "Genauigkeit: Der Alarm hat AWQ gestoppt, bevor eine Aufgabe gestellt wurde."

    def limit_tasks(self, names: str) -> str:
        return (
            f"Genauigkeit über {names} hinaus. Die eigene Aufgabe eines Kunden kann sich anders verhalten; sie lässt "
            f"sich in das Rezept aufnehmen."
        )

    def limit_items(self, parts: str) -> str:
        return f"Fragen, die durch die Begrenzung im Rezept entfielen: {parts}."

    def left_out(self, items: str, task: str) -> str:
        return f"{items} aus {task}"

    limit_kinds = (
        "Lange Kontexte, Sprachen, Sicherheit und die Wortwahl der Antworten, sofern keine der obigen Aufgaben sie "
        "abdeckt."
    )
    limit_greedy = (
        "Zufällig gezogene Antworten: Die Aufgaben von lm-eval lassen das Modell stets das wahrscheinlichste Token "
        "wählen, sofern sie nichts anderes vorgeben; mit einer Temperatur im Betrieb schwanken die Antworten."
    )
    limit_kernels = "Genauigkeit auf einer GPU: Die Gewichte sind dieselben, aber GPU-Kernel runden anders."
    limit_floor = (
        "Das Grundrauschen der Genauigkeit: Die Baseline wurde einmal gemessen; wie weit sie von sich selbst abweicht, "
        "ist daher nicht bekannt. Mit `eval.noise_floor: true` im Rezept wird es gemessen."
    )
    limit_alarm = "Tokenwahrscheinlichkeiten auf zurückgehaltenem Text: Das Rezept hat den Alarm abgeschaltet."
    limit_control_speed = "Geschwindigkeit der Kontrolle mit einfacher Rundung: Gemessen wurde nur ihre Genauigkeit."
    limit_control_stopped = "Der Gewinn von AWQ gegenüber einfacher Rundung: Keine von beiden wurde bewertet."
    limit_control = (
        "Der Gewinn von AWQ gegenüber einfacher Rundung: Dasselbe Modell mit einfacher Rundung wurde nicht gemessen. "
        "Mit `rtn` in den `arms` des Rezepts wird es gemessen."
    )
    limit_no_alternative = "Alternativen zu AWQ: GPTQ und FP8 wurden nicht gemessen."
    limit_alternatives = "Weitere Alternativen zu AWQ wurden nicht gemessen."

    def limit_not_scored(self, arms: str) -> str:
        return f"Genauigkeit von {arms}: Gemessen wurde nur die Geschwindigkeit. "

    def limit_arms(self, arms: str) -> str:
        return f"Geschwindigkeit und Kosten von {arms}: Gemessen wurde nur die Genauigkeit. "
