"""The findings up front: speed, memory, costs, the endpoint, and what was not measured."""

from collections.abc import Callable

import pytest

from eval.bench.result import BenchResult, LoadPoint
from pipeline.quantize.result import QuantizeResult
from pipeline.recipe.prices import Engagement
from pipeline.recipe.recipe import Recipe
from pipeline.record.record import RunRecord
from pipeline.report.chapters.findings import findings_of
from pipeline.report.chapters.next_steps import next_steps
from pipeline.report.chapters.recommendation import recommendation
from pipeline.report.comparison import weight_memory
from serve.result import ServeResult, SmokeCheck
from tests.unit.eval.bench.assessments import assessed_bench
from tests.unit.pipeline.report.documents import inputs_of, not_measured_section, report_of

pytestmark = pytest.mark.whole

BASELINE_SPEED = {1: 41.2, 4: 118.0, 16: 262.0}
NOT_DECIDED = (
    "Whether AWQ pays at this load is not decided: within the range of the measured speeds it saves \N{MINUS SIGN}365 "
    "- 365 USD a month."
)
NOT_PAID_BACK = (
    "AWQ does not pay here within three years: it saves 730 USD (730-1,095) a month, and the engagement price of "
    "50,000 USD is paid back only after 68.5 (45.7-68.5) months."
)


def headlines(record: RunRecord) -> str:
    """Return the findings' headlines as one text."""
    return "\n".join(finding.headline for finding in findings_of(inputs_of(record)))


def test_mixed_speed_is_said_per_concurrency(make_run: Callable[..., RunRecord]) -> None:
    """Faster at 1 and 4; at 16 the repeats do not tell."""
    text = headlines(make_run())

    assert "AWQ is faster at concurrency 1 and 4; not decided at concurrency 16." in text
    assert "Time to first token and time per output token with AWQ: shorter at concurrency 1 and 4; not decided" in text


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
    finding, latency = findings_of(inputs)[1:3]

    assert latency.headline.endswith("token with AWQ: shorter at concurrency 1 to 8; longer at concurrency 16.")
    assert finding.headline == "AWQ is faster up to about 11 concurrent requests (8.9 to 13); at 16 it is slower."
    assert "between 0.80" in finding.detail
    assert "the table has all 5" in finding.detail
    assert "Keep the baseline, unless speed or memory is the limit" in recommendation(inputs)
    assert "faster up to about 11 concurrent requests (8.9 to 13); at 16 it is slower." in recommendation(inputs)
    assert "faster at concurrency" not in recommendation(inputs)


def test_slower_awq_is_said_plainly(make_run: Callable[..., RunRecord], make_bench: Callable[..., BenchResult]) -> None:
    """Slower everywhere is the headline, and it does not pay."""
    slow = {concurrency: speed * 0.7 for concurrency, speed in BASELINE_SPEED.items()}
    record = make_run(bench=make_bench(awq=slow))
    text = headlines(record)

    assert "AWQ is slower at every concurrency measured." in text
    assert "AWQ does not pay here" in text
    assert "AWQ passed the accuracy gate. Expect AWQ to be slower at concurrency 1 to 16." in recommendation(
        inputs_of(record)
    )


def test_load_above_break_even_that_does_not_pay_is_explained(
    make_run: Callable[..., RunRecord], make_recipe: Callable[..., Recipe], make_bench: Callable[..., BenchResult]
) -> None:
    """The saving is a staircase: past the break-even the counts of machines can be equal again."""
    recipe = make_recipe()
    load = recipe.roi.load.model_copy(update={"requests_per_day": 44_550.0})  # peak 165 tokens/s
    recipe = recipe.model_copy(update={"roi_or_none": recipe.roi.model_copy(update={"load": load})})
    bench = make_bench(baseline={1: 100.0}, awq={1: 130.0})
    cost = next(one for one in findings_of(inputs_of(make_run(recipe=recipe, bench=bench))) if one.topic == "Cost")

    assert cost.headline.startswith("AWQ does not pay here: this load needs 2 machines with either arm")
    assert cost.detail.startswith("It first pays at 27,001 requests a day (")
    assert "but machines are whole" in cost.detail


