"""What the report says of the evidence behind speeds: void points, runs, the load client, percentiles of too few."""

from collections.abc import Callable

import pytest

from eval.bench.load.ceiling import Calibration
from eval.bench.result import BenchResult, Latency
from eval.bench.runs import OpenLoopRun
from pipeline.base.errors import VoidMeasurementError
from pipeline.recipe.recipe import Recipe
from pipeline.record.record import RunRecord
from pipeline.report.chapters.findings import findings_of
from pipeline.report.chapters.next_steps import next_steps
from pipeline.report.document import Section
from pipeline.report.render.html import to_html
from pipeline.roi.stage import price
from tests.unit.eval.bench.runs import run
from tests.unit.pipeline.report.chapters.test_endpoint_speed import ARM
from tests.unit.pipeline.report.documents import inputs_of, report_of

pytestmark = pytest.mark.whole

Make = Callable[..., RunRecord]
Bench = Callable[..., BenchResult]
CALIBRATION = Calibration(
    client="vllm-rs 0.33.0",
    machine="a processor, 2 cores",
    measured_at="2026-11-29T12:00:00+00:00",
    ceiling_output_tokens_per_s=19_512,
    ceiling_concurrency=1_000,
    foreign_cpu_share=0.02,
    levels=(),
)


def with_evidence(bench: BenchResult) -> BenchResult:
    """Return the benchmark with a run behind each point, and the client's calibration."""
    arms = tuple(
        arm.model_copy(
            update={
                "points": tuple(
                    point.model_copy(update={"runs": (run(engine_tokens=1), run())}) for point in arm.points
                )
            }
        )
        for arm in bench.arms
    )
    return bench.model_copy(update={"arms": arms, "calibration": CALIBRATION})


def test_void_points_are_told_and_nowhere_drawn(
    make_run: Make, with_void: Bench, section_of: Callable[[RunRecord, str], Section]
) -> None:
    """A finding with the reason, a table, and no figure of it in any chart."""
    record = make_run(bench=with_void(16))
    finding = next(one for one in findings_of(inputs_of(record)) if one.topic == "Measurements")
    assert (finding.headline, finding.tone) == (
        "1 of 6 points are void: they were measured, and have no figures.",
        "bad",
    )
    assert "AWQ at 16 (the reason)" in finding.detail
    assert any("only those are measured" in step for step in next_steps(inputs_of(record)))
    assert not any("only those are measured" in step for step in next_steps(inputs_of(make_run())))
    speed = section_of(record, "speed")
    (row,) = next(table for table in speed.tables if table.id == "load-void").rows
    assert [cell.text for cell in row] == ["16", "AWQ", "the reason"]
    charts = {chart.id: chart for chart in speed.charts}
    assert charts["chart-ratio"].series[0].x == (1, 4)
    drawn = {one.arm: one for one in charts["chart-throughput"].series if one.statistic == "mean"}
    assert None not in drawn["baseline"].y
    assert (drawn["awq"].y[2], drawn["awq"].labels[2]) == (None, "void")


def test_void_rates_and_servers_are_told_too(make_run: Make, make_bench: Bench) -> None:
    """A load that has no figures is a finding, whatever it was."""
    bench = make_bench()
    baseline, awq = bench.arms
    loop = OpenLoopRun(rate_per_s=2, requests=80, run=run(engine_tokens=1))
    awq = awq.model_copy(update={"open_loop": (loop,)})
    record = make_run(bench=bench.model_copy(update={"arms": (baseline, awq), "endpoints": (ARM,)}))
    finding = next(one for one in findings_of(inputs_of(record)) if one.topic == "Measurements")
    assert finding.headline.startswith("2 of 9 points are void")
    assert "AWQ at 2 requests/s (" in finding.detail
    assert "theirs at 4 (3 of 32 requests failed: reset)" in finding.detail.lower()


