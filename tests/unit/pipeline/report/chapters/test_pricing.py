"""The chapters on ways to serve the load, savings and sensitivity: what is there, and what is said to be missing."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from eval.bench.result import BenchResult
from pipeline.recipe.recipe import Recipe
from pipeline.record.record import RunRecord
from pipeline.report.charts.svg import svg_of
from pipeline.report.document import ReportDocument, Section
from pipeline.report.language.language import ENGLISH
from pipeline.report.view import report_of as document_of
from pipeline.roi.evaluation import evaluate
from pipeline.roi.metrics import metrics_of
from pipeline.roi.result import RoiResult
from tests.unit.eval.bench.assessments import assessed_bench
from tests.unit.pipeline.report.conftest import ROI
from tests.unit.pipeline.report.documents import inputs_of, report_of
from tests.unit.pipeline.report.pseudo_language import english_in, pseudo_language, strings_of

pytestmark = pytest.mark.whole

Run = Callable[..., RunRecord]
ASSUMED = {"origin": "assumed", "source": "a test"}
SECTIONS = ("options", "savings", "sensitivity")
LLAMA = {"source": "meta-llama/Llama-3.1-8B-Instruct"}


@pytest.fixture
def everything(make_recipe: Callable[..., Recipe]) -> Recipe:
    """Return a recipe with ranges, spares, growth, a purchase, cards, a spot price and an API."""
    load = {**ROI["load"], "ranges": {"requests_per_day": [150_000, 300_000]}, "growth_per_year": 0.1}
    purchase = {
        "price": {"usd": 4000, **ASSUMED},
        "watts": {"value": 300, **ASSUMED},
        "resale_share": {"value": 0.2, **ASSUMED},
    }
    site = {
        "usd_per_kwh": {"usd": 0.25, **ASSUMED},
        "pue": {"value": 1.4, **ASSUMED},
        "load": {"value": 0.6, **ASSUMED},
    }
    old = {"usd": 0.7, "origin": "quoted", "source": "old", "date": "2024-01-01"}
    others = [
        {"name": "fp16-l4", "gpu": "l4", "hourly": old},
        {"name": "fp8-l4", "gpu": "l4", "quantization": "fp8", "hourly": {"usd": 0.7, **ASSUMED}},
        {"name": "spot", "arm": "awq", "hourly": {"usd": 0.2, **ASSUMED}},
    ]
    changes = {"load": load, "purchase": purchase, "site": site, "alternatives": others, "spares": 1}
    money = {"apis": ["groq-llama-3.1-8b"], "discount_rate": {"value": 0.08, **ASSUMED}}
    return make_recipe(model=LLAMA, roi={**ROI, **changes, **money})


@pytest.fixture
def whole(make_run: Run, everything: Recipe) -> RunRecord:
    """Return a run that is priced with everything."""
    return make_run(recipe=everything)


def section(report: ReportDocument, name: str) -> Section:
    """Return a chapter of a report."""
    return next(one for one in report.sections if one.id == name)


def rows(found: Section, table: str) -> dict[str, list[str]]:
    """Return the printed rows of a table by their first cell."""
    (one,) = (each for each in found.tables if each.id == table)
    return {row[0].text: [cell.text for cell in row[1:]] for row in one.rows}


def test_every_way_has_its_costs(whole: RunRecord) -> None:
    """Rented, bought, planned on another card, at a spot price, paid by the token."""
    found = section(report_of(whole), "options")
    costs = rows(found, "options-costs")
    assert list(costs) == [
        *("Baseline, rented", "Baseline, bought", "AWQ, rented", "AWQ, bought"),
        *("fp16-l4, rented", "fp8-l4, rented", "spot, rented", "groq-llama-3.1-8b"),
    ]
    assert costs["fp16-l4, rented"][0] == "1 \N{MULTIPLICATION SIGN} L4, 16 bit"
    assert costs["AWQ, rented"][0] == "2-core CPU instance"
    assert costs["groq-llama-3.1-8b"][:3] == ["paid API", "", ""]
    assert "Spare machines included: 1" in " ".join(found.paragraphs)
    assert "Prompts of 256 tokens are assumed" in " ".join(found.paragraphs)
    carried = rows(found, "options-capacity")
    assert list(carried) == ["Baseline", "AWQ", "fp16-l4", "fp8-l4", "spot"]
    assert carried["spot"][0] == carried["AWQ"][0] == "16"
    assert svg_of(found.charts[0]).startswith("<svg")


def test_savings_stand_against_the_baseline_and_every_other_way(whole: RunRecord) -> None:
    """AWQ against 16 bit on the cheaper card, FP8, its own spot price and the API; verdicts in words."""
    found = section(report_of(whole), "savings")
    (others,) = (table for table in found.tables if table.id == "savings-awq")
    against = [row[1].text for row in others.rows if row[0].text == "AWQ, rented"]
    assert against == ["fp16-l4, rented", "fp8-l4, rented", "spot, rented", "groq-llama-3.1-8b"]
    assert {row[-1].text for row in others.rows} <= {"pays", "does not pay", "not decided", "only before discounting"}
    assert not [text for text in found.paragraphs if "is not priced" in text]


def test_a_break_even_below_a_load_that_does_not_pay_says_so(whole: RunRecord) -> None:
    """Whole machines make a way cheaper at small loads and dearer at this one: no reader takes it for a promise."""
    found = section(report_of(whole), "savings")
    (others,) = (table for table in found.tables if table.id == "savings-awq")
    told = {row[1].text: (row[-2].text, row[-1].text) for row in others.rows if row[0].text == "AWQ, rented"}
    assert told["fp16-l4, rented"] == ("from the first request, yet not at this load", "does not pay")


def test_a_saving_that_discounting_eats_does_not_pay(whole: RunRecord) -> None:
    """A purchase whose savings come late: the sum is above nothing and the net present value below it."""
    result = whole.result(RoiResult).scenario
    assert result is not None
    late = [one for one in result.comparisons if one.decision == "pays" and (one.net_present_value_usd.value or 0) < 0]
    found = section(report_of(whole), "savings")
    verdicts = [row[-1] for table in found.tables for row in table.rows]
    assert late
    assert [cell.tone for cell in verdicts if cell.text == "only before discounting"] == ["caution"] * len(late)


def test_a_break_even_without_a_range_is_no_missing_one(whole: RunRecord) -> None:
    """The finding and the table of the costs name the same load."""
    report = report_of(whole)
    (cost,) = (one for one in report.findings if one.topic == "Cost")
    (even,) = (values[0] for name, values in rows(section(report, "costs"), "costs-decision").items() if "even" in name)
    assert f"Break-even: {even} requests a day" in cost.detail


def test_what_is_not_priced_is_said(make_run: Run) -> None:
    """Of a plain recipe: no other card, no FP8, no API, no spare."""
    report = report_of(make_run())
    said = " ".join(section(report, "savings").paragraphs)
    for missing in ("16 bit on a cheaper card saves the same", "FP8 saves the same", "A paid API"):
        assert f"{missing} is not priced" in said
    assert "No spare machine is included" in " ".join(section(report, "options").paragraphs)


def test_the_tornado_is_of_the_saving_that_is_told(whole: RunRecord) -> None:
    """Five inputs at the most, drawn from the saving."""
    found = section(report_of(whole), "sensitivity")
    (chart,) = found.charts
    result = whole.result(RoiResult).scenario
    assert result is not None
    comparison = result.tornado_comparison
    assert comparison is not None
    assert chart.marks[0].value == comparison.saving_total_usd.value
    assert (chart.kind, len(chart.series)) == ("bar", 2)
    assert 0 < len(chart.series[0].x) <= 5
    assert svg_of(chart).startswith("<svg")


def test_inputs_have_origin_source_and_date(whole: RunRecord) -> None:
    """Old quotes are marked, measured speeds say where, and what we say ourselves is no stranger's sentence."""
    report = report_of(whole)
    found = rows(section(report, "sensitivity"), "sensitivity-inputs")
    assert found["fp16-l4: rent, USD/h"][3:] == ["quoted", "old", "2024-01-01, older than 90 days"]
    assert found["AWQ: useful output tokens/s of a machine"][4].startswith("highest throughput of AWQ, at 16 requests")
    assert found["fp16-l4: useful output tokens/s of a machine"][3] == "modelled"
    assert "A quoted price is older than 90 days" in " ".join(section(report, "not-measured").bullets)


