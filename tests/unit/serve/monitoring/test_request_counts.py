"""Requests, tokens and times as the audit's lines come."""

from pathlib import Path

import pytest

from pipeline.engines.prometheus import Metrics, parse_metrics
from serve.audit.lines import AuditLine
from serve.monitoring.outcomes import Outcome, outcome_of
from serve.monitoring.page import exposition
from serve.monitoring.request_counts import RequestCounts
from tests.operation import audit_line, endpoint_status, write_audit


def _read(counts: RequestCounts) -> Metrics:
    return parse_metrics(exposition(counts.metrics()).decode())


def _counts(folder: Path, p95_s: float = 2.0) -> RequestCounts:
    return RequestCounts(folder, endpoint_status, p95_s)


def _outcomes(counts: RequestCounts) -> dict[str, float]:
    found = _read(counts).by_label("awqctl_requests_total", "outcome")
    return {outcome: amount for outcome, amount in found.items() if amount}


def test_every_outcome_begins_at_zero(tmp_path: Path) -> None:
    """Prometheus sees no rise in a counter that begins at one."""
    found = _read(_counts(tmp_path))
    assert found.value("awqctl_requests_total", model="tiny", outcome="failed") == 0
    assert found.value("awqctl_request_duration_seconds_count", model="tiny") == 0


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (audit_line(), "answered"),
        (audit_line(status=503, place="-"), "failed"),
        (audit_line(cut=True, ended="SD"), "failed"),
        (audit_line(status=-1), "failed"),
        (audit_line(cut=True, ended="CD"), "abandoned"),
        (audit_line(status=429), "limited"),
        (audit_line(status=400), "refused"),
        (audit_line(status=401, key="-", key_id="-"), "unknown_key"),
    ],
)
def test_what_becomes_of_a_request(line: AuditLine, expected: Outcome) -> None:
    """A client that leaves is not the endpoint's error, a cut answer with status 200 is."""
    assert outcome_of(line) == expected


def test_only_what_comes_from_now_on_is_counted(tmp_path: Path) -> None:
    """Lines of an earlier run are in the file; a line that is still being written waits."""
    path = write_audit(tmp_path, [audit_line(0)])
    counts = _counts(tmp_path)
    write_audit(tmp_path, [audit_line(1), audit_line(2, status=503)])
    with path.open("a", encoding="utf-8") as stream:
        stream.write(audit_line(3).model_dump_json())
    assert _outcomes(counts) == {"answered": 1, "failed": 1}
    with path.open("a", encoding="utf-8") as stream:
        stream.write("\n")
    assert _outcomes(counts) == {"answered": 2, "failed": 1}


def test_a_new_file_is_followed_and_a_renamed_one_not_read_twice(tmp_path: Path) -> None:
    """The audit rotates."""
    counts = _counts(tmp_path)
    path = write_audit(tmp_path, [audit_line(1)])
    _read(counts)
    path.rename(tmp_path / "audit-old.jsonl")
    write_audit(tmp_path, [audit_line(2)])
    assert _read(counts).value("awqctl_key_requests_total", key="alice") == 2


def test_tokens_and_rejections_of_keys(tmp_path: Path) -> None:
    """By the key's name; what no key let in has none."""
    counts = _counts(tmp_path)
    unknown = audit_line(2, status=401, key="-", key_id="-", prompt_tokens=None, completion_tokens=None, place="-")
    write_audit(tmp_path, [audit_line(0), audit_line(1, status=429, completion_tokens=None), unknown])
    found = _read(counts)
    assert found.value("awqctl_key_tokens_total", key="alice", kind="prompt") == 20
    assert found.value("awqctl_key_tokens_total", key="alice", kind="completion") == 5
    assert found.value("awqctl_key_rejections_total", key="alice", status="429") == 1
    assert found.value("awqctl_key_rejections_total", key="-", status="401") == 1


def test_tokens_that_come_late_are_an_event(tmp_path: Path) -> None:
    """They count for their key, and no request with them."""
    counts = _counts(tmp_path)
    write_audit(tmp_path, [audit_line(0, kind="event", method="-", status=0, event="late")])
    found = _read(counts)
    assert found.value("awqctl_key_tokens_total", key="alice", kind="completion") == 5
    assert found.value("awqctl_key_requests_total", key="alice") is None


def test_times_have_a_bound_at_the_level(tmp_path: Path) -> None:
    """The share within it can be read off; lists of models, answered in no time, are not among them."""
    counts = _counts(tmp_path, p95_s=0.4)
    lines = [audit_line(n, total_ms=total) for n, total in enumerate((300, 400, 401, 9000))]
    write_audit(tmp_path, [*lines, audit_line(9, method="GET", path="/v1/models", total_ms=2)])
    times = _read(counts).histogram("awqctl_request_duration_seconds")
    assert times is not None
    assert dict(times.buckets)[0.4] == 2
    assert (times.count, times.total) == (4, pytest.approx(10.101))


def test_no_label_holds_what_a_client_made_up(tmp_path: Path) -> None:
    """Names of models are the client's; who asks for thousands makes one label."""
    counts = _counts(tmp_path)
    write_audit(tmp_path, [audit_line(n, model=f"made-up-{n}", status=404, place="-") for n in range(20)])
    assert set(_read(counts).by_label("awqctl_requests_total", "model")) == {"tiny", "-"}
