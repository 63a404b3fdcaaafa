"""The findings up front: speed, memory, costs, the endpoint, and what was not measured."""

from collections.abc import Callable

import pytest

from eval.bench.result import BenchResult
from pipeline.quantize.result import QuantizeResult
from pipeline.recipe.recipe import Recipe
from pipeline.record.record import RunRecord
from pipeline.report.chapters.findings import findings_of
from pipeline.report.chapters.recommendation import recommendation
from pipeline.report.comparison import speed_ratios, weight_memory
from serve.result import ServeResult, SmokeCheck
from tests.unit.pipeline.report.documents import inputs_of, not_measured_section

BASELINE_SPEED = {1: 41.2, 4: 118.0, 16: 262.0}


def headlines(record: RunRecord) -> str:
    """Return the findings' headlines as one text."""
    return "\n".join(finding.headline for finding in findings_of(inputs_of(record)))


def test_mixed_speed_is_said_per_concurrency(make_run: Callable[..., RunRecord]) -> None:
    """Faster at 1 and 4; at 16 the repeats overlap."""
    text = headlines(make_run())

    assert "AWQ is faster at concurrency 1 and 4; no clear difference at concurrency 16." in text


def test_many_concurrencies_are_summed_up(
    make_run: Callable[..., RunRecord], make_recipe: Callable[..., Recipe], make_bench: Callable[..., BenchResult]
) -> None:
    """Neighbours are named as a range, and only the extreme ratios are spelled out."""
    steps = (1, 2, 4, 8, 16)
    bench = make_bench(
        baseline=dict.fromkeys(steps, 100.0), awq=dict(zip(steps, (200, 180, 150, 120, 80), strict=True))
    )
    recipe = make_recipe()
    load = recipe.roi.load.model_copy(update={"requests_per_day": 1000.0})
    recipe = recipe.model_copy(update={"roi_or_none": recipe.roi.model_copy(update={"load": load})})
    inputs = inputs_of(make_run(recipe=recipe, bench=bench))
    finding = findings_of(inputs)[1]

    assert finding.headline == "AWQ is faster at concurrency 1 to 8; slower at concurrency 16."
    assert "between 0.80" in finding.detail
    assert "the table has all 5" in finding.detail
    assert "deploy it for speed or memory, not for cost" in recommendation(inputs)


def test_slower_awq_is_said_plainly(make_run: Callable[..., RunRecord], make_bench: Callable[..., BenchResult]) -> None:
    """Slower everywhere is the headline, and it does not pay."""
    slow = {concurrency: speed * 0.7 for concurrency, speed in BASELINE_SPEED.items()}
    record = make_run(bench=make_bench(awq=slow))
    text = headlines(record)

    assert "AWQ is slower at every concurrency measured." in text
    assert "AWQ does not pay here" in text
    assert recommendation(inputs_of(record)).startswith("Keep the baseline")


def test_load_above_break_even_that_does_not_pay_is_explained(make_run: Callable[..., RunRecord]) -> None:
    """The saving is a staircase: past the break-even the counts of machines can be equal again."""
    finding = findings_of(inputs_of(make_run()))[3]

    assert finding.headline.startswith("AWQ does not pay here: this load needs 3 machines with either arm")
    assert "It first pays at 70,741 requests a day, but machines are whole" in finding.detail


def test_failed_endpoint_holds_deployment_back(make_run: Callable[..., RunRecord], endpoint: ServeResult) -> None:
    """An endpoint that failed a check is not recommended, however fast it is."""
    check = SmokeCheck(name="TLS", passed=False, detail="refused", seconds=0.1)
    failed = endpoint.model_copy(update={"checks": (check,)})

    assert recommendation(inputs_of(make_run(endpoint=failed))).startswith("Do not deploy yet")


def test_overlapping_repeats_are_no_clear_difference(
    make_run: Callable[..., RunRecord], make_bench: Callable[..., BenchResult]
) -> None:
    """Medians 2 % apart with repeats 3 % wide cannot be told apart."""
    close = {concurrency: speed * 1.02 for concurrency, speed in BASELINE_SPEED.items()}

    assert "There is no clear difference in speed at any concurrency measured." in headlines(
        make_run(bench=make_bench(awq=close))
    )


def test_single_runs_claim_nothing(make_run: Callable[..., RunRecord], make_bench: Callable[..., BenchResult]) -> None:
    """Without repeats there is no spread, so no claim."""
    assert "measured once per point" in headlines(make_run(bench=make_bench(repeats=1)))


def test_ratio_range_uses_the_extremes(make_bench: Callable[..., BenchResult]) -> None:
    """The range goes from slowest over fastest to fastest over slowest run."""
    one = speed_ratios(make_bench(baseline={1: 100.0}, awq={1: 150.0}))[0]

    assert one.median == 1.5
    assert one.low == pytest.approx(150 * 0.97 / 103)
    assert one.high == pytest.approx(150 * 1.03 / 97)


def test_memory_the_engine_reports_comes_first(
    make_bench: Callable[..., BenchResult], make_quantized: Callable[..., QuantizeResult]
) -> None:
    """Figures of the engine are used where it gives them, file sizes where it does not."""
    bench = make_bench()
    engine = {"weights_from": "engine"}
    changed = tuple(
        load.model_copy(update={"memory": load.memory.model_copy(update={**engine, "weights_gib": gib})})
        for load, gib in zip(bench.arms, (12.61, 3.74), strict=True)
    )

    from_files = weight_memory(make_quantized(), bench)
    from_engine = weight_memory(make_quantized(), bench.model_copy(update={"arms": changed}))

    assert from_files.times_smaller == 52_428_800 / 18_790_400
    assert from_engine.times_smaller == pytest.approx(12.61 / 3.74)


def test_untested_endpoint_is_named(make_run: Callable[..., RunRecord], endpoint: ServeResult) -> None:
    """Without a serve stage the report says so among the findings and the limits."""
    inputs = inputs_of(make_run())
    limits = not_measured_section(inputs)

    assert findings_of(inputs)[-1].headline == "The endpoint was not tested in this run."
    assert any("not tested in this run" in bullet for bullet in limits.bullets)


def test_limits_follow_the_record(make_run: Callable[..., RunRecord]) -> None:
    """CPU, item limits and assumed loads are named; on a GPU with full tasks they are not."""
    text = " ".join(not_measured_section(inputs_of(make_run())).bullets)

    assert "say nothing about a GPU" in text
    assert "500 of demo_cloze" in text
    assert "The load is an assumption" in text


def test_gpu_run_is_not_called_a_cpu_run(
    make_run: Callable[..., RunRecord], make_recipe: Callable[..., Recipe]
) -> None:
    """With a GPU the limits keep silent about the CPU."""
    recipe = make_recipe(engine={"max_model_len": 512})
    inputs = inputs_of(make_run(recipe=recipe, gpus=("NVIDIA H200", "NVIDIA H200")))
    text = " ".join(not_measured_section(inputs).bullets)

    assert "say nothing about a GPU" not in text
    assert "2 x NVIDIA H200" in text
