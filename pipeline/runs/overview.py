"""One run in short, from its record alone."""

from collections import Counter

from pydantic import ValidationError

from pipeline.base.errors import MissingStageError
from pipeline.recipe.recipe import Recipe
from pipeline.record.environment import Environment
from pipeline.record.record import RunRecord, StageResult
from pipeline.report.acceptance.judge import AcceptanceJudgement, acceptance_of
from pipeline.report.inputs import inputs_of
from pipeline.report.result import ReportResult
from pipeline.runs.result import RunOverview, StageOverview

_MEASURING = ("bench", "eval", "serve", "profile", "quantize", "roi")
"""Whose machine is the one that was measured: the first that is there."""


def overview(name: str, folder: str, record: RunRecord) -> RunOverview:
    """Return a run in short.

    Args:
        name: by which it is called.
        folder: as it was named.
        record: of the run.
    """
    ended = [record.stages[stage] for stage in record.stages]
    outcomes = {gate.outcome for stage in ended for gate in stage.gates}
    reported, accepted = record.find(ReportResult), _acceptance(record)
    environment = measured_environment(record)
    return RunOverview(
        name=name,
        folder=folder,
        recipe=record.name,
        model=str((record.recipe.get("model") or {}).get("source", "unknown")),
        date=max((stage.started_at for stage in ended), default=""),
        hardware=hardware(environment),
        awqctl=environment.awqctl,
        stages=tuple(map(_stage, ended)),
        gates=next((one for one in ("failed", "inconclusive", "passed") if one in outcomes), "none"),
        acceptance=accepted.word if accepted else None,
        clauses={one.id: one.outcome for one in accepted.clauses} if accepted else {},
        recommendation=reported.recommendation if reported else "",
        mlflow_run_id=record.mlflow_run_id,
    )


def measured_environment(record: RunRecord) -> Environment:
    """Return the machine and the software that was measured; the record's where nothing was."""
    found = (record.stages[name] for name in _MEASURING if name in record.stages)
    return next((stage.environment for stage in found), record.environment)


def hardware(environment: Environment) -> str:
    """Return the GPUs that were used, or the processors."""
    machine = environment.machine
    if environment.accelerator == "cpu" or not machine.cuda_gpus:
        return f"{machine.cpu}, {machine.cores} cores"
    return ", ".join(f"{amount} x {name}" for name, amount in Counter(gpu.name for gpu in machine.cuda_gpus).items())


def _stage(result: StageResult) -> StageOverview:
    return StageOverview(
        stage=result.stage,
        outcome=result.outcome,
        started_at=result.started_at,
        seconds=result.seconds,
        gates={gate.name: gate.outcome for gate in result.gates},
        error=result.error,
    )


def _acceptance(record: RunRecord) -> AcceptanceJudgement | None:
    """Return the clauses judged; None also of a recipe that another version wrote."""
    if not record.acceptance:
        return None
    try:
        return acceptance_of(inputs_of(Recipe.model_validate(record.recipe), record))
    except (ValidationError, MissingStageError):
        return None
