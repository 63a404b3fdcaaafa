"""Ranks are ranges, verdicts hold together, and prices and power are constants."""

import math

import numpy as np
import pytest

from eval.bench.rank.entry import Level, Service, Stated
from eval.bench.rank.figures import By
from eval.bench.rank.frontier import frontier
from eval.bench.rank.ranking import OneRanking, Ranking, rank
from eval.statistics.repeats import ratio_interval
from tests.unit.eval.bench.rank.entries import entry

FAST, NEAR, SLOW = (100.0, 101.0, 102.0), (99.5, 101.0, 101.5), (50.0, 50.5, 51.0)


def by(found: Ranking, figure: By) -> OneRanking:
    """Return one ranking of all."""
    return next(one for one in found.rankings if one.by == figure)


def ranks(one: OneRanking) -> list[tuple[str, int, int]]:
    """Return each run with its range of ranks."""
    return [(place.run, place.rank_from, place.rank_to) for place in one.places]


def test_what_is_not_decided_shares_ranks() -> None:
    """Two runs within noise of each other may both be first; the third is surely third."""
    found = rank([entry("slow", {8: SLOW}), entry("near", {8: NEAR}), entry("fast", {8: FAST})])
    one = by(found, "output_tokens_per_s")
    assert ranks(one) == [("fast", 1, 2), ("near", 1, 2), ("slow", 3, 3)]
    assert [(pair.first, pair.second, pair.verdict) for pair in one.pairs] == [
        ("fast", "near", "not decided"),
        ("fast", "slow", "better"),
        ("near", "slow", "better"),
    ]


def test_intervals_hold_together_over_pairs_and_questions() -> None:
    """Three pairs, each asked of throughput and of TPOT: every interval has a sixth of the 5 %."""
    found = rank([entry("a", {8: FAST}), entry("b", {8: NEAR}), entry("c", {8: SLOW})])
    pair = by(found, "output_tokens_per_s").pairs[-1]
    assert pair.interval == pytest.approx(ratio_interval(NEAR, SLOW, 1 - 0.05 / 6))


def test_equal_machines_are_seldom_told_apart() -> None:
    """Of 400 rankings of three equal machines at most 5 %, and the simulation's own error, have any verdict."""
    draw = np.random.default_rng(11)

    def runs() -> tuple[float, ...]:
        return tuple(100 * math.exp(draw.normal(0, 0.03)) for _ in range(3))

    wrong = sum(
        any(pair.verdict == "better" for one in found.rankings for pair in one.pairs)
        for found in (rank([entry(name, {8: runs()}) for name in "abc"]) for _ in range(400))
    )
    assert wrong / 400 < 0.05 + 2 * math.sqrt(0.05 * 0.95 / 400)


def test_one_run_decides_nothing() -> None:
    """However far apart: without repeats every rank is possible."""
    one = by(rank([entry("a", {8: (100.0,)}), entry("b", {8: (10.0,)})]), "output_tokens_per_s")
    assert ranks(one) == [("a", 1, 2), ("b", 1, 2)]
    assert [(pair.verdict, pair.interval) for pair in one.pairs] == [("not repeated", None)]


def test_repeats_that_were_added_do_not_narrow() -> None:
    """Where the first repeats decided how many were made, they alone say how far repeats differ."""
    added = (100.0, 108.0, 104.0, 103.9, 104.0, 104.1)
    pair = entry("a", {8: added}, deciding_repeats=3), entry("b", {8: SLOW})
    interval = by(rank(pair), "output_tokens_per_s").pairs[0].interval
    assert interval == pytest.approx(ratio_interval(added, SLOW, 1 - 0.05 / 2, first=3))
    assert interval != ratio_interval(added, SLOW, 1 - 0.05 / 2)


def test_prices_can_turn_the_order() -> None:
    """Twice the tokens at four times the price are half the tokens per dollar, with the interval moved alike."""
    dear = Stated(value=4.0, origin="quoted", source="a list")
    cheap = Stated(value=1.0, origin="assumed", source="a guess")
    found = rank([entry("fast", {8: FAST}, usd_per_hour=dear), entry("slow", {8: SLOW}, usd_per_hour=cheap)])
    one, speed = by(found, "output_tokens_per_usd"), by(found, "output_tokens_per_s").pairs[0]
    assert ranks(one) == [("slow", 1, 1), ("fast", 2, 2)]
    first = one.places[0]
    assert first.value == pytest.approx(math.prod(SLOW) ** (1 / 3) * 3600)
    assert (first.origin, first.source, first.stated_value) == ("modelled", "a guess", 1.0)
    assert speed.interval is not None
    assert one.pairs[0].interval == pytest.approx((4 / speed.interval[1], 4 / speed.interval[0]))


