"""A run priced whole: the recipe's keys, its measured arms, its alternatives, and agreement with the costs per arm."""

from collections.abc import Callable
from typing import Any

import pytest

from eval.bench.result import BenchResult
from pipeline.base.errors import UsageError
from pipeline.recipe.load import load_recipe, packaged_recipes
from pipeline.recipe.recipe import Recipe
from pipeline.roi import stage as roi_stage
from pipeline.roi.evaluation import evaluate
from pipeline.roi.result import RoiResult
from pipeline.roi.scenarios.result import OptionCost, ScenarioResult
from tests.unit.eval.bench.assessments import assessed_bench
from tests.unit.pipeline.report.conftest import ROI

pytestmark = pytest.mark.whole

MODEL = "mistralai/Mistral-7B-v0.1"
Make = Callable[..., Recipe]
Bench = Callable[..., BenchResult]
AMOUNT = {"origin": "assumed", "source": "a test"}
SITE = {
    "usd_per_kwh": {"usd": 0.25, **AMOUNT},
    "pue": {"value": 1.4, **AMOUNT},
    "load": {"value": 0.6, **AMOUNT},
}
PURCHASE = {
    "price": {"usd": 4000, **AMOUNT},
    "watts": {"value": 400, **AMOUNT},
    "resale_share": {"value": 0.2, **AMOUNT},
}


def whole(recipe: Recipe, bench: BenchResult) -> tuple[RoiResult, ScenarioResult]:
    """Return a run's costs and its whole pricing, which is there."""
    result = roi_stage.price_whole(recipe, bench, MODEL)
    assert result.scenario is not None
    return result, result.scenario


def option(scenario: ScenarioResult, name: str) -> OptionCost:
    """Return an option by its name."""
    return next(one for one in scenario.options if one.name == name)


def with_roi(make_recipe: Make, **changes: Any) -> Recipe:
    """Return the recipe with further keys of `roi`; those of `load` are put to its own."""
    load = {**ROI["load"], **changes.pop("load", {})}
    return make_recipe(roi={**ROI, "load": load, **changes})


def test_costs_per_arm_agree_with_the_whole_pricing(make_recipe: Make, make_bench: Bench) -> None:
    """Of a plain recipe every amount is the same twice computed: once in floats, once in fractions."""
    result, scenario = whole(make_recipe(), make_bench(baseline={1: 230.0}, awq={1: 480.0}))
    for cost in result.arms:
        found = option(scenario, f"{cost.arm}, rented")
        assert cost.machines.value == found.machines.value
        assert cost.monthly_usd.value == pytest.approx(found.monthly_usd.value)
        assert cost.yearly_usd.value == pytest.approx(found.yearly_usd.value)
        assert cost.usd_per_mtok_at_load.value == pytest.approx(found.usd_per_mtok_useful.value)  # type: ignore[union-attr]
        assert cost.utilisation.value == pytest.approx(1 - found.idle_share.value)  # type: ignore[union-attr, operator]
    saving, (found_saving,) = result.saving("awq"), scenario.comparisons
    assert saving.saving_per_month_usd.value == pytest.approx(found_saving.saving_per_month_usd.value)
    assert saving.saving_three_years_usd.value == pytest.approx(found_saving.saving_total_usd.value)
    assert saving.payback_months.value == pytest.approx(found_saving.payback_months.value)
    assert saving.break_even_requests_per_day.value == found_saving.break_even_requests_per_day.value
    assert saving.decision == found_saving.decision


def test_the_demo_s_costs_agree(make_bench: Bench) -> None:
    """Of the recipe that ships, without an engagement, at a load that takes many machines."""
    recipe = load_recipe("demo", ["roi.load.requests_per_day=3000000"]).recipe
    result, scenario = whole(recipe, make_bench(baseline={16: 1568.6}, awq={16: 1197.4}))
    for cost in result.arms:
        found = option(scenario, f"{cost.arm}, rented")
        assert cost.machines.value == found.machines.value
        assert cost.three_year_usd.value == pytest.approx(found.total_usd.value)
    saving = result.saving("awq")
    pair = next(one for one in scenario.comparisons if one.option == "awq, rented")
    assert saving.saving_three_years_usd.value == pytest.approx(pair.saving_total_usd.value)
    assert saving.decision == pair.decision == "does not pay"


