"""From what a user asks for to the plans of all combinations of GPU, quantization and KV dtype."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

from pipeline.base.errors import UsageError
from pipeline.base.format import listed, plural
from pipeline.base.results import Result
from pipeline.catalogue.choices import kv_cache_dtype, quantization
from pipeline.catalogue.corrections import read_corrections
from pipeline.catalogue.cpu import CPU, this_cpu
from pipeline.catalogue.gpus import find_gpu, gpus
from pipeline.catalogue.models import licences
from pipeline.catalogue.reference import PlannedModel, planned_model
from pipeline.plan.choice import best_placement
from pipeline.plan.corrections import ALIKE, Corrections
from pipeline.plan.cpu import Cpu, CpuPlan, cpu_nearest, cpu_plan_of
from pipeline.plan.cpu_result import CpuConfiguration, cpu_configuration
from pipeline.plan.engine import ASSUMED, engine_of
from pipeline.plan.gpu import Gpu
from pipeline.plan.matrices import active_parameters, parameters
from pipeline.plan.nearest import nearest
from pipeline.plan.placement import Fixed, in_nodes
from pipeline.plan.plan import Plan, plan_of
from pipeline.plan.result import ConfigurationPlan, TokensPerSecond, configuration, tokens_per_second
from pipeline.plan.settings import Settings

SCHEMA = 1
_TOKENS = 1024
"""Of prompts and of answers, where nobody says."""
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
    data_parallel_size: int | None = None
    enable_expert_parallel: bool = False
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
    input_tokens: int | None = None
    """Of the requests that speeds are for; None: 1,024, or those of the recipe's benchmark."""
    output_tokens: int | None = None
    concurrency: int | None = None
    version: str | None = None
    at_once: bool = True
    called: str | None = None
    """What the model is shown as; None: by its own name."""
    revision: str | None = None
    """Of a model that only a hub knows."""
    sixteen_bit: bool = False
    """Whether the engine casts to 16 bit what the model's configuration has in another type."""
    cpu: Cpu | None = None
    """The machine that `cpu` stands for; None: this one."""
    cpu_kv_cache_gib: float = 4.0
    """Stated on a CPU, unless `kv_cache_memory_gib` is."""
    corrections: Path | None = None
    """File of what runs taught; None: the user's, where there is one."""
    corrected: bool = True
    """Whether what runs taught counts."""


_MISMATCHES = {
    "version": "another version of vLLM ({seen})",
    "GPUs": "another number of GPUs ({seen})",
    "size": f"models more than {ALIKE} times smaller or larger",
}
_UNCALIBRATED = "Speeds are modelled with fractions from published runs; not calibrated on {where}."


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
    configurations: list[ConfigurationPlan | CpuConfiguration]
    notes: list[str]


def plans(request: PlanRequest) -> Plans:
    """Return the plans of all combinations; the GPU `cpu` is a machine without one.

    Raises:
        UsageError: a GPU, a quantization or a version is not known.
        SourceError: the model is not.
        EnvironmentLackError: only the hub knows the model, and it cannot be reached.
    """
    model, corrections = _model(request), _corrections(request)
    names, methods, dtypes = _axes(request, model)
    _refuse_ignored(request, names)
    found = [_configuration(request, model, corrections, *each) for each in product(names, methods, dtypes)]
    on_gpus = [each for each in found if isinstance(each, ConfigurationPlan)]
    speeds = [note for each in found for note in _calibration_note(each, corrections)]
    uncalibrated = {each.gpu for each in on_gpus if not each.calibrated}
    if uncalibrated:
        speeds.append(_UNCALIBRATED.format(where=_named(uncalibrated, {each.gpu for each in on_gpus})))
    return Plans(
        model=request.called or model.name,
        licence=model.licence,
        licence_facts=facts.sentence if (facts := licences().get(model.licence)) else None,
        parameters=parameters(model.architecture),
        active_parameters=active_parameters(model.architecture),
        vllm=engine_of(request.version or ASSUMED).name if on_gpus else found[0].vllm,
        input_tokens=request.input_tokens or _TOKENS,
        output_tokens=request.output_tokens or _TOKENS,
        configurations=found,
        notes=list(dict.fromkeys([*model.notes, *speeds])),
    )


