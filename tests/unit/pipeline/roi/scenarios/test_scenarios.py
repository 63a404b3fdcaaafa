"""Scenarios of users: what is read, looked up, planned, and refused."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from pipeline.base.errors import UsageError
from pipeline.catalogue.apis import apis
from pipeline.catalogue.engagements import packages
from pipeline.recipe.load import packaged_recipes
from pipeline.roi.scenarios.files import packaged_scenarios, read_scenario, scenario_path
from pipeline.roi.scenarios.forms import InputForm, ScenarioFile
from pipeline.roi.scenarios.result import ScenarioResult
from pipeline.roi.scenarios.scenario import result_of

pytestmark = pytest.mark.whole

ASSUMED = {"assumed": "a test"}
LOAD = {
    "requests_per_day": {"value": 500_000, **ASSUMED},
    "input_tokens": {"value": 500, **ASSUMED},
    "output_tokens": {"value": 200, **ASSUMED},
    "peak_factor": {"value": 2, **ASSUMED},
}
BASE = {"name": "base", "gpu": "a100-40", "role": "baseline", "hourly_usd": [2.0, "offer"]}
AWQ = {"name": "awq", "gpu": "rtx-4090", "quantization": "awq", "role": "candidate", "hourly_usd": [0.5, "offer"]}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Keep the user's files in a folder of the test."""
    monkeypatch.setenv("AWQCTL_HOME", str(tmp_path))
    apis.cache_clear()
    packages.cache_clear()
    yield tmp_path
    apis.cache_clear()
    packages.cache_clear()


def scenario(**changes: Any) -> ScenarioResult:
    """Return a small scenario, priced; keywords replace its keys."""
    document = {
        "scenario": "mine",
        "title": "Mine",
        "sources": {"offer": {"title": "Our offer", "date": "2026-11-01"}},
        "model": "mistralai/Mistral-7B-v0.1",
        "load": LOAD,
        "variants": [BASE, AWQ],
        **changes,
    }
    return result_of(ScenarioFile.model_validate(document), "mine.yaml")


def measured(value: float) -> dict[str, object]:
    """Return a goodput that somebody measured."""
    return {"goodput_tokens_per_s": {"value": value, "measured": "run of November"}}


def test_measured_goodput_counts_the_machines() -> None:
    """2,315 tokens/s at the peak: 3 machines of 1,000, 2 of 1,500; nothing is planned, so nothing is modelled."""
    found = scenario(variants=[{**BASE, **measured(1000)}, {**AWQ, **measured(1500)}], load=LOAD)
    assert [each.machines.value for each in found.options] == [3, 2]
    assert [each.goodput_tokens_per_s and each.goodput_tokens_per_s.origin for each in found.options] == [
        "measured"
    ] * 2
    assert found.draws == 0
    assert not found.notes


def test_origins_are_inherited_by_results() -> None:
    """Costs of measured goodput, quoted rent and an assumed load are assumed; of a quoted load they are quoted."""
    variants = [{**BASE, **measured(1000)}, {**AWQ, **measured(1500)}]
    quoted = {key: [value["value"], "offer"] for key, value in LOAD.items()}
    assert {each.total_usd.origin for each in scenario(variants=variants).options} == {"assumed"}
    assert {each.total_usd.origin for each in scenario(variants=variants, load=quoted).options} == {"quoted"}
    assert {each.total_usd.origin for each in scenario(load=quoted).options} == {"modelled"}


def test_what_is_not_measured_is_planned_within_the_service_level() -> None:
    """A stricter level has less goodput and more machines; the plan's band is its range, and it is said."""
    loose = scenario(load={**LOAD, "service": {"tpot_ms": 100}}).options[1]
    strict = scenario(load={**LOAD, "service": {"tpot_ms": 15}})
    assert strict.options[1].goodput_tokens_per_s is not None
    assert loose.goodput_tokens_per_s is not None
    assert (strict.options[1].goodput_tokens_per_s.value or 0) < (loose.goodput_tokens_per_s.value or 0)
    assert strict.options[1].goodput_tokens_per_s.low is not None
    assert (strict.options[1].concurrency or 0) < (loose.concurrency or 0)
    assert (strict.options[1].machines.value or 0) > (loose.machines.value or 0)
    assert any("No speed was measured" in note for note in strict.notes)