def test_the_model_in_the_record_comes_to_the_same(make_recipe: Make, make_bench: Bench) -> None:
    """What the page and the workbook compute from is stored with it, exact."""
    _, scenario = whole(make_recipe(), make_bench())
    evaluated = evaluate(scenario.pricing)
    for one in scenario.options:
        assert float(evaluated.options[one.name].total) == one.total_usd.value
    again = ScenarioResult.model_validate_json(scenario.model_dump_json())
    assert evaluate(again.pricing).pairs == evaluated.pairs


def test_a_result_of_an_earlier_version_is_read(make_recipe: Make, make_bench: Bench) -> None:
    """It has no whole pricing, and says so by none."""
    document = roi_stage.price(make_recipe().roi, make_bench()).model_dump(mode="json")
    del document["scenario"]
    assert RoiResult.model_validate(document).scenario is None


def test_speeds_measured_once_decide_nothing(make_recipe: Make, make_bench: Bench) -> None:
    """Twice the speed in one run each: neither of both says that it pays."""
    result, scenario = whole(make_recipe(), make_bench(baseline={1: 230.0}, awq={1: 480.0}, repeats=1))
    assert result.saving("awq").decision == "not decided"
    assert {one.decision for one in scenario.comparisons} == {"not decided"}


def test_what_one_decides_and_the_other_does_not_is_not_decided(make_recipe: Make, make_bench: Bench) -> None:
    """The range over both arms holds a loss, the simulation's middle part may not: neither is said to pay."""
    recipe = with_roi(make_recipe, load={"requests_per_day": 72_500}, engagement=None)
    result, scenario = whole(recipe, make_bench(baseline={1: 266.0}, awq={1: 271.0}))
    assert result.saving("awq").decision == scenario.comparisons[0].decision == "not decided"


def test_input_tokens_that_nobody_states_are_the_benchmark_s(make_recipe: Make, make_bench: Bench) -> None:
    """They are called assumed, with the reason; stated ones have the origin of the load."""
    inputs = {one.name: one for one in whole(make_recipe(), make_bench())[1].inputs}
    assert (inputs["load.input_tokens"].value, inputs["load.input_tokens"].origin) == (256, "assumed")
    assert "benchmark" in inputs["load.input_tokens"].source
    recipe = with_roi(make_recipe, load={"input_tokens_per_request": 900, "origin": "quoted", "source": "log"})
    inputs = {one.name: one for one in whole(recipe, make_bench())[1].inputs}
    assert (inputs["load.input_tokens"].value, inputs["load.input_tokens"].origin) == (900, "quoted")


def test_the_service_level_counts_the_machines(make_recipe: Make, make_bench: Bench) -> None:
    """Goodput at the level sizes both; the figures per arm are those of the whole pricing."""
    kept, missed = (100, 100, 100), (50, 50, 50)
    bench = make_bench(baseline={4: 100.0, 16: 200.0}, awq={4: 150.0, 16: 300.0})
    levels = {4: kept, 16: missed}
    result, scenario = whole(make_recipe(), assessed_bench(bench, baseline=levels, awq=levels))
    for cost in result.arms:
        assert cost.machines == option(scenario, f"{cost.arm}, rented").machines
        assert cost.useful is not None
        assert cost.machines.value == cost.useful.machines_useful.value
    saving, (found,) = result.saving("awq"), scenario.comparisons
    assert (saving.saving_per_month_usd, saving.decision) == (found.saving_per_month_usd, found.decision)


def test_an_arm_that_misses_the_service_level_saves_nothing_known(make_recipe: Make, make_bench: Bench) -> None:
    """It cannot serve the load, which is said with the reason; nothing is decided of it."""
    kept, missed = (100, 100, 100), (50, 50, 50)
    bench = make_bench(baseline={4: 100.0}, awq={4: 150.0})
    result, scenario = whole(make_recipe(), assessed_bench(bench, baseline={4: kept}, awq={4: missed}))
    assert [(one.variant, one.reason) for one in scenario.impossible] == [
        ("awq", "It is shown to keep the service level at no concurrency.")
    ]
    saving = result.saving("awq")
    assert (saving.decision, saving.saving_per_month_usd.value) == ("not decided", None)


