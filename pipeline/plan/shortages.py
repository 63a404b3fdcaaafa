"""What does not fit: which memory is short by how much."""

from math import floor

from pipeline.plan.activations import GIB
from pipeline.plan.budget import Budget
from pipeline.plan.capacity import Capacity
from pipeline.plan.gpu import Gpu
from pipeline.plan.kv_cache import Cache
from pipeline.plan.settings import Settings


def shortages_of(
    gpu: Gpu, settings: Settings, budget: Budget, cache: Cache, capacity: Capacity, length: int
) -> tuple[str, ...]:
    """Return what is short, with the figures; empty: nothing."""
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