def test_a_level_that_no_request_keeps_is_told() -> None:
    """1 ms a token is less than the card takes for one request alone."""
    found = scenario(load={**LOAD, "service": {"tpot_ms": 1, "ttft_ms": 1}})
    assert [each.variant for each in found.impossible] == ["base", "awq"]
    assert "TPOT" in found.impossible[0].reason
    assert "TTFT" in found.impossible[0].reason
    assert not found.options


def test_a_model_that_does_not_fit_is_impossible() -> None:
    """13B in 16 bit on an RTX 4090 stands there with its reason, and AWQ beside it is priced."""
    plain = {"name": "plain", "gpu": "rtx-4090", "hourly_usd": [0.5, "offer"]}
    found = scenario(model="meta-llama/Llama-2-13b-hf", variants=[BASE, AWQ, plain])
    assert [(each.variant, each.role) for each in found.impossible] == [("plain", None)]
    assert "No memory is left" in found.impossible[0].reason
    assert [each.variant for each in found.options] == ["base", "awq"]


def test_16_bit_that_does_not_fit_has_none_of_the_saving() -> None:
    """Then it is AWQ that makes the cheaper card possible."""
    plain = {"name": "plain", "gpu": "rtx-4090", "machines": "planned", "hourly_usd": [0.5, "offer"]}
    stated = [{**each, "machines": [1, "offer"]} for each in (BASE, AWQ)]
    of = {"variant": "awq", "against": "base", "sixteen_bit": "plain"}
    claim = {"claim": "AWQ saves it", "says": 0, "figure": "cheaper_card_percent", "of": of}
    found = scenario(model="meta-llama/Llama-2-13b-hf", variants=[*stated, plain], claims=[claim])
    assert found.claims[0].verdict == "confirmed"
    assert "16 bit does not run there" in found.claims[0].why


def test_rents_and_cards_are_looked_up_where_they_are_not_stated() -> None:
    """The cheapest offer of the catalogue with its provider; the card's list price and its power."""
    site = {
        "usd_per_kwh": {"value": 0.2, **ASSUMED},
        "pue": {"value": 1.4, **ASSUMED},
        "load": {"value": 0.6, **ASSUMED},
    }
    purchase = {"resale_share": {"value": 0.2, **ASSUMED}}
    bought = {"name": "bought", "gpu": "rtx-4090", "quantization": "awq", "purchase": purchase}
    rent = {"name": "rent", "gpu": "a100-80"}
    found = scenario(variants=[BASE, AWQ, bought, rent], site=site)
    inputs = {each.name: each for each in found.inputs}
    assert inputs["rent.hourly_usd"].value == 1.39
    assert "RunPod" in inputs["rent.hourly_usd"].source
    assert (inputs["bought.purchase_usd"].value, inputs["bought.watts"].value) == (1599, 450)
    assert inputs["bought.purchase_usd"].stale
    assert not inputs["bought.watts"].stale
    assert any("older than 90 days" in note for note in found.notes)


