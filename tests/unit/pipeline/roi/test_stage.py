"""The stage roi: when AWQ pays, and what is said when it does not."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from eval.bench.result import BenchResult
from pipeline.base.errors import VoidMeasurementError
from pipeline.recipe.prices import Engagement
from pipeline.recipe.recipe import Recipe
from pipeline.recipe.roi import Roi
from pipeline.record.context import RunContext
from pipeline.record.record import RunRecord
from pipeline.roi import stage as roi_stage
from pipeline.roi.figure import Figure
from pipeline.roi.metrics import metrics_of
from tests.unit.eval.bench.assessments import assessed_bench


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
    assert metrics["awq_monthly_usd"].origin == "assumed"  # as the length of prompts is, which the recipe leaves out
    assert metrics["hourly_usd"].origin == "quoted"
    assert metrics["payback_months"].value == 0
    saving = outcome.result.saving("awq")
    assert (saving.decision, saving.saving_per_month_usd.low, saving.saving_per_month_usd.high) == (
        "does not pay",
        0,
        0,
    )
    assert json.loads((tmp_path / "roi/roi.json").read_text()) == outcome.result.model_dump(mode="json")


def of_load(recipe: Recipe, requests_per_day: float, **changes: Any) -> Roi:
    """Return the prices with another load; keywords replace whole parts."""
    load = recipe.roi.load.model_copy(update={"requests_per_day": requests_per_day})
    return recipe.roi.model_copy(update={"load": load, **changes})


def test_roi_that_pays(make_recipe: Callable[..., Recipe], make_bench: Callable[..., BenchResult]) -> None:
    """Two machines instead of four at 0.50 USD/h save 730 a month; 5,000 are back after 6.8 months."""
    bench = make_bench(baseline={1: 230.0}, awq={1: 480.0})

    result = roi_stage.price(of_load(make_recipe(), 216_000), bench)  # peak 800 tokens/s

    assert (result.of("baseline").machines.value, result.of("awq").machines.value) == (4, 2)
    saving = result.saving("awq")
    assert saving.decision == "pays"
    assert saving.saving_per_month_usd.value == 730
    assert saving.saving_three_years_usd.value == 36 * 730 - 5000
    assert saving.payback_months.value == pytest.approx(5000 / 730)


def test_every_cost_has_its_range(make_recipe: Callable[..., Recipe], make_bench: Callable[..., BenchResult]) -> None:
    """Every figure that follows from the speed lies between its ends; the machines of either end are whole."""
    result = roi_stage.price(make_recipe().roi, make_bench())
    saving = result.saving("awq")
    figures = [one for part in (*result.arms, saving) for _, one in part if isinstance(one, Figure)]

    assert len(figures) == 2 * 8 + 4
    for one in figures:
        if None not in (one.value, one.low, one.high):
            assert one.low <= one.value <= one.high  # type: ignore[operator]
    assert all(one.low is not None for one in figures if one is not saving.payback_months)
    machines = result.of("baseline").machines
    assert (machines.low, machines.high) == (3, 4)


def test_saving_that_may_be_chance_is_not_decided(
    make_recipe: Callable[..., Recipe], make_bench: Callable[..., BenchResult]
) -> None:
    """One machine fewer by 2 % more throughput, runs 3 % apart: the range holds a loss and a saving."""
    bench = make_bench(baseline={1: 266.0}, awq={1: 271.0})

    saving = roi_stage.price(of_load(make_recipe(), 72_500, engagement=None), bench).saving("awq")  # peak 268.5

    assert saving.saving_per_month_usd.value == 365
    assert (saving.saving_per_month_usd.low, saving.saving_per_month_usd.high) == (-365, 365)
    assert saving.decision == "not decided"
    assert (saving.payback_months.value, saving.payback_months.high) == (0, 0)
    assert saving.break_even_requests_per_day.high is None


def test_saving_without_repeats_is_not_decided(
    make_recipe: Callable[..., Recipe], make_bench: Callable[..., BenchResult]
) -> None:
    """Twice the speed in one run each: figures without ranges, and no decision."""
    bench = make_bench(baseline={1: 230.0}, awq={1: 480.0}, repeats=1)

    saving = roi_stage.price(of_load(make_recipe(), 216_000), bench).saving("awq")

    assert (saving.saving_per_month_usd.value, saving.saving_per_month_usd.low) == (730, None)
    assert saving.decision == "not decided"


@pytest.mark.parametrize(
    ("speeds", "changes", "decision"),
    [
        ((400.0, 200.0), {}, "does not pay"),
        ((230.0, 480.0), {"usd": 0.0}, "does not pay"),
        ((230.0, 480.0), {"engagement": 50_000.0}, "does not pay"),
        ((230.0, 480.0), {"engagement": 26_280.0}, "does not pay"),
        ((230.0, 480.0), {"engagement": 26_279.0}, "pays"),
    ],
    ids=["slower", "free machines", "engagement not recovered", "nothing left", "engagement recovered"],
)
def test_decisions(
    make_recipe: Callable[..., Recipe],
    make_bench: Callable[..., BenchResult],
    speeds: tuple[float, float],
    changes: dict[str, float],
    decision: str,
) -> None:
    """A saving counts where something is left of it after three years and the engagement price."""
    roi = make_recipe().roi
    engagement = Engagement(usd=changes.get("engagement", 5000.0), origin="quoted", source="offer")
    hourly = roi.hourly.model_copy(update={"usd": changes.get("usd", 0.5)})
    priced = of_load(make_recipe(), 216_000, engagement=engagement, hourly=hourly)
    bench = make_bench(baseline={1: speeds[0]}, awq={1: speeds[1]})

    assert roi_stage.price(priced, bench).saving("awq").decision == decision


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


def test_useful_tokens_cost_more_than_all(
    make_recipe: Callable[..., Recipe], make_bench: Callable[..., BenchResult]
) -> None:
    """Where a service level was agreed, tokens are also priced by goodput; an arm that misses it has no such cost."""
    kept, missed = (100, 100, 100), (50, 50, 50)
    bench = make_bench(baseline={4: 100.0, 16: 200.0}, awq={4: 150.0, 16: 300.0})
    bench = assessed_bench(bench, baseline={4: kept, 16: missed}, awq={4: missed, 16: missed})
    result = roi_stage.price(make_recipe().roi, bench)
    baseline, awq = (result.of(arm) for arm in ("baseline", "awq"))
    metrics = {metric.name: metric for metric in metrics_of(result)}

    assert baseline.useful is not None
    assert (baseline.concurrency, baseline.useful.concurrency, awq.useful) == (16, 4, None)
    assert baseline.useful.usd_per_mtok_useful.value == pytest.approx(0.5 / (100 * 3600) * 1e6)
    assert baseline.useful.usd_per_mtok_useful.low is not None
    assert (baseline.useful.machines_useful.value, baseline.machines.value) == (8, 4)
    assert metrics["baseline_goodput_tokens_per_s"].origin == "measured"
    assert metrics["baseline_machines_useful"].value == 8
    assert "awq_usd_per_mtok_useful" not in metrics


def test_arm_of_which_all_is_void_leaves_nothing_to_price(make_bench: Callable[..., BenchResult]) -> None:
    """A run leaves the stage out and writes the report with the reasons; a point that stands is priced."""
    bench = make_bench()
    void = tuple(load.model_copy(update={"points": ()}) if load.arm == "awq" else load for load in bench.arms)
    (need,) = roi_stage.STAGE.needs
    assert need.nothing(bench) is None
    assert "every measurement of the speed of awq is void" in (
        need.nothing(bench.model_copy(update={"arms": void})) or ""
    )


def test_overload_is_no_capacity_to_price(
    make_recipe: Callable[..., Recipe], make_bench: Callable[..., BenchResult]
) -> None:
    """An arm measured beyond its engine's capacity alone has a reason and no cost; else such points are left out."""
    bench = make_bench(baseline={4: 100.0, 16: 200.0}, awq={4: 150.0, 16: 300.0})
    partly = assessed_bench(bench, overloaded=[("awq", 16)])
    assert roi_stage.price(make_recipe().roi, partly).of("awq").concurrency == 4
    only = assessed_bench(bench, overloaded=[("awq", 4), ("awq", 16)])
    (need,) = roi_stage.STAGE.needs
    assert need.nothing(partly) is None
    assert "every concurrency at which awq stands is overload" in (need.nothing(only) or "")
    with pytest.raises(VoidMeasurementError, match="awq was measured in overload alone"):
        roi_stage.price(make_recipe().roi, only)


