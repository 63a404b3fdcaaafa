"""The charts of costs: every figure with what it can be, and a break-even only where there is one."""

from collections.abc import Callable

from eval.bench.result import BenchResult
from pipeline.record.record import RunRecord
from pipeline.report.charts.costs import cost_chart, load_chart
from pipeline.report.charts.svg import svg_of
from tests.unit.pipeline.report.documents import inputs_of

Run = Callable[..., RunRecord]
Bench = Callable[..., BenchResult]


def test_bars_and_stairs_have_ranges(make_run: Run) -> None:
    """Costs lie within their ranges, in bars and at every load."""
    inputs = inputs_of(make_run())

    for chart in (cost_chart(inputs), load_chart(inputs)):
        for one in chart.series:
            for value, low, high in zip(one.y, one.low, one.high, strict=True):
                assert value is not None
                assert low is not None
                assert high is not None
                assert low <= value <= high
        assert svg_of(chart).startswith("<svg")


def test_break_even_is_marked_where_it_is_decided(make_run: Run, make_bench: Bench) -> None:
    """Of arms that may be equally fast the chart marks the load alone, and says that it may never be reached."""
    decided, open_ = (
        load_chart(inputs_of(make_run(bench=make_bench(baseline={1: 100.0}, awq={1: awq})))) for awq in (200.0, 103.0)
    )

    assert [mark.text for mark in decided.marks] == ["this load", "break-even"]
    assert [mark.text for mark in open_.marks] == ["this load"]
    assert "or more, or never" in open_.caption


def test_single_runs_have_no_ranges_to_draw(make_run: Run, make_bench: Bench) -> None:
    """The charts are drawn without bands, and no break-even is given."""
    inputs = inputs_of(make_run(bench=make_bench(repeats=1)))
    chart = load_chart(inputs)

    assert {end for one in chart.series for end in one.low} == {None}
    assert [mark.text for mark in chart.marks] == ["this load"]
    assert "Break-even: not known, because the speeds were not repeated" in chart.caption
    assert svg_of(chart).startswith("<svg")
    assert svg_of(cost_chart(inputs)).startswith("<svg")