def test_a_run_without_a_price_is_named_and_left_out() -> None:
    """It is told how to give one; the others are ranked."""
    price = Stated(value=1.0, origin="quoted", source="x")
    found = rank([entry("a", {8: FAST}, usd_per_hour=price), entry("b", {8: SLOW})])
    one = by(found, "output_tokens_per_usd")
    assert ranks(one) == [("a", 1, 1)]
    assert "--price b=USD" in one.not_ranked["b"]


def test_per_gpu_divides_by_the_gpus_used() -> None:
    """Four GPUs with twice the tokens are half of one's each; on processors there is nothing to divide by."""
    found = rank([entry("four", {8: FAST}, gpus=4), entry("one", {8: SLOW}, gpus=1), entry("cpu", {8: SLOW}, gpus=0)])
    one = by(found, "output_tokens_per_s_per_gpu")
    assert [place.run for place in one.places] == ["one", "four"]
    assert one.places[1].value == pytest.approx(math.prod(FAST) ** (1 / 3) / 4)
    assert "without a GPU" in one.not_ranked["cpu"]


def test_measured_power_is_not_mixed_with_rated() -> None:
    """Rated power is taken for all as soon as one run has no measurement."""
    watts = Stated(value=10.0, origin="quoted", source="catalogue")
    level = Level(concurrency=8, output_tokens_per_s_runs=FAST, tokens_per_joule_runs=(1.0, 1.1, 1.2))
    measured = entry("a", {}, levels={8: level}, rated_watts=watts)
    both = by(rank([measured, entry("b", {}, levels={8: level})]), "output_tokens_per_joule")
    assert (both.measured, {place.origin for place in both.places}) == ("energy", {"measured"})
    mixed = by(rank([measured, entry("b", {8: SLOW}, rated_watts=watts)]), "output_tokens_per_joule")
    assert (mixed.measured, mixed.places[0].value) == ("throughput", pytest.approx(math.prod(FAST) ** (1 / 3) / 10))
    assert mixed.places[0].origin == "modelled"


def test_the_level_of_the_highest_throughput_is_ranked() -> None:
    """Each run's own, and then no user's speed is compared: users of other levels get other speeds."""
    found = rank([entry("a", {1: SLOW, 8: FAST}), entry("b", {1: FAST, 8: SLOW})])
    one = by(found, "output_tokens_per_s")
    assert {place.run: place.concurrency for place in one.places} == {"a": 8, "b": 1}
    assert not by(found, "output_tokens_per_s_per_user").places


def test_overload_is_not_ranked_where_there_is_anything_else() -> None:
    """A level beyond the engine's capacity is taken only where it is asked for, and is called that."""
    levels = {
        8: Level(concurrency=8, output_tokens_per_s_runs=SLOW),
        64: Level(concurrency=64, output_tokens_per_s_runs=FAST, overloaded=True),
    }
    pair = [entry(name, {}, levels=levels) for name in "ab"]
    assert {place.concurrency for place in by(rank(pair), "output_tokens_per_s").places} == {8}
    asked = by(rank(pair, concurrency=64), "output_tokens_per_s").places
    assert [(place.concurrency, place.overloaded) for place in asked] == [(64, True), (64, True)]


def test_a_service_level_chooses_among_those_that_keep_it() -> None:
    """A level that is too slow, or whose percentile too few requests carry, is none."""
    runs = {1: SLOW, 8: FAST, 16: (150.0, 151.0, 152.0)}
    found = rank([entry("a", runs), entry("b", runs)], service=Service(ttft_p95_ms=80))
    assert {place.concurrency for place in by(found, "output_tokens_per_s").places} == {8}
    none = rank([entry("a", {1: SLOW}), entry("b", {1: SLOW})], service=Service(tpot_p95_ms=80))
    one = by(none, "output_tokens_per_s")
    assert not one.places
    assert "too few requests for tpot_p95_ms" in one.not_ranked["a"]