def speed(request: PlanRequest, name: str, method: str) -> TokensPerSecond | None:
    """Return output tokens per second of one combination; None where it cannot run, or speed is not modelled."""
    model, stated = _model(request), _stated(request, method, request.kv_cache_dtype)
    settings = replace(stated, corrections=_corrections(request))
    if name == CPU:
        return tokens_per_second(_cpu_plan(request, model, settings).rate)
    return tokens_per_second(_plan(model, _gpu(find_gpu(name).key, request), settings, request).rate)


def _corrections(request: PlanRequest) -> Corrections:
    return read_corrections(request.corrections) if request.corrected else Corrections()


def _model(request: PlanRequest) -> PlannedModel:
    model = planned_model(request.reference, request.revision)
    architecture = replace(model.architecture, element_bytes=2) if request.sixteen_bit else model.architecture
    return replace(model, architecture=architecture)


def _configuration(
    request: PlanRequest, model: PlannedModel, corrections: Corrections, name: str, method: str, dtype: str
) -> ConfigurationPlan | CpuConfiguration:
    settings = replace(_stated(request, method, dtype), corrections=corrections)
    if name == CPU:
        on_cpu = _cpu_plan(request, model, settings)
        return cpu_configuration(on_cpu, () if on_cpu.fits else cpu_nearest(model.architecture, on_cpu))
    made = _plan(model, _gpu(name, request), settings, request)
    alternatives = () if made.fits else nearest(model.architecture, made, _others(request))
    return configuration(made, alternatives, _curve(model, made))


def _cpu_plan(request: PlanRequest, model: PlannedModel, settings: Settings) -> CpuPlan:
    stated = request.cpu_kv_cache_gib if request.kv_cache_memory_gib is None else request.kv_cache_memory_gib
    cpu = request.cpu or this_cpu()
    if request.gpu_memory_gib is not None:
        cpu = replace(cpu, memory_gib=request.gpu_memory_gib, available_gib=None, cores=None)
    ranks, stages = request.tensor_parallel_size or 1, request.pipeline_parallel_size or 1
    asked = replace(settings, kv_cache_gib=stated, tensor_parallel=ranks, pipeline_parallel=stages)
    return cpu_plan_of(model.architecture, cpu, asked)


_ONLY_GPUS = {
    "count": "--gpus",
    "data_parallel_size": "--data-parallel-size",
    "enable_expert_parallel": "--enable-expert-parallel",
    "decode_context_parallel_size": "--decode-context-parallel-size",
    "gpu_memory_utilization": "--gpu-memory-utilization",
    "enforce_eager": "--enforce-eager",
    "cpu_offload_gib": "--cpu-offload-gib",
    "version": "--vllm",
}
"""What plans of processors do not take, with the option that says it."""


def _refuse_ignored(request: PlanRequest, names: list[str]) -> None:
    """Refuse what would be ignored; a recipe, which names its machine, says more than a plan of it takes.

    Raises:
        UsageError: a plan of a processor was asked for something that it does not take.
    """
    defaults = PlanRequest(request.reference)
    given = [option for key, option in _ONLY_GPUS.items() if getattr(request, key) != getattr(defaults, key)]
    if CPU in names and request.cpu is None and given:
        raise UsageError(
            f"A plan for `cpu` does not take {listed(given)}. Leave it out, or plan the CPU in a command of its own; "
            f"workers on one machine are --tensor-parallel-size and --pipeline-parallel-size."
        )