def test_failed_endpoint_holds_deployment_back(make_run: Callable[..., RunRecord], endpoint: ServeResult) -> None:
    """An endpoint that failed a check is not recommended, however fast it is."""
    check = SmokeCheck(name="TLS", passed=False, detail="refused", seconds=0.1)
    failed = endpoint.model_copy(update={"checks": (check,)})

    assert recommendation(inputs_of(make_run(endpoint=failed))).startswith("Do not deploy yet")


def test_small_differences_are_not_decided(
    make_run: Callable[..., RunRecord], make_bench: Callable[..., BenchResult]
) -> None:
    """Means 2 % apart with repeats 3 % wide cannot be told apart; more repeats are the next step."""
    close = {concurrency: speed * 1.02 for concurrency, speed in BASELINE_SPEED.items()}
    record = make_run(bench=make_bench(awq=close))

    assert "Whether AWQ is faster or slower is not decided at any concurrency measured." in headlines(record)
    assert "Set `bench.repeats` to 6 and run `awqctl bench` again" in " ".join(next_steps(inputs_of(record)))


def test_single_runs_claim_nothing(make_run: Callable[..., RunRecord], make_bench: Callable[..., BenchResult]) -> None:
    """Without repeats there is no spread, so no claim on speed, latency or costs, whatever the figures."""
    inputs = inputs_of(make_run(bench=make_bench(awq=dict.fromkeys(BASELINE_SPEED, 9999.0), repeats=1)))
    text = "\n".join(finding.headline for finding in findings_of(inputs))

    assert "Speed was measured once per point" in text
    assert "Latency was measured once per point" in text
    assert "Whether AWQ pays at this load is not decided: the speeds were not repeated" in text
    assert "not decided whether AWQ saves money" in recommendation(inputs)


def test_tone_is_of_all_that_is_shown(
    make_run: Callable[..., RunRecord], make_bench: Callable[..., BenchResult]
) -> None:
    """Green takes every concurrency, not one of three; the card of the highest throughput has its own tone."""
    mixed, faster = make_run(), make_run(bench=make_bench(awq={1: 99.0, 4: 200.0, 16: 500.0}))
    tones = {
        name: {one.topic: one.tone for one in report_of(record).findings}["Speed"]
        for name, record in (("mixed", mixed), ("faster", faster))
    }
    cards = {one.label: one.tone for one in report_of(mixed).key_figures}

    assert tones == {"mixed": "plain", "faster": "good"}
    assert cards["Highest throughput"] == "plain"


@pytest.mark.parametrize(
    ("speeds", "requests", "engagement", "sentence"),
    [
        ((266.0, 271.0), 72_500, 0.0, NOT_DECIDED),
        (
            (205.0, 480.0),
            216_000,
            0.0,
            "AWQ pays at this load: 2 machines instead of 4 (4-5) saves 730 USD (730-1,095)",
        ),
        ((480.0, 205.0), 216_000, 0.0, "AWQ does not pay here: it needs 4 machines (4-5) where the baseline needs 2."),
        ((205.0, 480.0), 216_000, 50_000.0, NOT_PAID_BACK),
    ],
    ids=["not decided", "pays", "does not pay", "not paid back"],
)
def test_cost_sentence_and_recommendation_agree_with_the_card(
    make_run: Callable[..., RunRecord],
    make_recipe: Callable[..., Recipe],
    make_bench: Callable[..., BenchResult],
    speeds: tuple[float, float],
    requests: float,
    engagement: float,
    sentence: str,
) -> None:
    """No page says that nothing is saved above a card with a saving, nor a saving that may be none."""
    recipe = make_recipe()
    price = Engagement(usd=engagement, origin="quoted", source="offer")
    load = recipe.roi.load.model_copy(update={"requests_per_day": requests})
    roi = recipe.roi.model_copy(update={"load": load, "engagement": price})
    recipe = recipe.model_copy(update={"roi_or_none": roi})
    bench = make_bench(baseline={1: speeds[0]}, awq={1: speeds[1]})
    report = report_of(make_run(recipe=recipe, bench=bench))
    cost = next(one for one in report.findings if one.topic == "Cost")
    card = next(one for one in report.key_figures if one.label == "Saving at this load")

    assert cost.headline.replace("\N{EN DASH}", "-").startswith(sentence)
    if "saves no money" in report.recommendation:
        assert card.value is not None
        assert card.value <= 0
    if "not decided" in cost.headline:
        assert (card.value, card.text) == (None, "not decided")
        assert "It is not decided whether AWQ saves money" in report.recommendation
    assert report.recommendation.startswith("Deploy") == cost.headline.startswith("AWQ pays")


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


