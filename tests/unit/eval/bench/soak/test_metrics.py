"""A soak's figures in MLflow."""

from eval.bench.soak.figures import Drift, Knee, SoakSlice
from eval.bench.soak.metrics import soak_metrics
from eval.bench.soak.result import Soak
from pipeline.base.token_range import TokenRange


def soak() -> Soak:
    """Return a soak of two slices, of which one quantity is known to drift."""
    return Soak(
        arm="awq",
        minutes=1,
        knee=Knee(concurrency=4, basis="sweep"),
        share=0.8,
        concurrency=3,
        input_tokens=TokenRange(low=128, high=1024),
        output_tokens=TokenRange.fixed(128),
        lengths="natural",
        drift_limit=0.05,
        confidence=0.95,
        requests=9,
        failed=0,
        slices=(
            SoakSlice(start_s=1.6, output_tokens_per_s=90.0, ttft_ms=80.0),
            SoakSlice(start_s=11.6, output_tokens_per_s=80.0),
        ),
        drifts=(Drift(quantity="throughput", verdict="undecided", level=85.0, centre_s=11.0, slices=2, drift=-0.1),),
    )


def test_slices_have_their_second_as_step() -> None:
    """What a slice does not have is no metric."""
    found = {(metric.name, metric.step): metric.value for metric in soak_metrics(soak())}
    assert found == {
        ("awq_soak_output_tokens_per_s", 2): 90.0,
        ("awq_soak_output_tokens_per_s", 12): 80.0,
        ("awq_soak_ttft_ms", 2): 80.0,
        ("awq_soak_throughput_drift", None): -0.1,
    }


def test_void_soak_has_no_metrics() -> None:
    """Neither slices nor drifts are left in it."""
    assert list(soak_metrics(soak().model_copy(update={"slices": (), "drifts": (), "void": ("too busy",)}))) == []
