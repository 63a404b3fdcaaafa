"""The runner: decides what has to be done, runs it, writes `record.json` and logs to MLflow.

It alone does the last two, so every stage is recorded and logged by construction.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from pipeline.base.commands import command
from pipeline.base.credentials import masked
from pipeline.base.errors import (
    AwqctlError,
    EnvironmentLackError,
    Interrupted,
    MissingStageError,
    UsageError,
    refuse,
)
from pipeline.base.format import seconds
from pipeline.models import redacted
from pipeline.quantize.result import QuantizeResult
from pipeline.recipe.recipe import Recipe
from pipeline.record.context import RunContext
from pipeline.record.environment import environment_of
from pipeline.record.preflight import Effort, Prospect
from pipeline.record.record import RECORD, RunRecord, StageOutcome, StageResult, Status, load_record, save_record
from pipeline.record.stage import Stage
from pipeline.report.result import ReportResult
from pipeline.run.acceptance import terms_for, with_terms
from pipeline.run.folder import check_folder, recipe_origin
from pipeline.run.gates import left_out
from pipeline.run.outputs import damage, published_sums
from pipeline.run.preflight import examine, obstacles
from pipeline.run.stages import (
    STAGES,
    UPSTREAM,
    changes,
    check_sections,
    inputs_of,
    read_by,
    settings_of,
    stage_named,
    upstream_of,
)
from pipeline.run.tracking import PipelineRun, StageRun, Tracker

if TYPE_CHECKING:
    from pipeline.hardware.health.check import HealthCheck


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
        self.health: tuple[HealthCheck, ...] = ()
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
            known = isinstance(error, AwqctlError)
            self.error = redacted(str(error) if known else f"{type(error).__name__}: {error}")


class Runner:
    """Runs stages of one recipe in one output folder."""

    def __init__(self, recipe: Recipe, context: RunContext, tracker: Tracker, *, despite_gates: bool = False) -> None:
        self._despite_gates = despite_gates
        self._recipe = recipe
        self._context = context
        self._tracker = tracker
        self._origin = recipe_origin(context.recipe_file)
        self._environment = environment_of(context.accelerator, context.machine, context.recipe_file)

    def run(self, stages: Sequence[Stage], *, force: bool = False) -> tuple[RunRecord, list[StageReport]]:
        """Bring `stages` up to date, in order; return the record and what was done.

        Raises:
            UsageError: the output folder holds another recipe or model.
            BusyError: another process works in the output folder.
            AwqctlError: a stage failed; the record says so and keeps the results of the others.
        """
        check_folder(self._recipe, self._context)
        self._context.out.mkdir(parents=True, exist_ok=True)
        with self._context.alone(". Wait for it, or choose another folder with --out."):
            self._context.recover()
            try:
                return self._run(stages, force=force)
            finally:
                self._context.slot.clear()

    def _run(self, stages: Sequence[Stage], *, force: bool) -> tuple[RunRecord, list[StageReport]]:
        terms = terms_for(self._recipe, self._context)
        record = with_terms(found := self._open_record(), terms)
        self._preflight(stages, record, force=force)
        if record is not found:
            save_record(record, self._context.out / RECORD)
        reports: list[StageReport] = []
        with self._tracker.pipeline(self._recipe, record, self._context.out) as run:
            for number, stage in enumerate(stages, 1):
                place = f"stage {number} of {len(stages)}" if len(stages) > 1 else ""
                head = f"{place}, {stage.name}" if place else stage.name
                check_needs(stage, self._recipe, record)
                if why := self._why_left_out(stage, record, alone=len(stages) == 1):
                    record = self._leave_out(stage, record, why)
                    continue
                inputs = self._inputs(stage, record)
                reason = "asked for with --force" if force else self._reason_to_run(stage, record, inputs)
                if reason is None:
                    self._context.reporter.note("up to date", head=head)
                    reports.append(
                        StageReport(stage.name, ran=False, reason="up to date", result=record.stages[stage.name])
                    )
                    continue
                self._context.reporter.note(reason, head=head)
                self._context.upcoming[:] = self._engines_of(stages[number:])
                with self._context.reporter.stage(stage.name, place):
                    self._make_room(stage, force=force)
                    with self._context.reporter.task("opening the MLflow store"):
                        logged = {"mlflow_run_id": run.begin(), "mlflow_store": masked(self._tracker.store)}
                        record = record.model_copy(update=logged)
                    record = self._run_one(stage, record, inputs, run)
                result = record.stages[stage.name]
                self._context.reporter.note(f"{result.outcome} in {seconds(result.seconds)}", head=head)
                reports.append(StageReport(stage.name, ran=True, reason=reason, result=result))
            ran = [report.stage for report in reports if report.ran]
            run.complete(record, [*dict.fromkeys([report.stage for report in reports] + self._holding(record))], ran)
        return record, reports

    def _make_room(self, stage: Stage, *, force: bool) -> None:
        """Stop the engine that the stage does not take; with `--force` forget what earlier attempts found."""
        if not stage.takes_engine:
            self._context.slot.clear()
        if force:
            self._context.forget(stage.name)

    def _preflight(self, stages: Sequence[Stage], record: RunRecord, *, force: bool) -> None:
        """Find what would stop a later stage before the first one starts; a single stage looks for itself.

        Raises:
            AwqctlError: every obstacle of the stages that have to be run.
        """
        pending = list(stages) if force else self._pending(stages, record)
        if len(pending) > 1:
            with self._context.reporter.task("looking at all stages before the first"):
                prospect = Prospect(self._recipe, self._context, self._context, Effort.SECONDS)
                refuse(obstacles(examine(pending, prospect)))

    def _pending(self, stages: Sequence[Stage], record: RunRecord) -> list[Stage]:
        """Return the stages that have to be run, as far as can be told before the first of them has."""
        pending: list[Stage] = []
        quiet = self._context.quiet()
        for stage in stages:
            waits = any(need.stage == one.name for need in stage.reads(self._recipe) for one in pending)
            try:
                if waits or self._reason_to_run(stage, record, inputs_of(stage, self._recipe, quiet, record)):
                    pending.append(stage)
            except AwqctlError:
                pending.append(stage)
        return pending

    def _why_left_out(self, stage: Stage, record: RunRecord, *, alone: bool) -> str | None:
        """Return why a stage is not run while others are, as a sentence: a stage by itself says what it lacks."""
        if not alone and (why := stage.without_figures(self._recipe, record)):
            return f"{stage.name} is left out: {why}"
        return None if self._despite_gates else left_out(stage, self._recipe, record)

    def _leave_out(self, stage: Stage, record: RunRecord, why: str) -> RunRecord:
        """Say why a stage is not run; an earlier result of it that does not hold any more would block later stages."""
        self._context.reporter.warn(why)
        if stage.name not in record.stages or stage.name in self._holding(record):
            return record
        record = record.without_stage(stage.name)
        save_record(record, self._context.out / RECORD)
        return record

    def _holding(self, record: RunRecord) -> list[str]:
        """Return the stages whose results are of this recipe, those that this run did not look at among them."""
        return [
            stage.name
            for stage in STAGES
            if record.find(stage.result) is not None and not changes_since(stage, self._recipe, record)
        ]

    def _engines_of(self, stages: Sequence[Stage]) -> list[str]:
        """Return the engines that the stages need, where it is settled which."""
        return list(dict.fromkeys(needed[0] for stage in stages if len(needed := stage.engines(self._recipe)) == 1))

    def _run_one(self, stage: Stage, record: RunRecord, inputs: dict[str, object], run: PipelineRun) -> RunRecord:
        outcome: StageOutcome | None = None
        attempt, tracked = _Attempt(), run.stage(stage.name, record)
        self._context.published.clear()
        try:
            with attempt:
                if stage.health is not None:
                    attempt.health = stage.health.require(self._recipe, self._context)
                outcome = stage.run(self._recipe, self._context, record)
        finally:
            result = self._result(stage, attempt, outcome, inputs)
            record = record.with_stage(result)
            if result.usable:
                asked = {"recipe": self._recipe.model_dump(mode="json"), "recipe_origin": self._origin}
                record = record.model_copy(update=asked)
            save_record(record, self._context.out / RECORD)
            self._log(tracked, record, result)
        return record

    def _log(self, tracked: StageRun, record: RunRecord, result: StageResult) -> None:
        """Log a result; why a stage failed is not displaced by a store that fails for the same reason."""
        try:
            made = record.find(QuantizeResult)
            tracked.finish(result, made.source_commit if made else None)
        except EnvironmentLackError as problem:
            if result.usable:
                raise
            self._context.reporter.warn(problem.message)

    def _result(
        self, stage: Stage, attempt: _Attempt, outcome: StageOutcome | None, inputs: dict[str, object]
    ) -> StageResult:
        failed_gate = outcome is not None and not all(gate.passed for gate in outcome.gates)
        return StageResult(
            stage=stage.name,
            status="gate_failed" if failed_gate else attempt.status,
            inputs=inputs,
            environment=self._environment,
            started_at=attempt.started_at,
            seconds=attempt.seconds,
            error=attempt.error,
            health=attempt.health,
            sums=published_sums(self._context) if outcome else {},
            **(_stored(outcome) if outcome else {}),
        )

    def _open_record(self) -> RunRecord:
        found = load_record(self._context.out / RECORD)
        if found is None:
            asked = self._recipe.model_dump(mode="json")
            return RunRecord(recipe=asked, recipe_origin=self._origin, environment=self._environment)
        return found.model_copy(update={"environment": self._environment})

    def _inputs(self, stage: Stage, record: RunRecord) -> dict[str, object]:
        return inputs_of(stage, self._recipe, self._context, record)

    def _reason_to_run(self, stage: Stage, record: RunRecord, inputs: dict[str, object]) -> str | None:
        """Return why the stage must run, or None when its result still holds."""
        result = record.stages.get(stage.name)
        if result is None:
            return "not run yet"
        if not result.usable:
            return f"the last attempt {'failed' if result.status == 'failed' else 'was interrupted'}"
        return self._reason_against(result, stage, record, inputs)

    def _reason_against(
        self, result: StageResult, stage: Stage, record: RunRecord, inputs: dict[str, object]
    ) -> str | None:
        """Return why a result that came to an end does not hold any more, or None."""
        attempt = record.failed_attempts.get(stage.name)
        if attempt is not None and attempt.status == "interrupted" and not changes(inputs, attempt.inputs):
            return "the last attempt was interrupted"
        if damaged := damage(stage, self._recipe, result.sums, self._context):
            return damaged
        reported = record.find(stage.result)
        if reported is None:
            return "the result was written by another version of awqctl"
        if disagreement := stage.disagreement(self._context.out, reported):
            return disagreement
        changed = changes(inputs, result.inputs)
        return f"changed: {', '.join(changed)}" if changed else None


def check_needs(stage: Stage, recipe: Recipe, record: RunRecord) -> None:
    """Refuse to build on a result that is missing or was made from something else, however far upstream.

    Something else: other settings, or an earlier result of another stage, such as a checkpoint that was replaced. A
    result that the stage also works without may be missing, but not made from something else.

    Raises:
        MissingStageError: names the stage, what changed and the command to run.
    """
    check_sections(stage, recipe)
    reads = read_by(stage, recipe, record)
    if stage.reads(recipe) and not reads:
        raise MissingStageError(
            f"The stage '{stage.name}' builds on the results of others, and there are none yet. Run `{command('run')}`."
        )
    for need in (stage_named(one.stage) for one in reads):
        record.done(need.name)
        if changed := changes_since(need, recipe, record):
            raise MissingStageError(
                f"The result of '{need.name}' was made from something else ({', '.join(changed)}). Run "
                f"`{command(need.name)}` first, or `{command('run')}` for all that changed."
            )
        check_needs(need, recipe, record)


def changes_since(stage: Stage, recipe: Recipe, record: RunRecord) -> list[str]:
    """Return what of a finished stage's settings and of the results that it read is not as it was."""
    before = record.done(stage.name).inputs
    wanted = settings_of(stage, recipe) | upstream_of(stage, recipe, record)
    read = {name for name in before if name.startswith(UPSTREAM)}
    return changes(wanted, {name: before.get(name) for name in wanted.keys() | read})


