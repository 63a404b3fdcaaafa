"""The errors of the plan as metrics of the stage's MLflow run."""

from collections.abc import Iterator

from eval.bench.plan_errors import plan_errors
from eval.bench.result import BenchResult
from pipeline.base.results import Metric


def plan_metrics(result: BenchResult) -> Iterator[Metric]:
    """Yield the relative error of every planned figure that was measured, planned over measured less one."""
    for one in plan_errors(result):
        for name, share in (("plan_error", one.share), ("uncorrected_plan_error", one.uncorrected_share)):
            if one.reason is None and share is not None:
                yield Metric(
                    name=f"{one.arm}_{name}_{one.quantity}", value=share, step=one.concurrency, origin="modelled"
                )