def test_the_document_carries_what_the_money_is_computed_from(whole: RunRecord) -> None:
    """It comes to the figures of the record, exactly."""
    report = report_of(whole)
    result = whole.result(RoiResult).scenario
    assert report.pricing is not None
    assert result is not None
    evaluated = evaluate(report.pricing)
    assert {name: float(one.total) for name, one in evaluated.options.items()} == {
        one.name: one.total_usd.value for one in result.options
    }


def test_an_older_record_says_what_makes_the_chapters(make_run: Run) -> None:
    """Its costs per arm stand; the three chapters are named with the command."""
    record = make_run()
    payload = json.loads(json.dumps(record.stages["roi"].payload))
    payload["scenario"] = None
    stages = {**record.stages, "roi": record.stages["roi"].model_copy(update={"payload": payload})}
    report = report_of(record.model_copy(update={"stages": stages}))
    assert report.pricing is None
    assert not {one.id for one in report.sections} & set(SECTIONS)
    assert "costs" in {one.id for one in report.sections}
    assert len([text for text in section(report, "not-measured").bullets if "run `awqctl roi`" in text]) == 1


def test_an_arm_that_misses_the_service_level_is_named(make_run: Run, make_bench: Callable[..., BenchResult]) -> None:
    """It cannot serve the load; the finding decides nothing, and does not blame the repeats."""
    bench = make_bench(baseline={4: 100.0}, awq={4: 150.0})
    bench = assessed_bench(bench, baseline={4: (100, 100, 100)}, awq={4: (50, 50, 50)})
    report = report_of(make_run(bench=bench))
    assert "AWQ cannot serve the load." in " ".join(section(report, "options").paragraphs)
    (cost,) = (one for one in report.findings if one.stage == "roi")
    assert "AWQ is shown to keep the service level at no concurrency" in cost.headline


