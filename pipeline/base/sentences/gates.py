"""What gates state, and how they are called."""

from collections.abc import Mapping, Sequence


class GateSentences:
    """Of the audit of a checkpoint, of measurements of speed, and of the smoke test; accuracy has its own."""

    gate_names: Mapping[str, str] = {
        "coverage 4 bit": "coverage 4 bit",
        "coverage scaled": "coverage scaled",
        "equivalence": "equivalence",
        "alarm": "alarm",
        "measurements of speed stand": "measurements of speed stand",
        "soaks stand": "soaks stand",
        "endpoint smoke test": "endpoint smoke test",
    }
    """By the name that records keep."""

    def gate_name(self, name: str) -> str:
        """Return how a gate is called, of records of earlier versions too."""
        first, _, task = name.partition(" ")
        return self.accuracy_gate(task) if first == "accuracy" else self.gate_names.get(name, name)

    def accuracy_gate(self, task: str) -> str:
        return f"accuracy {task}"

    def enough_4bit(self, *, found: str, least: str) -> str:
        return (
            f"{found} of the parameters in linear layers that the recipe does not ignore are 4 bit, at least the "
            f"{least} asked for."
        )

    def too_few_4bit(self, *, found: str, least: str) -> str:
        return (
            f"{found} of the parameters in linear layers that the recipe does not ignore are 4 bit, less than the "
            f"{least} asked for."
        )

    def enough_scaled(self, *, found: str, least: str) -> str:
        return (
            f"{found} of the parameters in linear layers that the recipe does not ignore were scaled by AWQ before "
            f"rounding, at least the {least} asked for."
        )

    def too_few_scaled(self, *, found: str, least: str) -> str:
        return (
            f"{found} of the parameters in linear layers that the recipe does not ignore were scaled by AWQ before "
            f"rounding, less than the {least} asked for."
        )

    def equivalent(self, *, change: str, limit: str) -> str:
        return (
            f"AWQ's scaling alone changed outputs by at most {change} of their norm, within the {limit} that 16-bit "
            f"rounding explains."
        )

    def not_equivalent(self, *, change: str, limit: str) -> str:
        return (
            f"AWQ's scaling alone changed outputs by at most {change} of their norm, over the {limit} that 16-bit "
            f"rounding explains."
        )

    def points_stand(self, *, points: str) -> str:
        return f"All {points} points were delivered, counted alike by client and engine, and undisturbed."

    def points_void(self, places: Sequence[str], *, void: str, points: str, command: str) -> str:
        return (
            f"{void} of {points} points are void and have no figures: {'; '.join(places)}. Mend that and run "
            f"`{command}`, which measures only those again."
        )

    def void_at(self, reasons: Sequence[str], *, arm: str, concurrency: str) -> str:
        return f"{arm} at concurrency {concurrency}: {', '.join(reasons)}"

    def void_at_rate(self, reasons: Sequence[str], *, arm: str, rate: str) -> str:
        return f"{arm} at rate {rate}: {', '.join(reasons)}"

    def void_load(self, reasons: Sequence[str], *, arm: str, concurrency: str, load: str) -> str:
        return f"{arm} at concurrency {concurrency} (load {load}): {', '.join(reasons)}"

    def void_load_at_rate(self, reasons: Sequence[str], *, arm: str, rate: str, load: str) -> str:
        return f"{arm} at rate {rate} (load {load}): {', '.join(reasons)}"

    def soaks_stand(self) -> str:
        return (
            "What was held under load for minutes was delivered, counted alike by client and engine, and undisturbed."
        )

    def soaks_void(self, arms: Sequence[str], *, void: str, soaks: str, command: str) -> str:
        return (
            f"{void} of {soaks} soaks are void and have no verdict: {'; '.join(arms)}. Mend that and run `{command}`, "
            f"which makes only those again."
        )

    def void_arm(self, reasons: Sequence[str], *, arm: str) -> str:
        return f"{arm}: {', '.join(reasons)}"

    def smoke_passed(self, *, passed: str, checks: str) -> str:
        return f"{passed} of {checks} checks of the running endpoint passed."

    def smoke_failed(self, failed: Sequence[str], *, passed: str, checks: str) -> str:
        return f"{passed} of {checks} checks of the running endpoint passed; failed: {'; '.join(failed)}."
