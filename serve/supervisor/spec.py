"""`ServingSpec`: what is served and how, made from a recipe and what its run has quantized."""

from dataclasses import dataclass
from pathlib import Path

from pipeline.engines.preflight import check_engine
from pipeline.models.trust import custom_code
from pipeline.quantize.result import QuantizeResult
from pipeline.quantize.weights import check_tokens
from pipeline.recipe.engine import EngineSettings
from pipeline.recipe.recipe import Recipe
from pipeline.record.checkpoint import checkpoint_of
from pipeline.record.context import RunContext
from pipeline.record.record import RunRecord
from pipeline.runtimes.specs import Resolved
from pipeline.runtimes.store import Runtime


@dataclass(frozen=True)
class ServingSpec:
    """One model, the engines that serve it, and the address at which it is offered."""

    checkpoint: Path
    model_name: str
    """What clients ask for."""
    engine: EngineSettings
    runtime: Runtime
    accelerator: Resolved
    trust_remote_code: bool
    host: str
    port: int
    """0 takes a free one."""
    tls: bool
    queue_timeout_s: int = 60
    """For which a request waits until an engine takes it."""
    despite_gates: tuple[str, ...] = ()
    """What the gates say that the checkpoint did not pass and that are passed over."""
    replicas: int = 1
    """Engines behind the gateway. More than one is not offered by recipes yet: on GPUs each must be told its own."""


def serving_spec(
    recipe: Recipe,
    context: RunContext,
    record: RunRecord,
    *,
    host: str | None = None,
    port: int | None = None,
    tls: bool | None = None,
    despite_gates: tuple[str, ...] = (),
) -> ServingSpec:
    """Return how to serve the checkpoint of this run, every file of it checked and the engine's environment made.

    Args:
        recipe: settings of the engine and of the endpoint.
        context: the run.
        record: what has been quantized.
        host: in place of the recipe's.
        port: in place of the recipe's.
        tls: in place of the recipe's.
        despite_gates: gates that are passed over.

    Raises:
        MissingStageError: nothing has been quantized yet.
        SourceError: the checkpoint is not what its manifest and the record say.
        ImpossiblePlanError: a prompt could end the engine for everybody.
        EnvironmentLackError: the engine cannot run here.
    """
    made = record.result(QuantizeResult)
    checkpoint, accelerator = checkpoint_of(context, made.checkpoint_digest), context.resolved
    trusted = recipe.model.trust_remote_code and bool(custom_code(checkpoint).classes)
    check_engine(recipe.engine, accelerator, context.machine)
    check_tokens(checkpoint, trust_remote_code=trusted)
    offered = recipe.serve
    return ServingSpec(
        checkpoint=checkpoint,
        model_name=offered.model_name or recipe.name,
        engine=recipe.engine,
        runtime=context.runtime("vllm"),
        accelerator=accelerator,
        trust_remote_code=trusted,
        host=offered.host if host is None else host,
        port=offered.port if port is None else port,
        tls=offered.tls if tls is None else tls,
        queue_timeout_s=offered.queue_timeout_s,
        despite_gates=despite_gates,
    )
