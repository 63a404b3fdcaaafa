"""Crossovers of a sweep: by speed, by goodput, without overload; and what of it goes to MLflow."""

from collections.abc import Callable

import pytest

from eval.bench.arm_crossover import (
    capacity_at_service_level,
    goodput_crossover,
    speed_crossover,
    useful_point,
    useful_tokens_per_s,
)
from eval.bench.crossover_metrics import crossover_metrics
from eval.bench.result import BenchResult
from tests.unit.eval.bench.assessments import assessed_bench
from tests.unit.pipeline.report.conftest import make_bench

__all__ = ["make_bench"]
Bench = Callable[..., BenchResult]
ALL = (100, 100, 100)
SPEED = {"baseline": {1: 100.0, 4: 100.0, 16: 100.0}, "awq": {1: 200.0, 4: 150.0, 16: 50.0}}


def test_speed_crosses_between_the_levels(make_bench: Bench) -> None:
    """AWQ is twice as fast at 1 and half as fast at 16."""
    found = speed_crossover(make_bench(**SPEED))

    assert found.crossover.kind == "crossing"
    assert 4 < found.crossover.crossings[0].low < found.crossover.crossings[0].high < 16
    assert found.overloaded == ()


def test_overload_is_no_speed(make_bench: Bench) -> None:
    """Where one of both is beyond its capacity nothing is compared, nor is it an arm's highest throughput."""
    bench = make_bench(baseline={1: 100.0, 4: 100.0, 16: 120.0}, awq=SPEED["awq"])
    bench = assessed_bench(bench, overloaded=[("baseline", 16)])
    found = speed_crossover(bench)

    assert [level.concurrency for level in found.levels] == [1, 4]
    assert (found.crossover.kind, found.overloaded) == ("above the highest", (16,))
    assert bench.best("baseline").concurrency != 16


def test_no_service_level_no_goodput(make_bench: Bench) -> None:
    """Without limits nothing is known of what is of use."""
    bench = assessed_bench(make_bench())

    assert goodput_crossover(bench) is None
    assert capacity_at_service_level(bench, "awq") is None
    assert useful_point(bench, "awq") is None


def test_the_service_level_may_decide_otherwise(make_bench: Bench) -> None:
    """AWQ is slower at 16, but the baseline's tokens come too late there: its goodput is higher everywhere."""
    bench = assessed_bench(
        make_bench(**SPEED), baseline={1: ALL, 4: ALL, 16: (20, 20, 20)}, awq={1: ALL, 4: ALL, 16: ALL}
    )
    found = goodput_crossover(bench)

    assert found is not None
    assert found.crossover.kind == "above the highest"
    assert speed_crossover(bench).crossover.kind == "crossing"


def test_a_level_without_goodput_has_no_ratio(make_bench: Bench) -> None:
    """No request of the baseline keeps the service level at 16: only the levels below are compared."""
    bench = assessed_bench(make_bench(**SPEED), baseline={1: ALL, 4: ALL, 16: (0, 0, 0)}, awq={1: ALL, 4: ALL, 16: ALL})
    found = goodput_crossover(bench)

    assert found is not None
    assert [level.concurrency for level in found.levels] == [1, 4]


@pytest.mark.parametrize("without", ["awq", "baseline"])
def test_a_level_without_goodput_is_no_win_everywhere(make_bench: Bench, without: str) -> None:
    """An arm that leads at 1 and 4 and keeps nothing at 16, where the other one does, does not lead at every level."""
    kept = {arm: {1: ALL, 4: ALL, 16: (0, 0, 0) if arm == without else ALL} for arm in ("awq", "baseline")}
    found = goodput_crossover(assessed_bench(make_bench(**SPEED), **kept))

    assert found is not None
    assert (found.crossover.kind, found.crossover.undecided_at) == ("not decided", (16,))


def test_a_level_without_any_goodput_is_nobody_s(make_bench: Bench) -> None:
    """Where neither arm keeps the service level there is nothing to win."""
    kept = {arm: {1: ALL, 4: ALL, 16: (0, 0, 0)} for arm in ("awq", "baseline")}
    found = goodput_crossover(assessed_bench(make_bench(**SPEED), **kept))

    assert found is not None
    assert (found.crossover.kind, found.crossover.undecided_at) == ("above the highest", ())


def test_useful_is_the_best_level_that_keeps_it(make_bench: Bench) -> None:
    """The baseline's highest throughput is at 16, where it misses the level; of use is what it makes at 4."""
    bench = make_bench(baseline={1: 50.0, 4: 100.0, 16: 400.0}, awq=SPEED["awq"])
    bench = assessed_bench(bench, baseline={1: ALL, 4: ALL, 16: (90, 80, 70)})
    point = useful_point(bench, "baseline")

    assert point is not None
    assert point.concurrency == 4
    assert useful_tokens_per_s(point) == pytest.approx(100)
    assert useful_point(bench, "awq") is None


def test_metrics_are_of_what_is_decided(make_bench: Bench) -> None:
    """The crossover with its ends, the goodput of each level, the highest level that is kept; nothing for no answer."""
    bench = assessed_bench(make_bench(**SPEED), baseline={1: ALL, 4: ALL}, awq={1: ALL, 4: ALL, 16: (0, 0, 0)})
    found = {(one.name, one.step): one.value for one in crossover_metrics(bench)}

    assert found["awq_crossover_concurrency_low", None] < found["awq_crossover_concurrency", None]
    assert found["awq_crossover_concurrency", None] < found["awq_crossover_concurrency_high", None]
    assert found["awq_goodput_tokens_per_s", 4] == pytest.approx(150)
    assert (found["awq_service_level_share", 16], found["awq_service_level_concurrency", None]) == (0, 4)
    assert crossover_metrics(make_bench(baseline={1: 1.0}, awq={1: 1.0})) == ()
