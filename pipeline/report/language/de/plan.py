"""What the chapter on the plan says in German."""

from collections.abc import Mapping

from eval.bench.plan_errors import Quantity, Reason
from pipeline.report.language.de.words import GermanWords
from pipeline.report.language.en.plan import PlanSentences


class GermanPlanSentences(GermanWords, PlanSentences):
    """The plan held against the measurements."""

    title = "Was der Plan vorhergesagt hatte"
    absent = (
        "Der Plan wurde nicht mit Messungen verglichen: `awqctl bench` wurde nicht ausgeführt, oder von einer früheren "
        "Version."
    )
    method = (
        "`awqctl plan` berechnet Speicher und Geschwindigkeit aus der Konfiguration des Modells, den Einstellungen der "
        "Engine und der Last, bevor etwas läuft. Hier wird der Plan mit dem Gemessenen verglichen. Der Fehler ist "
        "geplant durch gemessen, minus eins. Gemessene TTFT und TPOT sind Mediane."
    )
    memory_table = "Speicher, geplant und gemessen"
    memory_columns = ("Kennzahl", "Variante", "Geplant (modelliert)", "Gemessen", "Fehler", "Ohne Korrekturen")
    speed_table = "Geschwindigkeit, geplant und gemessen"
    speed_columns = (
        *("Parallelität", "Kennzahl", "Variante", "Geplant (modelliert)", "Intervall", "Gemessen", "Fehler"),
        *("Enthalten", "Ohne Korrekturen"),
    )
    files_note = (
        "Gewichte gelten je GPU. Wo die Engine nicht angibt, was sie belegt, wie auf einem Prozessor, steht die Größe "
        "der Dateien an deren Stelle."
    )
    speed_note = (
        "Der Knickpunkt ist die kleinste Parallelität, deren Durchsatz keine andere um mehr als ein Zehntel "
        "übertrifft, beim Plan ebenso wie bei den Messungen."
    )
    names: Mapping[Quantity, str] = {
        "weights_gib": "Gewichte, GiB",
        "kv_cache_gib": "KV-Cache, GiB",
        "kv_cache_tokens": "KV-Cache, Token",
        "max_concurrency": "Anfragen voller Länge gleichzeitig",
        "output_tokens_per_s": "Ausgabetoken je Sekunde",
        "ttft_ms": "TTFT, ms",
        "tpot_ms": "TPOT, ms",
        "knee": "Knickpunkt, Parallelität",
    }
    reasons: Mapping[Reason, str] = {
        "model": "für ein Modell dieser Konfiguration gibt es keinen Plan",
        "quantization": "für diese Quantisierung gibt es keinen Plan",
        "version": "die Version der Engine ist nicht bekannt",
        "GPU": "die GPU steht nicht im Katalog",
        "several kinds of GPUs": "die GPUs sind nicht gleich",
        "refused": "laut Plan nicht lauffähig",
        "not calibrated": "auf dieser Maschine nicht kalibriert",
        "rates": "die Leistungsdaten der GPU sind nicht bekannt",
        "computed": "berechnet, nicht gemessen",
        "stated": "vorgegeben, nicht geplant",
        "not told": "die Engine gibt es nicht an",
        "void": "keine gültige Messung",
        "one concurrency": "braucht zwei Parallelitäten",
        "shared prefill": "nur für eine freie Engine geplant",
    }
    inside: Mapping[bool, str] = {True: "ja", False: "nein"}
    uncalibrated_processor = (
        "auf dieser Maschine nicht kalibriert: Für einen Prozessor wird keine Geschwindigkeit geplant, bevor `awqctl "
        "plan fit` aus einem Lauf darauf gelernt hat"
    )
    uncalibrated_gpu = (
        "auf dieser GPU nicht kalibriert: Geschwindigkeiten sind mit Anteilen aus veröffentlichten Läufen geplant "
        "(`awqctl plan fit` lernt aus eigenen Läufen)"
    )

    mismatches: Mapping[str, str] = {
        "version": "die Läufe entstanden mit einer anderen Version von vLLM",
        "GPUs": "die Läufe entstanden mit einer anderen Anzahl von GPUs",
        "size": "die Läufe entstanden mit viel kleineren oder größeren Modellen",
    }

    def uncalibrated(self, arms: str, *, on_cpu: bool, why: str | None) -> str:
        because = f"; {why}" if why else ""
        return f"{arms}: {self.uncalibrated_processor if on_cpu else self.uncalibrated_gpu}{because}."

    def calibrated(self, arms: str, runs: str) -> str:
        return f"{arms}: auf dieser Maschine kalibriert ({runs})."

    def in_sample(self, arms: str) -> str:
        return (
            f"{arms}: Die Korrekturen wurden an eben diesem Lauf angepasst; die Fehler mit ihnen schmeicheln dem Plan "
            f"also, die ohne Korrekturen stehen daneben."
        )

    def refused(self, arm: str, said: str) -> str:
        return f"{arm}: Laut Plan war dies nicht lauffähig, und es lief. Sein Wortlaut: {said}"

    def within(self, inside: str, told: str) -> str:
        return f"Die Intervalle der geplanten Geschwindigkeiten enthalten {inside} von {told} gemessenen Werten."
