"""What runs teach a plan: shrinkage, intervals, and for which plans it holds."""

import math
from typing import Any

import pytest
from pydantic import ValidationError

from pipeline.catalogue.gpus import find_gpu
from pipeline.catalogue.models import models
from pipeline.plan.activations import GIB
from pipeline.plan.budget import Budget
from pipeline.plan.corrections import Correction, Corrections, Mismatch, Observation, estimate
from pipeline.plan.plan import plan_of
from pipeline.plan.settings import Settings

MODEL = models()["meta-llama/Llama-3.1-8B"].architecture
H100 = find_gpu("h100").planned()


def observation(**changes: Any) -> Observation:
    """Return what a run on an H100 taught; keywords replace fields."""
    facts: dict[str, Any] = {
        "run": "out",
        "arm": "baseline",
        "measured_at": "2026-11-01",
        "model": "meta-llama/Llama-3.1-8B",
        "device": "H100 SXM",
        "gpus": 1,
        "quantization": "none",
        "kernel": "unquantized",
        "vllm": "0.33.0",
        "weights_gib": 15.0,
        "bandwidth_share": 0.5,
        "compute_share": 0.4,
        "beside_gib": 2.0,
        "spread": 0.02,
        "points": 5,
        "samples": ("aa",),
    }
    return Observation.model_validate({**facts, **changes})


def taken(budget: Budget) -> int:
    """Return the memory that neither weights nor cache take."""
    return budget.activations + budget.other


def several(number: int, **changes: Any) -> tuple[Observation, ...]:
    """Return as many runs that all taught the same."""
    return tuple(observation(run=f"out/{one}", samples=(f"{one}",), **changes) for one in range(number))


def test_more_runs_move_the_plan_further() -> None:
    """From the planned share towards the attained one, never past it, and the interval gets narrower."""
    found = [Correction(several(runs)).bandwidth(0.75) for runs in (1, 3, 30)]
    values = [one.value for one in found if one]
    widths = [math.log(one.high / one.low) for one in found if one]
    assert 0.75 > values[0] > values[1] > values[2] > 0.5
    assert values[2] == pytest.approx(0.5, rel=0.01)
    assert widths[0] > widths[1] > widths[2]


def test_estimate_is_the_hand_computed_one() -> None:
    """One run at 0.4 with a scatter of 0.1 guessed: weight 1 + 0.01 / 0.0625, t of 3 degrees of freedom."""
    found = estimate([0.4], 0.25, 0.1)
    assert found is not None
    assert found.value == pytest.approx(0.4 / 1.16)
    assert found.high - found.value == pytest.approx(1.638 * math.sqrt(0.01 * (1 + 1 / 1.16)))


def test_scattered_runs_are_believed_less() -> None:
    """Runs at half and at all of it against two runs in the middle: a wider interval, nearer to the plan."""
    apart = Correction((observation(bandwidth_share=0.3), observation(bandwidth_share=0.6))).bandwidth(0.75)
    alike = Correction((observation(bandwidth_share=0.42), observation(bandwidth_share=0.43))).bandwidth(0.75)
    assert apart is not None
    assert alike is not None
    assert apart.value > alike.value
    assert apart.high / apart.low > alike.high / alike.low


def test_without_a_plan_there_is_nothing_to_shrink_to() -> None:
    """As of processors: the geometric mean of the runs, and no plan where they tell one share alone."""
    runs = Correction((observation(bandwidth_share=0.04), observation(bandwidth_share=0.01)))
    found = runs.bandwidth(None)
    assert found is not None
    assert found.value == pytest.approx(0.02)
    assert runs.shares(None) == (pytest.approx(0.02), pytest.approx(0.4))
    assert Correction((observation(compute_share=None),)).shares(None) is None


def test_no_device_attains_more_than_all_of_it() -> None:
    """The upper end of an interval ends at the stated rate."""
    found = Correction((observation(bandwidth_share=1.0),)).bandwidth(0.95)
    assert found is not None
    assert found.high == 1.0


