"""From what a user asks for to the plans of all combinations of GPU, quantization and KV dtype."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import product
from math import ceil
from typing import Any

from pipeline.base.errors import UsageError
from pipeline.base.results import Result
from pipeline.catalogue.choices import kv_cache_dtype, quantization
from pipeline.catalogue.files import packaged
from pipeline.catalogue.gpus import find_gpu, gpus
from pipeline.catalogue.models import licences
from pipeline.catalogue.reference import PlannedModel, planned_model
from pipeline.plan.engine import ASSUMED, engine_of
from pipeline.plan.gpu import Gpu
from pipeline.plan.matrices import active_parameters, parameters
from pipeline.plan.nearest import nearest
from pipeline.plan.placement import placed
from pipeline.plan.plan import Plan, plan_of
from pipeline.plan.result import ConfigurationPlan, configuration
from pipeline.plan.settings import Settings

SCHEMA = 1
_MOST_MEMORY = 4
"""Times the memory of a card that may be stated for it: there are some with more than the usual."""


@dataclass(frozen=True)
class PlanRequest:
    """What `awqctl plan MODEL` is asked; lists are comma-separated, None is a default."""

    reference: str
    gpus: str | None = None
    count: int | None = None
    quantization: str | None = None
    tensor_parallel_size: int | None = None
    pipeline_parallel_size: int | None = None
    decode_context_parallel_size: int = 1
    max_model_len: int | None = None
    max_num_seqs: int | None = None
    max_num_batched_tokens: int | None = None
    kv_cache_dtype: str = "auto"
    gpu_memory_utilization: float | None = None
    gpu_memory_gib: float | None = None
    kv_cache_memory_gib: float | None = None
    block_size: int | None = None
    enforce_eager: bool = False
    cpu_offload_gib: float = 0.0
    input_tokens: int = 1024
    output_tokens: int = 1024
    concurrency: int | None = None
    version: str | None = None
    at_once: bool = True
    called: str | None = None
    """What the model is shown as; None: by its own name."""


def is_recipe(reference: str) -> bool:
    """Return whether a user names a recipe: a YAML file, or one that ships."""
    if reference.endswith((".yaml", ".yml")):
        return True
    return "/" not in reference and (packaged("") / ".." / f"{reference}.yaml").is_file()


def with_recipe(request: PlanRequest) -> PlanRequest:
    """Return the request with the recipe's model and settings where it gives none itself; 16 bit and AWQ.

    Raises:
        RecipeError: the recipe is not there or not valid.
    """
    from pipeline.models.files import packaged_model  # noqa: PLC0415 -- only a recipe needs it
    from pipeline.recipe.load import load_recipe  # noqa: PLC0415

    loaded = load_recipe(request.reference)
    recipe = loaded.recipe
    engine, source = recipe.engine, recipe.model.source
    beside = loaded.path.parent / source
    reference = str(packaged_model()) if source == "packaged:demo" else str(beside) if beside.is_dir() else source
    return replace(
        request,
        reference=reference,
        called=source if source == "packaged:demo" else None,
        quantization=request.quantization or "none,awq",
        max_model_len=request.max_model_len or engine.max_model_len,
        max_num_seqs=request.max_num_seqs or engine.max_num_seqs,
        at_once=request.max_num_seqs is not None,
        tensor_parallel_size=request.tensor_parallel_size or (None if request.count else engine.tensor_parallel_size),
        pipeline_parallel_size=request.pipeline_parallel_size
        or (None if request.count else engine.pipeline_parallel_size),
        gpu_memory_utilization=request.gpu_memory_utilization or engine.gpu_memory_utilization,
        enforce_eager=request.enforce_eager or engine.enforce_eager,
        kv_cache_dtype="fp8" if str(engine.kv_cache_dtype).startswith("fp8") else request.kv_cache_dtype,
    )


class Plans(Result):
    """What `awqctl plan --json` prints."""

    schema_version: int = SCHEMA
    model: str
    licence: str
    licence_facts: str | None
    """What it allows and asks; null: not known."""
    parameters: int
    active_parameters: int
    """That a token is multiplied with."""
    vllm: str
    input_tokens: int
    output_tokens: int
    configurations: list[ConfigurationPlan]
    notes: list[str]


def plans(request: PlanRequest) -> Plans:
    """Return the plans of all combinations.

    Raises:
        UsageError: a GPU, a quantization or a version is not known.
        SourceError: the model is not.
    """
    request = with_recipe(request) if is_recipe(request.reference) else request
    model = planned_model(request.reference)
    found = []
    for name, method, dtype in product(*_axes(request, model)):
        gpu = _gpu(name, request)
        made = _plan(model, gpu, _settings(request, model, gpu, method, dtype))
        alternatives = () if made.fits else nearest(model.architecture, made, _others(request))
        found.append(configuration(made, alternatives, _curve(model, made)))
    where = "this GPU" if len({each.gpu for each in found}) == 1 else "these GPUs"
    return Plans(
        model=request.called or model.name,
        licence=model.licence,
        licence_facts=facts.sentence if (facts := licences().get(model.licence)) else None,
        parameters=parameters(model.architecture),
        active_parameters=active_parameters(model.architecture),
        vllm=engine_of(request.version or ASSUMED).name,
        input_tokens=request.input_tokens,
        output_tokens=request.output_tokens,
        configurations=found,
        notes=[*model.notes, f"Speeds are modelled with fractions from published runs; not calibrated on {where}."],
    )


def _plan(model: PlannedModel, gpu: Gpu, settings: Settings) -> Plan:
    """Return the plan; weights are offloaded only where it does not fit without."""
    plan = plan_of(model.architecture, gpu, replace(settings, offload_gib=0.0))
    return plan if plan.fits or not settings.offload_gib else plan_of(model.architecture, gpu, settings)


def _curve(model: PlannedModel, plan: Plan) -> tuple[Plan, ...]:
    """Return the plan at 1, 2, 4 ... requests under way, up to what runs at once."""
    if plan.rate is None:
        return ()
    steps = [2**power for power in range(plan.rate.running.bit_length())]
    wanted = dict.fromkeys([*steps, plan.rate.running])
    return tuple(
        plan_of(model.architecture, plan.gpu, replace(plan.settings, concurrency=concurrency)) for concurrency in wanted
    )


def _axes(request: PlanRequest, model: PlannedModel) -> tuple[list[str], list[str], list[str]]:
    named = _split(request.gpus, lambda name: find_gpu(name).key)
    if not named:
        raise UsageError("Say which GPU with --gpu NAME; `awqctl gpus ls` lists them.")
    try:
        methods = _split(request.quantization, quantization) or [model.quantization or "none"]
        dtypes = _split(request.kv_cache_dtype, kv_cache_dtype) or ["auto"]
    except ValueError as problem:
        raise UsageError(str(problem)) from None
    return named, methods, dtypes


def _split(text: str | None, form: Callable[[str], str]) -> list[str]:
    """Return what commas separate, each once."""
    return list(dict.fromkeys(form(part.strip()) for part in (text or "").split(",") if part.strip()))


def _gpu(key: str, request: PlanRequest) -> Gpu:
    entry, stated = find_gpu(key), request.gpu_memory_gib
    if stated is None:
        return entry.planned()
    usual = entry.figures["memory_gb"].value
    if stated > _MOST_MEMORY * usual:
        raise UsageError(
            f"--gpu-memory-gib {stated:,g} is more than {_MOST_MEMORY} times the {usual:g} GB of {entry.name}. Give "
            f"GiB, not MiB."
        )
    return replace(entry.planned(), memory_gib=stated, memory_estimated=False)


def _others(request: PlanRequest) -> Iterator[Gpu]:
    """Yield what else could be rented; not where the memory of this one was stated."""
    for entry in gpus().values():
        if request.kv_cache_memory_gib is None and entry.family != "apple":
            yield entry.planned()


def _settings(request: PlanRequest, model: PlannedModel, gpu: Gpu, method: str, dtype: str) -> Settings:
    _refuse_other_count(request)
    settings = Settings(
        quantization=method,
        tensor_parallel=request.tensor_parallel_size or 1,
        pipeline_parallel=request.pipeline_parallel_size or 1,
        max_model_len=request.max_model_len,
        max_num_seqs=request.max_num_seqs,
        at_once=request.at_once,
        max_num_batched_tokens=request.max_num_batched_tokens,
        kv_cache_dtype=dtype,
        gpu_memory_utilization=request.gpu_memory_utilization,
        kv_cache_gib=request.kv_cache_memory_gib,
        block_size=request.block_size,
        eager=request.enforce_eager,
        context_parallel=request.decode_context_parallel_size,
        offload_gib=request.cpu_offload_gib,
        input_tokens=request.input_tokens,
        output_tokens=request.output_tokens,
        concurrency=request.concurrency,
        engine=engine_of(request.version or ASSUMED),
    )
    if request.count and not request.tensor_parallel_size and not request.pipeline_parallel_size:
        return placed(model.architecture, gpu, settings, request.count)
    return replace(settings, nodes=max(1, ceil(settings.gpus / gpu.gpus_per_node)))


def _refuse_other_count(request: PlanRequest) -> None:
    tensor, stages = request.tensor_parallel_size, request.pipeline_parallel_size
    together = (tensor or 1) * (stages or 1)
    if request.count and (tensor or stages) and together != request.count:
        raise UsageError(
            f"--gpus {request.count:,} contradicts the parallel sizes, which take {together:,}. Leave --gpus out, or "
            f"let it place the model by itself."
        )


def planned(reference: str, gpu: str, *, memory_gib: float | None = None, **settings: Any) -> Plan:
    """Return one plan, for callers that have the `Settings` already."""
    found = find_gpu(gpu).planned()
    if memory_gib is not None:
        found = replace(found, memory_gib=memory_gib)
    return plan_of(planned_model(reference).architecture, found, Settings(**settings))
