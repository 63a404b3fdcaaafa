"""What the report says of servers that somebody runs already."""

from pipeline.report.language.en.words import Words


class EndpointSpeed(Words):
    """Their table in the chapter on throughput."""

    table = "Servers that were running already"
    columns = ("Server", "Concurrency", "Requests", "Output tokens/s", "TTFT, ms (mean)", "TPOT, ms (mean)", "Valid")
    stands = "yes"
    note = (
        "Measured as they are, under the same loads; a line is one run. Their settings, machines and networks are not "
        "those of the arms, so these figures say nothing about weights, and they are not priced."
    )

    rates = "Requests that come at a rate"
    rates_columns = (
        *("Arm", "Requests/s", "Requests", "Output tokens/s", "TTFT, ms (mean)", "TTFT, ms (p95)", "E2E, ms (p95)"),
        *("Under way at most", "Valid"),
    )
    rates_note = (
        "New requests come whether or not earlier ones are answered; where ever more are under way, the rate is beyond "
        "what the arm serves. One run each, throughput over the whole run."
    )

    def server(self, arm: str, model: str) -> str:
        return f"{arm} ({model})"

    def rate(self, rate: str) -> str:
        return f"{rate} requests/s"

    def not_checked(self, conditions: str) -> str:
        return f"Not checked: {conditions}."