def test_arm_without_figures_is_written_all_the_same(
    make_run: Make, with_void: Bench, make_recipe: Callable[..., Recipe]
) -> None:
    """Nothing is compared, nothing fails, and costs are refused."""
    bench = with_void(1, 4, 16)
    with pytest.raises(VoidMeasurementError, match="'awq' is void"):
        price(make_recipe().roi, bench)
    record = make_run(bench=bench)
    assert "roi" not in record.stages
    assert "3 of 6 points are void" in to_html(report_of(record))


def test_void_arm_without_costs_is_measured_again_first(make_run: Make, with_void: Bench) -> None:
    """A run leaves the costs out then; both commands are named, in their order, and nothing is recommended."""
    record = make_run()
    void = record.stages["bench"].model_copy(update={"payload": with_void(1, 4, 16).model_dump(mode="json")})
    stages = {name: stage for name, stage in record.stages.items() if name != "roi"} | {"bench": void}
    report = report_of(record.model_copy(update={"stages": stages}))
    assert report.recommendation.startswith("No recommendation yet: speed and costs are not known")
    assert "Run `awqctl bench demo` and `awqctl roi demo`." in report.next_steps
    assert "3 of 6 points are void" in to_html(report)


def test_every_run_is_in_the_evidence(
    make_run: Make,
    make_bench: Bench,
    section_of: Callable[[RunRecord, str], Section],
    cells_of: Callable[..., list[list[str]]],
) -> None:
    """Sums of what was sent and counted, the highest of what engine and machine did, and the client's ceiling."""
    method = section_of(make_run(bench=with_evidence(make_bench())), "method")
    counted, meanwhile = cells_of(method, "load-counted")[0], cells_of(method, "load-meanwhile")[0]
    assert counted[2:] == ["1 of 2", "160", "160", "0", "800", "401", "1,600", "1,600"]
    assert meanwhile[3:] == ["0 %", "8", "3", "2", "25.0 %", "1.2 %", "0", "1.00", "\N{EM DASH}"]
    client = next(table for table in method.tables if table.id == "load-client")
    assert "vllm-rs 0.33.0" in client.title
    assert "19,512" in client.note


def test_records_without_evidence_have_no_table_of_it(
    make_run: Make, section_of: Callable[[RunRecord, str], Section]
) -> None:
    """Earlier versions kept none."""
    assert [table.id for table in section_of(make_run(), "method").tables] == ["gates"]


def test_changed_limits_are_said(
    make_run: Make, make_bench: Bench, section_of: Callable[[RunRecord, str], Section]
) -> None:
    """Whoever raised a limit reads it beside the method; whoever did not reads nothing of limits."""
    bench = make_bench().model_copy(update={"changed_limits": {"foreign_cpu_share": 0.4, "ceiling_share": None}})
    text = " ".join(section_of(make_run(bench=bench), "method").bullets)
    assert "processor time of others up to 40.0 % and share of the client's ceiling without a limit" in text
    assert "Limits of a run" not in " ".join(section_of(make_run(), "method").bullets)


def test_percentiles_of_too_few_requests_are_said_to_be(
    make_run: Make,
    make_bench: Bench,
    section_of: Callable[[RunRecord, str], Section],
    cells_of: Callable[..., list[list[str]]],
) -> None:
    """In tables, in the sentence on capacity, and as a gap in the charts, which are drawn."""
    bench = make_bench()
    few = {"p95_ms": None, "p99_ms": None}

    def cut(latency: Latency) -> Latency:
        return latency.model_copy(update=few)

    arms = tuple(
        arm.model_copy(
            update={
                "points": tuple(
                    point.model_copy(
                        update={name: cut(getattr(point, name)) for name in ("ttft", "tpot", "itl", "e2e")}
                    )
                    for point in arm.points
                )
            }
        )
        for arm in bench.arms
    )
    record = make_run(bench=bench.model_copy(update={"arms": arms}))
    latency = section_of(record, "latency")
    assert {tuple(row[4:]) for row in cells_of(latency, "latency-ttft")} == {("too few", "too few")}
    assert {one.statistic for chart in latency.charts for one in chart.series} == {"p50"}
    assert "TTFT too few" in " ".join(section_of(record, "costs").paragraphs)
    assert "<svg" in to_html(report_of(record))
