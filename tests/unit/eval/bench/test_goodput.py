"""Goodput by hand, and what repeats show of a service level."""

from collections.abc import Sequence

import pytest

from eval.bench.goodput import Verdict, goodput_of, service_capacity, verdict
from eval.bench.load.details import Answer
from eval.bench.load.service import Goodput, ServiceLimits

LEVEL = ServiceLimits(ttft_ms=200, tpot_ms=50, e2e_ms=1_000)


def answer(start: float = 0.0, ttft: float = 0.1, gap: float = 0.02, tokens: int = 11) -> Answer:
    """Return an answer with equal gaps."""
    return Answer(start, ttft, (gap,) * (tokens - 1), tokens, tokens + 1)


def runs(*kept: int, sent: int = 100) -> tuple[Goodput, ...]:
    """Return repeats in which so many of the requests kept the service level."""
    return tuple(Goodput(kept=one, sent=sent, requests_per_s=1.0, output_tokens_per_s=10.0) for one in kept)


@pytest.mark.parametrize(
    "slow", [answer(ttft=0.21), answer(gap=0.051), answer(ttft=0.15, gap=0.045, tokens=21)], ids=["ttft", "tpot", "e2e"]
)
def test_a_request_beyond_any_limit_is_of_no_use(slow: Answer) -> None:
    """Two of three requests keep all limits, in 2 s, and one of four was not even answered."""
    found = goodput_of((answer(), answer(start=1.7), slow), 4, LEVEL)

    assert (found.kept, found.sent) == (2, 4)
    assert found.requests_per_s == pytest.approx(1)
    assert found.output_tokens_per_s == pytest.approx(11)


def test_no_answers_are_no_goodput() -> None:
    """Nothing is divided by nothing."""
    assert goodput_of((), 3, LEVEL) == Goodput(kept=0, sent=3, requests_per_s=0, output_tokens_per_s=0)


def test_a_single_token_has_no_time_per_token() -> None:
    """It keeps a limit of TPOT that nothing could exceed."""
    assert goodput_of((answer(tokens=1),), 1, ServiceLimits(tpot_ms=1)).kept == 1


@pytest.mark.parametrize(
    ("kept", "sent", "said"),
    [
        ((20, 20, 20), 20, "kept"),
        ((8, 8, 8), 8, "not decided"),  # 24 requests cannot show 95 %
        ((100, 100, 94), 100, "not decided"),  # one repeat says otherwise
        ((80, 82, 79), 100, "missed"),
        ((94, 95, 94), 100, "not decided"),
        ((0, 0, 0), 8, "missed"),
    ],
)
def test_what_repeats_show_of_a_service_level(kept: Sequence[int], sent: int, said: Verdict) -> None:
    """Shown is what the requests of all repeats show and no repeat contradicts."""
    assert verdict(runs(*kept, sent=sent), 0.95) == said


def test_the_highest_level_that_keeps_it() -> None:
    """Kept at 4, missed at 64; 16 is in between and not decided."""
    found = service_capacity(
        [(4, runs(100, 100, 100)), (16, runs(96, 95, 94)), (64, runs(50, 40, 60)), (256, runs(0, 0, 0))], 0.95
    )

    assert (found.kind, found.kept_at, found.missed_at) == ("up to", 4, 64)
    assert found.verdicts == {4: "kept", 16: "not decided", 64: "missed", 256: "missed"}


def test_a_level_above_a_missed_one_does_not_count() -> None:
    """What is missed at 4 is not kept up to 16."""
    found = service_capacity([(4, runs(50, 50, 50)), (16, runs(100, 100, 100))], 0.95)

    assert (found.kind, found.kept_at, found.missed_at) == ("at no level", None, 4)


def test_every_level_and_nothing_decided() -> None:
    """The highest measured keeps it: where it ends is not known. Few requests decide nothing."""
    assert service_capacity([(4, runs(100, 100)), (16, runs(100, 100))], 0.95).kind == "at every level"
    assert service_capacity([(1, runs(8, 8, 8, sent=8))], 0.95).kind == "not decided"
    assert service_capacity([], 0.95).kind == "not decided"
