"""What a run leaves behind: `StageResult` per stage, `RunRecord` per output folder (`record.json`)."""

import json
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import Field, SerializeAsAny, ValidationError

from pipeline.base.commands import command
from pipeline.base.errors import MissingStageError, UsageError
from pipeline.base.files import read_written, write_atomically
from pipeline.base.results import Gate, Metric, Payload, Result
from pipeline.hardware.health.check import HealthCheck
from pipeline.record.environment import Environment
from pipeline.record.migrate import migrate

Status = Literal["passed", "gate_failed", "failed", "interrupted"]
RECORD = "record.json"
PayloadT = TypeVar("PayloadT", bound=Payload)


class StageResult(Result):
    """Outcome of one stage."""

    stage: str
    status: Status
    inputs: dict[str, Any]
    """Everything the result depends on, by name: recipe sections as they were, hashes of files and of other results.
    Equal inputs need no second run."""
    environment: Environment
    """The machine the result was made on; a record may be carried to another one."""
    started_at: str
    """UTC, ISO 8601."""
    seconds: float
    metrics: tuple[Metric, ...] = ()
    gates: tuple[Gate, ...] = ()
    artifacts: dict[str, str] = Field(default_factory=dict)
    """Name -> path relative to the output folder."""
    sums: dict[str, str] = Field(default_factory=dict)
    """SHA-256 of the files that it published, by path relative to the output folder; those of a checkpoint stand in its
    manifest. Results of earlier versions have none."""
    parameters: dict[str, str] = Field(default_factory=dict)
    """Settings that were found while it ran; parameters of its MLflow run."""
    payload: dict[str, Any] = Field(default_factory=dict)
    """The stage's own result as JSON; `RunRecord.result` reads it."""
    error: str | None = None
    health: tuple[HealthCheck, ...] = ()
    """What of the machine was not well before it started, or is not reported; empty where it was not asked."""

    @property
    def usable(self) -> bool:
        """Return whether the stage came to an end, whatever its gates say."""
        return self.status in ("passed", "gate_failed")

    @property
    def outcome(self) -> str:
        """How it ended, in words; a gate that is undecided did not fail."""
        undecided = self.status == "gate_failed" and all(gate.outcome != "failed" for gate in self.gates)
        return "gate not passed" if undecided else self.status.replace("_", " ")


class StageOutcome(Result):
    """What a stage function returns; the runner adds status, time and fingerprint."""

    metrics: tuple[Metric, ...] = ()
    gates: tuple[Gate, ...] = ()
    artifacts: dict[str, str] = Field(default_factory=dict)
    parameters: dict[str, str] = Field(default_factory=dict)
    result: SerializeAsAny[Payload]


class ServedDespite(Result):
    """A start of the endpoint for a checkpoint that did not pass its gates."""

    at: str
    """UTC, ISO 8601."""
    address: str
    """As asked for, host and port."""
    gates: tuple[str, ...]
    """What each gate says that was passed over."""


class AcceptanceVersion(Result):
    """The acceptance terms as a run found them, noted before anything was measured with them."""

    recorded_at: str
    """UTC, ISO 8601."""
    source: str
    """Name of the file, or `the recipe`."""
    sha256: str
    terms: dict[str, Any]
    """As resolved, with the keys of the version that wrote it."""


class RunRecord(Result):
    """`record.json`: the recipe as it was, the environment and one result per stage."""

    schema_version: Literal[3] = 3
    recipe: dict[str, Any]
    """Of the last successful stage, every default filled in, with the keys of the version that wrote it; what each
    stage was made with stands in its `inputs`."""
    environment: Environment
    recipe_origin: str | None = None
    """Where that recipe was read: a path, or `packaged:NAME`. Records of earlier versions do not say."""
    mlflow_run_id: str | None = None
    mlflow_store: str | None = None
    """Where that run is logged, without passwords; None in records of earlier versions."""
    stages: dict[str, StageResult] = Field(default_factory=dict)
    """The last result of each stage; a failed attempt only where there is no earlier result."""
    failed_attempts: dict[str, StageResult] = Field(default_factory=dict)
    """Attempts that failed or were stopped after an earlier result, which stays in `stages`."""
    served_despite: tuple[ServedDespite, ...] = ()
    """When and where a checkpoint was served with `--despite-gates`."""
    acceptance: tuple[AcceptanceVersion, ...] = ()
    """Every version of the terms that runs in this folder found, the last one in force; empty without any."""

    @property
    def name(self) -> str:
        """Name of the recipe."""
        return str(self.recipe["name"])

    def result(self, model: type[PayloadT]) -> PayloadT:
        """Return what a finished stage reported.

        Raises:
            MissingStageError: the stage has no usable result that this version reads; names the command that makes it.
        """
        try:
            return model.model_validate(self.done(model.STAGE).payload)
        except ValidationError:
            raise MissingStageError(
                f"The result of the stage '{model.STAGE}' was written by another version of awqctl, and this one does "
                f"not read it. Run `{command(model.STAGE)}`."
            ) from None

    def find(self, model: type[PayloadT]) -> PayloadT | None:
        """Return what a finished stage reported; None where there is nothing that this version reads."""
        try:
            return self.result(model)
        except MissingStageError:
            return None

    def done(self, stage: str) -> StageResult:
        """Return a finished stage (passed or gate failed).

        Raises:
            MissingStageError: the stage has no usable result; names the command that makes it.
        """
        result = self.stages.get(stage)
        if result is None or not result.usable:
            raise MissingStageError(
                f"The stage '{stage}' has no result yet. Run `{command(stage)}` first, or "
                f"`{command('run')}` for all stages."
            )
        return result

    def with_stage(self, result: StageResult) -> "RunRecord":
        """Return a copy with a new result of a stage; a failed one does not displace a usable one."""
        earlier = self.stages.get(result.stage)
        failed = {name: attempt for name, attempt in self.failed_attempts.items() if name != result.stage}
        if earlier is not None and earlier.usable and not result.usable:
            return self.model_copy(update={"failed_attempts": {**failed, result.stage: result}})
        return self.model_copy(update={"stages": {**self.stages, result.stage: result}, "failed_attempts": failed})

    def without_stage(self, name: str) -> "RunRecord":
        """Return a copy without the results of a stage."""
        kept = {
            kind: {k: v for k, v in getattr(self, kind).items() if k != name} for kind in ("stages", "failed_attempts")
        }
        return self.model_copy(update=kept)


def load_record(path: Path) -> RunRecord | None:
    """Read `record.json`, one of an earlier version too; None where there is none.

    Raises:
        UsageError: the file is not a record, or one of a later version.
    """
    if not path.exists():
        return None
    try:
        return RunRecord.model_validate(migrate(json.loads(read_written(path))))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as problem:
        reason = str(problem).splitlines()[0]
        raise UsageError(
            f"{path} is not a record this version reads ({reason}). Move it away or use --out."
        ) from problem


def save_record(record: RunRecord, path: Path) -> None:
    """Write `record.json` whole or not at all."""
    write_atomically(path, record.model_dump_json(indent=2) + "\n")
