"""The figures of the stage `quantize` as metrics of its MLflow run."""

from pipeline.base.results import Metric
from pipeline.quantize.result import QuantizeResult

_FIGURES = (
    "source_bytes",
    "checkpoint_bytes",
    "bits_per_weight",
    "bits_per_quantized_weight",
    "quantize_seconds",
    "peak_memory_gib",
    "calibration_blocks",
)
_OF_COVERAGE = ("share_4bit", "share_scaled", "share_of_model_4bit", "equivalence")


def metrics_of(result: QuantizeResult) -> tuple[Metric, ...]:
    """Return the figures under the names that they have in the result."""
    figures = {name: getattr(result, name) for name in _FIGURES}
    figures |= {name: getattr(result.coverage, name) for name in _OF_COVERAGE}
    return tuple(Metric(name=name, value=float(value), origin="measured") for name, value in figures.items())
