"""Points from runs: means over those that stand, percentiles over the requests of all, one kind of throughput."""

import pytest

from eval.bench.load.result import Distribution
from eval.bench.points import LevelRuns, point_of, throughput_over, token_difference, void_point
from tests.unit.eval.bench.runs import load, run

POOLED = {f"{name}_ms": Distribution(mean=1, p50=2, p95=3) for name in ("ttft", "tpot", "itl", "e2e")}


def test_point_is_the_mean_with_the_runs() -> None:
    """The geometric mean is reported, and beside it every run, the smallest and the largest."""
    runs = tuple(run(load(rate), number=number) for number, rate in enumerate((40.0, 10.0, 20.0), 1))
    point = point_of(LevelRuns(8, 80, runs), "whole run", POOLED)
    assert point.output_tokens_per_s == pytest.approx(20)
    assert point.output_tokens_per_s_runs == (40, 10, 20)
    assert (point.output_tokens_per_s_min, point.output_tokens_per_s_max, point.requests) == (10, 40, 80)
    assert point.runs == runs


def test_percentiles_are_of_all_requests_together() -> None:
    """Mean and tails are pooled, the median is that of the runs, and what too few requests carry is None."""
    point = point_of(LevelRuns(8, 80, (run(), run(number=2))), "steady state", POOLED)
    assert (point.ttft.mean_ms, point.ttft.p95_ms, point.ttft.p99_ms) == (1, 3, None)
    assert (point.ttft.p50_ms, point.ttft.p50_ms_runs) == (pytest.approx(900), (900, 900))


def test_void_run_that_was_made_again_counts_for_nothing() -> None:
    """It stays among the runs, and no figure is of it."""
    void = run(engine_tokens=1)
    point = point_of(LevelRuns(8, 80, (void, run())), "whole run", POOLED)
    assert point.output_tokens_per_s_runs == (40,)
    assert point.runs[0] is void


def test_one_run_without_a_steady_state_decides_for_all() -> None:
    """No comparison mixes a steady state with a whole run, so one kind holds for every point."""
    steady, ramps = LevelRuns(8, 80, (run(),)), LevelRuns(1, 10, (run(load(steady=None)),))
    assert throughput_over([steady, steady]) == "steady state"
    assert throughput_over([steady, ramps]) == "whole run"


def test_void_level_decides_nothing() -> None:
    """A level without figures has no say in the kind of throughput, nor in how client and engine agree."""
    void = LevelRuns(1, 10, (run(load(steady=None)), run(engine_tokens=1)), ("void",))
    assert throughput_over([LevelRuns(8, 80, (run(),)), void]) == "steady state"
    assert token_difference([LevelRuns(8, 80, (run(engine_tokens=399),)), void]) == pytest.approx(1 / 399)
    assert token_difference([void]) is None


def test_void_point_has_no_figures() -> None:
    """Not even those of the runs that stood before one was void."""
    point = void_point(LevelRuns(8, 80, (run(), run(engine_tokens=1)), ("the reason",)))
    assert point.reasons == ("the reason",)
    assert [one.figures for one in point.runs] == [None, None]
