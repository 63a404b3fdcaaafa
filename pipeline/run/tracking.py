"""MLflow: one parent run per pipeline run, one nested run per stage.

Everything goes through `MlflowClient` with explicit run ids; no global state. mlflow is imported when the first
stage starts, because that takes seconds.
"""

import contextlib
import hashlib
import json
import logging
import os
import platform
import re
import shlex
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import unquote, urlsplit

import psutil

from pipeline.base.checkout import DIRTY, UNKNOWN
from pipeline.base.credentials import masked, redacted
from pipeline.base.errors import EnvironmentLackError, Interrupted, UsageError
from pipeline.base.files import read_written
from pipeline.base.homes import user_home
from pipeline.base.locks import exclusive
from pipeline.base.nested import flatten
from pipeline.base.progress import Reporter, SilentReporter
from pipeline.quantize.result import QuantizeResult
from pipeline.recipe.recipe import Recipe
from pipeline.record.context import EARLIER
from pipeline.record.record import RunRecord, StageResult
from pipeline.report.acceptance.judge import AcceptanceJudgement
from pipeline.report.acceptance.judgement import OUTCOMES
from pipeline.report.result import ReportResult
from pipeline.run.acceptance import judged_acceptance
from pipeline.run.folder import REPLACED

if TYPE_CHECKING:
    from mlflow import MlflowClient

DEFAULT_STORE = "sqlite:///mlruns/mlflow.db"
_EXPERIMENT = "awqctl"
_OWNER = "awqctl.owner"
_PARENT = "mlflow.parentRunId"
_STATUS = {"passed": "FINISHED", "gate_failed": "FINISHED", "failed": "FAILED", "interrupted": "KILLED"}
_LONGEST_PARAMETER = 500
_PARAMETERS_PER_CALL = 100
_NOT_FOR_A_STORE = (*REPLACED, EARLIER, ".partial", ".resume")
"""Folders of the output folder that are replaced or emptied as a whole."""
REPORT = "report"
"""Folder whose files the parent run gets, too: what a client is handed."""
_NOT_LOGGED = ("checkpoint", "control", "calibration")
"""Artifacts that stay in the output folder: gigabytes, and token ids that decode to the client's text."""


class Tracker:
    """Logs runs to one store, which is made on first use."""

    def __init__(self, store: str, reporter: Reporter | None = None) -> None:
        self.store = store
        self._reporter = reporter or SilentReporter()
        self._client: MlflowClient | None = None
        self._experiment_id = ""

    def connect(self) -> "MlflowClient":
        """Return a client on the store.

        Raises:
            EnvironmentLackError: the store cannot be opened.
        """
        if self._client is None:
            user_home()  # MLflow wants a home as well, and does not say how to give it one
            with _first_use(self.store, self._reporter), _explained(self.store):
                self._client, self._experiment_id = _open(self.store)
            end_orphaned_runs(self._client, self._experiment_id)
        return self._client

    @property
    def experiment_id(self) -> str:
        """Return the id of our experiment."""
        self.connect()
        return self._experiment_id

    def write(self, change: Callable[["MlflowClient", str], None]) -> None:
        """Let `change` write to the store, given a client and our experiment's id.

        Raises:
            EnvironmentLackError: the store cannot be written.
        """
        client = self.connect()
        with _explained(self.store):
            change(client, self._experiment_id)

    def create(self, name: str, tags: dict[str, str]) -> str:
        """Create a run of this process and return its id."""
        client = self.connect()
        with _explained(self.store):
            run = client.create_run(self._experiment_id, run_name=name, tags=tags | {_OWNER: _myself()})
        run_id: str = run.info.run_id
        return run_id

    def end(self, run_id: str, status: str) -> None:
        """Close a run.

        Raises:
            EnvironmentLackError: the store cannot be written.
        """
        client = self.connect()
        with _explained(self.store):
            client.set_terminated(run_id, status)

    def pipeline(self, recipe: Recipe, record: RunRecord, out: Path) -> "PipelineRun":
        """Return the parent run of a pipeline run, for a `with` block."""
        return PipelineRun(self, recipe, record, out)


