"""Lines of samples in a file per day."""

from datetime import timedelta
from pathlib import Path

import pytest

from serve.audit.status import AuditStatus
from serve.monitoring import samples
from serve.monitoring.sampler import sample_of
from serve.monitoring.samples import Sample, SampleFile, read_samples
from tests.operation import NOON, endpoint_status, moment, replica_status

DAY_S = 86_400


def _read(path: Path, begin: float, end: float) -> list[str]:
    return [one.at for one in read_samples(path, NOON + timedelta(seconds=begin), NOON + timedelta(seconds=end))]


def _days(path: Path, days: int) -> list[str]:
    file, written = SampleFile(path), [moment(day * DAY_S) for day in range(days)]
    for at in written:
        file.append(Sample(at=at, ready=True))
    return written


def test_a_day_that_is_over_is_packed_and_read_all_the_same(tmp_path: Path) -> None:
    """Only today's lines are in the file itself."""
    path = tmp_path / "samples.jsonl"
    written = _days(path, 3)
    assert len(path.read_text().splitlines()) == 1
    assert sorted(one.name for one in tmp_path.iterdir()) == [
        "samples-2026-11-29.jsonl.gz",
        "samples-2026-11-30.jsonl.gz",
        "samples.jsonl",
    ]
    assert _read(path, 0, 3 * DAY_S) == written


def test_the_line_before_the_time_comes_first(tmp_path: Path) -> None:
    """It says how the endpoint was when the time began, however long ago; it stands alone if nothing follows."""
    path = tmp_path / "samples.jsonl"
    written = _days(path, 3)
    assert _read(path, 1.5 * DAY_S, 3 * DAY_S) == written[1:]
    assert _read(path, 1.2 * DAY_S, 1.5 * DAY_S) == written[1:2]
    assert _read(path, 9 * DAY_S, 10 * DAY_S) == written[2:]


def test_what_a_killed_process_left_half_written_costs_no_other_line(tmp_path: Path) -> None:
    """The next line begins on a line of its own."""
    path = tmp_path / "samples.jsonl"
    SampleFile(path).append(Sample(at=moment(0)))
    with path.open("a") as stream:
        stream.write('{"at": "2026-11')
    SampleFile(path).append(Sample(at=moment(10)))
    assert _read(path, 0, 60) == [moment(0), moment(10)]


def test_old_days_are_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder does not grow for ever."""
    monkeypatch.setattr(samples, "KEEP_DAYS", 2)
    path = tmp_path / "samples.jsonl"
    written = _days(path, 5)
    assert _read(path, 0, 5 * DAY_S) == written[2:]


def test_only_the_owner_reads_them(tmp_path: Path) -> None:
    """Packed or not."""
    _days(tmp_path / "samples.jsonl", 2)
    assert {one.stat().st_mode & 0o777 for one in tmp_path.iterdir()} == {0o600}


def test_a_sample_sums_the_engines_of_a_model() -> None:
    """The fullest cache stands for the model; a door that refuses everything is not ready."""
    replicas = (replica_status(1, restarts=1), replica_status(2, state="waiting", weight=0, kv_cache_usage=0.5, hung=2))
    status = endpoint_status(
        replicas=replicas, refusing="The disk is full.", audit=AuditStatus(lines=1, behind_bytes=0, lost=4)
    )
    found = sample_of(status, (), (), at=moment())
    model = found.models[0]
    assert (model.replicas, model.up, model.ready, model.running) == (2, 1, 1, 6)
    assert (model.kv_cache_usage, model.generation_tokens) == (0.5, 2000)
    assert (found.ready, found.restarts, found.hung, found.audit_lost) == (False, 1, 2, 4)
