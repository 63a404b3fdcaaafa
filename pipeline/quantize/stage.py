"""The stage `quantize`: AutoAWQ in its own environment, a checkpoint that appears whole or not at all."""

import json
import shutil
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipeline import __version__
from pipeline.context import RunContext
from pipeline.errors import SourceError, WorkerError
from pipeline.manifest import Manifest, Origin, sum_files, write_manifest
from pipeline.quantize.calibration import Tokenizer, calibration_blocks
from pipeline.quantize.checkpoint import assemble, packed_size, parameters, weight_bytes
from pipeline.quantize.result import QuantizeResult
from pipeline.quantize.translate import readable_view
from pipeline.recipe.models import GROUP_SIZES, Quantize, Recipe
from pipeline.record import Metric, RunRecord, StageOutcome, write_atomically
from pipeline.runtimes.accelerator import resolve_accelerator
from pipeline.runtimes.store import ensure
from pipeline.runtimes.worker import Worker, worker_script
from pipeline.sources import SourceModel, resolve_source

CHECKPOINT = "checkpoint"


def run(recipe: Recipe, context: RunContext, _record: RunRecord) -> StageOutcome:
    """Quantize the recipe's model and publish it as `out/checkpoint`."""
    with context.reporter.task(f"finding the model {recipe.model.source}"):
        source = resolve_source(recipe.model, context.recipe_dir)
    check_widths(source, recipe.quantize)
    with context.reporter.task("reading the calibration text"):
        blocks = calibration_blocks(recipe.quantize.calibration, context.recipe_dir, load_tokenizer(source.path))
    if len(blocks) < recipe.quantize.calibration.blocks:
        context.reporter.warn(
            f"the calibration text fills {len(blocks)} blocks, {recipe.quantize.calibration.blocks} were asked for"
        )
    with context.staged("quantize") as notes, context.staged(CHECKPOINT) as folder:
        write_atomically(notes / "calibration.json", json.dumps({"token_ids": blocks}), mode=0o600)
        answer = _quantize(source, blocks, recipe.quantize, context, folder)
        manifest = _manifest(source, recipe.quantize, answer, folder)
        write_manifest(manifest, folder)
        result = _result(source, recipe.quantize, len(blocks), answer, manifest, folder)
    return StageOutcome(
        metrics=_metrics(result),
        artifacts={
            "manifest": f"{CHECKPOINT}/awqctl-manifest.json",
            "checkpoint": CHECKPOINT,
            "calibration": "quantize/calibration.json",
            "log": context.relative(_log(context)),
        },
        payload=result.model_dump(mode="json"),
    )


def check_widths(source: SourceModel, settings: Quantize) -> None:
    """Refuse a model whose layers the group size does not divide, before anything heavy.

    Raises:
        SourceError: names the widths and the group sizes that would work.
    """
    config = source.config()
    widths = {name: config[name] for name in ("hidden_size", "intermediate_size") if isinstance(config.get(name), int)}
    odd = [f"{name} {width}" for name, width in widths.items() if width % settings.group_size]
    if odd:
        fitting = [str(size) for size in GROUP_SIZES if not any(width % size for width in widths.values())]
        advice = f"Set quantize.group_size to {' or '.join(fitting)}." if fitting else "No group size fits this model."
        raise SourceError(
            f"{source.reference} cannot be quantized in groups of {settings.group_size}: {', '.join(odd)} is not a "
            f"multiple. {advice}"
        )


def load_tokenizer(folder: Path) -> Tokenizer:
    """Return the tokenizer of a checkpoint, without running code that comes with it."""
    from transformers import AutoTokenizer  # noqa: PLC0415 -- seconds of import, only here

    tokenizer: Tokenizer = AutoTokenizer.from_pretrained(str(folder), trust_remote_code=False, local_files_only=True)
    return tokenizer


