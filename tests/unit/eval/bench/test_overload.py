"""More requests than the engine serves at once: which, how evenly they are served, and how long the queue lasts."""

import pytest

from eval.bench.assessment import Reason
from eval.bench.load.details import Answer
from eval.bench.overload import EngineLimits, fairness, overload_of, sharing_of

LIMITS = EngineLimits(max_num_seqs=64, kv_cache_tokens=19_200, tokens_per_request=384)


@pytest.mark.parametrize(
    ("concurrency", "waiting", "used", "reasons"),
    [
        (50, 0.0, 0.99, None),
        (51, None, None, ("KV cache",)),
        (65, 0.1, 0.5, ("sequences", "KV cache")),
        (40, 0.6, 0.95, ("KV cache",)),
        (40, 0.6, 0.5, None),  # prompts that wait for a batch of prompts
    ],
)
def test_beyond_capacity(
    concurrency: int, waiting: float | None, used: float | None, reasons: tuple[Reason, ...] | None
) -> None:
    """64 sequences at once, a cache for 50 requests of 384 tokens, and a queue beside a cache that is full."""
    found = overload_of(concurrency, LIMITS, waiting, used)

    assert (None if found is None else found.reasons) == reasons


def test_an_engine_of_unknown_limits_is_judged_by_its_queue() -> None:
    """An endpoint says neither how many sequences it takes nor how large its cache is."""
    unknown = EngineLimits(None, None, 384)

    assert overload_of(10_000, unknown, 0.1) is None
    assert overload_of(10, unknown, 0.9) is not None


def test_jains_index() -> None:
    """1 for equal times, 1/n where one has all, and by hand in between."""
    assert fairness([2.0, 2.0, 2.0]) == pytest.approx(1)
    assert fairness([1e9, 1e-9, 1e-9, 1e-9]) == pytest.approx(0.25)
    assert fairness([1.0, 3.0]) == pytest.approx(16 / 20)


def test_long_answers_are_not_unfair() -> None:
    """Twice the tokens in twice the time is the same time per token; the last first token ends the queue."""
    short = Answer(0.0, 0.1, (0.1,) * 9, 10, 11)
    long = Answer(0.5, 0.1, (0.1,) * 19, 20, 21)
    found = sharing_of((short, long))

    assert found.fairness == pytest.approx(1)
    assert found.slowest_over_median == pytest.approx(1)
    assert found.recovery_s == pytest.approx(0.1)


def test_a_queue_outlives_the_load() -> None:
    """The second of two requests that come at once waits 5 s for its first token."""
    first, second = Answer(0.0, 0.1, (0.1,) * 9, 10, 11), Answer(0.0, 5.0, (0.1,) * 9, 10, 11)
    found = sharing_of((first, second))

    assert found.recovery_s == pytest.approx(5)
    assert found.fairness is not None
    assert found.fairness < 0.8


def test_nothing_answered_says_nothing() -> None:
    """There is no fairness among none."""
    assert sharing_of(()).model_dump() == {"fairness": None, "slowest_over_median": None, "recovery_s": None}
