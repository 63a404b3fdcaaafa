"""The runner: decides what has to be done, runs it, writes `record.json` and logs to MLflow.

It alone does the last two, so every stage is recorded and logged by construction.
"""

import hashlib
import json
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from filelock import FileLock, Timeout

from pipeline.context import RunContext
from pipeline.errors import AwqctlError, BusyError, Interrupted, MissingStageError
from pipeline.machine import describe_machine
from pipeline.recipe.models import Recipe
from pipeline.record import RunRecord, StageOutcome, StageResult, Status, load_record, save_record, write_atomically
from pipeline.runtimes.accelerator import resolve_accelerator
from pipeline.stages import Stage, inputs_of, stage_named
from pipeline.tracking import PipelineRun, Tracker

RECORD = "record.json"
_INPUTS = ".inputs.json"


@dataclass(frozen=True)
class StageReport:
    """What the runner did with one stage, for the command line."""

    stage: str
    ran: bool
    reason: str
    result: StageResult


class _Attempt:
    """Times one stage and knows how it ended; exceptions pass through."""

    def __init__(self) -> None:
        self.status: Status = "passed"
        self.error: str | None = None
        self.started_at = datetime.now(UTC).isoformat(timespec="seconds")
        self.seconds = 0.0
        self._started = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.seconds = time.monotonic() - self._started
        if error is not None:
            stopped = isinstance(error, KeyboardInterrupt | Interrupted)
            self.status = "interrupted" if stopped else "failed"
            self.error = str(error) if isinstance(error, AwqctlError) else f"{type(error).__name__}: {error}"