class PipelineRun:
    """The parent run; it begins with the first stage that runs and ends with the `with` block."""

    def __init__(self, tracker: Tracker, recipe: Recipe, record: RunRecord, out: Path) -> None:
        self._tracker = tracker
        self._recipe = recipe
        self._record = record
        self._out = out
        self._id: str | None = None

    def begin(self) -> str:
        """Return the id of the parent run, created on the first call."""
        if self._id is None:
            name = f"{self._recipe.name} {datetime.now(UTC):%m-%d %H:%M:%S} {recipe_hash(self._recipe)[:6]}"
            self._id = self._tracker.create(name, tags_of(self._recipe, self._record, self._out))
            _log_parameters(self._tracker.connect(), self._id, self._recipe.model_dump(mode="json"))
        return self._id

    def stage(self, name: str, record: RunRecord) -> "StageRun":
        """Return the nested run of one stage, tagged with what the record knows by now."""
        parent = self.begin()
        tags = tags_of(self._recipe, record, self._out) | {_PARENT: parent, "awqctl.stage": name}
        return StageRun(self._tracker, self._tracker.create(name, tags), parent, self._out)

    def complete(self, record: RunRecord, stages: Sequence[str], logged: Collection[str]) -> None:
        """Give the parent what the record holds of all its stages, so that runs can be compared without holes.

        Args:
            record: as it is after the run.
            stages: of the run, and further ones whose results are this recipe's; a report that is none of them is of
                something else.
            logged: those whose own runs have logged their figures already.
        """
        if self._id is None:
            return
        results = [result for name in stages if (result := record.stages.get(name)) is not None and result.usable]
        client = self._tracker.connect()
        with _explained(self._tracker.store):
            for result in results:
                if result.stage not in logged:
                    _log_metrics(client, [self._id], result)
                for gate in result.gates:
                    client.set_tag(self._id, _tag_key(f"gate.{result.stage}.{gate.name}"), gate.outcome)
            client.set_tag(self._id, "awqctl.gates", _worst(results))
            _log_acceptance(client, self._id, judged_acceptance(self._recipe, record))
            if REPORT in stages:
                report = record.find(ReportResult)
                if report is not None and report.decision is not None:
                    client.set_tag(self._id, "awqctl.decision", report.decision)
                _log_artifact(client, self._id, self._out, REPORT)
                _log_tables(client, self._id, self._out / REPORT / "report.json")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._id is not None:
            ended = (
                "KILLED" if isinstance(error, KeyboardInterrupt | Interrupted) else "FAILED" if error else "FINISHED"
            )
            # The error that ends the run is the one to tell, not a store that the same full disk keeps from being told.
            with contextlib.suppress(EnvironmentLackError) if error else contextlib.nullcontext():
                self._tracker.end(self._id, ended)


class StageRun:
    """One nested run."""

    def __init__(self, tracker: Tracker, run_id: str, parent: str, out: Path) -> None:
        self._client = tracker.connect()
        self._store = tracker.store
        self._id = run_id
        self._parent = parent
        self._out = out

    def finish(self, result: StageResult, revision: str | None) -> None:
        """Log the result to the nested run, its metrics to the parent too, and close the nested run."""
        with _explained(self._store):
            self._log(result, revision)

    def _log(self, result: StageResult, revision: str | None) -> None:
        _log_metrics(self._client, [self._id, self._parent], result)
        _log_parameters(self._client, self._id, result.parameters)
        for gate in result.gates:
            self._client.set_tag(self._id, _tag_key(f"gate.{gate.name}"), gate.outcome)
        self._log_artifacts(result)
        self._client.set_tag(self._id, "awqctl.status", result.status)
        if revision:
            for run_id in (self._id, self._parent):
                self._client.set_tag(run_id, "awqctl.model_revision", revision)
        self._client.set_terminated(self._id, _STATUS[result.status])

    def _log_artifacts(self, result: StageResult) -> None:
        for name, relative in result.artifacts.items():
            if name not in _NOT_LOGGED:
                _log_artifact(self._client, self._id, self._out, relative)


def _log_metrics(client: "MlflowClient", run_ids: Sequence[str], result: StageResult) -> None:
    """Log a stage's figures; those that an earlier run measured keep the time at which it did."""
    from mlflow.entities import Metric  # noqa: PLC0415 -- slow

    then = int((datetime.fromisoformat(result.started_at).timestamp() + result.seconds) * 1000)
    metrics = [Metric(metric.name, metric.value, then, metric.step or 0) for metric in result.metrics]
    metrics.append(Metric(f"{result.stage}_stage_seconds", result.seconds, then, 0))
    for run_id in run_ids:
        client.log_batch(run_id, metrics=metrics)


