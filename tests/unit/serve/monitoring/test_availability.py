"""How much of a time the endpoint could answer."""

from collections.abc import Iterable
from datetime import timedelta

import pytest

from serve.monitoring.availability import Availability, availability
from serve.monitoring.samples import Sample
from tests.operation import NOON, moment


def _started(at: float) -> Sample:
    return Sample(at=moment(at), event="started")


def _stopped(at: float) -> Sample:
    return Sample(at=moment(at), event="stopped")


def _samples(begin: int, end: int, *, ready: bool = True) -> list[Sample]:
    return [Sample(at=moment(at), ready=ready) for at in range(begin, end, 10)]


def _of(lines: Iterable[Sample], begin: float = 0, end: float = 3600) -> Availability:
    return availability(lines, NOON + timedelta(seconds=begin), NOON + timedelta(seconds=end))


def test_an_hour_in_which_it_was_ready() -> None:
    """All of it counts, and nothing is unknown."""
    found = _of([_started(-10), *_samples(0, 3600)])
    assert (found.ready_s, found.unknown_s, found.samples) == (3600, 0, 360)
    assert found.low == found.high == found.seen == 1


def test_a_supervisor_that_was_killed_for_an_hour_is_not_available() -> None:
    """Nobody saw that hour, but the endpoint should have run: it may have been down, and so it counts against it."""
    found = _of([*_samples(0, 600), _started(4200), *_samples(4200, 4800)], end=4800)
    assert found.unknown_s == pytest.approx(3595)
    assert found.seen == 1
    assert (found.low, found.high) == (pytest.approx(1205 / 4800), 1)


def test_a_stop_that_was_meant_counts_as_nothing() -> None:
    """Neither the pause nor the start after it is the endpoint's fault."""
    lines = [
        *_samples(0, 600),
        _stopped(600),
        _started(1800),
        *_samples(1800, 1860, ready=False),
        *_samples(1860, 3600),
    ]
    found = _of(lines)
    assert (found.ready_s, found.planned_s, found.down_s, found.unknown_s) == (2340, 1260, 0, 0)
    assert found.low == 1


def test_a_start_after_a_death_is_down() -> None:
    """Nobody asked for it."""
    found = _of([*_samples(0, 600), _started(600), *_samples(600, 700, ready=False), *_samples(700, 3600)])
    assert (found.down_s, found.unknown_s) == (100, 0)


def test_a_start_that_never_ends_is_down_after_half_an_hour() -> None:
    """An endpoint that dies again and again while it loads is not starting any more."""
    found = _of([_started(0), *_samples(0, 3600, ready=False)])
    assert (found.planned_s, found.down_s, found.ready_s) == (1800, 1800, 0)


def test_a_killed_supervisor_that_nobody_started_again() -> None:
    """The silence goes on to the end of the window."""
    found = _of(_samples(0, 600))
    assert (found.ready_s, found.unknown_s) == (605, 2995)


def test_the_window_begins_between_two_lines() -> None:
    """The line before it says how it was; the time before it is not counted."""
    assert _of([_stopped(-500), _started(1800), *_samples(1800, 3600)]).planned_s == 1800
    assert _of(_samples(-5, 3600)).ready_s == 3600


def test_nothing_was_recorded() -> None:
    """There is no share of nothing."""
    found = _of([])
    assert (found.low, found.high, found.seen, found.due_s) == (None, None, None, 0)
