"""Repeats for a precision: decided once, limited by number and time, and the interval keeps its word."""

import math

import numpy as np
import pytest

from eval.bench.enough import FirstRepeats, LevelRepeats, Wanted, repeats_of
from eval.statistics.repeats import half_width, ratio_interval
from tests.simulations import data_sets, three_errors

WANTED = Wanted(precision=0.05, confidence=0.95)
BENCHMARKS = data_sets(3000)


def level(*throughputs: float, concurrency: int = 1, seconds: float = 10.0) -> FirstRepeats:
    """Return what first repeats have shown."""
    return FirstRepeats(concurrency, throughputs, seconds)


def test_steady_levels_need_no_more() -> None:
    """Three runs a thousandth apart know the ratio within 5 % already."""
    (found,) = repeats_of([level(100.0, 100.1, 99.9)], WANTED, None)

    assert found == LevelRepeats(concurrency=1, needed=3, planned=3, limited_by=None)


def test_repeats_that_are_needed_by_hand() -> None:
    """Logarithms -0.02, 0, 0.02: 2 t² s² / d² = 2 · 4.3027² · 0.02² / ln(1.05)² = 6.2, so seven."""
    (found,) = repeats_of([level(*(math.exp(log) for log in (-0.02, 0.0, 0.02)))], WANTED, None)

    assert (found.needed, found.planned) == (7, 7)


def test_the_recipes_limit_is_named() -> None:
    """Runs that lie a fifth apart would need hundreds of repeats."""
    (found,) = repeats_of([level(80.0, 100.0, 125.0)], WANTED, None)

    assert found.needed > 500
    assert (found.planned, found.limited_by) == (20, "max_repeats")


def test_a_limit_below_the_first_repeats_takes_none_away() -> None:
    """What was measured stays."""
    (found,) = repeats_of([level(80.0, 100.0, 125.0)], Wanted(0.05, 0.95, most=2), None)

    assert found.planned == 3


@pytest.mark.parametrize(("seconds", "planned"), [(0.0, 3), (-5.0, 3), (29.0, 3), (30.0, 4), (95.0, 6), (1e6, 20)])
def test_time_becomes_whole_rounds(seconds: float, planned: int) -> None:
    """A round of two levels takes 10 s and 20 s; what does not fit is not begun."""
    levels = [level(80.0, 100.0, 125.0), level(80.0, 100.0, 125.0, concurrency=4, seconds=20.0)]

    assert [one.planned for one in repeats_of(levels, WANTED, seconds)] == [planned, planned]


def test_time_of_levels_that_are_done_goes_to_the_others() -> None:
    """The level at 1 is known: 60 s are three more repeats of 20 s at 4."""
    levels = [level(100.0, 100.1, 99.9), level(80.0, 100.0, 125.0, concurrency=4, seconds=20.0)]
    known, unknown = repeats_of(levels, WANTED, 60.0)

    assert (known.planned, known.limited_by) == (3, None)
    assert (unknown.planned, unknown.limited_by) == (6, "budget_minutes")


def test_an_engine_start_for_each_round_counts() -> None:
    """Alternating, 100 s are two rounds of 10 s after starts of 40 s."""
    (found,) = repeats_of([level(80.0, 100.0, 125.0)], WANTED, 100.0, 40.0)

    assert found.planned == 5


def test_runs_that_made_nothing_ask_for_no_more() -> None:
    """A throughput of 0 has no logarithm; more of it would tell nothing."""
    (found,) = repeats_of([level(0.0, 1.0, 2.0)], WANTED, None)

    assert found.planned == 3


@pytest.mark.parametrize("first", [3, 5])
@pytest.mark.parametrize("spreads", [(0.02, 0.02), (0.01, 0.05), (0.0, 0.03)], ids=["equal", "unequal", "one alone"])
@pytest.mark.parametrize("limit", ["none", "number", "time"])
def test_the_interval_covers_however_many_repeats_it_took(first: int, spreads: tuple[float, float], limit: str) -> None:
    """The true ratio is outside in at most one of twenty benchmarks, and the interval is as narrow as was asked.

    Faster runs take less time, so that more of them fit into a budget.
    """
    chance = np.random.default_rng([19, first, ["none", "number", "time"].index(limit)])
    wanted = Wanted(0.05, 0.95, most=8 if limit == "number" else 10_000)
    outside = too_wide = 0
    for _ in range(BENCHMARKS):
        arms = [two_stages(chance, spread, first, wanted, 60.0 if limit == "time" else None) for spread in spreads]
        interval = ratio_interval(arms[1], arms[0], 0.95, first=first)
        assert interval is not None
        outside += not interval[0] <= 1 <= interval[1]
        too_wide += half_width(interval) > wanted.precision * (1 + 1e-6)

    assert outside / BENCHMARKS <= 0.05 + three_errors(BENCHMARKS)
    assert limit != "none" or too_wide == 0


def two_stages(
    chance: np.random.Generator, spread: float, first: int, wanted: Wanted, seconds: float | None
) -> list[float]:
    """Return all runs of one arm whose true speed is 1."""
    runs = list(map(float, np.exp(chance.normal(0, spread, first))))
    took = 10.0 * sum(1 / run for run in runs) / first
    (found,) = repeats_of([level(*runs, seconds=took)], wanted, seconds)
    return runs + list(map(float, np.exp(chance.normal(0, spread, found.planned - first))))


def test_stopping_when_it_looks_narrow_is_no_rule() -> None:
    """Why it is decided once: repeats added until Welch's interval is narrow miss the truth in up to a tenth."""
    chance = np.random.default_rng(19)
    outside, simulated = 0, data_sets(1000, part=2)
    for _ in range(simulated):
        steady, restless = [1.0] * 3, list(map(float, np.exp(chance.normal(0, 0.08, 3))))
        while True:
            interval = ratio_interval(restless, steady, 0.95)
            assert interval is not None
            if half_width(interval) <= 0.05 or len(restless) >= 20:
                break
            restless.append(float(np.exp(chance.normal(0, 0.08))))
        outside += not interval[0] <= 1 <= interval[1]

    assert outside / simulated > 0.08
