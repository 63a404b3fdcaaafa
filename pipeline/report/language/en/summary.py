"""What the figures in short say, in the terminal and on the first pages."""

from pipeline.report.language.en.words import Words


class Summary(Words):
    """One small table per stage."""

    baseline = "baseline"
    awq = "AWQ"
    checkpoint = "Checkpoint"
    checkpoint_columns = ("weights", "baseline", "AWQ", "AWQ / baseline")
    files = "Files"
    in_4bit = "Linear layers in 4 bit"
    scaled = "Linear layers scaled by AWQ"

    accuracy = "Accuracy against the baseline"
    accuracy_note = "Verdicts are AWQ's; other arms have none."

    def accuracy_columns(self, sure: str) -> tuple[str, ...]:
        return ("task, metric", "baseline", "score", f"loss ({sure} interval)", "verdict")

    def verdict(self, verdict: str, margin: str) -> str:
        return f"{verdict}, margin {margin}"

    no_gate = "no gate"
    control = "Control: rounded to nearest without AWQ"
    control_columns = ("task, metric", "rounded", "AWQ", "AWQ against rounded", "AWQ is")

    def row(self, *names: str) -> str:
        return ", ".join(names)

    speed = "Speed and latency"
    speed_columns = ("at concurrency", "baseline", "AWQ", "AWQ / baseline", "AWQ is")
    throughput = "output tokens/s"
    ttft = "first token, ms (p50)"
    tpot = "per token, ms (p50)"

    uncompared = "AWQ and the baseline were not both measured, so nothing is compared."

    def at(self, concurrency: str, what: str) -> str:
        return f"{concurrency}: {what}"

    def load(self, prompt: str, answer: str) -> str:
        return f"Prompts of {prompt} and answers of {answer} tokens. "

    def speed_note(self, sure: str) -> str:
        return (
            f"In brackets: intervals that hold together for all concurrencies with {sure} confidence, by the repeats."
        )

    costs = "Costs at this load"
    costs_columns = ("", "baseline", "AWQ")
    per_mtok_at_load = "per million output tokens"
    per_mtok_busy = "the same, always busy"
    machines = "machines"
    monthly = "per month"
    saving = "saving per month"
    break_even = "break-even, requests a day"
    costs_note = "In brackets: what a figure can be, as far as the repeats tell."
    no_ranges = "The speeds were not repeated, or too few times to tell, so no range of the costs is known."

    ways = "Ways to serve the load"
    ways_note = "In brackets: bounds. The engagement's price is in the years of AWQ."

    def ways_columns(self, years: str) -> tuple[str, ...]:
        return ("", "a month", years, "per million tokens", "origin")

    awq_saves = "AWQ, rented, saves against"

    def awq_saves_columns(self, years: str) -> tuple[str, ...]:
        return ("", years, "net present value", "payback, months", "AWQ")

    endpoint = "Endpoint"
    endpoint_columns = ("check", "outcome")
    passed = "passed"
    failed = "failed"