def test_everything_that_a_scenario_can_state(make_recipe: Make, make_bench: Bench) -> None:
    """Spares, growth, a day's curve, years, purchase, package, support, currency and APIs reach the engine."""
    recipe = with_roi(
        make_recipe,
        load={"peak_to_average": 1, "day_curve": [1] * 12 + [3] * 12, "growth_per_year": 0.2, "ranges": {}},
        spares=1,
        years=5,
        discount_rate={"value": 0.08, **AMOUNT},
        purchase=PURCHASE,
        site=SITE,
        apis=["groq-llama-3.1-8b"],
        engagement={"package": "production", "monthly_usd": 100, **AMOUNT},
        currency={"code": "EUR", "per_usd": {"value": 0.9, **AMOUNT}},
    )
    result, scenario = whole(recipe, make_bench())
    assert [one.name for one in scenario.options] == [
        *("baseline, rented", "baseline, bought", "awq, rented", "awq, bought", "groq-llama-3.1-8b")
    ]
    assert (scenario.currency.code, scenario.years_planned) == ("EUR", 5)
    assert [round(one.peak_tokens_per_s / one.average_tokens_per_s, 6) for one in scenario.load] == [1.5] * 5
    assert scenario.load[1].requests_per_day == pytest.approx(240_000)
    assert result.engagement_usd is not None
    assert (result.engagement_usd.low, result.engagement_usd.high) == (25_000, 40_000)
    awq = option(scenario, "awq, rented")
    assert awq.machines.value == 1 + -(-200_000 * 128 / 86400 * 1.5 // 268.4)
    assert awq.machine == "2-core CPU instance"
    assert awq.years[0].support_usd == 1200
    assert result.of("awq").three_year_usd.value == pytest.approx(sum(year.cost_usd for year in awq.years[:3]))


def test_alternatives_are_planned_stated_or_of_another_price(make_recipe: Make, make_bench: Bench) -> None:
    """FP16 on a cheaper card is planned, a stated goodput is taken, a reserved price goes with AWQ's measured speed."""
    others = [
        {"name": "fp16-l4", "gpu": "l4", "hourly": {"usd": 0.7, **AMOUNT}},
        {"name": "fp8-l4", "gpu": "l4", "quantization": "fp8", "goodput_tokens_per_s": {"value": 900, **AMOUNT}},
        {"name": "reserved", "arm": "awq", "hourly": {"usd": 0.3, **AMOUNT}},
    ]
    _, scenario = whole(with_roi(make_recipe, alternatives=others), make_bench())
    fp16, fp8, reserved, awq = (
        option(scenario, f"{name}, rented") for name in ("fp16-l4", "fp8-l4", "reserved", "awq")
    )
    assert fp16.goodput_tokens_per_s is not None
    assert fp16.goodput_tokens_per_s.origin == "modelled"
    assert fp8.goodput_tokens_per_s is not None
    assert fp8.goodput_tokens_per_s.value == 900
    assert (fp8.gpu, fp8.quantization) == ("L4", "fp8")
    assert (reserved.goodput_tokens_per_s, reserved.machines) == (awq.goodput_tokens_per_s, awq.machines)
    assert reserved.monthly_usd.value == pytest.approx((awq.monthly_usd.value or 0) * 0.6)
    assert [one.engaged for one in (fp16, fp8, reserved, awq)] == [False, False, True, True]
    against = {one.reference for one in scenario.comparisons if one.option == "awq, rented"}
    assert against == {"baseline, rented", "fp16-l4, rented", "fp8-l4, rented", "reserved, rented"}


def test_the_price_of_the_one_machine_is_one_unknown(make_recipe: Make, make_bench: Bench) -> None:
    """It is drawn once for both arms, so that free of other ranges AWQ's share of the baseline's cost never moves."""
    hourly = {**ROI["hourly"], "low": 0.1, "high": 1.0}
    bench = make_bench(baseline={1: 230.0}, awq={1: 480.0})
    _, scenario = whole(with_roi(make_recipe, hourly=hourly, engagement=None), bench)
    (found,) = scenario.comparisons
    assert found.saving_per_month_usd.low is not None
    assert found.saving_per_month_usd.low > 0
    assert [one.input for one in scenario.tornado].count("baseline.hourly_usd") == 1
    assert not [one for one in scenario.tornado if one.input == "awq.hourly_usd"]


@pytest.mark.parametrize("name", [*packaged_recipes()])
def test_recipes_that_ship_are_priced_whole(name: str, make_bench: Bench) -> None:
    """Their cards, packages and APIs are the catalogue's, and nothing that they name is impossible."""
    recipe = load_recipe(name).recipe
    if not recipe.has("roi"):
        return
    _, scenario = whole(recipe, make_bench())
    assert not scenario.impossible
    assert {one.variant for one in scenario.options} >= {one.name for one in recipe.roi.alternatives}


def test_what_cannot_be_planned_says_why(make_recipe: Make, make_bench: Bench) -> None:
    """A model that nobody knows leaves the measured arms priced; an unknown card is a mistake of the recipe."""
    recipe = with_roi(make_recipe, alternatives=[{"name": "fp16-l4", "gpu": "l4"}])
    result = roi_stage.price_whole(recipe, make_bench(), "/no/such/folder")
    assert result.scenario is not None
    assert "no file, folder or catalogued model" in result.scenario.impossible[0].reason
    assert len(result.scenario.options) == 2
    wrong = with_roi(make_recipe, alternatives=[{"name": "a", "gpu": "l44"}])
    with pytest.raises(UsageError, match="l44"):
        roi_stage.price_whole(wrong, make_bench(), MODEL)


def test_without_a_baseline_nothing_is_compared(make_recipe: Make, make_bench: Bench) -> None:
    """The arm alone has its costs, and no whole pricing."""
    bench = make_bench()
    alone = bench.model_copy(update={"arms": bench.arms[1:]})
    result = roi_stage.price_whole(make_recipe(), alone, MODEL)
    assert result.scenario is None
    assert [cost.arm for cost in result.arms] == ["awq"]


def test_without_an_engagement_break_even_is_where_a_machine_is_saved(make_recipe: Make, make_bench: Bench) -> None:
    """One machine each costs the same, which is no saving: costs per arm, whole pricing and its model say so."""
    bench = make_bench(baseline={1: 230.0}, awq={1: 480.0})
    result, scenario = whole(with_roi(make_recipe, engagement=None), bench)
    even = result.saving("awq").break_even_requests_per_day.value
    (pair,) = scenario.comparisons
    (evaluated,) = evaluate(scenario.pricing).pairs.values()
    assert even == pair.break_even_requests_per_day.value == evaluated.break_even_requests_per_day
    assert even is not None
    assert even > 1


def test_payback_and_break_even_are_of_the_planned_years(make_recipe: Make, make_bench: Bench) -> None:
    """The costs per arm say of five years what every other place says of the same pair."""
    bench = make_bench(baseline={1: 230.0}, awq={1: 480.0})
    result, scenario = whole(with_roi(make_recipe, years=5, load={"growth_per_year": 0.5}), bench)
    saving, (pair,) = result.saving("awq"), scenario.comparisons
    assert saving.break_even_requests_per_day == pair.break_even_requests_per_day
    assert saving.payback_months == pair.payback_months


def test_a_saving_of_nothing_does_not_pay(make_recipe: Make, make_bench: Bench) -> None:
    """Three years that earn the engagement's price to the dollar: both ways of pricing say the same."""
    bench = make_bench(baseline={1: 230.0}, awq={1: 480.0})
    saved = roi_stage.price(make_recipe().roi, bench).saving("awq").saving_per_month_usd.value
    assert saved is not None
    engagement = {"usd": round(36 * saved, 6), **AMOUNT}
    result, scenario = whole(with_roi(make_recipe, engagement=engagement), bench)
    assert result.saving("awq").decision == scenario.comparisons[0].decision == "does not pay"


def test_an_alternative_of_an_unknown_number_format_is_refused(make_recipe: Make, make_bench: Bench) -> None:
    """Also of a run that was measured before the recipe named it, where no check came first."""
    recipe = with_roi(make_recipe, alternatives=[{"name": "card", "gpu": "l4", "quantization": "nope"}])
    with pytest.raises(UsageError, match="'nope' is none of"):
        whole(recipe, make_bench())
