"""A plan: a model on GPUs under settings, with its memory, what fits, its speed, and whether it can run at all."""

from dataclasses import dataclass, replace
from math import floor

from pipeline.plan.activations import GIB
from pipeline.plan.architecture import Architecture, Attention, LatentAttention
from pipeline.plan.budget import Budget, Stored, budget_of, length_of, stored
from pipeline.plan.capacity import Capacity, capacity_of
from pipeline.plan.gpu import Gpu
from pipeline.plan.kv_cache import Cache, cache_of
from pipeline.plan.placement import can_share
from pipeline.plan.roofline import Rate, rate_of
from pipeline.plan.settings import Settings
from pipeline.plan.weights import quantization_of

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

    @property
    def fits(self) -> bool:
        """Return whether it can run as asked."""
        return not self.shortages

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
    settings = replace(settings, offload_gib=min(settings.offload_gib, model.weights / GIB))
    length = length_of(architecture, settings)
    budget = budget_of(model, gpu, settings)
    capacity = capacity_of(
        cache,
        budget.kv_cache,
        length,
        budget.batched_tokens,
        by_concurrency=settings.engine.tokens_by_concurrency,
        reserved_blocks=settings.engine.reserved_blocks,
        longest=max(length, architecture.max_position),
    )
    shortages = unsupported(architecture, gpu, settings) or _shortages(gpu, settings, budget, cache, capacity, length)
    rate = None if shortages else _rate(model, gpu, settings, budget, cache, length)
    return Plan(
        gpu, settings, length, budget, cache, capacity, rate, shortages, _notes(architecture, gpu, settings, length)
    )


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


def unsupported(architecture: Architecture, gpu: Gpu, settings: Settings) -> tuple[str, ...]:
    """Return what no amount of memory mends; empty: nothing."""
    found = (
        _sizes(architecture, settings)
        or _context_parallel(architecture, settings)
        or _lacking(architecture, gpu, settings)
    )
    return (found,) if found else ()


def _sizes(architecture: Architecture, settings: Settings) -> str:
    """Return which sizes vLLM refuses; empty: none."""
    ranks, stages = settings.tensor_parallel, settings.pipeline_parallel
    if not can_share(architecture, ranks):
        return f"The attention heads cannot be divided among {ranks:,} GPUs. Choose another tensor-parallel size."
    if stages > architecture.layer_count:
        return f"{stages:,} stages are more than the {architecture.layer_count} layers. Choose fewer GPUs."
    batched, sequences = settings.max_num_batched_tokens, settings.max_num_seqs
    if batched and sequences and batched < sequences:
        return (
            f"vLLM refuses max_num_batched_tokens ({batched:,}) below max_num_seqs ({sequences:,}). Raise the one or "
            f"lower the other."
        )
    return ""


def _lacking(architecture: Architecture, gpu: Gpu, settings: Settings) -> str:
    """Return what vLLM has no kernels for on this GPU; empty: nothing."""
    if "vllm" in gpu.lacks:
        return f"vLLM has no GPU kernels for {gpu.name}. llama.cpp or MLX serve 4 bit there."
    method = quantization_of(settings.quantization, architecture).name
    if method in gpu.lacks:
        return f"vLLM cannot run {method} on {gpu.name}."
    if settings.kv_cache_dtype.startswith("fp8") and "kv fp8" in gpu.lacks:
        return f"vLLM has no FP8 KV cache on {gpu.name}."
    return ""


def _context_parallel(architecture: Architecture, settings: Settings) -> str:
    """Return why vLLM refuses the decode context parallelism; empty: it does not."""
    shares, ranks = settings.context_parallel, settings.tensor_parallel
    if ranks % shares:
        return (
            f"A decode context parallelism of {shares:,} does not divide a tensor-parallel size of {ranks:,}. Choose a "
            f"divisor of it."
        )
    heads = max(
        (layer.attention.kv_heads for layer, _ in architecture.layers if isinstance(layer.attention, Attention)),
        default=0,
    )
    if shares == 1 or shares * heads <= ranks:
        return ""
    return (
        f"A decode context parallelism of {shares:,} needs {shares} x {heads} GPUs of tensor parallelism, because the "
        f"model has {heads} KV heads. Raise the tensor-parallel size, or leave it at 1."
    )


def _shortages(
    gpu: Gpu, settings: Settings, budget: Budget, cache: Cache, capacity: Capacity, length: int
) -> tuple[str, ...]:
    found = (
        _stated_cache(gpu, settings, budget)
        or _no_cache(gpu, budget)
        or _one_sequence(settings, budget, cache, capacity, length)
        or _all_sequences(settings, budget, capacity, length)
    )
    return (found,) if found else ()


