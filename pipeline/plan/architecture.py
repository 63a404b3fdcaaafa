"""What a plan needs to know of a model: its layers, by kind and number, and its tables. Sizes are in elements."""

from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Attention:
    """Multi-head, grouped-query or multi-query attention, over everything or over a sliding window."""

    heads: int
    kv_heads: int
    head_size: int
    window: int | None = None
    """Tokens that a token sees; None: all before it."""
    bias: tuple[bool, bool] = (False, False)
    """Of the query, key and value projections; of the output projection."""
    head_norm: bool = False
    wide_norm: bool = False
    """Norms over all heads of queries and keys together (OLMo 2, MiniMax M2)."""
    gated: bool = False
    """The query projection is twice as wide and holds a gate for the output (Qwen3-Next)."""
    sinks: bool = False
    value_is_key: bool = False
    """Values are the keys, so that there is no projection of their own (Gemma 4)."""
    cached: bool = True
    """False: the layer reads the cache of an earlier one (Gemma 3n and 4)."""


@dataclass(frozen=True)
class LatentAttention:
    """Multi-head latent attention (DeepSeek-V2, https://arxiv.org/abs/2405.04434): one latent vector per token."""

    heads: int
    query_rank: int
    """0: queries are projected in one step."""
    latent_rank: int
    rope_size: int
    nope_size: int
    value_size: int


@dataclass(frozen=True)
class LinearAttention:
    """A gated delta network: a state of fixed size per sequence instead of keys and values per token."""

    key_heads: int
    value_heads: int
    key_size: int
    value_size: int
    kernel: int
    state_bytes: int
    """Per element of the recurrent state."""


@dataclass(frozen=True)
class Mlp:
    """The feed-forward part of a layer: dense, or a mixture of experts."""

    width: int
    """Of the dense part, or of one expert."""
    gated: bool = True
    experts: int = 0
    experts_per_token: int = 0
    shared_width: int = 0
    """Of the experts that every token passes, together."""
    shared_gate: bool = False
    bias: bool = False
    router_bias: bool = False


@dataclass(frozen=True)
class Layer:
    """One decoder layer."""

    attention: Attention | LatentAttention | LinearAttention
    mlp: Mlp
    norms: int = 2
    """Vectors as wide as the hidden state."""


@dataclass(frozen=True)
class Architecture:
    """A causal language model."""

    name: str
    """`model_type` of its configuration."""
    hidden: int
    vocabulary: int
    layers: tuple[tuple[Layer, int], ...]
    """Kinds of layers, and how many there are of each."""
    tied: bool
    max_position: int
    rotary: tuple[tuple[int, int], ...] = ()
    """Positions and width of each rotary table."""
    learned_positions: int = 0
    element_bytes: int = 2
    norm_bias: bool = False
    encoder: str | None = None
    """The kind of input besides text whose encoder vLLM profiles as well; not modelled."""
    encoder_parameters: int = 0
    """0: unknown, or none."""
    published: str | None = None
    """Quantization that the checkpoint has already; None: 16 bit."""

    def __hash__(self) -> int:
        return hash((self.name, self.hidden, self.vocabulary, self.max_position, self.published))

    @cached_property
    def layer_count(self) -> int:
        """Return the number of decoder layers."""
        return sum(number for _, number in self.layers)

    @cached_property
    def has_experts(self) -> bool:
        """Return whether any layer is a mixture of experts."""
        return any(layer.mlp.experts for layer, _ in self.layers)