@pytest.mark.usefixtures("no_charts")
def test_no_english_is_left_in_the_chapters(whole: RunRecord) -> None:
    """But for names and sources that the recipe and the catalogue have."""
    report = document_of(replace(inputs_of(whole), say=pseudo_language()))
    given: Any = (whole.recipe, [one.source for one in (report.pricing.inputs if report.pricing else ())])
    known = [text for one in given for text in strings_of(one, without=frozenset()) if " " in text]
    found = [section(report, name).model_dump(mode="json") for name in SECTIONS]
    texts = strings_of(found, without=frozenset({"id", "evidence", "sources", "origin", "tone"}))
    assert [left for text in texts for left in english_in(text, known)] == []


def test_metrics_of_every_way_and_saving(whole: RunRecord) -> None:
    """Every way by its name, AWQ's saving against the baseline without one."""
    metrics = {one.name: one for one in metrics_of(whole.result(RoiResult))}
    for name in ("fp16-l4_total_usd", "awq_bought_present_value_usd", "groq-llama-3.1-8b_usd_per_mtok_useful"):
        assert name in metrics
    assert {"net_present_value_usd", "awq_vs_fp16-l4_saving_total_usd"} <= set(metrics)
    assert metrics["spot_monthly_usd"].origin == "assumed"


def test_the_terminal_shows_every_way_where_there_are_more(make_run: Run, whole: RunRecord) -> None:
    """Of a plain recipe the costs per arm say it all."""
    assert [table.id for table in report_of(whole).summary if table.id.startswith("summary-roi-")] == [
        *("summary-roi-options", "summary-roi-savings")
    ]
    assert not [table for table in report_of(make_run()).summary if table.id.startswith("summary-roi-")]


def test_words_of_a_single_year() -> None:
    """One year is none of several."""
    assert (ENGLISH.pricing.years("1", one=True), ENGLISH.pricing.years("3", one=False)) == ("1 year", "3 years")