def _stated_cache(gpu: Gpu, settings: Settings, budget: Budget) -> str:
    """Return what is wrong with a cache whose size was stated; what the activations take is not counted."""
    if settings.kv_cache_gib is None:
        return ""
    if budget.kv_cache <= 0:
        return "A KV cache of 0 GiB holds no token. State more, or leave it to be computed."
    taken = budget.weights + budget.kv_cache
    if taken <= gpu.memory_gib * GIB:
        return ""
    return (
        f"Weights of {budget.weights / GIB:,.2f} GiB and the stated KV cache of {budget.kv_cache / GIB:,.2f} GiB are "
        f"more than the {gpu.memory_gib:,.2f} GiB of each {gpu.name}. State less, or leave it to be computed."
    )


def _no_cache(gpu: Gpu, budget: Budget) -> str:
    if budget.kv_cache > 0:
        return ""
    taken = budget.requested - budget.kv_cache
    return (
        f"No memory is left for the KV cache: weights, activations and graphs take {taken / GIB:,.2f} GiB of "
        f"{budget.requested / GIB:,.2f} GiB on each {gpu.name}; {-budget.kv_cache / GIB:,.2f} GiB are short."
    )


def _one_sequence(settings: Settings, budget: Budget, cache: Cache, capacity: Capacity, length: int) -> str:
    usable = budget.kv_cache - settings.engine.reserved_blocks * cache.block_bytes
    if capacity.needed_bytes <= usable:
        return ""
    return (
        f"One sequence of {length:,} tokens needs {capacity.needed_bytes / GIB:,.2f} GiB of KV cache and "
        f"{budget.kv_cache / GIB:,.2f} GiB are there; {(capacity.needed_bytes - usable) / GIB:,.2f} GiB are short. "
        f"The longest that fits has {capacity.longest:,} tokens."
    )


def _all_sequences(settings: Settings, budget: Budget, capacity: Capacity, length: int) -> str:
    wanted = settings.max_num_seqs if settings.at_once and settings.max_num_seqs else 1
    if wanted <= capacity.concurrency:
        return ""
    needed = wanted * capacity.needed_bytes
    return (
        f"{wanted:,} sequences of {length:,} tokens need {needed / GIB:,.2f} GiB of KV cache and "
        f"{budget.kv_cache / GIB:.2f} GiB are there; {(needed - budget.kv_cache) / GIB:,.2f} GiB are short. "
        f"{floor(capacity.concurrency):,} fit at once; vLLM would start and let the others wait."
    )


def _rate(model: Stored, gpu: Gpu, settings: Settings, budget: Budget, cache: Cache, length: int) -> Rate | None:
    sample = workload(settings, length)
    wanted = min(settings.concurrency or budget.sequences, budget.sequences)
    held = cache.blocks_per_request(sample.input_tokens + sample.output_tokens // 2, budget.batched_tokens)
    running = min(wanted, budget.kv_cache // cache.block_bytes // held)
    return rate_of(model.architecture, model.quantization, gpu, sample, running, wanted)


def workload(settings: Settings, length: int) -> Settings:
    """Return the settings with prompts and answers that `max_model_len` admits, in their proportion."""
    total = settings.input_tokens + settings.output_tokens
    if total <= length:
        return settings
    answer = max(1, length * settings.output_tokens // total)
    return replace(settings, input_tokens=max(1, length - answer), output_tokens=answer)


def _notes(architecture: Architecture, gpu: Gpu, settings: Settings, length: int) -> tuple[str, ...]:
    notes = []
    if length > architecture.max_position:
        notes.append(
            f"A context of {length:,} tokens is longer than the {architecture.max_position:,} that the model was made "
            f"for; vLLM refuses it unless its positions are scaled (rope_scaling)."
        )
    load = workload(settings, length)
    if load != settings:
        notes.append(
            f"Requests of {settings.input_tokens:,} + {settings.output_tokens:,} tokens do not fit into a context of "
            f"{length:,}; speeds are for {load.input_tokens:,} + {load.output_tokens:,}."
        )
    if gpu.memory_estimated:
        notes.append(
            f"The memory of {gpu.name} as its driver reports it is not known; {gpu.memory_gib:.2f} GiB assumed."
        )
    if architecture.encoder:
        notes.append(
            f"The model takes {architecture.encoder} input; vLLM profiles that encoder too, which is not "
            f"modelled (2 to 16 GiB in logs). Text alone: --limit-mm-per-prompt with zeros."
        )
    if not settings.engine.graphs_inside and not settings.eager:
        notes.append("CUDA graphs come on top of the utilization in this version of vLLM.")
    return tuple(notes)
