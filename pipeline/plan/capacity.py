"""What a cache of a given size holds, in tokens and in requests, and what vLLM refuses with which figures."""

from dataclasses import dataclass

from pipeline.plan.kv_cache import Cache


@dataclass(frozen=True)
class Capacity:
    """What fits into the KV cache."""

    blocks: int
    tokens: int
    """As vLLM's log has them."""
    concurrency: float
    """Requests of `max_model_len` tokens at once, as the log has it."""
    needed_bytes: int
    """Of one request of `max_model_len` tokens."""
    longest: int
    """Tokens of the longest request that fits, at most what the model was made for; 0: none."""


def capacity_of(
    cache: Cache,
    available: int,
    length: int,
    in_flight: int,
    *,
    by_concurrency: bool,
    reserved_blocks: int,
    longest: int | None = None,
) -> Capacity:
    """Return what fits.

    Args:
        cache: the layout.
        available: bytes for the cache on one GPU.
        length: `max_model_len`.
        in_flight: `max_num_batched_tokens`.
        by_concurrency: the log's tokens are concurrency times length (vLLM 0.21 and later), not blocks times tokens.
        reserved_blocks: blocks that no request gets (the null block, from 0.30 on).
        longest: up to which length one that fits is looked for; None: `length`.
    """
    blocks = max(0, available // cache.block_bytes)
    per_request = cache.blocks_per_request(length, in_flight)
    concurrency = blocks / per_request
    whole = blocks // cache.group_count * cache.block_tokens * cache.context_parallel
    return Capacity(
        blocks,
        int(concurrency * length) if by_concurrency else whole,
        concurrency,
        per_request * cache.block_bytes,
        _longest(cache, max(0, blocks - reserved_blocks), longest or length, in_flight),
    )


def _longest(cache: Cache, blocks: int, length: int, in_flight: int) -> int:
    """Return the largest length whose request fits, by bisection."""
    if cache.blocks_per_request(length, in_flight) <= blocks:
        return length
    low, high = 0, length
    while low < high:
        middle = (low + high + 1) // 2
        if cache.blocks_per_request(middle, in_flight) <= blocks:
            low = middle
        else:
            high = middle - 1
    return low
