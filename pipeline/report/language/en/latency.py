"""What the chapter on latency says."""

from collections.abc import Mapping

from pipeline.report.language.en.words import Words


class LatencySentences(Words):
    """Its tables and charts."""

    title = "Latency"
    method = (
        "Mean, p95 and p99 are over the requests of all repeats of a point together, for ITL over their tokens; p95 "
        "takes at least 60 requests and p99 at least 300, and with fewer the table says too few. p50 is the geometric "
        "mean of the repeats' medians, which are compared as throughput is. At a concurrency above what the engine "
        "batches, TTFT includes waiting in its queue."
    )
    columns = ("Concurrency", "Arm", "Mean", "p50", "p95", "p99")
    tables: Mapping[str, str] = {"ttft": "TTFT, ms", "tpot": "TPOT, ms", "itl": "ITL, ms", "e2e": "E2E, ms"}
    notes: Mapping[str, str] = {
        "ttft": "Time to first token.",
        "tpot": "Time per output token after the first, per request.",
        "itl": "Inter-token latency: time between two tokens, over all tokens.",
        "e2e": "End-to-end latency of a request.",
    }
    ratios = "p50 of AWQ over the baseline"
    ratios_columns = ("Concurrency", "Latency", "AWQ / baseline", "Interval of the ratio", "AWQ is")
    ratios_note = "Below 1 AWQ is faster. The intervals of one latency at all concurrencies hold together."
    names: Mapping[str, str] = {"ttft": "Time to first token (TTFT)", "tpot": "Time per output token (TPOT)"}
    chart_y = "Milliseconds; lower is better"
    chart_caption = (
        "Solid: p50, mean of the repeats; dashed: p95, dotted: p99, of all repeats together, where requests suffice."
    )

    def chart(self, name: str) -> str:
        return f"{name} over concurrency"

    def chart_alternative(self, name: str, arms: str) -> str:
        return f"Line chart. {name} in milliseconds: {arms}."

    def tail(self, arm: str, values: str) -> str:
        return f"{arm} p95 {values}"
