"""The client deck's worked figures come out of the tool to the cent, and so does what is wrong with them."""

from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest

from pipeline.roi.exact import cents, exact
from pipeline.roi.scenarios.files import packaged_scenarios
from pipeline.roi.scenarios.result import ClaimVerdict, OptionCost, ScenarioResult
from pipeline.roi.scenarios.scenario import scenario_result

pytestmark = pytest.mark.whole

USE_CASES = {"support-chatbot": 1, "code-assistant": 2, "document-analysis": 3}
"""Scenario -> GPUs before and after."""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep prices and corrections of whoever runs the tests out of them."""
    monkeypatch.setenv("AWQCTL_HOME", str(tmp_path / "home"))


@cache
def priced(name: str) -> ScenarioResult:
    """Return a packaged scenario, priced once."""
    return scenario_result(packaged_scenarios()[name])


def claim(name: str, part: str) -> ClaimVerdict:
    """Return the one claim of a scenario that holds these words."""
    found = [each for each in priced(name).claims if part in each.claim]
    assert len(found) == 1, [each.claim for each in priced(name).claims]
    return found[0]


def option(name: str, variant: str) -> OptionCost:
    """Return a variant's rented option."""
    return next(each for each in priced(name).options if each.variant == variant and each.tenure == "rented")


def to_the_cent(value: float | None) -> Decimal:
    """Return an amount of the result, rounded once."""
    assert value is not None
    return cents(exact(value))


@pytest.mark.parametrize("name", packaged_scenarios())
def test_every_scenario_is_priced_and_every_claim_judged(name: str) -> None:
    """Each is called as its file, its claims have a reason, and no reason is left open."""
    found = priced(name)
    assert found.scenario == name
    assert found.claims
    for each in found.claims:
        assert each.why.endswith("."), each.why
        assert (each.computed is None) == ("Missing: " in each.why), each.claim


@pytest.mark.parametrize(("name", "gpus"), USE_CASES.items())
def test_rents_and_savings_to_the_cent(name: str, gpus: int) -> None:
    """1,460 and 365 a month for each card, 17,520 and 4,380 a year; 13,140 a year and 39,420 in three less."""
    before, after = option(name, "fp16-a100"), option(name, "awq-4090")
    assert to_the_cent(before.monthly_usd.value) == Decimal(1460 * gpus)
    assert to_the_cent(before.yearly_usd.value) == Decimal(17_520 * gpus)
    assert to_the_cent(after.monthly_usd.value) == Decimal(365 * gpus)
    assert to_the_cent(after.yearly_usd.value) == Decimal(4_380 * gpus)
    confirmed = {each.figure: each.computed for each in priced(name).claims if each.verdict == "confirmed"}
    assert confirmed["saving_percent"] == 75
    savings = [each.computed for each in priced(name).claims if each.figure == "saving_usd"]
    assert savings == [13_140 * gpus, 39_420 * gpus]
    assert all(each.verdict == "confirmed" for each in priced(name).claims if each.figure in ("rent_usd", "saving_usd"))


@pytest.mark.parametrize("name", USE_CASES)
def test_no_number_of_gpus_follows_without_tokens(name: str) -> None:
    """How many machines it takes is not decidable, before and after, and it is said what is missing."""
    counts = [each for each in priced(name).claims if each.figure == "machines"]
    assert [each.verdict for each in counts] == ["not decidable", "not decidable"]
    assert all("output tokens per request" in each.why for each in counts)
    assert priced(name).missing == ("input tokens per request", "output tokens per request")
    assert all(each.usd_per_mtok_useful is None and not each.curve for each in priced(name).options)


def test_the_third_use_case_cannot_be_met() -> None:
    """50,000 a day are more than 24 x 1,000; that it may be meant per GPU is said, too."""
    found = claim("document-analysis", "50,000 documents a day at")
    assert (found.verdict, found.computed) == ("refuted", False)
    assert "24,000 in 24 hours, and 50,000 come" in found.why
    assert "3 would do 72,000" in found.why


def test_its_price_per_document_is_that_of_documents_that_cannot_be_served() -> None:
    """1,095 a month over 24,000 a day are 0.0015 USD; 0.0007 would take all 50,000."""
    found = claim("document-analysis", "0.0007")
    assert found.verdict == "refuted"
    assert found.computed == pytest.approx(1095 / (24_000 * 730 / 24))
    assert "0.000720 USD" in found.why


def test_the_production_package_is_paid_back_after_23_to_37_months() -> None:
    """For one model: 25,000 and 40,000 over 1,095 a month; 39,420 less the package are -580 to 14,420."""
    kept = claim("support-chatbot", "The client keeps")
    assert (kept.verdict, kept.computed, kept.implied) == ("refuted", (-580.0, 14_420.0), True)
    assert "The engagement is left out" in kept.why
    assert "after 23 to 37 months" in kept.why
    pays = claim("support-chatbot", "The production package pays")
    assert pays.verdict == "not decidable"
    assert "up to 39,420 USD is paid back" in pays.why


def test_the_enterprise_package_is_not_paid_back_within_3_years_by_one_model() -> None:
    """60,000 takes 55 months."""
    for name, part in (("support-chatbot", "The enterprise package"), ("engagement-prices", "Enterprise pays")):
        found = claim(name, part)
        assert (found.verdict, found.computed) == ("refuted", False)
        assert "55 to 92 months. Not within 36 months" in found.why
    assert claim("document-analysis", "The enterprise package").verdict == "confirmed"