def report_changes(recipe: Recipe, record: RunRecord, out: Path) -> list[str]:
    """Return what the report in the output folder was written without; empty where it is current, or not there."""
    stage = stage_named(ReportResult.STAGE)
    if not any((out / path).exists() for path in stage.outputs(recipe)):
        return []
    written = record.stages.get(stage.name)
    return changes_since(stage, recipe, record) if written and written.usable else ["written by another run"]


def renewal(recipe: Recipe, record: RunRecord, out: Path) -> str | None:
    """Return the command that renews a report that is older than the record; None where there is no such report.

    That is `run` where a result that the report reads was made from something else, which `report` would refuse.
    """
    if not report_changes(recipe, record, out):
        return None
    try:
        check_needs(stage_named(ReportResult.STAGE), recipe, record)
    except UsageError:
        return command("run")
    return command(ReportResult.STAGE)


def record_for(stage: Stage, recipe: Recipe, context: RunContext) -> RunRecord:
    """Return the record of a run whose results `stage` may build on.

    Raises:
        UsageError: the output folder holds another recipe or model.
        MissingStageError: it may not build on them; names the command to run first.
    """
    record = record_in(recipe, context)
    check_needs(stage, recipe, record)
    return record


def record_in(recipe: Recipe, context: RunContext) -> RunRecord:
    """Return the record of a run, with or without results.

    Raises:
        UsageError: the output folder holds another recipe or model.
    """
    check_folder(recipe, context)
    return load_record(context.out / RECORD) or RunRecord(
        recipe=recipe.model_dump(mode="json"),
        environment=environment_of(context.accelerator, context.machine, context.recipe_file),
    )


def _stored(outcome: StageOutcome) -> dict[str, Any]:
    """Return an outcome as the fields of the stage's place in the record."""
    document = outcome.model_dump(mode="json")
    return {"payload": document.pop("result"), **document}