def test_the_users_own_prices_come_first(home: Path) -> None:
    """An API and a package of the user's, and old prices are marked."""
    folder = home / "config" / "catalogue"
    folder.mkdir(parents=True)
    source = "sources: {mine: {title: Our contract, date: 2020-01-01}}\n"
    (folder / "apis.yaml").write_text(
        f"{source}apis: {{groq-llama-3.1-8b: {{input_usd_per_mtok: [7, mine], output_usd_per_mtok: [9, mine]}}}}\n"
    )
    (folder / "engagements.yaml").write_text(f"{source}packages: {{small: {{title: Small, usd: [10, 20, mine]}}}}\n")
    found = scenario(apis=["groq-llama-3.1-8b"], engagement={"package": "small"})
    inputs = {each.name: each for each in found.inputs}
    assert inputs["groq-llama-3.1-8b.output_usd_per_mtok"].value == 9
    assert inputs["groq-llama-3.1-8b.output_usd_per_mtok"].stale
    assert (inputs["engagement.one_time_usd"].low, inputs["engagement.one_time_usd"].high) == (10, 20)
    assert "A price is older than 90 days: Groq llama-3.1-8b-instant: Our contract." in found.notes


def test_three_providers_ship_with_source_and_date() -> None:
    """Every price names who says so and when it was seen."""
    found = apis()
    assert len({each.provider for each in found.values()}) >= 3
    for each in found.values():
        for price in (each.input_usd_per_mtok, each.output_usd_per_mtok):
            assert price.source.seen
            assert price.source.url


def judged(figure: str, of: dict[str, object], *, says: object = True, **changes: Any) -> Any:
    """Return the verdict on one claim."""
    claim = {"claim": "something", "says": says, "figure": figure, "of": of}
    return scenario(claims=[claim], **changes).claims[0]


def test_machines_of_a_claim_are_those_of_all_ranges() -> None:
    """2 to 3 at the ends of what is assumed: 3 is not decided, 1 is refuted, 1 to 4 stands."""
    variants = [{**BASE, **measured(1000)}, {**AWQ, **measured(1500)}]
    load = {**LOAD, "requests_per_day": {"low": 400_000, "value": 500_000, "high": 600_000, **ASSUMED}}
    given = {"variants": variants, "load": load}
    assert judged("machines", {"variant": "base"}, says=3, **given).verdict == "not decidable"
    assert judged("machines", {"variant": "base"}, says=1, **given).verdict == "refuted"
    assert judged("machines", {"variant": "base"}, says=[1, 4], **given).verdict == "confirmed"
    impossible = judged("machines", {"variant": "awq"}, says=1, model="meta-llama/Llama-2-70b-hf")
    assert impossible.verdict == "not decidable"
    assert "a variant that can run" in impossible.why


def test_support_is_paid_by_the_month() -> None:
    """2,000 to 5,000 a month for three years, of the candidate alone; a saving between both is not decided."""
    variants = [{**BASE, **measured(1000)}, {**AWQ, **measured(1500)}]
    found = scenario(variants=variants, engagement={"support": "extended-support"})
    base, awq = found.options
    assert (base.years[0].support_usd, awq.years[0].support_usd) == (0, 12 * 3500)
    of = {"variant": "awq", "against": "base", "package": "extended-support"}
    assert judged("covers_support", of, variants=variants).verdict == "not decidable"
    assert judged("covers_support", of, variants=[{**BASE, **measured(500)}, variants[1]]).verdict == "confirmed"


def test_nothing_saved_is_never_paid_back() -> None:
    """The dearer way round."""
    variants = [{**BASE, **measured(1000)}, {**AWQ, **measured(1500)}]
    of = {"variant": "base", "against": "awq", "package": "production"}
    found = judged("pays_back", of, variants=variants)
    assert found.verdict == "refuted"
    assert "never paid back" in found.why


def test_a_curve_of_the_day_is_a_peak() -> None:
    """All requests in half of the day: twice the average."""
    load = {key: value for key, value in LOAD.items() if key != "peak_factor"}
    found = scenario(load={**load, "day_curve": [0] * 12 + [1] * 12})
    assert found.load[0].peak_tokens_per_s == 2 * found.load[0].average_tokens_per_s
    with pytest.raises(UsageError, match="24 values"):
        scenario(load={**load, "day_curve": [1]})