def _log_tables(client: "MlflowClient", run_id: str, report: Path) -> None:
    """Log the report's figures in short as tables, which MLflow's view of several runs puts beside each other."""
    tables = json.loads(read_written(report)).get("summary", ()) if report.is_file() else ()
    for table in tables:
        titles = [column["title"] or "-" for column in table["columns"]]
        rows = zip(*([cell["text"] for cell in row] for row in table["rows"]), strict=True)
        data = {title: list(column) for title, column in zip(titles, rows, strict=True)}
        client.log_table(run_id, data, f"tables/{_tag_key(table['id'])}.json")


def _log_acceptance(client: "MlflowClient", run_id: str, found: AcceptanceJudgement | None) -> None:
    """Log the outcome of every clause as a tag, how many had each, and what was found as metrics."""
    if found is None:
        return
    client.set_tag(run_id, "awqctl.acceptance", found.word)
    client.set_tag(run_id, "awqctl.acceptance_sha256", found.sha256)
    for one in found.clauses:
        client.set_tag(run_id, _tag_key(f"clause.{one.id}"), one.outcome)
        if one.value is not None:
            client.log_metric(run_id, _tag_key(f"clause_{one.id}"), one.value)
    for outcome in OUTCOMES:
        client.log_metric(run_id, f"clauses_{outcome.replace(' ', '_')}", len(found.of(outcome)))


def _log_artifact(client: "MlflowClient", run_id: str, out: Path, relative: str) -> None:
    """Log a file or a folder below the output folder, where it is there."""
    path = out / relative
    if path.is_dir():
        client.log_artifacts(run_id, str(path), artifact_path=relative)
    elif path.exists():
        client.log_artifact(run_id, str(path), artifact_path=str(Path(relative).parent))


def _worst(results: Sequence[StageResult]) -> str:
    """Return in a word what the gates of a run say together: a failed one, an undecided one, or none."""
    outcomes = {gate.outcome for result in results for gate in result.gates}
    return next((outcome for outcome in ("failed", "inconclusive", "passed") if outcome in outcomes), "none")


def _tag_key(name: str) -> str:
    """Return a name in characters that MLflow takes for a key: a task of lm-eval may have others (`mbpp+`)."""
    return re.sub(r"[^\w.\- ]", "_", name)


def end_orphaned_runs(client: "MlflowClient", experiment_id: str) -> None:
    """End the runs of processes on this host that no longer live, so that none stays RUNNING for ever."""
    for run in client.search_runs([experiment_id], "attributes.status = 'RUNNING'", max_results=1000):
        host, _, process = run.data.tags.get(_OWNER, "").partition("|")
        if host == platform.node() and process and not _alive(process):
            client.set_terminated(run.info.run_id, "KILLED")


def recipe_hash(recipe: Recipe) -> str:
    """Return the first 12 digits of the SHA-256 of the resolved recipe."""
    return hashlib.sha256(recipe.model_dump_json().encode()).hexdigest()[:12]


def tags_of(recipe: Recipe, record: RunRecord, out: Path) -> dict[str, str]:
    """Return the tags of every run: recipe, model revision, versions, commit, hardware."""
    environment = record.environment
    quantized = record.find(QuantizeResult)
    revision = quantized.source_commit if quantized else None
    tags = {
        "awqctl.recipe": recipe.name,
        "awqctl.recipe_hash": recipe_hash(recipe),
        "awqctl.model": recipe.model.source,
        "awqctl.model_revision": str(revision or recipe.model.revision or "local"),
        "awqctl.weights": "dummy: speed and memory only" if recipe.bench.dummy_weights else "real",
        "awqctl.out": str(out),
        "awqctl.commit": environment.awqctl_commit,
        "awqctl.recipe_commit": environment.recipe_commit or "none",
        "hardware.cpu": environment.machine.cpu,
        "hardware.cores": str(environment.machine.cores),
        "hardware.memory_gib": f"{environment.machine.memory_gib:.1f}",
        "hardware.gpus": ", ".join(gpu.name for gpu in environment.machine.gpus) or "none",
        "version.awqctl": environment.awqctl,
        "version.python": environment.python,
    }
    return (
        tags
        | source_tags(environment.awqctl_commit)
        | {f"version.{name}": value for name, value in environment.packages.items()}
    )


def source_tags(commit: str) -> dict[str, str]:
    """Return what MLflow's own columns show as a run's source: this program, never the folder the user stands in."""
    named = {"mlflow.source.name": "awqctl", "mlflow.source.type": "LOCAL"}
    return named if commit == UNKNOWN else named | {"mlflow.source.git.commit": commit.removesuffix(DIRTY)}


