"""Where an arm stops winning: known answers, answers that are refused, and how often the interval is right."""

import math

import numpy as np
import pytest

from eval.bench.crossover import Crossover, Level, crossover
from eval.statistics.repeats import each_of, geometric_mean, ratio_interval

LEVELS = (1, 4, 16, 64)


def levels(**intervals: tuple[float, float] | None) -> tuple[Level, ...]:
    """Return levels (`at_4=(1.1, 1.3)`) with the ratio in the middle of its interval."""
    return tuple(
        Level(int(name.removeprefix("at_")), math.sqrt(ends[0] * ends[1]) if ends else 1.0, ends)
        for name, ends in intervals.items()
    )


def simulated(truth: dict[int, float], repeats: int, source: np.random.Generator, spread: float = 0.03) -> Crossover:
    """Return what repeats find where the ratio at each level is known and runs scatter by `spread`."""

    def runs(mean: float) -> list[float]:
        return [mean * math.exp(source.normal(0, spread)) for _ in range(repeats)]

    def level(concurrency: int, ratio: float) -> Level:
        arm, reference = runs(100 * ratio), runs(100)
        interval = ratio_interval(arm, reference, each_of(0.95, len(truth)))
        return Level(concurrency, geometric_mean(arm) / geometric_mean(reference), interval)

    return crossover([level(concurrency, ratio) for concurrency, ratio in sorted(truth.items())])


def test_a_known_crossing_is_found() -> None:
    """A ratio that falls from 4 at 1 to 1/4 at 16 in a straight line of logarithms passes 1 at 4."""
    found = crossover(levels(at_1=(3.9, 4.1), at_16=(1 / 4.1, 1 / 3.9)))

    assert found.kind == "crossing"
    (one,) = found.crossings
    assert one.turn == "stops winning"
    assert one.concurrency == pytest.approx(4)
    assert one.low < 4 < one.high
    assert (one.after, one.before) == (1, 16)


def test_the_interval_is_where_the_band_holds_one() -> None:
    """By hand: the lower line from 2 at 1 to 1/2 at 16 passes at 4, the upper one from 4 to 1/2 at 16^(2/3)."""
    (one,) = crossover(levels(at_1=(2.0, 4.0), at_16=(0.5, 0.5))).crossings

    assert (one.low, one.high) == (pytest.approx(4), pytest.approx(16 ** (2 / 3)))


def test_undecided_levels_on_the_way_widen_the_interval() -> None:
    """The crossing is somewhere between the last level won and the first one lost."""
    (one,) = crossover(levels(at_1=(1.5, 1.7), at_4=(0.9, 1.2), at_16=(0.8, 1.1), at_64=(0.5, 0.6))).crossings

    assert 1 < one.low < 4
    assert 16 < one.high < 64
    assert (one.after, one.before) == (1, 64)


def test_a_level_without_an_interval_says_nothing() -> None:
    """The crossing may then be anywhere between its neighbours."""
    (one,) = crossover(levels(at_1=(1.5, 1.7), at_4=None, at_16=(0.5, 0.6))).crossings

    assert (one.low, one.high) == (pytest.approx(1), pytest.approx(16))


@pytest.mark.parametrize(
    ("ends", "kind"), [((1.1, 1.2), "above the highest"), ((0.8, 0.9), "below the lowest"), ((0.9, 1.1), "not decided")]
)
def test_nothing_is_said_beyond_the_levels(ends: tuple[float, float], kind: str) -> None:
    """An arm that wins or loses everywhere has no crossing, and none is made up outside the range."""
    found = crossover(levels(at_1=ends, at_4=ends, at_16=ends))

    assert (found.kind, found.crossings) == (kind, ())


def test_an_open_end_is_not_decided() -> None:
    """Won at 1 and 4 and open at 16: whether it stops winning there is not known."""
    found = crossover(levels(at_1=(1.5, 1.7), at_4=(1.2, 1.3), at_16=(0.9, 1.1)))

    assert (found.kind, found.wins_at, found.undecided_at) == ("not decided", (1, 4), (16,))


def test_an_arm_may_start_winning() -> None:
    """Slower at 1 and faster at 16, as on a GPU where the reference runs out of KV cache."""
    (one,) = crossover(levels(at_1=(0.7, 0.8), at_16=(1.25, 1.4))).crossings

    assert one.turn == "starts winning"
    assert one.low < one.concurrency < one.high
    assert one.concurrency == pytest.approx(4, rel=0.05)


def test_more_than_one_crossing_is_told_with_its_levels() -> None:
    """Won, lost and won again is no single concurrency."""
    found = crossover(levels(at_1=(1.4, 1.6), at_4=(0.7, 0.8), at_16=(1.2, 1.3)))

    assert found.kind == "more than one"
    assert [one.turn for one in found.crossings] == ["stops winning", "starts winning"]
    assert [(one.after, one.before) for one in found.crossings] == [(1, 4), (4, 16)]


@pytest.mark.parametrize("repeats", [1, 2])
def test_too_few_repeats_decide_nothing(repeats: int) -> None:
    """One run has no spread, and two that scatter by a tenth have an interval that holds everything."""
    found = simulated(dict.fromkeys(LEVELS, 1.3), repeats, np.random.default_rng(1), spread=0.1)

    assert found.kind == "not decided"
    assert found.undecided_at == LEVELS


@pytest.mark.parametrize(("repeats", "where"), [(3, 8.0), (5, 8.0), (5, 4.0), (5, 40.0)])
def test_the_interval_holds_the_truth(repeats: int, where: float) -> None:
    """In four hundred simulated benchmarks at most one of twenty says something wrong of where the ratio passes 1."""
    source = np.random.default_rng(11)
    truth = {level: (level / where) ** -0.15 for level in LEVELS}
    found = [simulated(truth, repeats, source) for _ in range(400)]

    def wrong(one: Crossover) -> bool:
        inside = one.kind == "crossing" and one.crossings[0].low <= where <= one.crossings[0].high
        return not inside and one.kind != "not decided"

    assert sum(map(wrong, found)) <= 20


@pytest.mark.parametrize(("repeats", "least"), [(3, 0.25), (5, 0.9)])
def test_a_clear_crossing_is_decided(repeats: int, least: float) -> None:
    """Five repeats find what three often leave open."""
    source, truth = np.random.default_rng(12), {1: 1.6, 4: 1.3, 16: 0.9, 64: 0.7}
    found = [simulated(truth, repeats, source) for _ in range(300)]

    assert sum(one.kind == "crossing" for one in found) / len(found) >= least


def test_equal_arms_seldom_cross() -> None:
    """Of arms that are alike, at most one benchmark of twenty says anything."""
    source = np.random.default_rng(13)
    found = [simulated(dict.fromkeys(LEVELS, 1.0), 4, source) for _ in range(400)]

    assert sum(one.kind != "not decided" for one in found) <= 20


@pytest.mark.parametrize(("ratio", "kind"), [(1.4, "above the highest"), (0.7, "below the lowest")])
def test_an_arm_that_always_wins_or_never(ratio: float, kind: str) -> None:
    """Five repeats at every level show it."""
    assert simulated(dict.fromkeys(LEVELS, ratio), 5, np.random.default_rng(14)).kind == kind
