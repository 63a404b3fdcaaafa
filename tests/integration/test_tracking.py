"""MLflow on SQLite: what is logged, several first-time processes, runs of the dead."""

import contextlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.utils.validation import _validate_metric_name

from pipeline.base.checkout import own_commit
from pipeline.base.errors import EnvironmentLackError, SourceError, UsageError
from pipeline.base.locks import exclusive
from pipeline.base.progress import SilentReporter
from pipeline.base.results import Gate, Metric
from pipeline.hardware.machine import probe_machine
from pipeline.recipe.load import load_recipe
from pipeline.record.context import RunContext
from pipeline.record.environment import environment_of
from pipeline.record.record import AcceptanceVersion, RunRecord, StageResult
from pipeline.report.result import ReportResult
from pipeline.run.logged_runs import logged_folder
from pipeline.run.tracking import Tracker, check_store
from serve.result import ServeResult
from tests.helpers import METRIC_NAME

CONNECT = "import sys; from pipeline.run.tracking import Tracker; Tracker(sys.argv[1]).connect()"
BEGIN = """
import os, sys
from pipeline.run.tracking import Tracker, check_store
print(Tracker(sys.argv[1]).create("doomed", {}), flush=True)
os.kill(os.getpid(), 9)
"""


@pytest.fixture
def store(tmp_path: Path) -> str:
    """A store that does not exist yet."""
    return f"sqlite:///{tmp_path}/mlruns/mlflow.db"


def test_eight_first_time_processes_all_succeed(store: str) -> None:
    """Creating the schema at the same time is the case that fails without the lock."""
    processes = [subprocess.Popen([sys.executable, "-c", CONNECT, store], stderr=subprocess.PIPE) for _ in range(8)]
    answers = [process.communicate(timeout=600)[1].decode() for process in processes]
    assert [process.returncode for process in processes] == [0] * 8, answers


@pytest.mark.parametrize("character", [chr(code) for code in range(32, 127)])
def test_names_that_mlflow_takes(character: str) -> None:
    """The unit tests hold names of metrics to a pattern, because MLflow takes seconds to import."""
    taken = True
    try:
        _validate_metric_name(f"a{character}b")
    except MlflowException:
        taken = False
    assert taken == bool(METRIC_NAME.fullmatch(f"a{character}b"))


def test_killed_run_does_not_stay_running(store: str) -> None:
    """The next start ends the runs of processes that no longer live, and no others."""
    tracker = Tracker(store)
    client = tracker.connect()
    mine = tracker.create("mine", {})
    killed = subprocess.run([sys.executable, "-c", BEGIN, store], stdout=subprocess.PIPE, text=True, check=False)
    dead = killed.stdout.strip()
    assert client.get_run(dead).info.status == "RUNNING"
    Tracker(store).connect()
    assert (client.get_run(dead).info.status, client.get_run(mine).info.status) == ("KILLED", "RUNNING")


def test_everything_of_a_stage_is_logged(store: str, tmp_path: Path) -> None:
    """Nested run, resolved recipe as parameters, metrics with steps, gates, tags and artifacts."""
    loaded = load_recipe("demo")
    recipe, path = loaded.recipe, loaded.path
    context = RunContext(tmp_path / "out", tmp_path, path.parent, "cpu", SilentReporter())
    (context.out / "bench").mkdir(parents=True)
    (context.out / "bench" / "results.json").write_text(json.dumps({}))
    result = StageResult(
        stage="bench",
        status="gate_failed",
        inputs={},
        environment=environment_of("cpu", probe_machine()),
        started_at="2026-11-20T00:00:00+00:00",
        seconds=2.0,
        metrics=(
            Metric(name="awq_output_tokens_per_s", value=5.0, step=16, origin="measured"),
            Metric(name="x", value=1.0, origin="measured"),
        ),
        gates=(
            Gate(name="speed", passed=False, statement="slow."),
            Gate(name="accuracy mbpp+", passed=False, verdict="inconclusive", statement="inconclusive: too few."),
        ),
        artifacts={"results": "bench/results.json", "gone": "bench/gone.json"},
    )
    tracker = Tracker(store)
    record = RunRecord(recipe=recipe.model_dump(mode="json"), environment=environment_of("cpu", probe_machine()))
    with tracker.pipeline(recipe, record, context.out) as run:
        parent_id = run.begin()
        run.stage("bench", record).finish(result, None)
    client = MlflowClient(store)
    parent = client.get_run(parent_id)
    nested = client.search_runs([parent.info.experiment_id], f"tags.`mlflow.parentRunId` = '{parent_id}'")[0]
    assert (parent.info.status, nested.info.status) == ("FINISHED", "FINISHED")
    assert parent.data.params["bench.concurrency"] == "[1, 4, 16]"
    assert parent.data.params["eval.tasks.0.name"] == "stdlib_next_line"
    history = client.get_metric_history(nested.info.run_id, "awq_output_tokens_per_s")
    assert [(entry.step, entry.value) for entry in history] == [(16, 5.0)]
    assert nested.data.tags["gate.speed"] == "failed"
    assert nested.data.tags["gate.accuracy mbpp_"] == "inconclusive"
    assert {"awqctl.recipe_hash", "awqctl.model_revision", "hardware.cpu", "version.lm-eval"} <= nested.data.tags.keys()
    for tags in (parent.data.tags, nested.data.tags):
        commits = tags["awqctl.commit"], tags["awqctl.recipe_commit"], tags["mlflow.source.name"]
        assert commits == (own_commit(), "none", "awqctl")
        assert own_commit().startswith(tags.get("mlflow.source.git.commit", "unknown"))
    assert [file.path for file in client.list_artifacts(nested.info.run_id, "bench")] == ["bench/results.json"]


