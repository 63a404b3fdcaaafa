"""The variants under measurement and the servers they are measured with: same settings, other weights."""

import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path

from pipeline.context import RunContext
from pipeline.errors import EnvironmentLackError, SourceError
from pipeline.manifest import differences, read_manifest
from pipeline.quantize.result import QuantizeResult
from pipeline.recipe.models import Engine, Recipe
from pipeline.record import RunRecord
from pipeline.runtimes.accelerator import Resolved, resolve_accelerator
from pipeline.runtimes.store import Runtime, ensure
from serve.engine import VllmServer

SERVED_NAME = "model"
VARIANTS = ("baseline", "awq")
_SHOWN_PROBLEMS = 3


@dataclass(frozen=True)
class Bed:
    """What all variants of one stage are measured with."""

    runtime: Runtime
    accelerator: Resolved
    engine: Engine
    paths: dict[str, Path]
    """Variant -> checkpoint folder."""
    api_key: str
    """Made for this measurement, so that nobody else can load the server."""

    def server(self, variant: str, stage: str, context: RunContext) -> VllmServer:
        """Return the server of one variant, not started yet, on a loopback port."""
        return VllmServer(
            self.runtime,
            self.paths[variant],
            self.engine,
            accelerator=self.accelerator,
            log=context.logs / f"{stage}-vllm-{variant}.log",
            served_name=SERVED_NAME,
            reporter=context.reporter,
            api_key=self.api_key,
        )


def measurement_bed(recipe: Recipe, context: RunContext, record: RunRecord) -> Bed:
    """Return the test bed for the quantized model of this run.

    Raises:
        SourceError: the checkpoint is not what its manifest says, or the source model is gone.
        EnvironmentLackError: the engine cannot run here.
    """
    quantized = record.done("quantize").payload_as(QuantizeResult)
    source, checkpoint = Path(quantized.source_path), checkpoint_of(context, record)
    if not source.is_dir():
        raise SourceError(
            f"The source model {source} is gone; the baseline cannot be measured. "
            f"Bring it back, or run `awqctl quantize --force`."
        )
    accelerator, _ = resolve_accelerator(context.accelerator)
    check_compiler(recipe.engine, accelerator)
    return Bed(
        runtime=ensure("vllm", accelerator, context.home, context.reporter),
        accelerator=accelerator,
        engine=recipe.engine,
        paths={"baseline": source, "awq": checkpoint},
        api_key=secrets.token_urlsafe(24),
    )


def checkpoint_of(context: RunContext, record: RunRecord) -> Path:
    """Return the checkpoint of this run, checked.

    Raises:
        MissingStageError: nothing has been quantized yet.
        SourceError: the checkpoint differs from its manifest, or is not the one in the record.
    """
    checkpoint = context.out / "checkpoint"
    expected = record.done("quantize").payload["checkpoint_digest"]
    check_checkpoint(checkpoint)
    if read_manifest(checkpoint).digest() != expected:
        raise SourceError(f"{checkpoint} is not the checkpoint that the record describes. Quantize again with --force.")
    return checkpoint


def check_checkpoint(checkpoint: Path) -> None:
    """Refuse a checkpoint that differs from its manifest.

    Raises:
        SourceError: it does, or has none.
    """
    problems = differences(checkpoint)
    if problems:
        shown = "; ".join(problems[:_SHOWN_PROBLEMS])
        raise SourceError(f"{checkpoint} is not what its manifest says: {shown}. Quantize again with --force.")


def check_compiler(engine: Engine, accelerator: Resolved) -> None:
    """Refuse to compile on a CPU machine without a C++ compiler.

    Raises:
        EnvironmentLackError: it is missing and the recipe does not say `enforce_eager`.
    """
    if accelerator == "cpu" and not engine.enforce_eager and shutil.which("g++") is None:
        raise EnvironmentLackError(
            "vLLM compiles the model with g++ on the CPU, and there is none. "
            "Install g++, or set engine.enforce_eager=true (quicker start, slower steps)."
        )