@pytest.mark.parametrize("name", USE_CASES)
def test_most_of_the_saving_is_the_cheaper_cards(name: str) -> None:
    """FP16 on the RTX 4090 fits, stands in the table, and has at least two thirds of the saving without quantizing."""
    found = claim(name, "none of it the cheaper card")
    assert (found.verdict, found.origin) == ("refuted", "modelled")
    assert isinstance(found.computed, tuple)
    low, high = found.computed
    assert low == pytest.approx(200 / 3)
    assert high == 100
    beside = option(name, "fp16-4090")
    assert (beside.total_usd.origin, beside.engaged) == ("modelled", False)
    assert (beside.monthly_usd.value or 0) <= 730 * USE_CASES[name]
    against = {(each.option, each.reference): each.decision for each in priced(name).comparisons}
    assert against["fp16-4090, rented", "fp16-a100, rented"] == "pays"
    assert against["awq-4090, rented", "fp16-4090, rented"] != "pays"


def test_packages_stand_as_the_deck_has_them() -> None:
    """All four prices; one model's saving does not cover extended support; a proof of concept pays within a year."""
    verdicts = {each.claim: each.verdict for each in priced("engagement-prices").claims}
    packages = [each for each in priced("engagement-prices").claims if each.figure == "package_usd"]
    assert [each.verdict for each in packages] == ["confirmed"] * 4
    assert verdicts["One model's saving covers extended support"] == "refuted"
    assert verdicts["A proof of concept pays within a year"] == "confirmed"


def test_the_deck_contradicts_itself_on_two_a100() -> None:
    """At 2 to 4 USD each, two of them take 4 to 8, not 2.40 to 4.00; four A6000 do fit into that."""
    found = claim("engagement-prices", "2 x A100 cost")
    assert (found.verdict, found.computed) == ("refuted", (4.0, 8.0))
    assert claim("engagement-prices", "4 x A6000 cost").verdict == "confirmed"


def test_hardware_sums() -> None:
    """36,000 and 39,960 are 75,960; the second phase is 539,960."""
    sums = [each for each in priced("hardware-investment").claims if each.figure == "sum_usd"]
    assert [each.computed for each in sums] == [36_000, 39_960, 75_960, 539_960]
    assert all(each.verdict == "confirmed" for each in sums)
    assert claim("hardware-investment", "20,000").verdict == "not decidable"


def test_hardware_table() -> None:
    """61.46 for the 7900 XTX, not 61.41; 273 GB/s for the M4 Pro, not 800; memory x 2 leaves no KV cache."""
    rates = {each.claim.partition(":")[0]: each for each in priced("hardware-table").claims if "TFLOPS" in each.claim}
    assert {name: each.verdict for name, each in rates.items()} == {
        "RTX 4090": "confirmed",
        "RTX A6000": "confirmed",
        "RX 7900 XTX": "refuted",
        "M2 Ultra": "confirmed",
        "M4 Pro": "confirmed",
    }
    assert rates["RX 7900 XTX"].why.startswith("61.46 TFLOPS")
    assert claim("hardware-table", "800 GB/s").computed == 273
    largest = [each for each in priced("hardware-table").claims if each.figure == "four_bit_fits"]
    assert [each.verdict for each in largest] == ["refuted"] * 5


def test_sizing_table() -> None:
    """Memory of 7B and 13B stands, that of 30B does not; a rate that is possible waits for a measurement."""
    verdicts = {each.claim: each.verdict for each in priced("sizing").claims}
    assert verdicts["7 B takes about 4 GB"] == "confirmed"
    assert verdicts["13 B takes about 7 GB"] == "confirmed"
    assert verdicts["30 B and more takes about 16 GB"] == "refuted"
    assert verdicts["30 B and more does 120 to 180 tokens/s at batch 1 to 2"] == "refuted"
    assert verdicts["13 B does 200 to 250 tokens/s at batch 2 to 4"] == "not decidable"
    assert [verdict for text, verdict in verdicts.items() if text.endswith("users")] == ["not decidable"] * 3
    assert verdicts["Quantizing takes 2 to 4 hours for 7 B"] == "not decidable"
    assert claim("sizing", "10^14").why == "Planned: 521, stated 520 (gpus)."


def test_capacity_report() -> None:
    """None of its figures stands: the weights are three times as much, and what cannot run has no efficiency."""
    found = priced("capacity-report").claims
    assert [each.verdict for each in found] == ["refuted"] * 6
    assert "1,858.81 GiB are short" in found[0].why
    assert found[0].why.startswith("Planned: 10.1, stated 3.5 ")
    assert "stated 933.5 " in found[1].why
    assert "What cannot run has none." in found[2].why


def test_the_worked_example_states_everything() -> None:
    """Rented, bought and paid per token side by side, with ranges, curves, a tornado, and break-even loads."""
    found = priced("support-chatbot-sized")
    assert {each.tenure for each in found.options} == {"rented", "bought", "paid per token"}
    assert len([each for each in found.options if each.tenure == "paid per token"]) == 3
    assert all(each.curve and each.monthly_usd.low is not None for each in found.options)
    assert found.draws == 500
    assert 0 < len(found.tornado) <= 5
    api = next(
        each for each in found.comparisons if each.reference == "mistral-ministral-8b" and "rented" in each.option
    )
    assert api.decision == "does not pay"
    assert (api.break_even_requests_per_day.value or 0) > 50_000
    assert all(each.total_usd.origin == "assumed" for each in found.options)
