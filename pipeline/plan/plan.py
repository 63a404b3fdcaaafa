"""A plan: a model on GPUs under settings, with its memory, what fits, its speed, and whether it can run at all."""

from dataclasses import dataclass, replace
from math import ceil, floor

from pipeline.plan.activations import GIB
from pipeline.plan.architecture import Architecture, LatentAttention
from pipeline.plan.budget import Budget, Stored, budget_of, length_of, stored
from pipeline.plan.capacity import Capacity, capacity_of
from pipeline.plan.corrections import Correction, Stated
from pipeline.plan.gpu import Gpu
from pipeline.plan.kv_cache import Cache, cache_of
from pipeline.plan.notes import notes_of
from pipeline.plan.refusals import unsupported
from pipeline.plan.roofline import Rate, rate_of
from pipeline.plan.settings import Settings
from pipeline.plan.shortages import shortages_of

_LATENT_BLOCKS = {"hopper": 64, "blackwell": 128}
"""Tokens per block of the kernels for latent attention (FlashMLA, CUTLASS MLA); others take 16."""
_LATENT_PADDING = 128
"""V0 padded 576 values to 640."""


@dataclass(frozen=True)
class Plan:
    """What came out. Sizes are per GPU."""

    gpu: Gpu
    settings: Settings
    max_model_len: int
    budget: Budget
    cache: Cache
    capacity: Capacity
    rate: Rate | None
    """None: it cannot run, or the GPU's rates are unknown."""
    shortages: tuple[str, ...]
    """Why it cannot run, each with the figure; empty: it fits."""
    notes: tuple[str, ...]
    """What is assumed or not modelled."""
    model: Stored
    correction: Correction | Stated | None = None
    """What runs on this GPU taught; None: not calibrated."""

    @property
    def fits(self) -> bool:
        """Return whether it can run as asked."""
        return not self.shortages

    @property
    def capacity_utilization(self) -> float | None:
        """Return the share of the KV cache that the sequences that run at once hold; None: nothing runs."""
        if self.rate is None:
            return None
        held = blocks_held(workload(self.settings, self.max_model_len), self.budget, self.cache)
        return ceil(self.rate.running / self.settings.data_parallel) * held / self.capacity.blocks

    @property
    def sequences(self) -> int:
        """Return how many sequences of `max_model_len` tokens fit at once."""
        return floor(self.capacity.concurrency)


def plan_of(
    architecture: Architecture, gpu: Gpu, settings: Settings, model: Stored | None = None, cache: Cache | None = None
) -> Plan:
    """Return the plan; `model` and `cache` spare computing them again when only the GPU or the length changes."""
    model = model or stored(architecture, settings, gpu.family)
    cache = cache or layout(architecture, gpu, settings)
    if settings.offload_gib:
        settings = replace(settings, offload_gib=min(settings.offload_gib, model.weights / GIB))
    length = length_of(architecture, settings)
    correction = None
    if settings.corrections:
        of = (gpu.name, settings.gpus, model.quantization.name, settings.engine.name, model.weights / GIB)
        correction = settings.corrections.find(*of)
    budget = budget_of(model, gpu, settings, correction.beside_gib if correction else 0.0)
    capacity = capacity_of(
        cache,
        budget.kv_cache,
        length,
        budget.batched_tokens,
        by_concurrency=settings.engine.tokens_by_concurrency,
        reserved_blocks=settings.engine.reserved_blocks,
        longest=max(length, architecture.max_position),
    )
    shortages = unsupported(architecture, gpu, settings) or shortages_of(gpu, settings, budget, cache, capacity, length)
    load = workload(settings, length)
    rate = None
    if not shortages:
        rate = rate_of(architecture, model.quantization, gpu, load, *_running(load, budget, cache), correction)
    notes = notes_of(architecture, gpu, settings, length, load)
    return Plan(gpu, settings, length, budget, cache, capacity, rate, shortages, notes, model, correction)


def layout(architecture: Architecture, gpu: Gpu, settings: Settings) -> Cache:
    """Return the layout of the KV cache on a GPU of this family."""
    latent = any(isinstance(layer.attention, LatentAttention) for layer, _ in architecture.layers)
    block = settings.block_size or (_LATENT_BLOCKS.get(gpu.family, 16) if latent and not settings.engine.legacy else 16)
    return cache_of(
        architecture,
        element_bytes=1 if settings.kv_cache_dtype.startswith("fp8") else architecture.element_bytes,
        tensor_parallel=settings.tensor_parallel,
        pipeline_parallel=settings.pipeline_parallel,
        context_parallel=settings.context_parallel,
        block_size=block,
        latent_padding=_LATENT_PADDING if settings.engine.legacy else 1,
        states=settings.engine.states,
    )


def _running(load: Settings, budget: Budget, cache: Cache) -> tuple[int, int]:
    """Return the sequences that run at once in all replicas, and those that are under way."""
    replicas = load.data_parallel
    most = budget.sequences * replicas
    wanted = min(load.concurrency or most, most)
    fit = max(0, budget.kv_cache) // cache.block_bytes // blocks_held(load, budget, cache)
    return min(wanted, fit * replicas), wanted


def blocks_held(load: Settings, budget: Budget, cache: Cache) -> int:
    """Return the blocks that a sequence holds on the average of its life."""
    return cache.blocks_per_request(load.input_tokens + load.output_tokens // 2, budget.batched_tokens)


def workload(settings: Settings, length: int) -> Settings:
    """Return the settings with prompts and answers that `max_model_len` admits, in their proportion."""
    total = settings.input_tokens + settings.output_tokens
    if total <= length:
        return settings
    answer = max(1, length * settings.output_tokens // total)
    return replace(settings, input_tokens=max(1, length - answer), output_tokens=answer)
