"""A soak as metrics of an MLflow run: slices with their second as step, and what they show."""

from collections.abc import Iterator

from eval.bench.soak.drift import SLICE_FIELDS
from eval.bench.soak.result import Soak
from pipeline.base.results import Metric

_FIELDS = (*SLICE_FIELDS.values(), "requests_running", "requests_waiting", "kv_cache_usage")
_DRIFT_FIELDS = {"drift": "drift", "low": "drift_low", "high": "drift_high", "smallest_drift": "smallest_drift"}


def soak_metrics(soak: Soak) -> Iterator[Metric]:
    """Yield every figure that a soak has, its arm's name in front; none of a void one."""
    prefix = f"{soak.arm}_soak" if soak.arm else "soak"
    for one in soak.slices:
        for field in _FIELDS:
            value = getattr(one, field)
            if value is not None:
                yield Metric(name=f"{prefix}_{field}", value=value, step=round(one.start_s), origin="measured")
    for drift in soak.drifts:
        for field, name in _DRIFT_FIELDS.items():
            value = getattr(drift, field)
            if value is not None:
                yield Metric(name=f"{prefix}_{drift.quantity}_{name}", value=value, origin="measured")
