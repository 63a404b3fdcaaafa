"""How `awqctl run` ends where terms were agreed: a clause that failed is no success, one that is open may be."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from eval.bench.result import BenchResult
from pipeline.recipe.recipe import Recipe
from pipeline.record.context import RunContext
from pipeline.record.record import RunRecord, StageOutcome
from pipeline.record.stage import Stage, sections
from pipeline.run.stages import STAGES
from tests.helpers import invoke
from tests.unit.pipeline.run.test_runner import NoTracker

pytestmark = pytest.mark.whole

FAILED = "{id: faster, kind: speed-up, concurrency: 1, min_ratio: 3}"
PASSED = "{id: fast, kind: throughput, min_tokens_per_s: 1}"
OPEN = "{id: up, kind: uptime, min_share: 0.995}"
REQUIRED = "{id: up, kind: uptime, min_share: 0.995, required: true}"


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    """Return a recipe of which a run is benchmark and report alone."""
    path = tmp_path / "small.yaml"
    path.write_text("name: small\nmodel: {source: packaged:demo}\nengine: {accelerator: cpu}\n", encoding="utf-8")
    return path


@pytest.fixture(autouse=True)
def bench_alone(monkeypatch: pytest.MonkeyPatch, make_bench: Callable[..., BenchResult]) -> None:
    """Let the benchmark's figures be made up; the store is left out."""

    def bench(_recipe: Recipe, _context: RunContext, _record: RunRecord) -> StageOutcome:
        return StageOutcome(result=make_bench())

    only = Stage(run=bench, result=BenchResult, settings=sections("bench"))
    table = tuple(only if one.name == only.name else one for one in STAGES)
    monkeypatch.setattr("pipeline.run.stages.STAGES", table)
    monkeypatch.setattr("pipeline.run.runner.STAGES", table)
    monkeypatch.setattr("pipeline.run.tracking.Tracker", lambda *_: NoTracker())


@pytest.mark.parametrize(
    ("clauses", "code", "said"),
    [
        ([PASSED], 0, ""),
        ([PASSED, OPEN], 0, ""),
        (
            [PASSED, FAILED],
            3,
            "awqctl: Clause faster failed: Throughput of AWQ over baseline at concurrency 1: failed.",
        ),
        ([REQUIRED], 3, "awqctl: Clause up not measured: Uptime of the endpoint: not measured."),
    ],
    ids=["passed", "open", "failed", "required and open"],
)
def test_a_run_ends_with_its_clauses(tmp_path: Path, recipe: Path, clauses: list[str], code: int, said: str) -> None:
    """Each is printed with its outcome; why one stops the run is said on standard error, and stands in the JSON."""
    file = tmp_path / "kpis.yaml"
    file.write_text("clauses:\n" + "".join(f"  - {one}\n" for one in clauses), encoding="utf-8")
    arguments = ("run", recipe, "--out", tmp_path / "out", "--set", f"acceptance={file}")
    answer = invoke(*arguments, raises=True)
    assert answer.return_value == code
    assert said in answer.stderr
    assert ("awqctl: Clause" in answer.stderr) == bool(said)
    assert "Acceptance: " in answer.stdout
    if OPEN in clauses:
        assert "A run of minutes says nothing of uptime" in " ".join(answer.stdout.split())
        assert "awqctl serve" in " ".join(answer.stdout.split())
    document = json.loads(invoke(*arguments, "--json").stdout)
    outcomes = {one["id"]: one["outcome"] for one in document["acceptance_judged"]["clauses"]}
    assert outcomes == {
        name: outcome
        for name, outcome in (("fast", "passed"), ("faster", "failed"), ("up", "not measured"))
        if any(f"id: {name}," in one for one in clauses)
    }


def test_a_changed_file_is_said_in_the_terminal(tmp_path: Path, recipe: Path) -> None:
    """Who makes the limits easier once the figures are known reads so, and so does everybody else."""
    file = tmp_path / "kpis.yaml"
    arguments = ("run", recipe, "--out", tmp_path / "out", "--set", f"acceptance={file}")
    file.write_text(f"clauses: [{FAILED}]", encoding="utf-8")
    assert invoke(*arguments, raises=True).return_value == 3
    record = json.loads((tmp_path / "out" / "record.json").read_text(encoding="utf-8"))
    record["acceptance"][0]["recorded_at"] = "2020-01-01T00:00:00+00:00"
    record["stages"]["bench"]["started_at"] = "2020-01-02T00:00:00+00:00"
    (tmp_path / "out" / "record.json").write_text(json.dumps(record), encoding="utf-8")
    file.write_text(f"clauses: [{FAILED.replace('min_ratio: 3', 'min_ratio: 1')}]", encoding="utf-8")
    answer = invoke(*arguments, raises=True)
    assert answer.return_value == 0
    assert "recorded after the measurements" in " ".join(answer.stdout.split())
    assert "(as agreed" in " ".join(answer.stdout.split())


def test_a_run_without_terms_says_nothing_of_them(tmp_path: Path, recipe: Path) -> None:
    """Neither on the screen nor in the JSON."""
    answer = invoke("run", recipe, "--out", tmp_path / "out", raises=True)
    assert (answer.return_value, "Acceptance" in answer.stdout) == (0, False)
    assert "acceptance_judged" not in json.loads(invoke("run", recipe, "--out", tmp_path / "out", "--json").stdout)
