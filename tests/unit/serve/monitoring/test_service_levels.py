"""Whether what was promised was kept, missed, or cannot be told."""

import pytest

from pipeline.recipe.serve import ServiceLevels
from serve.audit.lines import AuditLine
from serve.monitoring.availability import Availability
from serve.monitoring.requests import request_figures, tpot_ms
from serve.monitoring.service_levels import (
    Verdict,
    availability_verdict,
    error_verdict,
    overall,
    p95_verdict,
    verdicts,
)
from tests.operation import audit_line


def _lines(fast: int = 0, slow: int = 0, **changes: object) -> list[AuditLine]:
    return [audit_line(n, total_ms=300 if n < fast else 9000, **changes) for n in range(fast + slow)]


@pytest.mark.parametrize(
    ("fast", "slow", "expected"),
    [(58, 0, "undecided"), (59, 0, "kept"), (95, 5, "undecided"), (980, 20, "kept"), (900, 100, "missed")],
)
def test_p95_is_decided_by_the_share_of_slow_requests(fast: int, slow: int, expected: Verdict) -> None:
    """59 without a slow one are the fewest that show it; 5 of 100 may be 2 or 10 of 100 in truth."""
    assert p95_verdict(2.0, request_figures(_lines(fast, slow), 2.0)).verdict == expected


def test_a_p95_is_not_told_of_few_requests() -> None:
    """The verdict goes without the figure, and says how many could decide it."""
    found = p95_verdict(2.0, request_figures(_lines(50), 2.0))
    assert (found.value, found.needed) == (None, 59)
    assert p95_verdict(2.0, request_figures(_lines(60), 2.0)).value == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("answered", "failed", "expected", "needed"),
    [(50, 0, "undecided", 2995), (2995, 0, "kept", None), (990, 10, "missed", None), (1000, 1, "undecided", 4742)],
)
def test_no_error_in_fifty_requests_does_not_show_one_in_a_thousand(
    answered: int, failed: int, expected: Verdict, needed: int | None
) -> None:
    """The interval of the share of errors decides, and the number that could is named."""
    lines = [*_lines(answered), *_lines(failed, status=503)]
    found = error_verdict(0.001, request_figures(lines, 2.0))
    assert found.verdict == expected
    assert found.needed == (None if needed is None else pytest.approx(needed, rel=0.01))


def test_errors_are_the_endpoints_own() -> None:
    """Limits, mistakes of clients and lists of models are told apart; an answer that was cut is an error."""
    lines = [
        *_lines(10),
        *_lines(5, status=429),
        *_lines(4, status=400),
        *_lines(3, status=200, cut=True, ended="SD"),
        *_lines(2, method="GET"),
        *_lines(1, status=401, key_id="-", key="-"),
    ]
    found = request_figures(lines, 2.0)
    assert (found.answered, found.failed, found.limited, found.refused, found.unknown_key) == (10, 3, 5, 4, 1)
    assert error_verdict(0.001, found).share == pytest.approx(3 / 13)


def test_a_client_that_gave_up_waiting_was_served_too_slowly() -> None:
    """What it waited for is longer than the level; one that left at once says nothing."""
    given_up = [audit_line(1, total_ms=5000, ended="CD", cut=True), audit_line(2, total_ms=100, ended="CD", cut=True)]
    found = request_figures([*_lines(10), *given_up], 2.0)
    assert (found.slow, found.timed, found.abandoned) == (1, 11, 2)


def test_time_per_token_is_of_streams_alone() -> None:
    """The first token and the wait at the door, which is in its time, are not part of it."""
    assert tpot_ms(audit_line(total_ms=340, queued_ms=100, first_token_ms=140.0, completion_tokens=5)) == 50
    assert tpot_ms(audit_line(first_token_ms=None)) is None
    assert tpot_ms(audit_line(completion_tokens=1)) is None


def test_tokens_that_come_after_their_request_count_and_a_line_that_the_door_lost_is_an_error() -> None:
    """The first is an event of the audit, the second a request without a method: HAProxy was killed."""
    late = audit_line(1, kind="event", method="-", event="The usage of a request came after its line.", status=0)
    lost = audit_line(2, method="-", path="-", status=-1, cut=True, total_ms=0, place="-")
    found = request_figures([audit_line(0), late, lost], 2.0)
    assert (found.answered, found.failed, found.completion_tokens) == (1, 1, 15)


@pytest.mark.parametrize(
    ("available", "expected"),
    [
        (Availability(ready_s=3600, samples=360), "kept"),
        (Availability(ready_s=3600, samples=100), "undecided"),
        (Availability(ready_s=3500, down_s=100, samples=360), "missed"),
        (Availability(ready_s=3500, unknown_s=100, samples=350), "undecided"),
        (Availability(ready_s=3500, down_s=90, unknown_s=10, samples=350), "missed"),
        (Availability(planned_s=3600), "undecided"),
    ],
)
def test_availability_counts_what_nobody_saw_both_ways(available: Availability, expected: Verdict) -> None:
    """It is kept if it would be with all of that down, and missed if it would be with all of it ready."""
    assert availability_verdict(0.995, available).verdict == expected


def test_a_level_that_nothing_can_show_stays_undecided() -> None:
    """No error at all cannot be shown by any number of requests; a hundred percent of the time can be seen."""
    assert error_verdict(0.0, request_figures(_lines(100), 2.0)).verdict == "undecided"
    assert error_verdict(0.0, request_figures(_lines(100), 2.0)).needed is None
    assert availability_verdict(1.0, Availability(ready_s=10, samples=1)).verdict == "kept"


def test_one_level_missed_is_a_miss() -> None:
    """Undecided comes before kept."""
    levels = ServiceLevels()
    ready = Availability(ready_s=3600, samples=360)
    assert overall(verdicts(levels, request_figures(_lines(3000), 2.0), ready)) == "kept"
    assert overall(verdicts(levels, request_figures(_lines(100), 2.0), ready)) == "undecided"
    assert overall(verdicts(levels, request_figures(_lines(0, 3000), 2.0), ready)) == "missed"
