"""The figures of the stage `serve` as metrics of its MLflow run."""

from pipeline.base.results import Metric
from serve.result import ServeResult


def metrics_of(result: ServeResult, start_seconds: float) -> tuple[Metric, ...]:
    """Return how many checks passed of how many, and how long the endpoint took to start."""
    return (
        Metric(name="serve_smoke_passed", value=sum(check.passed for check in result.checks), origin="measured"),
        Metric(name="serve_smoke_checks", value=len(result.checks), origin="measured"),
        Metric(name="serve_start_seconds", value=start_seconds, origin="measured"),
    )