def useful(concurrency: int, runs: tuple[float, ...], goodput: tuple[float, ...], tpot_ms: float = 10.0) -> Level:
    """Return a level with goodput."""
    return Level(
        concurrency=concurrency,
        output_tokens_per_s_runs=runs,
        goodput_tokens_per_s_runs=goodput,
        tpot_p50_ms_runs=(tpot_ms,) * len(runs),
    )


def test_goodput_has_a_level_of_its_own() -> None:
    """More tokens in all are no better where most of them come too late."""
    eager = {8: useful(8, SLOW, SLOW), 64: useful(64, FAST, (1.0, 1.0, 1.0))}
    steady = {8: useful(8, (20.0, 20.1, 20.2), (20.0, 20.1, 20.2)), 64: useful(64, NEAR, (90.0, 91.0, 92.0))}
    pair = [
        entry(name, {}, levels=levels, service_level="ttft_ms 500")
        for name, levels in (("eager", eager), ("steady", steady))
    ]
    found = rank(pair)
    assert [place.concurrency for place in by(found, "output_tokens_per_s").places] == [64, 64]
    one = by(found, "goodput_tokens_per_s")
    assert [(place.run, place.concurrency) for place in one.places] == [("steady", 64), ("eager", 8)]
    assert one.measured == "goodput"
    assert found.by({"goodput_tokens_per_s"}).rankings == (one,)


def test_goodput_of_another_service_level_is_not_ranked() -> None:
    """Nor that of a run without one, nor overload, nor a level at which a run had none."""
    level = useful(8, FAST, FAST)
    other = [
        entry("a", {}, levels={8: level}, service_level="ttft_ms 500"),
        entry("b", {}, levels={8: level}, service_level="ttft_ms 900"),
    ]
    assert "ttft_ms 900" in by(rank(other), "goodput_tokens_per_s").not_ranked["b"]
    beyond = level.model_copy(update={"overloaded": True})
    rest = [
        entry("a", {}, levels={8: level}, service_level="ttft_ms 500"),
        entry("none", {}, levels={8: level}),
        entry("beyond", {}, levels={8: beyond}, service_level="ttft_ms 500"),
        entry("late", {}, levels={8: useful(8, FAST, (0.0, 9.0, 9.0))}, service_level="ttft_ms 500"),
    ]
    one = by(rank(rest), "goodput_tokens_per_s")
    assert ranks(one) == [("a", 1, 1)]
    assert "no service level was agreed" in one.not_ranked["none"]
    assert set(one.not_ranked) == {"none", "beyond", "late"}


def test_frontier_is_of_all_runs() -> None:
    """A machine that is slower for the user and for the GPU is beaten; overload and unknown GPUs are left out."""
    quick = {1: useful(1, SLOW, (), 5.0), 8: useful(8, FAST, (), 20.0)}
    slow = {
        1: useful(1, (20.0, 20.0, 20.0), (), 10.0),
        64: useful(64, FAST, ()).model_copy(update={"overloaded": True}),
    }
    runs = [entry("quick", {}, levels=quick, gpus=1), entry("slow", {}, levels=slow, gpus=2)]
    found = frontier(runs)
    assert [(one.run, one.concurrency, one.unbeaten) for one in found] == [
        ("quick", 1, True),
        ("quick", 8, True),
        ("slow", 1, False),
    ]
    assert (found[0].tokens_per_s_per_user, found[2].tokens_per_s_per_gpu) == (
        pytest.approx(200),
        pytest.approx(10),
    )
    assert [one.concurrency for one in frontier(runs, 8)] == [8]
    assert frontier([entry("unknown", {}, levels=quick, gpus=None)]) == ()


def test_runs_without_a_point_on_the_frontier_have_a_reason() -> None:
    """None is left out unseen: an endpoint's GPUs are not known, a run was in overload alone, or had one token each."""
    beyond = useful(8, FAST, ()).model_copy(update={"overloaded": True})
    short = useful(8, FAST, ()).model_copy(update={"tpot_p50_ms_runs": ()})
    found = rank(
        [
            entry("fine", {}, levels={8: useful(8, FAST, ())}, gpus=1),
            entry("server", {}, levels={8: useful(8, FAST, ())}, gpus=None),
            entry("beyond", {}, levels={8: beyond}, gpus=1),
            entry("short", {}, levels={8: short}, gpus=1),
        ]
    )
    assert {one.run for one in found.frontier} == {"fine"}
    assert found.not_on_frontier == {
        "server": "its GPUs are not known",
        "beyond": "it was measured in overload alone",
        "short": "TPOT is not known",
    }
