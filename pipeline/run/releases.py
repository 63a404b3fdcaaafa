"""Releases of runs: what a run has made becomes one, and which one `awqctl serve RECIPE` serves."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from eval.accuracy.result import EvalResult
from eval.bench.result import BenchResult
from pipeline.base.errors import GateError, MissingStageError
from pipeline.models.checksums import digest_of
from pipeline.models.manifest import read_manifest
from pipeline.models.trust import custom_code
from pipeline.quantize.result import QuantizeResult
from pipeline.recipe.recipe import Recipe
from pipeline.recipe.serve import RUN
from pipeline.record.checkpoint import recorded_checkpoint
from pipeline.record.context import RunContext
from pipeline.record.record import RunRecord
from pipeline.run.folder import recipe_reference
from pipeline.run.gates import gates_not_passed, held_gates, record_despite, require_gates, said_of
from pipeline.run.runner import record_for, record_in
from pipeline.run.stages import stage_named
from serve.endpoint import endpoint_folder
from serve.releases.answers import StoredItem, stored_items
from serve.releases.location import verified
from serve.releases.registry import Registry, RunStore, pinned
from serve.releases.release import Arm, Release, ReleasedGate
from serve.releases.selection import release_to_serve
from serve.result import ServeResult
from serve.supervisor.releases import Releases, released
from serve.supervisor.spec import ServingSpec, serving_spec, spec_of_checkpoint

_START = "serve_start_seconds"


def release_of(recipe: Recipe, context: RunContext, record: RunRecord, endpoint: str, arm: Arm = "awq") -> Release:
    """Return the release that a run's weights would be, not registered; files are not read.

    Raises:
        MissingStageError: nothing has been quantized yet.
        SourceError: the checkpoint is gone, or is not the one in the record.
    """
    made = record.result(QuantizeResult)
    folder = recorded_checkpoint(context, made.checkpoint_digest)
    manifest = read_manifest(folder)
    facts: dict[str, object] = {"checkpoint": str(folder), "digest": made.checkpoint_digest}
    if arm == "baseline":
        source = manifest.source.files
        facts = {"checkpoint": made.source_path, "digest": digest_of(source), "files": tuple(sorted(source))}
    gates = held_gates(recipe, record)
    trusted = recipe.model.trust_remote_code and bool(custom_code(folder).classes)
    return Release(
        **facts,
        endpoint=endpoint,
        arm=arm,
        made_at=manifest.created_at,
        model_name=recipe.serve.model_name or recipe.name,
        engine=recipe.engine,
        trust_remote_code=trusted,
        code_digest=(made.code_digest or "") if trusted else "",
        recipe=recipe_reference(record),
        run=str(context.out),
        mlflow_run_id=record.mlflow_run_id,
        gates=tuple(
            ReleasedGate(stage=stage, name=gate.name, outcome=gate.outcome, statement=gate.statement)
            for stage, gate in gates
        ),
        accuracy_measured=any(stage == EvalResult.STAGE for stage, _ in gates),
        start_seconds=_start_seconds(record) if arm == "awq" else None,
    )


def drafted(
    recipe: Recipe, context: RunContext, record: RunRecord, endpoint: str, *, arm: Arm = "awq", despite: bool = False
) -> tuple[Release, tuple[StoredItem, ...]]:
    """Return the release of a run, verified and its gates passed, with the answers that its evaluation stored.

    Raises:
        GateError: a gate was not passed, and `despite` is not set.
        SourceError: the weights are not what was recorded.
        ImpossiblePlanError: a prompt could end the engine for everybody.
    """
    release = release_of(recipe, context, record, endpoint, arm)
    said = tuple(said_of(gate) for gate in gates_not_passed(recipe, record)) if arm == "awq" else ()
    if said and not despite:
        raise GateError(
            f"This checkpoint did not pass its gates, so it becomes no release: {' '.join(said)} Mend that, or "
            f"register it all the same with `awqctl release add {context.out} --despite-gates`, which is recorded."
        )
    verified(release, context.reporter)
    evaluated = record.find(EvalResult) if release.accuracy_measured else None
    if evaluated is None:
        return release.model_copy(update={"despite": said}), ()
    items = stored_items(context.out / "eval" / arm, chat_template=evaluated.chat_template)
    return release.model_copy(update={"despite": said}), items


def registered(
    registry: Registry,
    recipe: Recipe,
    context: RunContext,
    record: RunRecord,
    *,
    arm: Arm = "awq",
    despite: bool = False,
) -> Release:
    """Return the release of a run, registered unless it was already.

    Raises:
        GateError, SourceError, ImpossiblePlanError: as for `drafted`.
        EnvironmentLackError: the store cannot be written.
    """
    release, items = drafted(recipe, context, record, registry.folder.name, arm=arm, despite=despite)
    return registry.like(release) or registry.add(release, items)


def baseline_release(registry: Registry, run: str) -> Release | None:
    """Return the newest release of the 16-bit model that a run has quantized; None without any."""
    return next((one for one in registry.releases() if one.arm == "baseline" and one.run == run), None)


def served_release(
    registry: Registry,
    recipe: Recipe,
    context: RunContext,
    record: RunRecord,
    *,
    version: int | None = None,
    despite: bool = False,
) -> Release:
    """Return what `awqctl serve` serves for a recipe, with the folder that has its weights now, every file checked.

    Raises:
        GateError, SourceError: as for `drafted` and `verified`.
        MissingStageError: there is no release, and nothing has been quantized yet.
    """
    endpoint = registry.folder.name
    try:
        made = release_of(recipe, context, record, endpoint)
    except MissingStageError:
        made = None
    chosen = release_to_serve(
        registry,
        lambda: drafted(recipe, context, record, endpoint, despite=despite),
        context.reporter,
        version=version,
        made=made,
    )
    return chosen.model_copy(update={"checkpoint": str(verified(chosen, context.reporter))})


def record_to_serve(recipe: Recipe, context: RunContext) -> RunRecord:
    """Return the record of the run that is served; it may be empty where every model comes from elsewhere.

    Raises:
        MissingStageError: nothing has been quantized yet, and that is to be served.
    """
    entries = recipe.serve.models.values()
    if entries and all(entry.checkpoint != RUN for entry in entries):
        return record_in(recipe, context)
    return record_for(stage_named(ServeResult.STAGE), recipe, context)


def released_spec(
    recipe: Recipe,
    context: RunContext,
    record: RunRecord,
    store: RunStore,
    *,
    despite: bool,
    host: str | None = None,
    port: int | None = None,
    tls: bool | None = None,
    endpoint: str | None = None,
    version: int | None = None,
) -> tuple[ServingSpec, Releases | None]:
    """Return how to serve the release that is production, every file checked, and the releases that it is one of.

    Several models are served as their checkpoints are: of them there are no releases.

    Args:
        recipe: with the section `serve`.
        context: of the run.
        record: of the run.
        store: with the registry.
        despite: pass over gates that were not passed; that is recorded.
        host: in place of the recipe's.
        port: in place of the recipe's.
        tls: in place of the recipe's.
        endpoint: name in place of the recipe's.
        version: of the release, in place of production.

    Raises:
        GateError: a gate of the checkpoint was not passed, and `despite` is not set.
        AwqctlError: as for `serving_spec` and `served_release`.
    """
    folder = endpoint_folder(endpoint or recipe.name)
    made = record.find(QuantizeResult)
    chosen: dict[str, Any] = {"host": host, "port": port, "tls": tls, "endpoint": endpoint}
    passed_over: tuple[str, ...] | None = None
    if recipe.serve.models or (made is not None and pinned(folder) is None):
        passed_over = require_gates(recipe, record, context.reporter, despite=despite)
    if recipe.serve.models:
        spec, releases = serving_spec(recipe, context, record, despite_gates=passed_over or (), **chosen), None
    else:
        registry = Registry(store, folder)
        with context.reporter.task("looking up the release"):
            release = served_release(registry, recipe, context, record, version=version, despite=despite)
        own = made is not None and made.checkpoint_digest == release.digest
        if own and passed_over is None:
            passed_over = require_gates(recipe, record, context.reporter, despite=despite or bool(release.despite))
        spec = spec_of_checkpoint(
            recipe.model_copy(update={"engine": release.engine}),
            context,
            Path(release.checkpoint),
            bench=record.find(BenchResult) if own else None,
            despite_gates=release.despite if passed_over is None else passed_over,
            **chosen,
        )
        spec = replace(spec, models=(released(spec.models[0], release),))
        releases = Releases(registry, release)
    if passed_over:
        record_despite(context, passed_over, f"{spec.host}:{spec.port}")
    return spec, releases


def _start_seconds(record: RunRecord) -> float | None:
    served = record.stages.get(ServeResult.STAGE)
    metrics = served.metrics if served is not None and served.usable else ()
    return next((metric.value for metric in metrics if metric.name == _START), None)
