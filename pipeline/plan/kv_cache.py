"""The KV cache as vLLM lays it out: pages, groups of layers, tokens, concurrency, and what one request needs.

After `vllm/v1/core/kv_cache_utils.py` and `vllm/v1/kv_cache_interface.py`: layers of one kind form groups of equal
size, all groups draw blocks from one pool, and a block holds a page of every layer of a group.
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from math import ceil
from typing import Literal

from pipeline.plan.architecture import Architecture, Attention, LatentAttention, LinearAttention

Kind = Literal["full", "sliding", "linear"]
_GROUPING = 1.5
"""Kinds that differ in number by less than this factor are padded to the larger number (`group_size`)."""


@dataclass(frozen=True)
class Page:
    """The cache of one layer for one block of tokens."""

    kind: Kind
    bytes: int
    tokens: int
    """0 for a state of fixed size."""
    window: int = 0
    states: int = 1
    """Pages of a request, where a page is a state."""


@dataclass(frozen=True)
class Cache:
    """The cache of a model on one GPU."""

    block_bytes: int
    """Of one block in the pool."""
    groups: tuple[tuple[Page, int], ...]
    """Kinds of groups of layers, and how many there are of each."""
    context_parallel: int = 1

    @property
    def group_count(self) -> int:
        """Return the number of groups, each with its own table of blocks."""
        return sum(number for _, number in self.groups)

    @property
    def block_tokens(self) -> int:
        """Return the tokens per block; the smallest where groups differ."""
        return min((page.tokens for page, _ in self.groups if page.tokens), default=1)

    @property
    def bytes_per_token(self) -> float:
        """Return the bytes of a token that every group keeps, the figure that a log's tokens follow from."""
        return self.block_bytes * self.group_count / (self.block_tokens * self.context_parallel)

    def blocks_per_request(self, length: int, in_flight: int) -> int:
        """Return the blocks of the pool that one request of `length` tokens holds.

        Args:
            length: tokens of prompt and answer.
            in_flight: tokens of one step (`max_num_batched_tokens`), which a sliding window keeps besides itself.
        """
        total = 0
        for page, number in self.groups:
            total += _pages(page, length, in_flight, self.context_parallel) * number
        return total


@lru_cache(maxsize=4096)
def cache_of(
    architecture: Architecture,
    *,
    element_bytes: int = 2,
    tensor_parallel: int = 1,
    pipeline_parallel: int = 1,
    context_parallel: int = 1,
    block_size: int = 16,
    latent_padding: int = 1,
    states: int = 1,
) -> Cache:
    """Return how the cache of a model is laid out on one GPU.

    Args:
        architecture: the model.
        element_bytes: of keys and values: 2, or 1 for FP8.
        tensor_parallel: GPUs that share the heads; a head is never divided, latent vectors never shared.
        pipeline_parallel: stages that share the layers.
        context_parallel: ranks among which decoding shares the tokens.
        block_size: tokens per block.
        latent_padding: latent vectors are padded to a multiple of it (V0: 128).
        states: of a linear attention, that one request holds.
    """
    pages: dict[Page, int] = {}
    least = max((_state(layer.attention, tensor_parallel) for layer, _ in architecture.layers), default=0)
    for layer, number in architecture.layers:
        if isinstance(layer.attention, Attention) and not layer.attention.cached:
            continue
        page = _page(layer.attention, element_bytes, tensor_parallel, block_size, least, latent_padding)
        page = replace(page, states=states)
        pages[page] = pages.get(page, 0) + ceil(number / pipeline_parallel)
    return _grouped(_equal_pages(pages), context_parallel)


def _state(attention: Attention | LatentAttention | LinearAttention, tensor_parallel: int) -> int:
    """Return the bytes of a linear attention's state per sequence on one GPU; 0 for other layers."""
    if not isinstance(attention, LinearAttention):
        return 0
    keys, values = attention.key_heads * attention.key_size, attention.value_heads * attention.value_size
    convolution = (2 * keys + values) // tensor_parallel * (attention.kernel - 1) * 2
    return convolution + values // tensor_parallel * attention.key_size * attention.state_bytes


def _page(
    attention: Attention | LatentAttention | LinearAttention,
    element: int,
    tensor_parallel: int,
    block: int,
    state: int,
    latent_padding: int,
) -> Page:
    if isinstance(attention, LinearAttention):
        return Page("linear", state, 0)
    if isinstance(attention, LatentAttention):
        width = ceil((attention.latent_rank + attention.rope_size) / latent_padding) * latent_padding
        per_token = width * element
    else:
        per_token = 2 * max(1, attention.kv_heads // tensor_parallel) * attention.head_size * element
    if state:
        # A page of attention may not be smaller than a state, so that both fit into the same blocks.
        block *= ceil(state / (block * per_token))
    window = attention.window if isinstance(attention, Attention) else None
    return Page("sliding" if window else "full", per_token * block, block, window or 0)


def _equal_pages(pages: dict[Page, int]) -> dict[Page, int]:
    """Return the pages with one size: larger blocks where the sizes divide, padding elsewhere."""
    largest = max(page.bytes for page in pages)
    equal: dict[Page, int] = {}
    for page, number in pages.items():
        factor = largest // page.bytes if page.tokens and largest % page.bytes == 0 else 1
        same = replace(page, bytes=largest, tokens=page.tokens * factor)
        equal[same] = equal.get(same, 0) + number
    return equal


def _grouped(pages: dict[Page, int], context_parallel: int) -> Cache:
    fewest, most = min(pages.values()), max(pages.values())
    size = most if most < fewest * _GROUPING else fewest
    groups = tuple((page, ceil(number / size)) for page, number in pages.items())
    return Cache(size * next(iter(pages)).bytes, groups, context_parallel)


def _pages(page: Page, length: int, in_flight: int, context_parallel: int) -> int:
    if page.kind == "linear":
        return page.states
    if page.kind == "full":
        return ceil(ceil(length / context_parallel) / page.tokens)
    return ceil(min(page.window - 1 + in_flight, length) / page.tokens) + 1
