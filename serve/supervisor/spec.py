"""`ServingSpec`: what is served and how, made from a recipe and what its run has quantized."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from eval.bench.result import BenchResult
from pipeline.engines.preflight import check_engine
from pipeline.models.trust import custom_code
from pipeline.quantize.result import QuantizeResult
from pipeline.quantize.weights import check_tokens
from pipeline.recipe.engine import EngineSettings
from pipeline.recipe.recipe import Recipe
from pipeline.recipe.serve import Serve
from pipeline.record.checkpoint import checkpoint_of
from pipeline.record.context import RunContext
from pipeline.record.record import RunRecord
from pipeline.runtimes.specs import Resolved
from pipeline.runtimes.store import Runtime
from serve.supervisor.prefill import max_prefill_tokens


@dataclass(frozen=True)
class ServedModel:
    """One model, and the engines that serve it."""

    name: str
    """What clients ask for."""
    checkpoint: Path
    engine: EngineSettings
    trust_remote_code: bool = False
    replicas: int = 1
    adapters: Mapping[str, Path] = field(default_factory=dict)
    """LoRA adapters by the names that clients ask for."""
    release: str = "unreleased"
    """Which release that is; stands in the audit and in the metrics."""
    max_prefill_tokens: int | None = None
    """Of prompts that wait in one engine to be read; None for no bound."""


@dataclass(frozen=True)
class ServingSpec:
    """What is served, and the address at which it is offered."""

    endpoint: str
    """Its name: keys, audit and releases belong to it."""
    models: tuple[ServedModel, ...]
    runtime: Runtime
    accelerator: Resolved
    host: str
    port: int
    """0 takes a free one."""
    tls: bool
    offered: Serve = field(default_factory=Serve)
    """How the endpoint is offered beside the address."""
    despite_gates: tuple[str, ...] = ()
    """What the gates say that the checkpoint did not pass and that are passed over."""


def serving_spec(
    recipe: Recipe,
    context: RunContext,
    record: RunRecord,
    *,
    host: str | None = None,
    port: int | None = None,
    tls: bool | None = None,
    despite_gates: tuple[str, ...] = (),
    endpoint: str | None = None,
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
        endpoint: name of the endpoint in place of the recipe's.

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
    model = ServedModel(
        name=offered.model_name or recipe.name,
        checkpoint=checkpoint,
        engine=recipe.engine,
        trust_remote_code=trusted,
        replicas=offered.replicas,
        max_prefill_tokens=max_prefill_tokens(record.find(BenchResult)),
    )
    return ServingSpec(
        endpoint=endpoint or recipe.name,
        models=(model,),
        runtime=context.runtime("vllm"),
        accelerator=accelerator,
        host=offered.host if host is None else host,
        port=offered.port if port is None else port,
        tls=offered.tls if tls is None else tls,
        offered=offered,
        despite_gates=despite_gates,
    )
