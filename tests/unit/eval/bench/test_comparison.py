"""What the repeats of a sweep decide: per concurrency, for latencies, and for the highest throughputs."""

from collections.abc import Callable

import pytest

from eval.bench.comparison import capacity_interval, capacity_ratio, confidence_of_each, speed_ratios
from eval.bench.fair_arms import FairArms
from eval.bench.result import BenchResult, Latency, LoadPoint
from eval.statistics.repeats import ratio_interval
from pipeline.base.errors import VoidMeasurementError
from tests.unit.pipeline.report.conftest import make_bench, with_void

__all__ = ["make_bench", "with_void"]
Bench = Callable[..., BenchResult]


def test_clear_and_unclear_differences(make_bench: Bench) -> None:
    """Half as fast again is faster, 2 % more with runs 3 % apart is not decided, a third less is slower."""
    bench = make_bench(baseline={1: 100.0, 4: 100.0, 16: 100.0}, awq={1: 150.0, 4: 102.0, 16: 66.0})

    assert [one.direction for one in speed_ratios(bench)] == ["faster", "not decided", "slower"]
    assert all(
        one.interval is not None and one.interval[0] < one.value < one.interval[1] for one in speed_ratios(bench)
    )


def test_latencies_are_faster_where_they_are_lower(make_bench: Bench) -> None:
    """The made-up latencies fall as the throughput rises."""
    bench = make_bench(baseline={1: 100.0}, awq={1: 150.0})

    for quantity in ("ttft", "tpot"):
        (one,) = speed_ratios(bench, quantity)  # type: ignore[arg-type]
        assert (one.value, one.direction) == (pytest.approx(100 / 150), "faster")


def test_ranges_that_do_not_overlap_need_not_decide(make_bench: Bench) -> None:
    """Three runs 3 % around means 8 % apart: the ranges lie apart, as those of equal arms may."""
    bench = make_bench(baseline={1: 100.0, 4: 100.0, 16: 100.0}, awq={1: 108.0, 4: 108.0, 16: 108.0})
    one = speed_ratios(bench)[0]
    reference, arm = one.points

    assert arm.output_tokens_per_s_min > reference.output_tokens_per_s_max
    assert one.direction == "not decided"


def test_more_levels_take_wider_intervals(make_bench: Bench) -> None:
    """The intervals of all concurrencies hold together, so each of many is wider than that of few."""
    few, many = (
        make_bench(baseline=dict.fromkeys(steps, 100.0), awq=dict.fromkeys(steps, 120.0))
        for steps in ((1, 4), (1, 2, 4, 8, 16, 32))
    )
    widths = []
    for bench in (few, many):
        interval = speed_ratios(bench)[0].interval
        assert interval is not None
        widths.append(interval[1] / interval[0])

    assert widths[1] > widths[0]


def test_single_runs_decide_nothing(make_bench: Bench) -> None:
    """Without repeats there is neither interval nor direction."""
    bench = make_bench(repeats=1)

    assert {(one.interval, one.direction) for one in speed_ratios(bench)} == {(None, "not repeated")}
    assert capacity_interval(bench, "awq") is None


def test_highest_throughputs_are_compared_wherever_they_are(make_bench: Bench) -> None:
    """The baseline is best at 16 requests at once, AWQ at 4."""
    one = capacity_ratio(make_bench(baseline={4: 80.0, 16: 100.0}, awq={4: 200.0, 16: 150.0}))
    points: tuple[LoadPoint, LoadPoint] = one.points

    assert (one.value, [point.concurrency for point in points], one.direction) == (2.0, [16, 4], "faster")


def test_void_points_are_in_no_comparison(with_void: Bench) -> None:
    """What one arm has no figures of is not compared; the intervals are as wide as if it had been."""
    bench = with_void(16)
    assert [one.concurrency for one in speed_ratios(bench)] == [1, 4]
    assert capacity_ratio(bench).points[1].concurrency == 4
    assert capacity_interval(bench, "baseline") == capacity_interval(with_void(4), "baseline")


def test_arm_without_points_has_no_capacity(with_void: Bench) -> None:
    """It is an error with a way out, not a zero."""
    bench = with_void(1, 4, 16)
    assert not bench.has_points("baseline", "awq")
    with pytest.raises(VoidMeasurementError, match="'awq' is void"):
        capacity_ratio(bench)


def test_latency_that_nothing_was_timed_for_is_not_compared(make_bench: Bench) -> None:
    """Answers of one token have no time per further token."""
    bench = make_bench(baseline={1: 100.0}, awq={1: 150.0})
    arm = bench.arms[0]
    none = Latency(mean_ms=None, p50_ms=None, p95_ms=None, p99_ms=None)
    silent = arm.model_copy(update={"points": (arm.points[0].model_copy(update={"tpot": none}),)})
    assert speed_ratios(bench.model_copy(update={"arms": (silent, bench.arms[1])}), "tpot") == ()


def test_with_a_precision_the_first_repeats_tell_the_spread(make_bench: Bench) -> None:
    """Repeats that were added where runs differed take part in the mean, and do not make it look surer."""
    fixed = make_bench(baseline={1: 100.0}, awq={1: 120.0})
    facts = {"order": "blocks", "seed": 0, "drawn": ("awq", "baseline"), "reference": "baseline"}
    intervals = []
    for precision in (None, 0.05):
        fair = FairArms.model_validate({**facts, "first_repeats": 3, "precision": precision})
        (one,) = speed_ratios(fixed.model_copy(update={"fair": fair}))
        intervals.append(one.interval)

    assert intervals[0] == speed_ratios(fixed)[0].interval
    assert intervals[1] == ratio_interval(
        fixed.best("awq").output_tokens_per_s_runs,
        fixed.best("baseline").output_tokens_per_s_runs,
        confidence_of_each(1),
        first=3,
    )
    assert intervals[0] != intervals[1]