def _quantize(
    source: SourceModel, blocks: list[list[int]], settings: Quantize, context: RunContext, folder: Path
) -> dict[str, Any]:
    """Run the worker, assemble the checkpoint in `folder`; return the worker's answer with its `seconds`."""
    accelerator, _ = resolve_accelerator(context.accelerator)
    runtime = ensure("autoawq", accelerator, context.home, context.reporter)
    work = context.scratch / "quantize"
    shutil.rmtree(work, ignore_errors=True)
    try:
        view = readable_view(source.path, work / "source")
        (work / "weights").mkdir()
        request = {
            "model": str(view),
            "output": str(work / "weights"),
            "blocks": blocks,
            "n_parallel_calib_samples": settings.n_parallel_calib_samples,
            "quant_config": {
                "w_bit": settings.bits,
                "q_group_size": settings.group_size,
                "zero_point": settings.zero_point,
                "version": settings.format.upper(),
            },
        }
        started = time.monotonic()
        with Worker(
            runtime.python, worker_script("autoawq_quantize"), log=_fresh_log(context), reporter=context.reporter
        ) as worker:
            if not worker.call("check", {"model": str(view)}, "loading AutoAWQ")["supported"]:
                raise SourceError(
                    f"AutoAWQ {runtime.version} does not know the architecture of {source.reference} "
                    f"({source.config().get('model_type')}). Choose another model."
                )
            answer = worker.call("quantize", request, "quantizing")
        seconds = time.monotonic() - started
        if not answer["quantized_modules"]:
            raise WorkerError(
                "AutoAWQ ended without quantizing a single layer; the architecture is not what it claims."
            )
        assemble(source, work / "weights", folder, answer["quantization_config"])
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return answer | {"seconds": seconds}


def _log(context: RunContext) -> Path:
    return context.logs / "quantize-autoawq.log"


def _fresh_log(context: RunContext) -> Path:
    _log(context).unlink(missing_ok=True)
    return _log(context)


def _manifest(source: SourceModel, settings: Quantize, answer: dict[str, Any], folder: Path) -> Manifest:
    weights = {
        name: entry for name, entry in sum_files(source.path).items() if name.endswith((".safetensors", ".json"))
    }
    return Manifest(
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        source=Origin(reference=source.reference, commit=source.commit, licence=source.licence, files=weights),
        quantize=settings.model_dump(mode="json"),
        versions={"awqctl": __version__, **answer["versions"]},
        files=sum_files(folder),
    )


def _result(
    source: SourceModel, settings: Quantize, blocks: int, answer: dict[str, Any], manifest: Manifest, folder: Path
) -> QuantizeResult:
    total, (packed, packed_bytes) = parameters(source.path), packed_size(folder)
    return QuantizeResult(
        source=source.reference,
        source_path=str(source.path),
        source_commit=source.commit,
        licence=source.licence,
        backend=settings.backend,
        backend_versions=answer["versions"],
        bits=settings.bits,
        group_size=settings.group_size,
        zero_point=settings.zero_point,
        calibration_source=settings.calibration.source,
        calibration_blocks=blocks,
        calibration_block_tokens=settings.calibration.block_tokens,
        quantized_modules=len(answer["quantized_modules"]),
        parameters=total,
        quantized_parameters=packed,
        source_bytes=weight_bytes(source.path),
        checkpoint_bytes=weight_bytes(folder),
        bits_per_weight=8 * weight_bytes(folder) / total,
        bits_per_quantized_weight=8 * packed_bytes / packed,
        quantize_seconds=answer["seconds"],
        peak_memory_gib=answer["peak_memory_gib"],
        peak_gpu_memory_gib=answer["peak_gpu_memory_gib"],
        checkpoint_digest=manifest.digest(),
    )


def _metrics(result: QuantizeResult) -> tuple[Metric, ...]:
    names = (
        "source_bytes",
        "checkpoint_bytes",
        "bits_per_weight",
        "bits_per_quantized_weight",
        "quantize_seconds",
        "peak_memory_gib",
        "calibration_blocks",
    )
    return tuple(Metric(name=name, value=float(getattr(result, name))) for name in names)
