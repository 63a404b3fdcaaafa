"""What the chapter on the machine's health says in German."""

from collections.abc import Mapping

from pipeline.hardware.health.check import State
from pipeline.hardware.health.summary import EnergyFrom
from pipeline.report.language.de.words import GermanWords
from pipeline.report.language.en.health import Health


class GermanHealth(GermanWords, Health):
    """Its tables, and what was not reported."""

    title = "Zustand der Maschine während der Messung"
    absent = (
        "Zustand der Maschine: keine Messwerte zu Wärme, Leistungsaufnahme, Takt oder anderen Programmen unter Last."
    )

    def sampled(self, samples: str, runs: str) -> str:
        return (
            f"Die Maschine wurde vor jedem Lauf, währenddessen einmal je Sekunde und danach ausgelesen (Messwerte: "
            f"{samples}; {runs}). Ein Lauf, in dem eine Prüfung fehlschlägt, ist ungültig. Was ein Gerät nicht meldet, "
            f"gilt als nicht bekannt, nicht als bestanden."
        )

    gpus = "GPUs unter Last"
    gpus_columns = (
        *("Parallelität", "Variante", "GPU", "Auslastung, %", "Speicher, GiB", "Höchste Temperatur, °C"),
        *("Unter dem Grenzwert, °C", "Leistung, W", "Grenze, W", "Takt, MHz", "Gedrosselt", "J je Ausgabetoken"),
    )
    gpus_note = (
        "Über die gültigen Läufe: Mittelwerte von Auslastung, Leistung und Takt, höchster Speicher und höchste "
        "Temperatur, kleinster Abstand zu der Temperatur, ab der der Takt gesenkt wird. `Gedrosselt` ist der Anteil "
        "der Zeit, in dem Wärme oder eine Leistungsbremse den Takt senkte, im schlechtesten Lauf; die Leistungsgrenze, "
        "an der eine voll ausgelastete GPU arbeitet, zählt nicht. Die Energie ist die aller GPUs zusammen."
    )
    energy: Mapping[EnergyFrom, str] = {
        "counter": "Die Energie stammt aus den Zählern der GPUs, vom Start bis zum Ende des Lastclients.",
        "power": "Die Energie ist die über die Messwerte integrierte Leistung, weil kein Zähler gemeldet wird.",
    }
    host = "Prozessoren und Arbeitsspeicher unter Last"
    host_columns = (
        *(
            "Parallelität",
            "Variante",
            "Andere Programme",
            "Vom Hypervisor entzogen",
            "Kleinster freier Speicher, GiB",
            "Höchste Temperatur, °C",
            "Takt, MHz",
        ),
    )
    host_note = (
        "Anteile an der Zeit der Prozessoren, im schlechtesten Lauf jedes Messpunkts; der Takt ist das Mittel aller "
        "Läufe."
    )
    checks = "Prüfungen, die nicht in jedem Lauf bestanden wurden"
    checks_columns = ("Von", "Prüfung", "Im schlechtesten Lauf", "Befund", "Abhilfe")
    checks_note = "Grenzwerte sind die Schwellen und Zähler des Herstellers; `awqctl doctor --gpu` prüft sie erneut."
    before = "Prüfungen, die vor der Messung nicht bestanden wurden"
    before_columns = ("Von", "Prüfung", "Ergebnis", "Befund", "Abhilfe")
    states: Mapping[State, str] = {
        "pass": "bestanden",
        "warn": "Warnung",
        "fail": "nicht bestanden",
        "not reported": "nicht gemeldet",
    }
    limit_energy = "Energie und Leistungsaufnahme: Keine GPU hat sie gemeldet."
    machine = "Maschine"

    def soak(self, concurrency: str) -> str:
        return f"{concurrency}, Dauerlast"

    def of(self, subject: str) -> str:
        return self.machine if subject == "machine" else subject

    def silent(self, names: str) -> str:
        return f"Zustände, die die Maschine nicht meldet: {names}."
