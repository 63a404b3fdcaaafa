"""What gates state in German, and how they are called."""

from collections.abc import Mapping, Sequence

from pipeline.base.sentences.gates import GateSentences


class GermanGateSentences(GateSentences):
    """Of the audit of a checkpoint, of measurements of speed, and of the smoke test; accuracy has its own."""

    gate_names: Mapping[str, str] = {
        "coverage 4 bit": "Abdeckung in 4 Bit",
        "coverage scaled": "Abdeckung durch Skalierung",
        "equivalence": "Äquivalenz",
        "alarm": "Alarm",
        "measurements of speed stand": "Messungen der Geschwindigkeit gültig",
        "soaks stand": "Dauerlasttests gültig",
        "endpoint smoke test": "Funktionstest des Endpunkts",
    }

    def accuracy_gate(self, task: str) -> str:
        return f"Genauigkeit {task}"

    def enough_4bit(self, *, found: str, least: str) -> str:
        return (
            f"{found} der Parameter in linearen Schichten, die das Rezept nicht ausnimmt, liegen in 4 Bit vor, "
            f"mindestens die geforderten {least}."
        )

    def too_few_4bit(self, *, found: str, least: str) -> str:
        return (
            f"{found} der Parameter in linearen Schichten, die das Rezept nicht ausnimmt, liegen in 4 Bit vor, weniger "
            f"als die geforderten {least}."
        )

    def enough_scaled(self, *, found: str, least: str) -> str:
        return (
            f"{found} der Parameter in linearen Schichten, die das Rezept nicht ausnimmt, wurden vor dem Runden von "
            f"AWQ skaliert, mindestens die geforderten {least}."
        )

    def too_few_scaled(self, *, found: str, least: str) -> str:
        return (
            f"{found} der Parameter in linearen Schichten, die das Rezept nicht ausnimmt, wurden vor dem Runden von "
            f"AWQ skaliert, weniger als die geforderten {least}."
        )

    def equivalent(self, *, change: str, limit: str) -> str:
        return (
            f"Die Skalierung durch AWQ allein änderte Ausgaben um höchstens {change} ihrer Norm, innerhalb der "
            f"{limit}, die das Runden auf 16 Bit erklärt."
        )

    def not_equivalent(self, *, change: str, limit: str) -> str:
        return (
            f"Die Skalierung durch AWQ allein änderte Ausgaben um höchstens {change} ihrer Norm, mehr als die {limit}, "
            f"die das Runden auf 16 Bit erklärt."
        )

    def points_stand(self, *, points: str) -> str:
        return (
            f"Alle Messpunkte ({points}) wurden vollständig beantwortet, von Client und Engine gleich gezählt und "
            f"nicht gestört."
        )

    def points_void(self, places: Sequence[str], *, void: str, points: str, command: str) -> str:
        return (
            f"Ungültige Messpunkte, ohne Werte: {void} von {points}: {'; '.join(places)}. Nach der Behebung misst "
            f"`{command}` nur diese erneut."
        )

    def void_at(self, reasons: Sequence[str], *, arm: str, concurrency: str) -> str:
        return f"{arm} bei Parallelität {concurrency}: {', '.join(reasons)}"

    def void_at_rate(self, reasons: Sequence[str], *, arm: str, rate: str) -> str:
        return f"{arm} bei Rate {rate}: {', '.join(reasons)}"

    def void_load(self, reasons: Sequence[str], *, arm: str, concurrency: str, load: str) -> str:
        return f"{arm} bei Parallelität {concurrency} (Last {load}): {', '.join(reasons)}"

    def void_load_at_rate(self, reasons: Sequence[str], *, arm: str, rate: str, load: str) -> str:
        return f"{arm} bei Rate {rate} (Last {load}): {', '.join(reasons)}"

    def soaks_stand(self) -> str:
        return (
            "Was über Minuten unter Last gehalten wurde, wurde vollständig beantwortet, von Client und Engine gleich "
            "gezählt und nicht gestört."
        )

    def soaks_void(self, arms: Sequence[str], *, void: str, soaks: str, command: str) -> str:
        return (
            f"Ungültige Dauerlasttests, ohne Ergebnis: {void} von {soaks}: {'; '.join(arms)}. Nach der Behebung "
            f"wiederholt `{command}` nur diese."
        )

    def void_arm(self, reasons: Sequence[str], *, arm: str) -> str:
        return f"{arm}: {', '.join(reasons)}"

    def smoke_passed(self, *, passed: str, checks: str) -> str:
        return f"{passed} von {checks} Prüfungen des laufenden Endpunkts bestanden."

    def smoke_failed(self, failed: Sequence[str], *, passed: str, checks: str) -> str:
        return (
            f"{passed} von {checks} Prüfungen des laufenden Endpunkts bestanden; nicht bestanden: {'; '.join(failed)}."
        )
