"""A plan held against what was measured: errors, reasons where there are none, metrics."""

import pytest

from eval.bench.metrics import metrics_of
from eval.bench.plan_errors import PlanError, Quantity, plan_errors
from eval.bench.result import BenchResult, EngineMemory
from pipeline.plan.corrections import Corrections, Observation
from tests.unit.eval.bench.plans import LEVELS, PROCESSOR, measured


def found(result: BenchResult) -> dict[tuple[Quantity, int | None], PlanError]:
    """Return the errors by figure and concurrency."""
    return {(one.quantity, one.concurrency): one for one in plan_errors(result)}


def learned(bandwidth: float = 0.6, **changes: object) -> Corrections:
    """Return what a run on the same GPU taught."""
    facts = {
        "run": "earlier",
        "arm": "baseline",
        "measured_at": "2026-11-01",
        "model": "m",
        "device": "H100 SXM",
        "gpus": 1,
        "quantization": "none",
        "kernel": "unquantized",
        "vllm": "0.32.0",
        "weights_gib": 15.0,
        "bandwidth_share": bandwidth,
        "compute_share": 0.4,
        "spread": 0.05,
        "points": 4,
    }
    return Corrections(observations=(Observation.model_validate({**facts, **changes}),))


def test_a_plan_of_what_it_is_made_of_has_no_error() -> None:
    """On a device that attains what is planned of its family every figure is exact, and inside the interval."""
    errors = found(measured((0.75, 0.5)))
    compared = [one for one in errors.values() if one.reason is None]
    assert [one.share for one in compared] == pytest.approx([0.0] * len(compared), abs=1e-9)
    assert len(compared) == 4 + 2 * len(LEVELS) + 1 + 1
    assert all(one.inside for one in compared if one.quantity in ("output_tokens_per_s", "ttft_ms", "tpot_ms"))


def test_errors_are_planned_over_measured() -> None:
    """A device that is slower than planned, with 1 GiB taken beside: the plan says too much of both."""
    errors = found(measured((0.45, 0.5), beside_gib=1.0))
    speed, cache = errors["output_tokens_per_s", 1], errors["kv_cache_gib", None]
    assert speed.share == pytest.approx(0.54, abs=0.02)
    assert not speed.inside
    assert cache.planned is not None
    assert cache.planned - (cache.measured or 0) == pytest.approx(1.0)
    assert (errors["ttft_ms", 1].inside, errors["ttft_ms", 4].inside) == (True, None)
    assert errors["tpot_ms", 1].share == pytest.approx(-0.355, abs=0.01)


def test_a_processor_has_memory_and_no_speed() -> None:
    """Tokens and concurrency are held against the log, the stated cache is not, and speeds say why they are not."""
    errors = found(measured((0.05, 0.005), machine=PROCESSOR))
    assert errors["kv_cache_tokens", None].share == 0
    assert errors["max_concurrency", None].share == 0
    assert errors["kv_cache_gib", None].reason == "stated"
    assert {one.reason for (quantity, _), one in errors.items() if quantity.endswith(("_s", "_ms", "knee"))} == {
        "not calibrated"
    }
    assert errors["output_tokens_per_s", 4].planned is None
    assert errors["output_tokens_per_s", 4].measured


def test_a_processor_that_was_learned_of_has_speeds() -> None:
    """Attained shares of an earlier run are taken as they are, for nothing is planned of a processor without."""
    corrections = learned(0.05, device="Example CPU 9000, 16 cores", compute_share=0.005)
    result = measured((0.05, 0.005), machine=PROCESSOR, corrections=corrections)
    errors = found(result)
    assert errors["output_tokens_per_s", 16].share == pytest.approx(0.0, abs=1e-9)
    assert errors["output_tokens_per_s", 16].uncorrected is None
    assert result.plans[0].calibration_runs == 1


def test_corrected_figures_stand_beside_the_uncorrected() -> None:
    """Corrections of the GPU bring the plan nearer; what it says without them is kept."""
    error = found(measured((0.5, 0.4), corrections=learned(0.5)))["output_tokens_per_s", 1]
    assert error.share is not None
    assert error.uncorrected_share is not None
    assert 0 < error.share < error.uncorrected_share


def test_what_computed_the_weights_is_no_measurement() -> None:
    """Weights of a made-up model are computed by the engine's configuration alone."""
    result = measured()
    memory = EngineMemory.model_validate({**result.arms[0].memory.model_dump(), "weights_from": "configuration"})
    load = result.arms[0].model_copy(update={"memory": memory})
    error = found(result.model_copy(update={"arms": (load,)}))["weights_gib", None]
    assert (error.reason, error.measured, error.share) == ("computed", None, None)


@pytest.mark.parametrize(("why", "config"), [("model", None), ("model", {"model_type": "llama"})])
def test_what_cannot_be_planned_says_why(why: str, config: dict[str, object] | None) -> None:
    """A configuration that is not there, or tells no sizes."""
    errors = plan_errors(measured(config=config))
    assert {one.reason for one in errors} == {why}
    assert all(one.share is None for one in errors)


def test_results_of_earlier_versions_have_no_errors() -> None:
    """They kept no plan."""
    assert plan_errors(measured().model_copy(update={"plans": ()})) == ()


def test_errors_are_metrics_of_what_is_compared() -> None:
    """With the concurrency as step; a figure that is not compared is none."""
    metrics = {(one.name, one.step): one for one in metrics_of(measured((0.5, 0.5)))}
    assert metrics["baseline_plan_error_output_tokens_per_s", 4].value > 0.2
    assert metrics["baseline_plan_error_output_tokens_per_s", 4].origin == "modelled"
    assert metrics["baseline_plan_error_kv_cache_tokens", None].value == 0
    assert ("baseline_plan_error_ttft_ms", 4) not in metrics
    assert not any(name.startswith("baseline_uncorrected") for name, _ in metrics)