class Runner:
    """Runs stages of one recipe in one output folder."""

    def __init__(self, recipe: Recipe, context: RunContext, tracker: Tracker) -> None:
        self._recipe = recipe
        self._context = context
        self._tracker = tracker

    def run(self, stages: Sequence[Stage], *, force: bool = False) -> tuple[RunRecord, list[StageReport]]:
        """Bring `stages` up to date, in order; return the record and what was done.

        Raises:
            BusyError: another process works in the output folder.
            AwqctlError: a stage failed; the record says so and keeps the results of the others.
        """
        self._context.out.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self._context.out / ".lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise BusyError(
                f"Another awqctl works in {self._context.out}. Wait for it, or choose another folder with --out."
            ) from None
        with lock:
            shutil.rmtree(self._context.scratch, ignore_errors=True)
            return self._run(stages, force=force)

    def _run(self, stages: Sequence[Stage], *, force: bool) -> tuple[RunRecord, list[StageReport]]:
        record = self._open_record()
        reports: list[StageReport] = []
        with self._tracker.pipeline(record, self._context.out) as run:
            for stage in stages:
                self._check_needs(stage, record)
                inputs = self._inputs(stage, record)
                reason = "asked for with --force" if force else self._reason_to_run(stage, record, inputs)
                if reason is None:
                    self._context.reporter.note(f"[dim]{stage.name}: up to date[/dim]")
                    reports.append(
                        StageReport(stage.name, ran=False, reason="up to date", result=record.stages[stage.name])
                    )
                    continue
                self._context.reporter.note(f"[bold]{stage.name}[/bold]: {reason}")
                with self._context.reporter.task("opening the MLflow store"):
                    record = record.model_copy(update={"mlflow_run_id": run.begin()})
                record = self._run_one(stage, record, inputs, run)
                reports.append(StageReport(stage.name, ran=True, reason=reason, result=record.stages[stage.name]))
        return record, reports

    def _run_one(self, stage: Stage, record: RunRecord, inputs: dict[str, object], run: PipelineRun) -> RunRecord:
        attempt, outcome, tracked = _Attempt(), StageOutcome(), run.stage(stage.name)
        try:
            with attempt:
                outcome = stage.load()(self._recipe, self._context, record)
        finally:
            result = self._result(stage, attempt, outcome, inputs)
            record = record.with_stage(result)
            self._save(record, stage, inputs)
            tracked.finish(result)
        self._context.reporter.note(
            f"[bold]{stage.name}[/bold]: {result.status.replace('_', ' ')} in {result.seconds:.0f} s"
        )
        return record

    def _result(self, stage: Stage, attempt: _Attempt, outcome: StageOutcome, inputs: dict[str, object]) -> StageResult:
        failed_gate = attempt.status == "passed" and not all(gate.passed for gate in outcome.gates)
        return StageResult(
            stage=stage.name,
            status="gate_failed" if failed_gate else attempt.status,
            fingerprint=_fingerprint(inputs),
            started_at=attempt.started_at,
            seconds=attempt.seconds,
            error=attempt.error,
            **outcome.model_dump(),
        )

    def _open_record(self) -> RunRecord:
        fresh = new_record(self._recipe, self._context)
        found = load_record(self._context.out / RECORD)
        if found is None:
            return fresh
        kept = {name: getattr(found, name) for name in ("stages", "failed_attempts", "mlflow_run_id")}
        return fresh.model_copy(update=kept)

    def _check_needs(self, stage: Stage, record: RunRecord) -> None:
        """Refuse to build on a result that is missing or was made with other settings."""
        for need in stage.needs:
            record.done(need)
            reason = self._reason_to_run(stage_named(need), record, self._inputs(stage_named(need), record))
            if reason is not None:
                name = self._recipe.name
                raise MissingStageError(
                    f"The result of '{need}' does not fit any more ({reason}). Run `awqctl {need} {name}` first, "
                    f"or `awqctl run {name}` for all that changed."
                )

    def _inputs(self, stage: Stage, record: RunRecord) -> dict[str, object]:
        return inputs_of(stage, self._recipe, self._context, record)

    def _reason_to_run(self, stage: Stage, record: RunRecord, inputs: dict[str, object]) -> str | None:
        """Return why the stage must run, or None when its result still holds."""
        result = record.stages.get(stage.name)
        if result is None:
            return "not run yet"
        if not result.usable:
            return f"the last attempt {'failed' if result.status == 'failed' else 'was interrupted'}"
        missing = [path for path in stage.outputs if not (self._context.out / path).exists()]
        if missing:
            return f"{missing[0]} is gone"
        if result.fingerprint == _fingerprint(inputs):
            return None
        before = self._known_inputs().get(stage.name, {})
        changed = [name for name in inputs.keys() | before.keys() if inputs.get(name) != before.get(name)]
        return f"changed: {', '.join(_details(inputs, before, name) for name in sorted(changed)) or 'its inputs'}"

    def _known_inputs(self) -> dict[str, dict[str, object]]:
        path = self._context.out / _INPUTS
        known: dict[str, dict[str, object]] = json.loads(path.read_text()) if path.exists() else {}
        return known

    def _save(self, record: RunRecord, stage: Stage, inputs: dict[str, object]) -> None:
        save_record(record, self._context.out / RECORD)
        if stage.name in record.failed_attempts:
            return
        write_atomically(self._context.out / _INPUTS, json.dumps(self._known_inputs() | {stage.name: inputs}))


def new_record(recipe: Recipe, context: RunContext) -> RunRecord:
    """Return a record of this recipe on this machine without any results."""
    accelerator, _ = resolve_accelerator(context.accelerator)
    return RunRecord(recipe=recipe, environment=describe_machine(accelerator))


def _details(after: dict[str, object], before: dict[str, object], name: str) -> str:
    """Return `recipe.bench.repeats` rather than `recipe.bench` where a single key changed."""
    new, old = after.get(name), before.get(name)
    if not (isinstance(new, dict) and isinstance(old, dict)) or not name.startswith("recipe."):
        return name
    keys = sorted(key for key in new.keys() | old.keys() if new.get(key) != old.get(key))
    return ", ".join(f"{name}.{key}" for key in keys)


def _fingerprint(inputs: dict[str, object]) -> str:
    return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()