def test_growth_adds_machines_year_by_year() -> None:
    """Doubled each year: the peak of the third is four times the first."""
    found = scenario(load={**LOAD, "growth_per_year": {"value": 1, **ASSUMED}})
    assert found.load[2].peak_tokens_per_s == 4 * found.load[0].peak_tokens_per_s
    machines = [year.machines for year in found.options[0].years]
    assert machines == sorted(machines)
    assert machines[2] > machines[0]


def test_a_currency_has_its_stated_rate() -> None:
    """With its source and date; amounts of the result stay in dollars."""
    found = scenario(currency={"code": "EUR", "per_usd": [0.86, "offer"]})
    assert found.currency.model_dump() == {"code": "EUR", "per_usd": 0.86, "source": "Our offer", "date": "2026-11-01"}
    assert found.options[0].monthly_usd.unit == "USD/month"


def test_ranges_give_an_interval_and_a_decision() -> None:
    """A saving that may be a loss is not decided; without the doubt it is."""
    engagement = {"one_time_usd": {"low": 0, "high": 200_000, **ASSUMED}}
    doubtful = scenario(variants=[{**BASE, **measured(1000)}, {**AWQ, **measured(1500)}], engagement=engagement)
    assert doubtful.draws == 1000
    assert doubtful.comparisons[0].decision == "not decided"
    sure = scenario(variants=[{**BASE, **measured(1000)}, {**AWQ, **measured(1500)}])
    assert sure.comparisons[0].decision == "pays"
    assert sure.comparisons[0].saving_total_usd.low is None


def test_the_price_of_an_apis_tokens_is_bounded_by_its_shape() -> None:
    """0.05 and 0.08 a million: one prompt token per answer token up to four, so 0.13 to 0.28 whatever the load is."""
    tokens = {
        "input_tokens": {"value": 400, **ASSUMED},
        "output_tokens": {"low": 100, "value": 200, "high": 400, **ASSUMED},
    }
    requests = {"low": 1000, "value": 50_000, "high": 10**6, **ASSUMED}
    found = scenario(load={**LOAD, **tokens, "requests_per_day": requests}, apis=["groq-llama-3.1-8b"])
    cost = found.options[-1].usd_per_mtok_useful
    assert cost is not None
    assert (cost.low, cost.value, cost.high) == pytest.approx((0.13, 0.18, 0.28))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"load": {**LOAD, "requests_per_day": 5}}, "does not say where it came from"),
        ({"load": {**LOAD, "requests_per_day": {"value": 5}}}, "says where it came from"),
        ({"load": {**LOAD, "requests_per_day": {"value": True, **ASSUMED}}}, "valid"),
        ({"load": {**LOAD, "day_curve": [1] * 24}}, "both `peak_factor` and `day_curve`"),
        ({"variants": [BASE, BASE]}, "name of several"),
        ({"variants": [AWQ]}, "role baseline"),
        ({"variants": [{**BASE, "quantization": "q4"}]}, "quantization"),
        ({"load": None, "apis": ["groq-llama-3.1-8b"]}, "needs a `load`"),
        ({"variants": [BASE, {**AWQ, "purchase": {"resale_share": {"value": 0, **ASSUMED}}}]}, "needs a `site`"),
    ],
)
def test_what_is_no_scenario_is_refused(changes: dict[str, Any], said: str) -> None:
    """Numbers without an origin, two peaks, two variants of a name, no baseline, an unknown format."""
    with pytest.raises(ValidationError, match=said):
        scenario(**changes)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"variants": [{**BASE, "hourly_usd": [2, "nobody"]}]}, "quotes 'nobody'"),
        ({"variants": [{**BASE, "gpu": "voodoo"}]}, "No GPU"),
        ({"apis": ["groq"]}, "No API"),
        ({"engagement": {"package": "extended-support"}}, "paid once"),
        ({"variants": [{"name": "base", "gpu": "h20", "role": "baseline"}]}, "No rent of h20"),
        ({"variants": [{**BASE, "machines": "planned"}]}, "stated ones"),
        ({"model": None}, "Nothing says what base serves"),
    ],
)
def test_what_is_not_known_is_named(changes: dict[str, Any], said: str) -> None:
    """A source, a GPU, an API, a package that is paid otherwise, a rent that nobody asks."""
    with pytest.raises(UsageError, match=said):
        scenario(**changes)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"low": 1, **ASSUMED}, "low and high"),
        ({"low": 3, "value": 2, "high": 4, **ASSUMED}, "in order"),
        ({"low": 1, "high": 4, "shape": "triangular", **ASSUMED}, "most likely"),
    ],
)
def test_ranges_have_both_ends_in_order(given: dict[str, Any], said: str) -> None:
    """And a triangle its mode."""
    with pytest.raises(ValidationError, match=said):
        InputForm.model_validate(given)