def test_two_runs_of_an_arm_do_not_print_intervals_of_millions(
    make_run: Callable[..., RunRecord], make_bench: Callable[..., BenchResult]
) -> None:
    """Said as not known in table, key figures, findings and summary, and left out of the chart."""
    bench = make_bench()
    arms = tuple(
        load.model_copy(update={"points": tuple(_of_two(point, apart) for point in load.points)})
        for load, apart in zip(bench.arms, (1.3, 1.000_001), strict=True)
    )
    document = report_of(make_run(bench=bench.model_copy(update={"arms": arms, "repeats": 2})))
    tables = {table.id: table for section in document.sections for table in section.tables}
    charts = {chart.id: chart for section in document.sections for chart in section.charts}

    assert {row[4].text for row in tables["throughput"].rows} == {"not known from so few repeats"}
    assert {row[5].text for row in tables["throughput"].rows} == {"not decided"}
    assert "interval not known from so few repeats" in next(
        figure.detail for figure in document.key_figures if figure.label == "Highest throughput"
    )
    assert set(charts["chart-ratio"].series[0].high) == {None}
    speed = next(finding for finding in document.findings if finding.topic == "Speed")
    assert "(not known from so few repeats) at 1" in speed.detail


def _of_two(point: LoadPoint, apart: float) -> LoadPoint:
    """Return a point of two runs that are a factor apart."""
    value = point.output_tokens_per_s
    return point.model_copy(update={"output_tokens_per_s_runs": (value, value * apart)})


def test_what_is_left_out_is_not_among_every_concurrency(
    make_run: Callable[..., RunRecord], make_bench: Callable[..., BenchResult]
) -> None:
    """AWQ is faster at 1 and 4, and overloaded at 16: that is not faster wherever it was measured."""
    bench = make_bench(baseline=dict.fromkeys((1, 4, 16), 100.0), awq=dict.fromkeys((1, 4, 16), 200.0))
    everywhere, partly = (
        headlines(make_run(bench=assessed_bench(bench, overloaded=gone))) for gone in ((), [("awq", 16)])
    )

    assert "AWQ is faster at every concurrency compared (1, 4 and 16)" in everywhere
    assert "AWQ is faster at every concurrency compared (1 and 4)" in partly
    assert "per output token with AWQ: shorter at concurrency 1 and 4." in partly
    assert "every concurrency measured" not in partly


def test_overload_everywhere_is_no_speed(
    make_run: Callable[..., RunRecord], make_bench: Callable[..., BenchResult]
) -> None:
    """There are figures of both arms, which are not compared; the highest throughput says what it is."""
    bench = assessed_bench(make_bench(), overloaded=[("baseline", level) for level in BASELINE_SPEED])
    document = report_of(make_run(bench=bench))
    (highest,) = (figure for figure in document.key_figures if figure.label == "Highest throughput")

    assert "At every concurrency with figures of both arms one of them was overloaded" in headlines(
        make_run(bench=bench)
    )
    assert highest.detail.startswith("beyond what the engine serves at once")
    assert highest.tone == "caution"


def test_dummy_arms_are_marked(make_run: Callable[..., RunRecord], make_bench: Callable[..., BenchResult]) -> None:
    """Beside real weights, by name and before any speed; the run is no dummy for that."""
    bench = make_bench()
    dummy = bench.arms[1].model_copy(update={"arm": "dummy-16", "dummy_weights": True})
    inputs = inputs_of(make_run(bench=bench.model_copy(update={"arms": (*bench.arms, dummy)})))
    first = findings_of(inputs)[0]
    assert (first.headline, first.tone) == ("dummy-16: dummy weights, speed and memory only.", "caution")
    assert not inputs.has_dummies


def test_costs_of_overload_are_missed_with_the_reason(
    make_run: Callable[..., RunRecord], make_bench: Callable[..., BenchResult]
) -> None:
    """Not as if the stage had been forgotten; what helps is a benchmark at lower concurrencies."""
    record = make_run(bench=assessed_bench(make_bench(awq={16: 300.0}), overloaded=[("awq", 16)]))
    assert "No costs: an arm was measured in overload alone" in headlines(record)
    assert recommendation(inputs_of(record)).startswith("No recommendation yet: speed and costs are not known")
