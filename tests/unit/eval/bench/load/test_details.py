"""Figures from the details of requests, worked out by hand."""

from typing import Any

import pytest

from eval.bench.load.details import (
    Answer,
    answers_of,
    begun_in,
    distribution,
    errors_of,
    latencies,
    peak_concurrency,
    steady_state,
    times_of,
    too_early,
)


def raw(**changes: Any) -> dict[str, Any]:
    """Return a client's file with two answers of three tokens, the second with a closing piece, and a failure."""
    return {
        "start_times": [10.0, 11.0, 12.0],
        "ttfts": [0.5, 0.5, 0.0],
        "itls": [[0.1, 0.1], [0.1, 0.3, 0.0], []],
        "output_lens": [3, 3, 0],
        "errors": ["", "", "HTTP 500:\n  oh"],
    } | changes


def answer(start: float, tokens: int = 10, ttft: float = 0.1, gap: float = 0.1) -> Answer:
    """Return an answer at an even pace."""
    return Answer(start, ttft, (gap,) * (tokens - 1), tokens, tokens)


def test_closing_pieces_are_left_out() -> None:
    """The last piece without a token is no interval, and does not lengthen the answer."""
    first, second = answers_of(raw())
    assert (first.start, second.start) == (0.0, 1.0)
    assert second.gaps == (0.1, 0.3)
    assert second.tpot == pytest.approx(0.2)
    assert second.end == pytest.approx(1.9)
    assert second.pieces == 4


@pytest.mark.parametrize(
    ("itls", "ttft", "gaps"),
    [
        ([0.5, 0.1, 0.1], 0.6, (0.1, 0.1)),  # the role at once, tokens after the prompt was read
        ([0.001, 0.1, 0.1], 0.101, (0.1, 0.1)),  # the role with the first token
        ([0.1, 0.1, 0.001], 0.1, (0.1, 0.1)),  # a closing piece
        ([0.5, 0.1, 0.1, 0.001], 0.6, (0.1, 0.1)),  # both
        ([0.1, 0.1], 0.1, (0.1, 0.1)),  # neither
    ],
)
def test_role_of_a_chat_is_no_token(itls: list[float], ttft: float, gaps: tuple[float, ...]) -> None:
    """Three tokens in all; where they begin and end is told from the intervals."""
    only = {"start_times": [0.0], "ttfts": [0.1], "itls": [itls], "output_lens": [3], "errors": [""]}
    (chat,) = answers_of(raw(**only), chat=True)
    assert (chat.ttft, chat.gaps) == (pytest.approx(ttft), gaps)


def test_turn_waits_for_the_answer_before_it() -> None:
    """The second is sent 0.7 s after the first, whose last token came sooner; the third while the second goes on."""
    details = raw(start_times=[10.0, 10.71, 11.6])
    assert too_early(details, (None, 0, None)) == 0
    assert too_early(details, (None, 0, 1)) == 1
    assert too_early(details, ()) == 0


def test_errors_are_counted_on_one_line() -> None:
    """What failed, and how often."""
    assert errors_of(raw()) == {"HTTP 500: oh": 1}


def test_one_token_has_no_tpot() -> None:
    """There is no time per token after the first when there is no token after it."""
    (single,) = answers_of(raw(start_times=[0.0], ttfts=[1.0], itls=[[]], output_lens=[1], errors=[""]))
    assert single.tpot is None


@pytest.mark.parametrize(
    ("requests", "p95", "p99"), [(59, False, False), (60, True, False), (299, True, False), (300, True, True)]
)
def test_percentiles_need_requests(requests: int, p95: bool, p99: bool) -> None:  # noqa: FBT001 -- a table
    """The 95th percentile from 60 requests, the 99th from 300."""
    found = distribution([0.001 * number for number in range(requests)], requests)
    assert (found.p95 is not None, found.p99 is not None) == (p95, p99)
    assert found.mean == pytest.approx((requests - 1) / 2)


def test_nothing_has_no_distribution() -> None:
    """No times, no figures."""
    assert distribution([], 0).mean is None


def test_request_that_ends_when_another_begins_is_not_under_way_with_it() -> None:
    """One after the other is one at a time."""
    assert peak_concurrency([answer(0.0), answer(1.0), answer(1.5)]) == 2


def test_steady_state_has_neither_ramp_nor_drain() -> None:
    """Two loops of ten tokens a second and a straggler: 20 tokens a second while both are there."""
    answers = [answer(0.0), answer(0.0), answer(1.0), answer(1.0), answer(2.0)]
    found = steady_state(answers, 2)
    assert found is not None
    assert (found.start_s, found.duration_s) == (0.0, pytest.approx(2.0))
    assert found.output_tokens_per_s == pytest.approx(20.0)


def test_ramp_says_nothing_of_latencies() -> None:
    """What was sent before all were under way met an emptier server."""
    answers = [answer(0.0), answer(0.5), answer(1.0), answer(1.5), answer(2.0), answer(2.5)]
    steady = steady_state(answers, 2)
    assert steady is not None
    assert [one.start for one in begun_in(answers, steady)] == [0.5, 1.0, 1.5, 2.0, 2.5]


def test_last_wave_counts_though_it_ends_a_moment_later() -> None:
    """Tokens are spread over the time they took, so the end of the first of a wave does not cut off the rest."""
    answers = [Answer(0.0, 0.1, (0.1,) * 9, 10, 10), Answer(0.001, 0.1, (0.1,) * 9, 10, 10)]
    found = steady_state(answers, 2)
    assert found is not None
    assert found.output_tokens_per_s == pytest.approx(20.0, rel=0.002)


def test_pieces_of_several_tokens_carry_them_all() -> None:
    """A server that sends two tokens at a time is as fast as its usage says."""
    found = steady_state([Answer(0.0, 0.5, (0.5,), 4, 2)], 1)
    assert found is not None
    assert found.output_tokens_per_s == pytest.approx(4.0)


def test_concurrency_that_was_never_there_is_no_steady_state() -> None:
    """One at a time is not eight."""
    assert steady_state([answer(0.0), answer(1.0)], 8) is None


def test_short_peak_does_not_speak_for_the_run() -> None:
    """Two at once for a tenth of the run is no steady state of two."""
    assert steady_state([answer(0.0), answer(0.9), answer(1.9)], 2) is None


def test_percentiles_are_carried_by_the_requests_that_have_such_a_time() -> None:
    """Sixty requests of which five have further tokens: a p95 of the first token, and none of those between tokens."""
    answers = [*(Answer(0.0, 0.1, (), 1, 1) for _ in range(55)), *(answer(0.0) for _ in range(5))]
    found = latencies([times_of(answers[:30]), times_of(answers[30:])])

    assert found["ttft_ms"].p95 is not None
    assert (found["tpot_ms"].p95, found["itl_ms"].p95) == (None, None)
    assert found["tpot_ms"].p50 == pytest.approx(100)
