"""`ServingSpec`: what is served and how, made from a recipe and what its run has quantized."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from eval.bench.result import BenchResult
from pipeline.base.errors import refuse
from pipeline.engines.lora import check_adapter
from pipeline.engines.preflight import check_engine
from pipeline.models.tensors import weight_bytes
from pipeline.models.trust import check_trust, custom_code
from pipeline.quantize.result import QuantizeResult
from pipeline.quantize.weights import check_tokens
from pipeline.recipe.engine import EngineSettings
from pipeline.recipe.recipe import Recipe
from pipeline.recipe.serve import RUN, Serve, ServedModelEntry
from pipeline.record.checkpoint import check_checkpoint, checkpoint_of
from pipeline.record.context import RunContext
from pipeline.record.record import RunRecord
from pipeline.runtimes.specs import Resolved
from pipeline.runtimes.store import Runtime
from serve.releases.release import UNRELEASED
from serve.supervisor.placement import Demand, shortages, visible_devices
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
    release: str = UNRELEASED
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
    devices: tuple[str, ...] = ()
    """GPUs that engines may use, as `CUDA_VISIBLE_DEVICES` names them; none on the CPU."""
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

    def of_run() -> Path:
        return checkpoint_of(context, record.result(QuantizeResult).checkpoint_digest)

    bench, entries = record.find(BenchResult), recipe.serve.models
    models = (
        tuple(_entry(name, entry, recipe, context, of_run, bench) for name, entry in entries.items())
        if entries
        else (_model(recipe, of_run(), bench),)
    )
    return _spec(recipe, context, models, host=host, port=port, tls=tls, despite_gates=despite_gates, endpoint=endpoint)


def spec_of_checkpoint(
    recipe: Recipe,
    context: RunContext,
    checkpoint: Path,
    *,
    bench: BenchResult | None = None,
    host: str | None = None,
    port: int | None = None,
    tls: bool | None = None,
    despite_gates: tuple[str, ...] = (),
    endpoint: str | None = None,
) -> ServingSpec:
    """Return how to serve a checkpoint whose files have been checked, the engine's environment made.

    Arguments and errors are those of `serving_spec`; `bench` is what was measured of the checkpoint.
    """
    models = (_model(recipe, checkpoint, bench),)
    return _spec(recipe, context, models, host=host, port=port, tls=tls, despite_gates=despite_gates, endpoint=endpoint)


def _model(recipe: Recipe, checkpoint: Path, bench: BenchResult | None) -> ServedModel:
    """Return the one model of a recipe."""
    return ServedModel(
        name=recipe.serve.model_name or recipe.name,
        checkpoint=checkpoint,
        engine=recipe.engine,
        trust_remote_code=_trusted(recipe, checkpoint),
        replicas=recipe.serve.replicas,
        max_prefill_tokens=max_prefill_tokens(bench),
    )


def _entry(
    name: str,
    entry: ServedModelEntry,
    recipe: Recipe,
    context: RunContext,
    of_run: Callable[[], Path],
    bench: BenchResult | None,
) -> ServedModel:
    """Return one of several models, its checkpoint and its adapters checked."""
    own = entry.checkpoint == RUN
    checkpoint = of_run() if own else context.recipe_dir / Path(entry.checkpoint).expanduser()
    if not own:
        check_checkpoint(checkpoint, context.reporter, advice=f"Make it again, or correct serve.models.{name}.")
        check_trust(checkpoint, recipe.model)
    adapters = {each: context.recipe_dir / Path(folder).expanduser() for each, folder in entry.adapters.items()}
    for folder in adapters.values():
        check_adapter(folder, checkpoint)
    return ServedModel(
        name=name,
        checkpoint=checkpoint,
        engine=entry.engine or recipe.engine,
        trust_remote_code=_trusted(recipe, checkpoint),
        replicas=entry.replicas,
        adapters=adapters,
        max_prefill_tokens=max_prefill_tokens(bench if own else None),
    )


def _trusted(recipe: Recipe, checkpoint: Path) -> bool:
    return recipe.model.trust_remote_code and bool(custom_code(checkpoint).classes)


def _spec(
    recipe: Recipe,
    context: RunContext,
    models: tuple[ServedModel, ...],
    *,
    host: str | None,
    port: int | None,
    tls: bool | None,
    despite_gates: tuple[str, ...],
    endpoint: str | None,
) -> ServingSpec:
    accelerator = context.resolved
    for model in models:
        check_engine(model.engine, accelerator, context.machine)
        check_tokens(model.checkpoint, trust_remote_code=model.trust_remote_code)
    devices: tuple[str, ...] = ()
    if accelerator == "cuda":
        devices = visible_devices(len(context.machine.cuda_gpus), os.environ.get("CUDA_VISIBLE_DEVICES"))
    if sum(model.replicas for model in models) > 1:  # one alone is left to vLLM, which says more of what it lacks
        refuse(shortages([_demand(model) for model in models], accelerator, len(devices), context.machine.memory_gib))
    offered = recipe.serve
    return ServingSpec(
        endpoint=endpoint or recipe.name,
        models=models,
        runtime=context.runtime("vllm"),
        accelerator=accelerator,
        host=offered.host if host is None else host,
        port=offered.port if port is None else port,
        tls=offered.tls if tls is None else tls,
        offered=offered,
        devices=devices,
        despite_gates=despite_gates,
    )


def _demand(model: ServedModel) -> Demand:
    return Demand(
        model=model.name,
        engines=model.replicas,
        devices=model.engine.workers,
        memory_gib=model.engine.cpu_kv_cache_gib + weight_bytes(model.checkpoint) / 2**30,
    )