def test_scenarios_and_recipes_are_told_apart(tmp_path: Path) -> None:
    """No name is both; a file is a scenario when it has that key."""
    assert not set(packaged_scenarios()) & set(packaged_recipes())
    mine, recipe = tmp_path / "mine.yaml", tmp_path / "recipe.yaml"
    mine.write_text("scenario: mine\ntitle: Mine\n")
    recipe.write_text("name: mine\n")
    assert scenario_path(str(mine)) == mine
    assert scenario_path(str(recipe)) is None
    assert scenario_path("demo") is None
    assert scenario_path("support-chatbot") == packaged_scenarios()["support-chatbot"]
    assert read_scenario(mine).title == "Mine"


def test_every_problem_of_a_file_is_on_its_line(tmp_path: Path) -> None:
    """With key path, value and what is allowed."""
    path = tmp_path / "mine.yaml"
    path.write_text("scenario: mine\ntitle: Mine\nyears: 0\nvariant: []\n")
    with pytest.raises(UsageError) as problem:
        read_scenario(path)
    assert "years: " in str(problem.value)
    assert "variant: unknown key" in str(problem.value)
    assert "Did you mean variants?" in str(problem.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"load": {**LOAD, "requests_per_day": {"value": 0, **ASSUMED}}},
            "load.requests_per_day is 0, and has to be above 0",
        ),
        ({"load": {**LOAD, "output_tokens": {"low": -5, "high": 5, **ASSUMED}}}, "load.output_tokens is -5 to 5"),
        (
            {"load": {**LOAD, "peak_factor": {"value": 0.5, **ASSUMED}}},
            "load.peak_factor is 0.5, and has to be 1 or more",
        ),
        ({"load": {**LOAD, "growth_per_year": {"value": -2, **ASSUMED}}}, "load.growth_per_year is -2"),
        ({"variants": [{**BASE, **measured(0)}, AWQ]}, "base.goodput_tokens_per_s is 0"),
        ({"variants": [{**BASE, "hourly_usd": [-1, "offer"]}, AWQ]}, "base.hourly_usd is -1, and has to be 0 or more"),
        ({"discount_rate": {"value": -1, **ASSUMED}}, "discount_rate is -1"),
        ({"currency": {"code": "EUR", "per_usd": {"value": 0, **ASSUMED}}}, "currency.per_usd is 0"),
        ({"hours_per_month": {"value": 8760, **ASSUMED}}, "hours_per_month is 8760, and has to be at most 744"),
    ],
)
def test_numbers_that_cannot_be_are_refused(changes: dict[str, Any], message: str) -> None:
    """Nothing is divided by a load or a speed of zero, and no price is below nothing."""
    with pytest.raises(UsageError, match=message):
        scenario(**changes)


def test_a_variant_is_not_called_as_other_inputs_are() -> None:
    """`load.hourly_usd` would be taken for an input of the load."""
    with pytest.raises(ValidationError, match="choose another name"):
        scenario(variants=[BASE, {**AWQ, "name": "load"}])
