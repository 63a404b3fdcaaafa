"""What went wrong, as samples show it."""

from datetime import timedelta

from serve.monitoring.incidents import incidents_of
from serve.monitoring.samples import Sample
from tests.operation import NOON, moment


def _sample(at: float, **changes: object) -> Sample:
    return Sample(**{"at": moment(at), "ready": True, **changes})


def _told(samples: list[Sample], since: float = 0) -> list[tuple[str, float]]:
    return [(one.kind, one.amount) for one in incidents_of(samples, NOON + timedelta(seconds=since))]


def test_counters_that_rise() -> None:
    """By how much; what was counted before is not told again, and a new supervisor begins at 0."""
    lines = [
        _sample(-10, restarts=4),
        _sample(0, restarts=5, audit_lost=3),
        _sample(10, restarts=5, audit_lost=3),
        Sample(at=moment(20), event="stopped"),
        Sample(at=moment(30), event="started"),
        _sample(40, hung=1),
    ]
    assert _told(lines) == [("restart", 1), ("audit_loss", 3), ("hung", 1)]


def test_time_that_nobody_saw() -> None:
    """A pause after a stop that was asked for is none."""
    lines = [_sample(0), Sample(at=moment(600), event="started"), Sample(at=moment(610), event="stopped")]
    assert _told([*lines, Sample(at=moment(9000), event="started")]) == [("unseen", 600)]


def test_time_without_a_ready_replica() -> None:
    """From its first sample to the next ready one; a start is none."""
    lines = [Sample(at=moment(0), event="started"), _sample(0, ready=False), _sample(10), _sample(20, ready=False)]
    assert _told([*lines, _sample(30, ready=False), _sample(50)]) == [("down", 30)]
