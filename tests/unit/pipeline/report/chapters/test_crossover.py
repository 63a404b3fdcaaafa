"""The chapter on the crossover: what is said, what stands in its tables, and what is drawn."""

from collections.abc import Callable

import pytest

from eval.bench.assessment import Binding
from eval.bench.result import BenchResult
from pipeline.record.record import RunRecord
from pipeline.report.chapters.crossover import CROSSOVER, crossover_section
from pipeline.report.chapters.findings import findings_of
from pipeline.report.chapters.recommendation import recommendation
from pipeline.report.charts.svg import svg_of
from pipeline.report.document import Section, Table
from tests.unit.eval.bench.assessments import assessed_bench
from tests.unit.pipeline.report.documents import inputs_of

pytestmark = pytest.mark.whole

Bench = Callable[..., BenchResult]
Run = Callable[..., RunRecord]
ALL = (100, 100, 100)
BASELINE = {1: 100.0, 4: 100.0, 16: 100.0}
CROSSING = {1: 200.0, 4: 150.0, 16: 50.0}


def table(section: Section, name: str) -> Table:
    """Return a table of the chapter."""
    return next(one for one in section.tables if one.id == name)


def texts(found: Table) -> list[list[str]]:
    """Return what is printed in a table."""
    return [[cell.text for cell in row] for row in found.rows]


@pytest.mark.parametrize(
    ("awq", "sentence"),
    [
        (CROSSING, "AWQ is faster up to about 6.7 concurrent requests (5.9 to 7.6); at 16 it is slower."),
        ({1: 50.0, 4: 70.0, 16: 200.0}, "AWQ is slower up to 4 concurrent requests and faster from about 6.4 on"),
        (dict.fromkeys(BASELINE, 150.0), "AWQ is faster at every concurrency compared (1, 4 and 16); whether and"),
        ({1: 200.0, 4: 50.0, 16: 200.0}, "AWQ is faster and slower in turns: the ratio passes 1 more than once"),
    ],
)
def test_the_first_page_says_up_to_where_awq_is_faster(
    make_run: Run, make_bench: Bench, awq: dict[int, float], sentence: str
) -> None:
    """In one sentence, with the interval; the chapter begins with it, and the finding on speed, before the ratios."""
    inputs = inputs_of(make_run(bench=make_bench(baseline=BASELINE, awq=awq)))
    found = next(one for one in findings_of(inputs) if one.topic == "Speed")

    assert sentence in found.headline
    assert crossover_section(inputs).paragraphs[0] == found.headline
    assert found.detail.startswith("Output throughput of AWQ over the baseline:")
    assert found.evidence


@pytest.mark.parametrize(
    ("awq", "sentence", "headline"),
    [
        (
            dict.fromkeys(BASELINE, 66.0),
            "AWQ is slower at every concurrency compared (1, 4 and 16).",
            "AWQ is slower at every concurrency measured.",
        ),
        (
            {1: 200.0, 4: 150.0, 16: 100.0},
            "Up to which concurrency AWQ is faster is not decided; it is faster at 1 and 4.",
            "AWQ is faster at concurrency 1 and 4; not decided at concurrency 16.",
        ),
    ],
)
def test_the_first_page_does_not_say_it_twice(
    make_run: Run, make_bench: Bench, awq: dict[int, float], sentence: str, headline: str
) -> None:
    """Without a crossover the finding on speed says as much as the chapter."""
    inputs = inputs_of(make_run(bench=make_bench(baseline=BASELINE, awq=awq)))

    assert crossover_section(inputs).paragraphs[0] == sentence
    assert [one.headline for one in findings_of(inputs) if one.topic in ("Speed", "Crossover")] == [headline]


def test_the_recommendation_says_it(make_run: Run, make_bench: Bench) -> None:
    """Where AWQ stops being faster stands beside the advice."""
    inputs = inputs_of(make_run(bench=make_bench(baseline=BASELINE, awq=CROSSING)))

    assert "faster up to about 6.7 concurrent requests (5.9 to 7.6)" in recommendation(inputs)


def test_single_runs_and_single_levels_have_no_crossover(make_run: Run, make_bench: Bench) -> None:
    """There is nothing to decide by, or nothing between."""
    for bench in (make_bench(repeats=1), make_bench(baseline={4: 100.0}, awq={4: 150.0})):
        inputs = inputs_of(make_run(bench=bench))

        assert all("concurrent requests" not in one.headline for one in findings_of(inputs))
        assert table(crossover_section(inputs), "crossovers").rows


def test_without_a_service_level_the_chapter_says_so(make_run: Run, make_bench: Bench) -> None:
    """It names the key; there is no goodput, and nothing of what binds in results of earlier versions."""
    section = crossover_section(inputs_of(make_run(bench=make_bench())))

    assert any("bench.service_level" in paragraph for paragraph in section.paragraphs)
    assert [one.id for one in section.tables] == ["crossovers", "same-money"]
    assert any("bench.service_level" in one for one in CROSSOVER.limits(inputs_of(make_run(bench=make_bench()))))


