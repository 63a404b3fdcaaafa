"""Every weight of an architecture, as matrices and vectors: how large, how often, how tensor parallelism divides it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from pipeline.plan.architecture import Architecture, Attention, LatentAttention, Layer, LinearAttention, Mlp

Part = Literal["embedding", "head", "linear", "expert", "kept"]
"""`linear` and `expert` are what 4-bit and 8-bit formats quantize; routers, norms and biases are `kept` in 16 bit."""
Split = Literal["rows", "columns", "kv_heads", "vocabulary", "none"]
"""What tensor parallelism divides; `none`: every rank holds it whole. `kv_heads` are repeated where there are fewer
heads than ranks."""


@dataclass(frozen=True)
class Matrix:
    """Some matrices of one shape; a vector has one column. Rows are outputs."""

    part: Part
    rows: int
    columns: int
    split: Split
    copies: int = 1
    heads: int = 0
    """Key and value heads, for `kv_heads`."""
    experts: int = 0
    """How many experts the copies belong to; 0: none."""
    shared: bool = False
    """Of the experts that every token passes."""

    @property
    def parameters(self) -> int:
        """Return the number of weights."""
        return self.rows * self.columns * self.copies


def parameters(architecture: Architecture) -> int:
    """Return the number of parameters of the language model; a head that is the embedding counts once."""
    stored = (matrix for matrix in matrices(architecture) if not (matrix.part == "head" and architecture.tied))
    return sum(matrix.parameters for matrix in stored)


@lru_cache(maxsize=1024)
def active_parameters(architecture: Architecture) -> int:
    """Return the parameters that one token is multiplied with: the head, no embedding, the experts it is sent to."""
    total = 0
    for layer, number in architecture.layers:
        for matrix in layer_matrices(architecture, layer):
            share = layer.mlp.experts_per_token / layer.mlp.experts if matrix.part == "expert" else 1.0
            total += int(matrix.parameters * share) * number
    return total + architecture.vocabulary * architecture.hidden


def matrices(architecture: Architecture) -> Iterator[Matrix]:
    """Yield all weights, the head last; a tied head is yielded too, though it takes no memory of its own."""
    hidden, vocabulary = architecture.hidden, architecture.vocabulary
    yield Matrix("embedding", vocabulary, hidden, "vocabulary")
    if architecture.learned_positions:
        yield Matrix("kept", architecture.learned_positions, hidden, "none")
    for layer, number in architecture.layers:
        for matrix in layer_matrices(architecture, layer):
            yield replace(matrix, copies=matrix.copies * number)
    yield Matrix("kept", hidden, 1, "none", 2 if architecture.norm_bias else 1)
    yield Matrix("head", vocabulary, hidden, "vocabulary")


def layer_matrices(architecture: Architecture, layer: Layer) -> Iterator[Matrix]:
    """Yield the weights of one decoder layer."""
    attention, hidden = layer.attention, architecture.hidden
    if isinstance(attention, Attention):
        yield from _attention(attention, hidden)
    elif isinstance(attention, LatentAttention):
        yield from _latent_attention(attention, hidden)
    else:
        yield from _linear_attention(attention, hidden)
    yield from _mlp(layer.mlp, hidden)
    yield Matrix("kept", hidden, 1, "none", layer.norms * (2 if architecture.norm_bias else 1))


def _attention(attention: Attention, hidden: int) -> Iterator[Matrix]:
    size, heads, kv_heads = attention.head_size, attention.heads, attention.kv_heads
    queries = heads * size * (2 if attention.gated else 1)
    yield Matrix("linear", queries, hidden, "rows")
    projections = 0 if not attention.cached else 1 if attention.value_is_key else 2
    yield Matrix("linear", kv_heads * size, hidden, "kv_heads", projections, kv_heads)
    yield Matrix("linear", hidden, heads * size, "columns")
    inputs, output = attention.bias
    if inputs:
        yield Matrix("kept", queries, 1, "rows")
        yield Matrix("kept", kv_heads * size, 1, "kv_heads", 2, kv_heads)
    if output:
        yield Matrix("kept", hidden, 1, "none")
    if attention.head_norm:
        yield Matrix("kept", size, 1, "none", 2)
    if attention.wide_norm:
        yield Matrix("kept", (heads + kv_heads) * size, 1, "rows")
    if attention.sinks:
        yield Matrix("kept", heads, 1, "rows")


def _latent_attention(attention: LatentAttention, hidden: int) -> Iterator[Matrix]:
    heads, query = attention.heads, attention.nope_size + attention.rope_size
    if attention.query_rank:
        yield Matrix("linear", attention.query_rank, hidden, "none")
        yield Matrix("kept", attention.query_rank, 1, "none")
    yield Matrix("linear", heads * query, attention.query_rank or hidden, "rows")
    yield Matrix("linear", attention.latent_rank + attention.rope_size, hidden, "none")
    yield Matrix("kept", attention.latent_rank, 1, "none")
    yield Matrix("linear", heads * (attention.nope_size + attention.value_size), attention.latent_rank, "rows")
    yield Matrix("linear", hidden, heads * attention.value_size, "columns")


def _linear_attention(attention: LinearAttention, hidden: int) -> Iterator[Matrix]:
    keys, values = attention.key_heads * attention.key_size, attention.value_heads * attention.value_size
    yield Matrix("linear", 2 * keys + 2 * values, hidden, "rows")
    yield Matrix("linear", 2 * attention.value_heads, hidden, "rows")
    yield Matrix("linear", hidden, values, "columns")
    yield Matrix("kept", 2 * keys + values, attention.kernel, "rows")
    yield Matrix("kept", attention.value_heads, 1, "rows", 2)
    yield Matrix("kept", attention.value_size, 1, "none")


def _mlp(mlp: Mlp, hidden: int) -> Iterator[Matrix]:
    into = 2 if mlp.gated else 1
    if not mlp.experts:
        yield Matrix("linear", mlp.width, hidden, "rows", into)
        yield Matrix("linear", hidden, mlp.width, "columns")
        if mlp.bias:
            yield Matrix("kept", mlp.width, 1, "rows", into)
            yield Matrix("kept", hidden, 1, "none")
        return
    yield Matrix("expert", mlp.width, hidden, "rows", into * mlp.experts, experts=mlp.experts)
    yield Matrix("expert", hidden, mlp.width, "columns", mlp.experts, experts=mlp.experts)
    yield Matrix("kept", mlp.experts, hidden, "none")
    if mlp.bias:
        yield Matrix("kept", mlp.width, 1, "rows", into * mlp.experts, experts=mlp.experts)
        yield Matrix("kept", hidden, 1, "none", mlp.experts, experts=mlp.experts)
    if mlp.router_bias:
        yield Matrix("kept", mlp.experts, 1, "none")
    if mlp.shared_width:
        yield Matrix("linear", mlp.shared_width, hidden, "rows", into, shared=True)
        yield Matrix("linear", hidden, mlp.shared_width, "columns", shared=True)
    if mlp.shared_gate:
        yield Matrix("kept", 1, hidden, "none")