def _log_parameters(client: "MlflowClient", run_id: str, settings: dict[str, Any]) -> None:
    from mlflow.entities import Param  # noqa: PLC0415 -- slow

    items = [Param(key, redacted(str(value))[:_LONGEST_PARAMETER]) for key, value in dict(flatten(settings)).items()]
    for start in range(0, len(items), _PARAMETERS_PER_CALL):
        client.log_batch(run_id, params=items[start : start + _PARAMETERS_PER_CALL])


def _open(store: str) -> tuple["MlflowClient", str]:
    from mlflow import MlflowClient  # noqa: PLC0415 -- slow

    # It prints a traceback for every error that it also raises; ours become sentences.
    logging.getLogger("mlflow.store").setLevel(logging.CRITICAL)
    database = _database(store)
    client = MlflowClient(tracking_uri=store)
    found = client.get_experiment_by_name(_EXPERIMENT)
    if found:
        return client, found.experiment_id
    location = (database.parent / "artifacts").resolve().as_uri() if database else None
    return client, client.create_experiment(_EXPERIMENT, artifact_location=location)


@contextlib.contextmanager
def _explained(store: str) -> Iterator[None]:
    """Turn MLflow's own errors into a sentence."""
    from mlflow.exceptions import MlflowException  # noqa: PLC0415 -- slow
    from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415 -- slow; MLflow lets some of them through

    try:
        yield
    except (MlflowException, SQLAlchemyError) as problem:
        reason = redacted(" ".join(str(problem).split()))[:200]
        message = f"The MLflow store {masked(store)} cannot be used: {reason}. Check --store and the disk."
        raise EnvironmentLackError(message) from problem


@contextlib.contextmanager
def _first_use(store: str, reporter: Reporter) -> Iterator[None]:
    """Let one process at a time open a SQLite store: creating its schema twice at once fails.

    The lock is the database's own: the folder may be an output folder, which has a lock, too.
    """
    database = _database(store)
    if database is None:
        yield
        return

    def waiting(holder: str) -> None:
        reporter.warn(f"waiting for {holder}, which is opening the MLflow store {masked(store)}")

    try:
        database.parent.mkdir(parents=True, exist_ok=True)
        database.touch()  # SQLite itself would keep the group out, whatever the umask is
    except OSError as problem:
        raise EnvironmentLackError(
            f"The MLflow store {masked(store)} cannot be made ({problem.filename}: {problem.strerror}). Choose another "
            f"place with --store."
        ) from problem
    with exclusive(database.with_name(f".{database.name}.lock"), waiting):
        yield


def check_store(store: str, out: Path) -> None:
    """Refuse a store in a folder that stages replace as a whole: it would go with the next result.

    Raises:
        UsageError: it lies in one.
    """
    place = _database(store) or _folder(store)
    if place is None or not place.absolute().resolve().is_relative_to(out.resolve()):
        return
    inside = place.absolute().resolve().relative_to(out.resolve())
    if inside.parts and inside.parts[0] in _NOT_FOR_A_STORE:
        better = shlex.quote(f"sqlite:///{out / 'mlflow.db'}")
        raise UsageError(
            f"The MLflow store {masked(store)} lies in {out / inside.parts[0]}, which is replaced as a whole when its "
            f"stage runs. Give a place outside with --store, such as {better}."
        )


def _folder(store: str) -> Path | None:
    """Return the folder of a store of plain files; None for any other."""
    parts = urlsplit(store)
    return Path(unquote(parts.path)) if parts.scheme in ("", "file") and parts.path else None


def _database(store: str) -> Path | None:
    """Return the file of a SQLite store; None for any other, and for one in memory."""
    from sqlalchemy.engine import make_url  # noqa: PLC0415 -- slow
    from sqlalchemy.exc import ArgumentError  # noqa: PLC0415

    try:
        url = make_url(store)
    except ArgumentError:
        return None
    on_disk = url.get_backend_name() == "sqlite" and url.database and url.database != ":memory:"
    return Path(str(url.database)) if on_disk else None


def _myself() -> str:
    return f"{platform.node()}|{os.getpid()}|{psutil.Process().create_time():.0f}"


def _alive(process: str) -> bool:
    pid, _, started = process.partition("|")
    try:
        return f"{psutil.Process(int(pid)).create_time():.0f}" == started
    except psutil.Error:
        return False
