"""How long a benchmark takes by given speeds: requests and starts counted by hand."""

import pytest

from eval.bench.expected_time import Rate, bench_time
from pipeline.recipe.load import load_recipe
from pipeline.recipe.recipe import Recipe

LOAD = (
    *("bench.concurrency=[1,4]", "bench.requests_per_concurrency=2", "bench.repeats=3", "bench.warmup_requests=4"),
    "bench.output_tokens=64",
)


def recipe(*settings: str) -> Recipe:
    """Return the demo with a small load."""
    return load_recipe("demo", [*LOAD, *settings]).recipe


def hundred(_arm: str, _concurrency: int | None, _tokens: tuple[int, int]) -> Rate:
    """Return a rate between 50 and 200 tokens per second, whatever the load."""
    return 50.0, 100.0, 200.0


def test_all_that_is_offered_is_counted() -> None:
    """Per arm 2 x 4 warm-ups of 32 tokens, 3 x (2 + 8) requests of 64: 2,176 tokens, 21.76 s at 100 tok/s."""
    found = bench_time(recipe(), hundred)
    assert [(arm.arm, arm.engine_starts, arm.requests, arm.output_tokens) for arm in found.arms] == [
        ("baseline", 1, 38, 2176),
        ("awq", 1, 38, 2176),
    ]
    assert found.seconds is not None
    assert (found.seconds.low, found.seconds.expected, found.seconds.high) == pytest.approx((21.76, 43.52, 87.04))


def test_alternating_starts_and_warms_up_for_every_repeat() -> None:
    """Three starts an arm; warm-ups of each, repeats as often as before."""
    found = bench_time(recipe("bench.order=alternate", "bench.reuse_engine=false"), hundred)
    assert found.engine_starts == 6
    assert {arm.output_tokens for arm in found.arms} == {3 * 256 + 1920}


def test_a_rate_takes_as_long_as_its_requests_take_to_come() -> None:
    """30 s at 0.5 requests a second, though they are answered sooner; twice, for two arms."""
    found = bench_time(recipe("bench.open_loop={rates: [0.5], seconds: 30}"), hundred)
    assert found.seconds is not None
    assert found.seconds.expected == pytest.approx(43.52 + 60)


def test_a_soak_takes_its_minutes_of_the_arm_that_is_held() -> None:
    """Five minutes of AWQ, whatever the speed."""
    baseline, awq = bench_time(recipe("bench.soak={minutes: 5}"), hundred).arms
    assert baseline.seconds is not None
    assert awq.seconds is not None
    assert awq.seconds.low - baseline.seconds.low == pytest.approx(300)


def test_an_unknown_speed_is_no_time() -> None:
    """One arm without a speed leaves the whole open, and it is said."""
    found = bench_time(recipe(), lambda arm, *_: None if arm == "awq" else (50.0, 100.0, 200.0))
    assert [arm.seconds is None for arm in found.arms] == [False, True]
    assert found.seconds is None
    assert "not known" in found.notes[0]


def test_each_load_is_asked_for_with_its_own_tokens() -> None:
    """Warm-ups answer shortly; a range counts by its middle."""
    asked: set[tuple[int | None, tuple[int, int]]] = set()

    def speed(_arm: str, concurrency: int | None, tokens: tuple[int, int]) -> Rate:
        asked.add((concurrency, tokens))
        return 1.0, 1.0, 1.0

    bench_time(recipe("bench.input_tokens=100-300"), speed)
    assert asked == {(level, (200, answer)) for level in (1, 4) for answer in (32, 64)}
