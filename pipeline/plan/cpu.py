"""A plan for vLLM on a CPU: weights and the stated KV cache in the memory of one NUMA node, and what that holds.

After vLLM 0.32 (`vllm/v1/worker/cpu_worker.py`, `vllm/platforms/cpu.py`): each worker is bound to the memory of one
node, the cache has the size that is stated, and it is refused where that much is not free when the weights are loaded.
Nothing else is refused, so nothing else is counted: activations, compiled code and the processes themselves come on
top and are not modelled. Speed is known from runs on the same processor alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import ceil, floor

from pipeline.plan.activations import GIB
from pipeline.plan.architecture import Architecture
from pipeline.plan.budget import Stored, length_of
from pipeline.plan.capacity import Capacity, capacity_of
from pipeline.plan.corrections import Correction
from pipeline.plan.engine import Engine, engine_of
from pipeline.plan.kv_cache import Cache, cache_of
from pipeline.plan.placement import can_share
from pipeline.plan.plan import plan_of
from pipeline.plan.processor import block_size, processor, processor_name
from pipeline.plan.refusals import fewer_tokens_than_sequences
from pipeline.plan.roofline import Rate
from pipeline.plan.settings import Settings
from pipeline.plan.weights import quantization_of, weight_bytes

ASSUMED = "0.32.0"
"""Of the locked environment for CPUs; a test compares."""
_BATCHED_TOKENS, _SEQUENCES = 2048, 128
"""Defaults of the API server on a CPU, per worker (`EngineArgs.get_batch_defaults`)."""
_KNOWN = ("none", "awq", "gptq")
"""Quantizations that were seen to run on a CPU (`CPUWNA16LinearKernel`); of others nobody asked."""
_LENGTH_STEP = 16
NOT_MODELLED = (
    "On a CPU activations, compiled code and vLLM's processes come on top of weights and KV cache; what they take is "
    "not modelled."
)
NO_SPEED = "Speed on a CPU is known from runs on it alone: `awqctl plan fit RUN...` learns from a benchmark."


@dataclass(frozen=True)
class Cpu:
    """A machine without a GPU in the figures that a plan needs."""

    name: str
    memory_gib: float
    """Of the system, or the container's limit."""
    nodes: int = 1
    """With memory of their own (NUMA)."""
    available_gib: float | None = None
    """Free now; None where another machine is meant."""
    cores: int | None = None
    """That may be used; None: not known."""

    @property
    def device(self) -> str | None:
        """Return what runs on it call it; None where the cores are not known."""
        return None if self.cores is None else processor_name(self.name, self.cores)

    @property
    def worker_gib(self) -> float:
        """Return the memory that one worker can have."""
        return self.memory_gib / self.nodes


@dataclass(frozen=True)
class CpuPlan:
    """What came out. Sizes are per worker, in bytes."""

    cpu: Cpu
    settings: Settings
    engine: Engine
    max_model_len: int
    sequences: int
    weights: int
    kv_cache: int
    cache: Cache
    capacity: Capacity
    shortages: tuple[str, ...]
    """Why it cannot run, each with the figure; empty: nothing that is modelled speaks against it."""
    notes: tuple[str, ...]
    rate: Rate | None = None
    """None: it cannot run, or no run on this processor tells its speed."""
    correction: Correction | None = None
    """That told it."""

    @property
    def fits(self) -> bool:
        """Return whether nothing that is modelled speaks against it."""
        return not self.shortages


@dataclass(frozen=True)
class CpuAlternative:
    """Settings that work on the same machine, and what is changed to get there."""

    change: str
    plan: CpuPlan


def cpu_plan_of(architecture: Architecture, cpu: Cpu, settings: Settings) -> CpuPlan:
    """Return the plan of a model in 16 bit, or quantized, with the stated KV cache; `settings.kv_cache_gib` is needed.

    Raises:
        ValueError: the size of the KV cache is not stated.
    """
    if settings.kv_cache_gib is None:
        raise ValueError("the KV cache of a CPU has the size that is stated")
    method = quantization_of(settings.quantization, architecture)
    # What Marlin holds twice while it repacks is held on GPUs alone.
    quantization = replace(method, repacked=False)
    weights = weight_bytes(architecture, quantization, settings.ranks, settings.pipeline_parallel)
    engine, length = engine_of(ASSUMED), length_of(architecture, settings)
    cache = _layout(architecture, settings, engine)
    usual = _SEQUENCES * settings.gpus
    sequences = settings.max_num_seqs or min(usual, settings.max_num_batched_tokens or usual)
    tokens = settings.max_num_batched_tokens or max(_BATCHED_TOKENS * settings.gpus, sequences)
    stated = int(settings.kv_cache_gib * GIB)
    capacity = capacity_of(
        cache,
        stated,
        length,
        min(tokens, sequences * length),
        by_concurrency=engine.tokens_by_concurrency,
        reserved_blocks=engine.reserved_blocks,
        longest=max(length, architecture.max_position),
    )
    plan = CpuPlan(cpu, settings, engine, length, sequences, weights, stated, cache, capacity, (), ())
    found = _unsupported(architecture, plan) or _memory(plan) or _one_sequence(plan)
    plan = replace(plan, shortages=(found,) if found else ())
    plan = _timed(plan, Stored(architecture, quantization, weights))
    return replace(plan, notes=tuple(_notes(architecture, plan, method.name)))