def test_a_parent_run_has_no_holes(store: str, tmp_path: Path) -> None:
    """Figures and gates of stages that were up to date, the verdict of all gates, and the report."""
    recipe = load_recipe("demo", ["roi.hourly.usd=0.16"]).recipe
    earlier = load_recipe("demo").recipe.model_dump(mode="json")
    environment = environment_of("cpu", probe_machine())
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "report.html").write_text("<p>handed over</p>")
    columns = [{"title": title, "numeric": False} for title in ("task", "AWQ")]
    cells = [[{"text": "lines"}, {"text": "0.5060"}], [{"text": "bits"}, {"text": "1.0626"}]]
    summary = [{"id": "summary-eval", "columns": columns, "rows": cells}]
    (tmp_path / "report" / "report.json").write_text(json.dumps({"summary": summary}), encoding="utf-8")

    def done(stage: str, **changes: Any) -> StageResult:
        facts = {"inputs": {}, "environment": environment, "started_at": "2026-11-20T00:00:00+00:00", "seconds": 2.0}
        return StageResult(stage=stage, status="passed", **{**facts, **changes})

    metrics = (Metric(name="awq_acc", value=0.5, origin="measured"),)
    gate = Gate(name="accuracy lines", passed=False, verdict="inconclusive", statement="too few.")
    decided = ReportResult(decision="not decided", recommendation="Run it.", findings=())
    stages = {
        "eval": done("eval", metrics=metrics, gates=(gate,)),
        "roi": done("roi"),
        "report": done("report", payload=decided.model_dump(mode="json")),
    }
    record = RunRecord(recipe=earlier, environment=environment, stages=stages)
    with Tracker(store).pipeline(recipe, record, tmp_path) as run:
        parent_id = run.begin()
        run.complete(record, ["eval", "roi", "report"], ["roi"])
    client = MlflowClient(store)
    parent = client.get_run(parent_id)
    assert parent.data.metrics == {"awq_acc": 0.5, "eval_stage_seconds": 2.0, "report_stage_seconds": 2.0}
    assert client.get_metric_history(parent_id, "awq_acc")[0].timestamp == 1_795_132_802_000
    assert parent.data.tags["awqctl.decision"] == "not decided"
    assert parent.data.params["roi.hourly.usd"] == "0.16"
    assert parent.data.tags["awqctl.gates"] == parent.data.tags["gate.eval.accuracy lines"] == "inconclusive"
    assert [file.path for file in client.list_artifacts(parent_id, "report")] == [
        *("report/report.html", "report/report.json"),
    ]
    (table,) = [file.path for file in client.list_artifacts(parent_id, "tables")]
    assert table == "tables/summary-eval.json"
    logged = json.loads(Path(client.download_artifacts(parent_id, table, str(tmp_path))).read_text(encoding="utf-8"))
    assert logged == {"columns": ["task", "AWQ"], "data": [["lines", "0.5060"], ["bits", "1.0626"]]}
    assert parent.info.run_name.startswith("demo ")
    with Tracker(store).pipeline(recipe, record, tmp_path) as run:
        without_report = run.begin()
        run.complete(record, ["eval", "roi"], ["roi"])
    assert client.list_artifacts(without_report, "report") == []  # what lies there was written before
    assert "awqctl.decision" not in client.get_run(without_report).data.tags


def test_interrupted_pipeline_is_killed_not_finished(store: str, tmp_path: Path) -> None:
    """Ctrl-C ends the parent run as KILLED."""
    loaded = load_recipe("demo")
    recipe, path = loaded.recipe, loaded.path
    context = RunContext(tmp_path / "out", tmp_path, path.parent, "cpu", SilentReporter())
    record = RunRecord(recipe=recipe.model_dump(mode="json"), environment=environment_of("cpu", probe_machine()))
    run = Tracker(store).pipeline(recipe, record, context.out)
    run_id = run.begin()
    run.__exit__(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert MlflowClient(store).get_run(run_id).info.status == "KILLED"


def test_unusable_store_is_explained(tmp_path: Path) -> None:
    """A store that cannot be opened ends with code 4 and the option to check."""
    (tmp_path / "mlflow.db").write_text("this is not a database, whatever it is called")
    with pytest.raises(EnvironmentLackError, match="cannot be used"):
        Tracker(f"sqlite:///{tmp_path}/mlflow.db").connect()


def test_place_where_no_store_can_be_made_is_told_with_its_option(tmp_path: Path) -> None:
    """A folder that cannot be written ends with code 4 and what moves the store."""
    (tmp_path / "file").write_text("")
    with pytest.raises(EnvironmentLackError, match=r"cannot be made .*--store"):
        Tracker(f"sqlite:///{tmp_path}/file/mlflow.db").connect()


@pytest.mark.parametrize("relative", [True, False])
def test_store_beside_the_output_opens_while_the_output_is_locked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, relative: bool
) -> None:
    """A run holds the lock of its output folder when it opens the store; the store's lock is another."""
    monkeypatch.chdir(tmp_path)
    Path("O").mkdir()
    store = "sqlite:///O/m.db" if relative else f"sqlite:///{tmp_path}/O/m.db"
    line = [sys.executable, "-c", CONNECT, store]
    with exclusive(tmp_path / "O" / ".lock", print):
        answer = subprocess.run(line, capture_output=True, text=True, check=False, timeout=600)
    assert answer.returncode == 0, answer.stderr
    assert Path("O/m.db").is_file()