def _calibration_note(plan: ConfigurationPlan | CpuConfiguration, corrections: Corrections) -> list[str]:
    """Return what a plan was corrected by, or why runs of its device do not correct it."""
    device = plan.device if isinstance(plan, CpuConfiguration) else plan.gpu
    if (found := plan.calibration) is not None:
        runs, models = plural(found.runs, "run"), listed(found.models)
        what = "" if plan.calibrated else "memory alone "
        return [
            f"{device}, {plan.quantization}: {what}calibrated by {runs} of your own ({models}; kernel {found.kernel})."
        ]
    if device is None or (plan.gpu is None and plan.verdict == "impossible"):
        return []
    mismatch = corrections.mismatch(device, plan.gpus, plan.quantization, plan.vllm)
    if mismatch is None:
        return []
    why = _MISMATCHES[mismatch.what].format(seen=", ".join(mismatch.seen))
    return [f"{device}, {plan.quantization}: not calibrated, because its runs were made with {why}."]


def _named(some: set[str], all_of_them: set[str]) -> str:
    """Return the GPUs that are meant; without their names where they are all."""
    if some == all_of_them:
        return "this GPU" if len(some) == 1 else "these GPUs"
    return listed(sorted(some))


def _plan(model: PlannedModel, gpu: Gpu, settings: Settings, request: PlanRequest) -> Plan:
    """Return the plan; weights are offloaded only where it does not fit without."""
    plan = _placed(model, gpu, replace(settings, offload_gib=0.0), request)
    return plan if plan.fits or not settings.offload_gib else _placed(model, gpu, settings, request)


def _placed(model: PlannedModel, gpu: Gpu, settings: Settings, request: PlanRequest) -> Plan:
    """Return the plan with the parallel sizes given, and the others chosen where only the GPUs are counted."""
    fixed = _fixed(request)
    if request.count is None or fixed.together == request.count:
        sizes = replace(
            settings,
            tensor_parallel=fixed.tensor or 1,
            pipeline_parallel=fixed.stages or 1,
            data_parallel=fixed.data or 1,
            expert_parallel=fixed.expert_parallel,
        )
        return plan_of(model.architecture, gpu, in_nodes(gpu, sizes))
    choice = best_placement(model.architecture, gpu, settings, request.count, fixed)
    return replace(choice.plan, notes=(*choice.plan.notes, choice.sentence)) if choice.sentence else choice.plan


def _fixed(request: PlanRequest) -> Fixed:
    """Return the parallel sizes that a user gave.

    Raises:
        UsageError: they do not go into the number of GPUs.
    """
    fixed = Fixed(
        request.tensor_parallel_size,
        request.pipeline_parallel_size,
        request.data_parallel_size,
        request.enable_expert_parallel,
    )
    if request.count is None:
        return fixed
    all_given = None not in {fixed.tensor, fixed.stages, fixed.data}
    if request.count % fixed.together or (all_given and fixed.together != request.count):
        raise UsageError(
            f"--gpus {request.count:,} contradicts the parallel sizes, which take {fixed.together:,}. Leave --gpus "
            f"out, or let it place the model by itself."
        )
    return fixed


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
    named = _split(request.gpus, lambda name: CPU if name.lower() == CPU else find_gpu(name).key)
    if not named:
        raise UsageError("Say which GPU with --gpu NAME; `awqctl gpus ls` lists them, and `cpu` is this machine's.")
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


def _stated(request: PlanRequest, method: str, dtype: str) -> Settings:
    return Settings(
        quantization=method,
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
        input_tokens=request.input_tokens or _TOKENS,
        output_tokens=request.output_tokens or _TOKENS,
        concurrency=request.concurrency,
        engine=engine_of(request.version or ASSUMED),
    )


def planned(reference: str, gpu: str, *, memory_gib: float | None = None, **settings: Any) -> Plan:
    """Return one plan, for callers that have the `Settings` already."""
    found = find_gpu(gpu).planned()
    if memory_gib is not None:
        found = replace(found, memory_gib=memory_gib)
    return plan_of(planned_model(reference).architecture, found, Settings(**settings))
