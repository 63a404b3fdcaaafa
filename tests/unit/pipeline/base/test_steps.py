"""How far a step is, by a clock that the test sets."""

import pytest

from pipeline.base.format import clock
from pipeline.base.steps import Step


def advanced(*reports: tuple[float, float], total: float = 100) -> Step:
    """Return a step that began at 0 and reported what was done at some times."""
    step = Step("work", total, 0)
    for now, done in reports:
        step.update(now, done=done, total=None, text=None)
    return step


def test_long_steps_get_an_estimate() -> None:
    """Four minutes for each of eight layers: two of them done, six to go."""
    step = advanced((0, 0), (240, 1), (480, 2), total=8)
    assert step.remaining_s(480) == 6 * 240
    assert step.remaining_s(540) == 6 * 240 - 60


def test_no_estimate_where_nothing_tells() -> None:
    """Before a second report, without a total, when all is done, and when the next advance is overdue."""
    assert advanced().remaining_s(40) is None
    assert advanced((0, 0)).remaining_s(40) is None
    assert Step("work", None, 0).remaining_s(40) is None
    assert advanced((0, 0), (10, 100)).remaining_s(40) is None
    assert advanced((0, 0), (10, 50)).remaining_s(20) is None


def test_what_an_earlier_attempt_left_is_no_pace() -> None:
    """Ninety items that were stored count as done, not as done within a second."""
    assert advanced((1, 90), (11, 91)).remaining_s(11) == 90


def test_a_pace_that_changed_is_noticed() -> None:
    """Of many quick reports only those a second apart are kept, and of those the last thirty."""
    quick = [(second / 10, second / 10) for second in range(1000)]
    slow = [(100 + 10 * number, 100 + number) for number in range(40)]
    assert advanced(*quick, *slow, total=200).remaining_s(490) == pytest.approx(10 * (200 - 139))


def test_another_text_is_another_step() -> None:
    """Its time and its advance begin anew, so that no full bar stands beside work that has just begun."""
    step = advanced((0, 0), (10, 100))
    assert step.update(20, done=None, total=None, text="saving")
    assert not step.update(25, done=None, total=None, text="saving")
    assert (step.text, step.advance(), step.times(65)) == ("saving", "", "0:45 elapsed")


def test_words() -> None:
    """Small totals are counted, large ones are a share; elapsed and remaining time are told apart."""
    step = advanced((0, 0), (65, 4), total=8)
    assert (step.advance(), step.advance(short=True)) == ("4 of 8", "50 %")
    assert advanced((0, 0), (9, 5e9), total=2e10).advance() == "25 %"
    assert step.times(65) == "1:05 elapsed, about 1:05 left"
    assert step.times(65, short=True) == "1:05, 1:05 left"


@pytest.mark.parametrize(("seconds", "text"), [(0.9, "0:00"), (65, "1:05"), (3599.9, "59:59"), (36_061, "10:01:01")])
def test_clock(seconds: float, text: str) -> None:
    """Hours only where there are any."""
    assert clock(seconds) == text
