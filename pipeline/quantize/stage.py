"""The stage `quantize`: pre-flight, AWQ in a backend's own environment, audit; a checkpoint whole or not at all."""

import shutil
from functools import cache, partial
from pathlib import Path

from pipeline.base.errors import SourceError
from pipeline.models import SourceModel, identify_source, resolve_source, source_changes
from pipeline.models.headers import headers_of
from pipeline.models.manifest import CARD, read_manifest
from pipeline.models.manifest import NAME as MANIFEST
from pipeline.quantize.awq import log_of
from pipeline.quantize.backends import BACKENDS
from pipeline.quantize.calibration import build_calibration, calibration_identity, load_tokenizer
from pipeline.quantize.metrics import metrics_of
from pipeline.quantize.preflight import check_blocks, checked_plan
from pipeline.quantize.probes import PROBES, space
from pipeline.quantize.quantization import CONTROL, Quantization
from pipeline.quantize.result import NOTES, QuantizeResult
from pipeline.recipe.recipe import Recipe
from pipeline.record.context import CHECKPOINT, RunContext
from pipeline.record.health import QUANTIZE_HEALTH
from pipeline.record.migrate import CONTROL as CONTROLLED
from pipeline.record.publish import discard
from pipeline.record.record import RunRecord, StageOutcome
from pipeline.record.stage import Stage, sections

_MODEL_FILES = "the model's files"


def run(recipe: Recipe, context: RunContext, _record: RunRecord) -> StageOutcome:
    """Quantize the recipe's model and publish it as `out/checkpoint`, a control beside it as `out/control`."""
    with context.reporter.task(f"finding the model {recipe.model.source}") as task:
        source = resolve_source(recipe.model, context.recipe_dir, task=task)
    if source.note:
        context.reporter.warn(source.note)
    changes = _changes(source, context)
    model = headers_of(source)
    tokenizer = cache(partial(load_tokenizer, source.path, trust_remote_code=source.trust_remote_code))
    plan = checked_plan(model, recipe, context, tokenizer)
    with context.reporter.task("reading the calibration text"):
        calibration = build_calibration(
            recipe.quantize.calibration, context.recipe_dir, tokenizer(), tokenizer_folder=source.path
        )
    for warning in calibration.facts.warnings():
        context.reporter.warn(warning)
    check_blocks(plan, model, recipe, calibration.facts.blocks, context.reporter)
    backend = plan.require_possible()
    work = Quantization(source, changes, recipe.quantize, recipe.wants("rtn"), backend, calibration, context)
    result, outcome_gates = work.publish()
    shutil.rmtree(context.resume(NOTES), ignore_errors=True)
    if result.control_digest is None and (context.out / CONTROL).exists():
        discard(context.out / CONTROL, context.scratch)
    return StageOutcome(
        metrics=metrics_of(result),
        gates=outcome_gates,
        artifacts=_artifacts(result, context.relative(log_of(context, backend))),
        result=result,
    )


def _changes(source: SourceModel, context: RunContext) -> tuple[str, ...]:
    """Say in which ways the source differs from the one that the present checkpoint was made from, and return it."""
    checkpoint = context.out / CHECKPOINT
    if not (checkpoint / MANIFEST).exists():
        return ()
    try:
        before = read_manifest(checkpoint).source
    except SourceError:  # damaged: it is about to be replaced
        return ()
    with context.reporter.task("comparing the model with the one quantized before"):
        changes = source_changes(before, source, checkpoint, cache=context.sums, reporter=context.reporter)
    for sentence in changes:
        context.reporter.note(sentence)
    return tuple(changes)


def _artifacts(result: QuantizeResult, log: str) -> dict[str, str]:
    artifacts = {
        "manifest": f"{CHECKPOINT}/{MANIFEST}",
        "model card": f"{CHECKPOINT}/{CARD}",
        "checkpoint": CHECKPOINT,
        "calibration": f"{NOTES}/calibration.json",
        "coverage": f"{NOTES}/coverage.json",
        "log": log,
    }
    return artifacts | ({"control": CONTROL} if result.control_digest else {})


def _backends(recipe: Recipe) -> tuple[str, ...]:
    return tuple(backend.engine for name, backend in BACKENDS.items() if recipe.quantize.backend in (name, "auto"))


def _settings(recipe: Recipe) -> dict[str, object]:
    return {**sections("model", "quantize")(recipe), CONTROLLED: recipe.wants("rtn")}


def _identify_model(recipe: Recipe, context: RunContext, record: RunRecord) -> str:
    """Return what names the model now; what it was named before holds where the hub cannot be asked."""
    quantized = record.stages.get(QuantizeResult.STAGE)
    earlier = quantized.inputs.get(_MODEL_FILES) if quantized else None
    found = identify_source(recipe.model, context.recipe_dir, earlier)
    if found.note:
        context.reporter.warn(found.note)
    return found.name


def _identify_calibration(recipe: Recipe, context: RunContext, _record: RunRecord) -> str:
    return calibration_identity(recipe.quantize.calibration, context.recipe_dir)


def _outputs(recipe: Recipe) -> tuple[str, ...]:
    folders = (CHECKPOINT, CONTROL) if recipe.wants("rtn") else (CHECKPOINT,)
    return tuple(f"{folder}/{MANIFEST}" for folder in folders)


def _other_checkpoint(out: Path, result: QuantizeResult) -> str | None:
    """Notice a run that was killed after it had published its checkpoint and before the record was written."""
    if read_manifest(out / CHECKPOINT).digest() != result.checkpoint_digest:
        return "the checkpoint is not the recorded one"
    if (
        result.control_digest
        and (out / CONTROL).exists()
        and read_manifest(out / CONTROL).digest() != result.control_digest
    ):
        return "the control is not the recorded one"
    return None


STAGE = Stage(
    run=run,
    result=QuantizeResult,
    settings=_settings,
    sections=("quantize",),
    engines=_backends,
    files={_MODEL_FILES: _identify_model, "the calibration text": _identify_calibration},
    outputs=_outputs,
    probes=PROBES,
    health=QUANTIZE_HEALTH,
    space=space,
    disagreement=_other_checkpoint,
)