def _timed(plan: CpuPlan, model: Stored) -> CpuPlan:
    """Return the plan with the speed that runs on this processor taught."""
    cpu, settings, architecture = plan.cpu, plan.settings, model.architecture
    if not plan.fits or cpu.device is None or settings.corrections is None:
        return plan
    asked = replace(settings, engine=plan.engine, block_size=block_size(architecture, settings.block_size))
    asked = replace(asked, max_num_seqs=plan.sequences, at_once=False)
    made = plan_of(architecture, processor(cpu.device, cpu.memory_gib), asked, model)
    correction = made.correction if isinstance(made.correction, Correction) else None
    return replace(plan, rate=made.rate, correction=correction)


def cpu_nearest(architecture: Architecture, plan: CpuPlan) -> tuple[CpuAlternative, ...]:
    """Return what works instead on the same machine, so that nothing has to be bought; smaller changes first."""
    found: dict[str, CpuPlan] = {}
    bits = quantization_of(plan.settings.quantization, architecture).bits
    smaller = bits > quantization_of("awq", architecture).bits
    formats = (("", plan.settings), *((("AWQ", replace(plan.settings, quantization="awq")),) if smaller else ()))
    for name, settings in formats:
        for change, tried in _changes(architecture, plan.cpu, settings):
            text = " and ".join(part for part in (name, change) if part)
            if text and (made := cpu_plan_of(architecture, plan.cpu, tried)).fits:
                found.setdefault(text, made)
                if not change:
                    break
    return tuple(CpuAlternative(change, made) for change, made in found.items())


def _changes(architecture: Architecture, cpu: Cpu, settings: Settings) -> Iterator[tuple[str, Settings]]:
    """Yield the settings themselves, another size of the KV cache, and a shorter context."""
    yield "", settings
    tried = cpu_plan_of(architecture, cpu, settings)
    room = floor(cpu.worker_gib - tried.weights / GIB)
    block = tried.engine.reserved_blocks * tried.cache.block_bytes
    needed = ceil((tried.capacity.needed_bytes + block) / GIB)
    stated = settings.kv_cache_gib or 0
    for size in (needed, room):
        if 1 <= size <= room and (size > stated) == (needed > stated):
            yield f"a KV cache of {size:,} GiB", replace(settings, kv_cache_gib=float(size))
    shorter = tried.capacity.longest // _LENGTH_STEP * _LENGTH_STEP
    if 0 < shorter < tried.max_model_len:
        yield f"a context of {shorter:,}", replace(settings, max_model_len=shorter)


def _layout(architecture: Architecture, settings: Settings, engine: Engine) -> Cache:
    return cache_of(
        architecture,
        element_bytes=1 if settings.kv_cache_dtype.startswith("fp8") else architecture.element_bytes,
        tensor_parallel=settings.tensor_parallel,
        pipeline_parallel=settings.pipeline_parallel,
        block_size=block_size(architecture, settings.block_size),
        states=engine.states,
    )


def _unsupported(architecture: Architecture, plan: CpuPlan) -> str:
    workers = plan.settings.gpus
    if not can_share(architecture, plan.settings.tensor_parallel):
        return f"The attention heads cannot be divided among {plan.settings.tensor_parallel:,} workers. Choose fewer."
    if workers > plan.cpu.nodes:
        return (
            f"{workers:,} workers need {workers:,} NUMA nodes, and {plan.cpu.name} has {plan.cpu.nodes:,}. Lower the "
            f"parallel sizes."
        )
    return fewer_tokens_than_sequences(plan.settings)


def _memory(plan: CpuPlan) -> str:
    taken, there = (plan.weights + plan.kv_cache) / GIB, plan.cpu.worker_gib
    if taken <= there:
        return ""
    return (
        f"Weights of {plan.weights / GIB:,.2f} GiB and the stated KV cache of {plan.kv_cache / GIB:,.2f} GiB are more "
        f"than the {there:,.2f} GiB of memory there is; {taken - there:,.2f} GiB are short, and what the processes "
        f"take comes on top."
    )


def _one_sequence(plan: CpuPlan) -> str:
    usable = plan.kv_cache - plan.engine.reserved_blocks * plan.cache.block_bytes
    if plan.capacity.needed_bytes <= usable:
        return ""
    return (
        f"One sequence of {plan.max_model_len:,} tokens needs {plan.capacity.needed_bytes / GIB:,.2f} GiB of KV cache "
        f"and {plan.kv_cache / GIB:,.2f} GiB are stated; {(plan.capacity.needed_bytes - usable) / GIB:,.2f} GiB are "
        f"short. The longest that fits has {plan.capacity.longest:,} tokens."
    )


def _notes(architecture: Architecture, plan: CpuPlan, method: str) -> Iterator[str]:
    free, taken = plan.cpu.available_gib, (plan.weights + plan.kv_cache) / GIB
    yield NOT_MODELLED
    if plan.rate is None:
        yield NO_SPEED
    if method not in _KNOWN:
        yield f"Whether vLLM has a kernel for {method} on this CPU is not known here."
    if free is not None and taken <= plan.cpu.worker_gib and taken * plan.settings.gpus > free:
        yield (
            f"Of {plan.cpu.memory_gib:,.1f} GiB only {free:,.1f} are free now, and weights and KV cache take "
            f"{taken * plan.settings.gpus:,.1f}. End other programs before it starts."
        )
    if plan.max_model_len > architecture.max_position:
        yield (
            f"A context of {plan.max_model_len:,} tokens is longer than the {architecture.max_position:,} that the "
            f"model was made for; vLLM refuses it unless its positions are scaled (rope_scaling)."
        )
    if architecture.encoder:
        yield f"The model takes {architecture.encoder} input; what its encoder takes beside weights is not modelled."
