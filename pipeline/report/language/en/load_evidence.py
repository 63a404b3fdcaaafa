"""What is said of the evidence behind the speeds."""

from collections.abc import Mapping

from pipeline.report.language.en.words import Words


class LoadEvidence(Words):
    """Tables of what was sent and counted, of void points, and of the load client."""

    void = "Void points: measured, and not to be used"
    void_columns = ("Concurrency", "Arm", "Why there are no figures")
    void_note = "They are left out of every comparison, chart and cost. `awqctl bench` measures only these again."
    void_cell = "void"

    counted = "Load: what was sent, answered and counted"
    counted_columns = (
        *("Concurrency", "Arm", "Valid runs", "Sent", "Answered", "Failed", "Output tokens, client"),
        *("Output tokens, engine", "Prompt tokens, client", "Prompt tokens, engine"),
    )
    counted_note = "Sums over all runs of a point. A run is void where client and engine differ by more than 1 %."

    meanwhile = "Load: what the engine and the machine did meanwhile"
    meanwhile_columns = (
        *("Concurrency", "Arm", "Valid runs", "From the prefix cache", "Requests in the engine", "Waiting"),
        *(
            "Preemptions",
            "KV cache in use",
            "Other programs",
            "Stolen by the hypervisor, s",
            "Client CPU, s",
            "Not checked",
        ),
    )
    meanwhile_note = "The highest of all runs of a point; requests, queue and KV cache as sampled four times a second."

    client_columns = (
        *("Concurrency", "True tokens/s", "Measured", "Rate, % off", "TTFT, % off", "TPOT, % off", "Client CPU, s"),
        "Within the tolerance",
    )
    right = "yes"
    not_right = "no"
    no_ceiling = "The machine was too busy to tell the client's ceiling, so no load was held against it."

    def of(self, part: str, whole: str) -> str:
        return f"{part} of {whole}"

    def client(self, version: str, machine: str, date: str) -> str:
        return f"Load client {version} against a server of known speed, on {machine}, {date}"

    def ceiling(self, tokens: str) -> str:
        return f"Ceiling: up to {tokens} output tokens/s were measured rightly; a run above it is void."

    limits: Mapping[str, str] = {
        "foreign_cpu_share": "processor time of others",
        "client_cpu_share": "processor time of the load client",
        "ceiling_share": "share of the client's ceiling",
    }

    def limit(self, name: str, value: str | None) -> str:
        return f"{name} without a limit" if value is None else f"{name} up to {value}"

    def held_to(self, limits: str) -> str:
        return f"Limits of a run that the recipe changed: {limits}."

    def finding(self, void: str, points: str) -> str:
        return f"{void} of {points} points are void: they were measured, and have no figures."

    def finding_detail(self, points: str) -> str:
        return f"{points}."

    def void_point(self, arm: str, concurrency: str, reasons: str) -> str:
        return f"{arm} at {concurrency} ({reasons})"

    def void_rate(self, arm: str, rate: str, reasons: str) -> str:
        return f"{arm} at {rate} requests/s ({reasons})"

    topic = "Measurements"
