"""What the chapter on the endpoint says."""

from pipeline.report.language.en.words import Words


class Endpoint(Words):
    """One paragraph, one table, and what the smoke test leaves open."""

    title = "Endpoint"
    absent = "The endpoint: gateway, TLS and API keys were not tested in this run."
    with_tls = "with TLS"
    without_tls = "without TLS"
    table = "Smoke test"
    columns = ("Check", "Result", "Detail", "Seconds")
    passed = "passed"
    failed = "failed"
    limit_load = "Speed through the gateway: the checks are single requests, and none was timed under load."
    limit_speed = (
        "Speed through the gateway: throughput and latency were measured at the engine, without TLS and API keys."
    )

    def started(self, encrypted: str, routes: str, gateway: str, engine: str, kernel: str) -> str:
        return (
            f"The AWQ model was started behind its gateway {encrypted}, and the checks below were run against "
            f"it. Routes let through: {routes}. Gateway {gateway}, engine {engine}, kernel {kernel}."
        )