def test_a_plan_is_corrected_where_they_match() -> None:
    """Slower, with less cache, marked; another GPU, quantization, version, number of GPUs or size is not."""
    known = Corrections(observations=several(5))
    settings = Settings(max_model_len=8192, concurrency=1)
    plain, corrected = (
        plan_of(MODEL, H100, Settings(**{**vars(settings), "corrections": one})) for one in (None, known)
    )
    assert plain.correction is None
    assert isinstance(corrected.correction, Correction)
    assert plain.rate is not None
    assert corrected.rate is not None
    assert corrected.rate.tpot_s > 1.3 * plain.rate.tpot_s
    lost = (plain.budget.kv_cache - corrected.budget.kv_cache) / GIB
    assert lost == pytest.approx(2.0 / (1 + 0.3**2 * 3 / 7 / 5), rel=0.05)
    for device, gpus, quantization, vllm, weights in (
        ("H200", 1, "none", "0.33.0", 15.0),
        ("H100 SXM", 2, "none", "0.33.0", 15.0),
        ("H100 SXM", 1, "awq", "0.33.0", 15.0),
        ("H100 SXM", 1, "none", "0.32.0", 15.0),
        ("H100 SXM", 1, "none", "0.33.0", 70.0),
    ):
        assert known.find(device, gpus, quantization, vllm, weights) is None


def test_memory_that_was_not_taken_goes_to_the_cache() -> None:
    """Also where it is more than what was planned outside of torch: the activations then take less."""
    known = Corrections(observations=several(30, beside_gib=-2.0))
    plain, corrected = (
        plan_of(MODEL, H100, Settings(max_model_len=8192, corrections=one)).budget for one in (None, known)
    )
    assert (corrected.kv_cache - plain.kv_cache) / GIB == pytest.approx(min(2.0, taken(plain) / GIB), rel=0.05)
    assert corrected.other == 0
    assert corrected.activations >= 0


def test_what_was_learned_and_does_not_hold_is_told() -> None:
    """By the reason; of a device without runs there is nothing to tell."""
    known = Corrections(observations=several(2))
    assert known.mismatch("H100 SXM", 1, "none", "0.32.0") == Mismatch(what="version", seen=("0.33.0",))
    assert known.mismatch("H100 SXM", 2, "none", "0.33.0") == Mismatch(what="GPUs", seen=("1",))
    assert known.mismatch("H100 SXM", 1, "none", "0.33.0") == Mismatch(what="size")
    assert known.mismatch("H200", 1, "none", "0.33.0") is None


def test_the_kernel_with_most_runs_holds() -> None:
    """Of two kernels for one quantization."""
    known = Corrections(observations=(*several(2, kernel="Marlin"), observation(kernel="GEMM", run="other")))
    found = known.find("H100 SXM", 1, "none", "0.33.0", 15.0)
    assert found is not None
    assert (found.kernel, found.runs) == ("Marlin", 2)


def test_the_band_is_that_of_the_runs() -> None:
    """One run tells it hardly narrower than the published runs; many that agree tell it; none leave it."""
    one, many = (Correction(several(runs)).band((0.7, 1.3)) for runs in (1, 20))
    assert 0.5 < one[0] < many[0] < 1 < many[1] < one[1]
    assert Correction((observation(spread=None, points=0),)).band((0.7, 1.3)) == (0.7, 1.3)


def test_a_run_is_known_by_its_files() -> None:
    """So that nothing is graded by itself without a word; a run that is fitted again replaces itself."""
    known = Corrections(observations=several(2))
    found = known.find("H100 SXM", 1, "none", "0.33.0", 15.0)
    assert found is not None
    assert found.holds(("x", "1"))
    assert not found.holds(("x",))
    again = known.with_observations([observation(run="renamed", samples=("1",), bandwidth_share=0.6)])
    assert [one.run for one in again.observations] == ["out/0", "renamed"]
    assert [one.run for one in again.without("renamed", "2026-11-01").observations] == ["out/0"]


@pytest.mark.parametrize(
    "changes", [{"bandwidth_share": 1.2}, {"weights_gib": 0}, {"spread": float("nan")}, {"more": 1}]
)
def test_impossible_observations_are_refused(changes: dict[str, Any]) -> None:
    """No more than all of the bandwidth, no weights of nothing, no other key."""
    with pytest.raises(ValidationError):
        observation(**changes)
