"""The stage roi: when AWQ pays, and what is said when it does not."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from eval.bench.result import BenchResult
from pipeline.base.errors import VoidMeasurementError
from pipeline.recipe.recipe import Recipe
from pipeline.record.context import RunContext
from pipeline.record.record import RunRecord
from pipeline.roi import stage as roi_stage


def test_roi_stage_of_a_load_for_one_machine(
    tmp_path: Path, make_run: Callable[..., RunRecord], make_recipe: Callable[..., Recipe], context: RunContext
) -> None:
    """A small load needs one machine either way: nothing is saved, and it says so."""
    recipe = make_recipe(
        roi={
            "machine": "A100 40 GB",
            "hourly": {"usd": 2.0, "origin": "quoted", "source": "deck"},
            "load": {
                "requests_per_day": 1000,
                "output_tokens_per_request": 128,
                "origin": "quoted",
                "source": "deck",
            },
        }
    )

    outcome = roi_stage.run(recipe, context, make_run(recipe=recipe))
    metrics = {metric.name: metric for metric in outcome.metrics}

    assert outcome.gates == ()
    assert metrics["baseline_monthly_usd"].value == metrics["awq_monthly_usd"].value == 1460
    assert metrics["saving_three_years_usd"].value == 0
    assert metrics["awq_capacity_tokens_per_s"].origin == "measured"
    assert metrics["awq_monthly_usd"].origin == "modelled"
    assert metrics["hourly_usd"].origin == "quoted"
    assert "payback_months" not in metrics
    assert outcome.result.saving("awq").verdict == (
        "AWQ does not pay here: this load needs 1 machine with either arm, so no machine is saved."
    )
    assert json.loads((tmp_path / "roi/roi.json").read_text()) == outcome.result.model_dump(mode="json")


def test_roi_that_pays(make_recipe: Callable[..., Recipe], make_bench: Callable[..., BenchResult]) -> None:
    """Two machines instead of four at 0.50 USD/h save 730 a month; 5,000 are back after 6.8 months."""
    recipe = make_recipe()
    load = recipe.roi.load.model_copy(update={"requests_per_day": 216_000.0})  # peak 800 tokens/s
    bench = make_bench(baseline={1: 200.0}, awq={1: 400.0})

    result = roi_stage.price(recipe.roi.model_copy(update={"load": load}), bench)

    assert (result.of("baseline").machines.value, result.of("awq").machines.value) == (4, 2)
    saving = result.saving("awq")
    assert saving.saving_per_month_usd.value == 730
    assert saving.saving_three_years_usd.value == 36 * 730 - 5000
    assert saving.pays
    assert saving.verdict == (
        "AWQ pays at this load: 2 machines instead of 4 saves 730 USD a month; "
        "the engagement is paid back after 6.8 months."
    )


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        (
            {"baseline_machines": 1, "arm_machines": 2, "saving": -365.0, "engagement": 0.0, "payback": None},
            "needs 2",
        ),
        (
            {"baseline_machines": 2, "arm_machines": 1, "saving": 0.0, "engagement": 0.0, "payback": None},
            "cost nothing",
        ),
        (
            {
                "baseline_machines": 2,
                "arm_machines": 1,
                "saving": 365.0,
                "engagement": 25000.0,
                "payback": 68.5,
            },
            "does not pay here within three years",
        ),
    ],
)
def test_verdicts_that_do_not_pay(numbers: dict[str, Any], words: str) -> None:
    """Each reason for not paying has its own sentence."""
    text = roi_stage.verdict(
        numbers["baseline_machines"],
        numbers["arm_machines"],
        name="AWQ",
        saving=numbers["saving"],
        engagement=numbers["engagement"],
        payback=numbers["payback"],
    )

    assert text.startswith("AWQ does not pay here")
    assert words in text


def test_zero_throughput_is_not_priced(
    make_recipe: Callable[..., Recipe], make_bench: Callable[..., BenchResult]
) -> None:
    """A bench that made no tokens is void, not free."""
    bench = make_bench()
    baseline, awq = bench.arms
    still = awq.points[0].model_copy(update={"output_tokens_per_s": 0.0})
    bench = bench.model_copy(update={"arms": (baseline, awq.model_copy(update={"points": (still,)}))})

    with pytest.raises(VoidMeasurementError, match="awq is zero"):
        roi_stage.price(make_recipe().roi, bench)