def test_useful_tokens_are_not_those_of_overload(
    make_recipe: Callable[..., Recipe], make_bench: Callable[..., BenchResult]
) -> None:
    """A service level that is kept in overload is kept by luck."""
    kept = (100, 100, 100)
    bench = make_bench(baseline={4: 100.0, 16: 200.0}, awq={4: 150.0, 16: 300.0})
    bench = assessed_bench(bench, overloaded=[("awq", 16)], baseline={4: kept, 16: kept}, awq={4: kept, 16: kept})
    useful = roi_stage.price(make_recipe().roi, bench).of("awq").useful
    assert useful is not None
    assert useful.concurrency == 4


def test_further_arms_without_a_cost_say_why(
    make_recipe: Callable[..., Recipe], make_bench: Callable[..., BenchResult]
) -> None:
    """Made-up weights, overload alone, nothing that stands; the two arms that decide are priced all the same."""
    bench = make_bench()
    awq = bench.arms[1]
    beyond = assessed_bench(make_bench(awq={16: 300.0}), overloaded=[("awq", 16)]).arms[1]
    further = (
        awq.model_copy(update={"arm": "dummy", "dummy_weights": True}),
        beyond.model_copy(update={"arm": "rtn"}),
        awq.model_copy(update={"arm": "theirs", "points": ()}),
    )
    result = roi_stage.price(make_recipe().roi, bench.model_copy(update={"arms": (*bench.arms, *further)}))
    assert [cost.arm for cost in result.arms] == ["baseline", "awq"]
    assert result.not_priced == {"dummy": "dummy weights", "rtn": "overload", "theirs": "void"}
    alone = bench.model_copy(update={"arms": further})
    (need,) = roi_stage.STAGE.needs
    assert "dummy: dummy weights; rtn: overload; theirs: void" in (need.nothing(alone) or "")
    with pytest.raises(VoidMeasurementError, match="no arm that was measured has a cost"):
        roi_stage.price(make_recipe().roi, alone)
