"""The report from operation, made from what an endpoint leaves in its folder, in every format that is asked for."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.recipe.serve import ServiceLevels
from serve.endpoint import EndpointFolder, endpoint_folder
from serve.monitoring.drift import BenchmarkLevel
from serve.monitoring.operation import OperationResult, operation
from serve.monitoring.promises import Promises, ServedCheckpoint, write_promises
from serve.monitoring.samples import ModelSample, Sample, SampleFile
from tests.helpers import invoke
from tests.operation import audit_line, moment, write_audit

DAY_S = 86_400


@pytest.fixture
def folder(tmp_path: Path) -> EndpointFolder:
    """An endpoint that ran for two days: a death of an engine, a killed supervisor, and two keys."""
    found = endpoint_folder("tiny")
    served = ServedCheckpoint(model="tiny", release="3", checkpoint=str(tmp_path / "nowhere" / "checkpoint"))
    write_promises(found, Promises(levels=ServiceLevels(), models=(served,), at=moment()))
    start = datetime.now(UTC) - timedelta(days=2)
    file = SampleFile(found.samples)
    model = ModelSample(model="tiny", replicas=1, up=1, ready=1, running=8, waiting=2)
    file.append(Sample(at=moment(0, start), event="started"))
    for second in range(0, 2 * DAY_S, 10):
        if DAY_S <= second < DAY_S + 7200:
            continue
        ready = not 3600 <= second < 3700
        file.append(Sample(at=moment(second, start), ready=ready, models=(model,), restarts=int(second >= 3600)))
    write_audit(found.audit, [audit_line(n, at=moment(n * 20, start), total_ms=520) for n in range(4000)])
    bob = {"key": "bob", "key_id": "k2", "completion_tokens": 20}
    write_audit(found.audit, [audit_line(n, at=moment(n * 20, start), **bob) for n in range(500)])
    write_audit(found.audit, [audit_line(n, at=moment(n * 20, start), **bob, status=429) for n in range(50)])
    return found


def _operation(folder: EndpointFolder, **changes: object) -> OperationResult:
    return operation(folder, "week", datetime.now(UTC), **changes)


def test_figures_of_a_week(folder: EndpointFolder) -> None:
    """Seven days, of which two have figures; days without any are there and undecided."""
    found = _operation(folder)
    assert len(found.days) == 7
    assert found.days[0].requests.counted == 0
    assert sum(day.requests.answered for day in found.days) == found.requests.answered == 4500
    assert [one.key for one in found.keys] == ["alice", "bob"]
    assert (found.keys[1].requests.limited, found.keys[1].requests.completion_tokens) == (50, 11_000)
    assert (found.down_s, found.planned_s) == (100, 0)
    assert found.unknown_s == pytest.approx(7190, abs=15)
    kinds = {one.kind: one.amount for one in found.incidents}
    assert kinds == {"restart": 1, "down": 100, "unseen": pytest.approx(7210)}
    assert [one.verdict for one in found.levels] == ["kept", "kept", "undecided"]


def test_availability_is_missed_by_what_nobody_saw_or_not_decided(folder: EndpointFolder) -> None:
    """Two unseen hours of two days are four percent: with them down the level is missed, with them up it is kept."""
    availability = _operation(folder).levels[2]
    assert availability.verdict == "undecided"
    assert availability.low is not None
    assert availability.low < 0.995 < (availability.high or 0)


def test_drift_compares_streamed_answers_at_the_benchmarks_concurrency(folder: EndpointFolder) -> None:
    """Eight at once and prompts of ten tokens are compared; at another concurrency nothing is."""
    like = BenchmarkLevel(concurrency=8, tpot_ms=100.0, input_tokens=10)
    unlike = BenchmarkLevel(concurrency=32, tpot_ms=100.0, input_tokens=10)
    found = _operation(folder, benchmark=(like, unlike)).drift
    assert [one.verdict for one in found] == ["slower", "not comparable"]
    assert found[0].tpot_ms == 120


def test_the_command_writes_every_format(folder: EndpointFolder, tmp_path: Path) -> None:
    """One document in all of them; a cost only where there is a price, and each figure with its place."""
    out = tmp_path / "report"
    line = ("serve", "report", "--usd-per-hour", "2", "--out", out, "--format", "html,md,json,csv,xlsx")
    said = invoke(*line, raises=True).output
    assert "systemd" in said
    assert "bob was limited, 50 times" in said
    result = OperationResult.model_validate_json((out / "operation.json").read_text())
    report = json.loads((out / "report.json").read_text())
    assert result.usd == pytest.approx(96, rel=0.01)
    evidence = [key for one in report["key_figures"] for key in one["evidence"]]
    assert evidence
    document = json.loads((out / "operation.json").read_text())
    for key in evidence:
        found = document
        for part in key.removeprefix("operation.json#/").split("/"):
            found = found[int(part)] if isinstance(found, list) else found[part]
    page = (out / "report.html").read_text()
    assert "Report from operation" in page
    assert "alice" in (out / "report.md").read_text()
    assert {one.suffix for one in out.iterdir()} == {".html", ".md", ".json", ".csv", ".xlsx"}


def test_without_a_price_nothing_is_priced(folder: EndpointFolder, tmp_path: Path) -> None:
    """It says how to name one; without a benchmark it says that nothing was compared."""
    invoke("serve", "report", "--out", tmp_path / "r", "--format", "md", raises=True)
    text = (tmp_path / "r" / "report.md").read_text()
    assert "--usd-per-hour" in text
    assert "Not compared" in text


def test_in_german(folder: EndpointFolder, tmp_path: Path) -> None:
    """Numbers as German prints them."""
    invoke("serve", "report", "--language", "de", "--out", tmp_path / "r", "--format", "md", raises=True)
    text = (tmp_path / "r" / "report.md").read_text()
    assert "Betriebsbericht" in text
    assert "4.500" in text


def test_an_endpoint_that_never_answered(tmp_path: Path) -> None:
    """An empty folder with what was promised gives a report, with nothing decided and nothing made up."""
    found = endpoint_folder("idle")
    write_promises(found, Promises(levels=ServiceLevels(), models=(), at=moment()))
    found.audit.mkdir(parents=True)
    invoke("serve", "report", "--endpoint", "idle", "--out", tmp_path / "r", "--format", "html,md", raises=True)
    text = (tmp_path / "r" / "report.md").read_text()
    assert "Not decided" in text
    assert "No request came" in text
    assert "Undecided (at most 2.0 s is promised)." in text
    assert "Charts" not in text