@pytest.mark.parametrize(
    ("store", "refused"),
    [
        ("sqlite:///O/m.db", False),
        ("sqlite:///O/runs/m.db", False),
        ("sqlite:///O/report/m.db?timeout=9", True),
        ("sqlite:///O/.partial/m.db", True),
        ("sqlite:///elsewhere/report/m.db", False),
        ("http://example.org/report", False),
        ("O/eval", True),
        ("sqlite:///O/eval", True),
        ("O/mlruns", False),
        ("O/report.db", False),
    ],
)
def test_store_that_a_stage_would_replace_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, store: str, *, refused: bool
) -> None:
    """Beside the results it may lie, not among the files of one of them."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="replaced as a whole") if refused else contextlib.nullcontext():
        check_store(store, tmp_path / "O")


def test_store_of_files_by_its_url_is_seen_too(tmp_path: Path) -> None:
    """The way out is one word of the shell."""
    with pytest.raises(UsageError, match=r"--store, such as 'sqlite:///.*an out/mlflow\.db'\.$"):
        check_store(f"file://{tmp_path}/an%20out/bench/runs", tmp_path / "an out")


def test_store_in_memory_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite's name for it is no file's."""
    monkeypatch.chdir(tmp_path)
    Tracker("sqlite:///:memory:").connect()
    assert not [path.name for path in tmp_path.iterdir() if "memory" in path.name]


def test_a_run_is_found_by_what_the_store_calls_it(store: str, tmp_path: Path) -> None:
    """By id and by name, also of one that has no path here; a folder that is gone and a name that is none are said."""
    recipe = load_recipe("demo").recipe
    record = RunRecord(recipe=recipe.model_dump(mode="json"), environment=environment_of("cpu", probe_machine()))
    tracker, out = Tracker(store), tmp_path / "out"
    out.mkdir()
    with tracker.pipeline(recipe, record, out) as run:
        run_id = run.begin()
    name = tracker.connect().get_run(run_id).info.run_name
    assert [logged_folder(one, tracker) for one in (run_id, name)] == [out, out]
    with pytest.raises(SourceError, match="neither a folder with a record, nor a run of the MLflow store"):
        logged_folder("nobody", tracker)
    out.rmdir()
    with pytest.raises(SourceError, match="which is gone"):
        logged_folder(run_id, tracker)


def test_clauses_are_tags_and_metrics(store: str, tmp_path: Path) -> None:
    """Every clause with its outcome, how many had each, and the sum of the terms."""
    recipe = load_recipe("demo").recipe
    environment = environment_of("cpu", probe_machine())
    terms = AcceptanceVersion(
        recorded_at="2026-11-20T00:00:00+00:00",
        source="kpis.yaml",
        sha256="abc",
        terms={"clauses": [{"id": "up", "kind": "uptime", "min_share": 0.995}]},
    )
    checks = ServeResult(
        checks=(), tls=True, routes=(), gateway_version="2.8", engine_version="0.32", kernel="unquantized"
    )
    serve = StageResult(
        stage="serve",
        status="passed",
        inputs={},
        environment=environment,
        started_at="2026-11-20T00:00:00+00:00",
        seconds=2.0,
        payload=checks.model_dump(mode="json"),
    )
    record = RunRecord(
        recipe=recipe.model_dump(mode="json"), environment=environment, stages={"serve": serve}, acceptance=(terms,)
    )
    with Tracker(store).pipeline(recipe, record, tmp_path) as run:
        run_id = run.begin()
        run.complete(record, ["serve"], ["serve"])
    data = MlflowClient(store).get_run(run_id).data
    tags = {name: data.tags[name] for name in ("awqctl.acceptance", "awqctl.acceptance_sha256", "clause.up")}
    assert tags == {
        "awqctl.acceptance": "not measured",
        "awqctl.acceptance_sha256": "abc",
        "clause.up": "not measured",
    }
    counts = {name: value for name, value in data.metrics.items() if name.startswith("clauses_")}
    assert counts == {"clauses_passed": 0, "clauses_failed": 0, "clauses_not_decided": 0, "clauses_not_measured": 1}
