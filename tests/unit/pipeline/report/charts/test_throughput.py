"""Lines over concurrency: intervals as bands, void points as gaps, percentiles where requests carry them."""

from collections.abc import Callable

import pytest
from matplotlib.figure import Figure
from matplotlib.text import Annotation

from eval.bench.result import BenchResult, LoadPoint, VoidPoint
from eval.statistics.repeats import mean_interval
from pipeline.record.record import RunRecord
from pipeline.report.charts.chart_style import INK, concurrency_axis, end_labels
from pipeline.report.charts.svg import svg_of
from pipeline.report.charts.throughput import latency_chart, throughput_chart
from pipeline.report.document import Chart, Series
from tests.unit.pipeline.report.documents import inputs_of

SPEEDS = {1: 40.0, 4: 120.0, 16: 260.0}


@pytest.fixture
def holed(make_bench: Callable[..., BenchResult]) -> BenchResult:
    """Return a benchmark whose AWQ at 4 is void."""
    bench = make_bench(baseline=SPEEDS, awq=SPEEDS)
    baseline, awq = bench.arms
    void = VoidPoint(concurrency=4, requests=32, reasons=("1 of 32 requests failed",))
    points = tuple(point for point in awq.points if point.concurrency != 4)
    return bench.model_copy(
        update={"arms": (baseline, awq.model_copy(update={"points": points, "void_points": (void,)}))}
    )


def of_arm(chart: Chart, arm: str) -> list[Series]:
    """Return the series of an arm."""
    return [one for one in chart.series if one.arm == arm]


def test_bands_are_intervals_and_bars_ranges(
    make_run: Callable[..., RunRecord], make_bench: Callable[..., BenchResult]
) -> None:
    """Student's on the logarithms of the runs, each with 95 %; the range of the runs is a series of its own."""
    bench = make_bench(baseline=SPEEDS, awq=SPEEDS)
    mean, ends = of_arm(throughput_chart(inputs_of(make_run(bench=bench))), "awq")
    runs = bench.of("awq").points[1].output_tokens_per_s_runs
    assert (mean.low[1], mean.high[1]) == mean_interval(runs, 0.95)
    assert (ends.low[1], ends.high[1]) == (min(runs), max(runs))
    assert "bench/results.json#/arms/1/points/1/output_tokens_per_s_runs/2" in mean.evidence


def test_single_runs_have_no_band(make_run: Callable[..., RunRecord], make_bench: Callable[..., BenchResult]) -> None:
    """What has no spread has no interval, and still a line."""
    chart = throughput_chart(inputs_of(make_run(bench=make_bench(baseline=SPEEDS, awq=SPEEDS, repeats=1))))
    assert of_arm(chart, "awq")[0].low == (None, None, None)
    assert "<svg" in svg_of(chart)


def test_void_points_are_gaps_with_a_mark(make_run: Callable[..., RunRecord], holed: BenchResult) -> None:
    """The place stays, without a figure, and says why; the line is drawn in two pieces."""
    inputs = inputs_of(make_run(bench=holed))
    for chart in (throughput_chart(inputs), latency_chart(inputs, "ttft")):
        (one, *_) = of_arm(chart, "awq")
        assert (one.x, one.y[1], one.labels) == ((1, 4, 16), None, ("", "void", ""))
        assert "void" in chart.caption
        assert "nan" not in svg_of(chart).lower()


def test_tails_stand_where_requests_carry_them(
    make_run: Callable[..., RunRecord], make_bench: Callable[..., BenchResult]
) -> None:
    """A percentile that few requests do not carry leaves a gap; one that none carries has no line."""

    def without(point: LoadPoint, *names: str) -> LoadPoint:
        return point.model_copy(update={"ttft": point.ttft.model_copy(update=dict.fromkeys(names))})

    bench = make_bench(baseline=SPEEDS, awq=SPEEDS)
    baseline, awq = bench.arms
    points = tuple(without(point, "p99_ms", *(("p95_ms",) if point.concurrency < 16 else ())) for point in awq.points)
    bench = bench.model_copy(update={"arms": (baseline, awq.model_copy(update={"points": points}))})
    chart = latency_chart(inputs_of(make_run(bench=bench)), "ttft")
    assert [one.statistic for one in of_arm(chart, "baseline")] == ["p50", "p95", "p99"]
    median, tail = of_arm(chart, "awq")
    assert (tail.statistic, tail.y[:2]) == ("p95", (None, None))
    assert None not in median.y
    assert len(tail.evidence) == 1


@pytest.mark.parametrize(
    ("levels", "named"),
    [
        ((1, 2, 4, 8, 16, 32, 64, 128, 256, 512), ["1", "8", "32", "128", "512"]),
        ((10, 100, 400, 1_000, 10_000), ["10", "100", "1,000", "10,000"]),
        ((4,), ["4"]),
    ],
)
def test_concurrencies_are_named_as_far_as_there_is_room(levels: tuple[int, ...], named: list[str]) -> None:
    """The first and the last always; every level keeps its tick."""
    axes = Figure().subplots()
    concurrency_axis(axes, levels, "Concurrency")
    assert [tick.get_text() for tick in axes.get_xticklabels() if tick.get_text()] == named
    assert list(axes.get_xticks()) == list(levels)


def test_labels_of_lines_stay_above_the_axis() -> None:
    """Of lines that all end near zero."""
    axes = Figure().subplots()
    axes.set_ylim(0, 100)
    end_labels(axes, 1, [(name, 0.5, INK, "bold") for name in ("baseline", "AWQ", "fp8")])
    heights = sorted(text.xy[1] for text in axes.texts if isinstance(text, Annotation))
    assert heights[0] > 4
    assert heights[1] - heights[0] > 6
    assert heights[2] - heights[1] > 6


def test_three_arms_are_labelled_once_each(
    make_run: Callable[..., RunRecord], make_bench: Callable[..., BenchResult]
) -> None:
    """Nine percentiles leave no room for nine names: the caption says what dashes mean."""
    bench = make_bench(baseline=SPEEDS, awq=SPEEDS)
    fp8 = bench.of("baseline").model_copy(update={"arm": "fp8"})
    record = make_run(bench=bench.model_copy(update={"arms": (*bench.arms, fp8)}))
    svg = svg_of(latency_chart(inputs_of(record), "ttft"))
    assert "fp8 p50" in svg
    assert "p99" not in svg