def test_goodput_and_its_money(make_run: Run, make_bench: Bench) -> None:
    """Which arm keeps the service level up to where, what it makes of use there, and what a useful token costs."""
    bench = assessed_bench(
        make_bench(baseline={1: 50.0, 4: 100.0, 16: 400.0}, awq={1: 100.0, 4: 200.0, 16: 500.0}),
        baseline={1: ALL, 4: ALL, 16: (10, 11, 12)},
        awq={1: ALL, 4: ALL, 16: ALL},
    )
    section = crossover_section(inputs_of(make_run(bench=bench)))
    said = " ".join(section.paragraphs)

    assert "TTFT at most 500 ms, kept by at least 95.0 % of the requests" in said
    assert "Baseline keeps the service level up to 4 concurrent requests and misses it at 16" in said
    assert "AWQ keeps the service level at every concurrency that has figures, the highest 16" in said
    assert texts(table(section, "goodput"))[-2:] == [
        ["16", "Baseline", "11.0 %", "missed", "43.9"],
        ["16", "AWQ", "100 %", "kept", "500"],
    ]
    fastest, baseline, _, awq = table(section, "same-money").rows
    assert [row[2].text for row in (fastest, baseline, awq)] == ["16", "4", "16"]
    assert baseline[4].value == pytest.approx(0.5 / (100 * 3600) * 1e6)
    assert awq[4].value == pytest.approx(0.5 / (500 * 3600) * 1e6)
    assert awq[4].text.startswith("0.278 USD (")
    assert (
        "at the peak of 741 output tokens/s baseline needs 7\N{EN DASH}9 machines and AWQ needs 2 machines, by goodput"
        in said
    )


def test_what_binds_and_what_that_means(make_run: Run, make_bench: Bench) -> None:
    """Each level names the resource and the counter; each resource its advice, once."""
    section = crossover_section(inputs_of(make_run(bench=assessed_bench(make_bench()))))

    assert texts(table(section, "binding"))[0] == [
        *("1", "Baseline", "memory bandwidth", "85 % of attainable bandwidth", "rises in proportion")
    ]
    assert sum("choose a GPU by its bandwidth" in one for one in section.bullets) == 1


def test_what_is_not_known_is_said(make_run: Run, make_bench: Bench) -> None:
    """Without a counter that decides there is no resource, and no guess."""
    unknown = Binding(resource="not known", basis="none", evidence=())
    section = crossover_section(inputs_of(make_run(bench=assessed_bench(make_bench(), binding=unknown))))

    assert {row[2] for row in texts(table(section, "binding"))} == {"not known"}
    assert any("no counter decides" in one for one in section.bullets)


def test_overload_has_a_table_of_its_own(make_run: Run, make_bench: Bench) -> None:
    """Why, how evenly requests were served, and how long the queue lasted; no speed."""
    bench = assessed_bench(make_bench(), overloaded=[("awq", 16)], awq={16: ALL})
    section = crossover_section(inputs_of(make_run(bench=bench)))
    (row,) = texts(table(section, "overload"))

    assert row[:3] == ["16", "AWQ", "above max_num_seqs (16)"]
    assert row[4:] == ["0.900", "1.50", "0.250"]
    assert "16" not in texts(table(section, "crossovers"))[0][5:]


def test_levels_without_a_ratio_are_named(
    make_run: Run, make_bench: Bench, with_void: Bench, section_of: Callable[[RunRecord, str], Section]
) -> None:
    """The table of throughput says which are overloaded and which are void; of neither where there are none."""
    beyond = assessed_bench(make_bench(), overloaded=[("awq", 16)], awq={16: ALL})
    notes = [
        table(section_of(make_run(bench=bench), "speed"), "throughput").note
        for bench in (beyond, with_void(4), make_bench())
    ]

    assert "Left out: concurrency 16, more than an engine serves at once" in notes[0]
    assert "Left out: concurrency 4, where the point of an arm is void." in notes[1]
    assert "Left out" not in notes[2]


def test_long_tables_are_folded(
    make_run: Run, make_bench: Bench, section_of: Callable[[RunRecord, str], Section]
) -> None:
    """From thirteen rows on; figures stand in the chart above them."""
    many = dict.fromkeys((1, 2, 4, 8, 16, 32, 64), 100.0)
    folded = [
        [one.folded for one in section_of(make_run(bench=bench), "latency").tables if one.id == "latency-tpot"]
        for bench in (make_bench(), make_bench(baseline=many, awq=many))
    ]

    assert folded == [[False], [True]]


def test_capacity_points_to_the_service_level(
    make_run: Run, make_bench: Bench, section_of: Callable[[RunRecord, str], Section]
) -> None:
    """Where one was agreed, the chapter on costs says where the figures within it are."""
    agreed = assessed_bench(make_bench(), awq={1: ALL}, baseline={1: ALL})
    said = [" ".join(section_of(make_run(bench=bench), "costs").paragraphs) for bench in (agreed, make_bench())]

    assert ["does not look at the service level" in text for text in said] == [True, False]


def test_the_chart_shows_band_line_and_crossover(make_run: Run, make_bench: Bench) -> None:
    """It is drawn from its series alone, and says what it shows; without a crossing there is none to shade."""
    charts = [
        crossover_section(inputs_of(make_run(bench=make_bench(baseline=BASELINE, awq=awq)))).charts[0]
        for awq in (CROSSING, dict.fromkeys(BASELINE, 150.0))
    ]

    assert "as fast" in svg_of(charts[0])
    assert "faster up to about 6.7" in charts[0].alternative
    assert [len(chart.series) for chart in charts] == [2, 1]
    assert charts[0].series[0].tones == ("good", "good", "bad")
    assert svg_of(charts[1])


def test_without_prices_nothing_is_said_of_money(make_run: Run) -> None:
    """A benchmark alone has a crossover, and no dollars."""
    run = make_run()
    section = crossover_section(inputs_of(run.model_copy(update={"stages": {"bench": run.stages["bench"]}})))

    assert not any("money" in one for one in section.paragraphs)
    assert [one.id for one in section.tables] == ["crossovers"]
