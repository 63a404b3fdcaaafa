"""The operation beside the release's benchmark."""

import pytest

from serve.monitoring.drift import BenchmarkLevel, Observation, Verdict, drift

LEVEL = BenchmarkLevel(concurrency=8, tpot_ms=20.0, input_tokens=100)


def _seen(tpot_ms: float, amount: int = 100, *, running: float = 8, prompt: int = 100) -> list[Observation]:
    return [Observation(running=running, prompt_tokens=prompt, tpot_ms=tpot_ms + at % 5 / 10) for at in range(amount)]


@pytest.mark.parametrize(
    ("tpot_ms", "expected"), [(20.0, "alike"), (26.0, "slower"), (15.0, "faster"), (21.8, "undecided")]
)
def test_verdicts(tpot_ms: float, expected: Verdict) -> None:
    """Ten per cent either way is alike; an interval across the limit decides nothing."""
    assert drift((LEVEL,), _seen(tpot_ms))[0].verdict == expected


@pytest.mark.parametrize("unlike", [_seen(40, running=16), _seen(40, prompt=500), _seen(40, amount=59)])
def test_unlike_requests_are_not_compared(unlike: list[Observation]) -> None:
    """More at once, longer prompts and too few requests say nothing of drift."""
    found = drift((LEVEL,), unlike)[0]
    assert (found.verdict, found.tpot_ms) == ("not comparable", None)


def test_the_interval_of_the_median_is_exact() -> None:
    """Of 100 values it is from the 40th to the 61st, as tables have it."""
    seen = [Observation(running=8, prompt_tokens=100, tpot_ms=float(at)) for at in range(1, 101)]
    found = drift((LEVEL,), seen)[0]
    assert (found.low_ms, found.high_ms) == (40, 61)
