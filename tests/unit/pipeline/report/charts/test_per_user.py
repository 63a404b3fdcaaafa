"""Speed per user against speed per GPU: which points are on the frontier, and what is drawn of them."""

from collections.abc import Callable

import pytest

from eval.bench.per_user import per_user
from eval.bench.result import BenchResult
from pipeline.recipe.recipe import Recipe
from pipeline.record.record import RunRecord
from pipeline.report.chapters.per_user import per_user_section
from pipeline.report.charts.svg import svg_of
from pipeline.report.document import Chart
from tests.unit.pipeline.report.documents import inputs_of


@pytest.fixture
def chart_of(make_run: Callable[..., RunRecord]) -> Callable[..., Chart]:
    """Return a function that makes the chart of a benchmark."""
    return lambda bench, **run: per_user_section(inputs_of(make_run(bench=bench, **run))).charts[0]


def test_a_users_speed_is_one_over_tpot(make_bench: Callable[..., BenchResult]) -> None:
    """The fixture's TPOT is concurrency over throughput: each user gets the throughput shared among them."""
    (one, *_) = per_user(make_bench(baseline={4: 100.0}, awq={4: 200.0}), 1)
    assert (one.tokens_per_s_per_user, one.tokens_per_s_per_gpu) == (pytest.approx(25.0), 100.0)


def test_what_another_point_beats_is_not_on_the_frontier(make_bench: Callable[..., BenchResult]) -> None:
    """AWQ at 4 gives both more than the baseline at 4; neither end is beaten, though others have more of one."""
    points = per_user(make_bench(baseline={4: 100.0, 16: 400.0}, awq={4: 200.0, 16: 300.0}), 1)
    assert [(one.arm, one.point.concurrency, one.unbeaten) for one in points] == [
        ("baseline", 4, False),
        ("baseline", 16, True),
        ("awq", 4, True),
        ("awq", 16, False),
    ]


def test_gpus_share_the_throughput(
    make_bench: Callable[..., BenchResult], make_recipe: Callable[..., Recipe], chart_of: Callable[..., Chart]
) -> None:
    """Two GPUs give half of it each; what says that there are two is among the evidence."""
    bench = make_bench(baseline={4: 100.0}, awq={4: 200.0})
    pair = bench.model_copy(update={"engine_arguments": ("--tensor-parallel-size", "2")})
    chart = chart_of(pair, gpus=("NVIDIA L4", "NVIDIA L4"))
    assert [one.y for one in chart.series] == [(50.0,), (100.0,)]
    assert "bench/results.json#/engine_arguments" in chart.series[0].evidence
    assert chart.y_title == "Output tokens per second and GPU"
    assert chart_of(pair).y_title == "Output tokens per second of the machine"


def test_every_arm_and_the_frontier_are_drawn(
    make_bench: Callable[..., BenchResult], chart_of: Callable[..., Chart]
) -> None:
    """Each arm under its name; the frontier's concurrencies are written; a label that another covers is left out."""
    chart = chart_of(make_bench(baseline={4: 100.0, 16: 400.0}, awq={4: 200.0, 16: 300.0, 64: 300.1}))
    svg = svg_of(chart)
    assert ">Baseline<" in svg
    assert ">AWQ<" in svg
    assert ">16<" in svg
    assert svg == svg_of(chart)
    assert "AWQ: 200 against 50.0 at 4, 300 against 18.8 at 16 and 300 against 4.69 at 64" in chart.alternative
