"""Memory that a forward pass and the sampler take at their peak, that CUDA graphs take, and that torch does not see.

The terms are what vLLM's profiling run holds at the same time (`profile_run`, `_dummy_sampler_run`). Not modelled: the
encoder of images and audio.
"""

from pipeline.plan.architecture import Architecture, Attention, Mlp
from pipeline.plan.engine import Engine
from pipeline.plan.ranks import Ranks

GIB = 2**30
_EXPERT_CHUNK = 32768
"""Tokens of all replicas that the kernel of the experts takes at a time (`VLLM_FUSED_MOE_CHUNK_SIZE`). A published
start of Qwen3-Coder-480B on 8 H20 with data and expert parallelism left 9.1 GiB beside weights and cache; this gives
9.0."""
_SORTING, _PICKING = 38, 14
"""Bytes per logit. Picking: BF16, FP32, probabilities and noise in FP32 (2 + 4 + 4 + 4). Sorting besides: values and
64-bit indices, sorted and in working copies."""
_FORWARD_HIDDEN = 3
"""Hidden states beside the widest layer: the residual, the layer's input and its norm."""
_COMPILATION = 0.5
"""GiB that compilation leaves in the peak of versions that compile by default and count it: 0 to 1.4 in logs of 0.26
to 0.29, more on a cold cache than on a warm one (https://docs.vllm.ai/en/latest/configuration/conserving_memory/)."""
_FULL_GRAPHS, _GRAPHS_PER_LAYER = 0.2, 0.0105
"""GiB. Fitted to estimates in logs of 0.21 to 0.29: 0.53 for 28 layers, 0.52 for 36, 0.86 for 64."""
_CONTEXT, _LINK_BUFFERS, _PCIE_BUFFERS = 0.12, 0.4, 0.05
"""GiB outside of torch: libraries and workspaces; buffers between GPUs, with the custom all-reduce over NVLink, and of
NCCL alone over PCIe."""


def activation_bytes(
    architecture: Architecture,
    engine: Engine,
    batched_tokens: int,
    sequences: int,
    *,
    length: int,
    ranks: Ranks,
    eager: bool,
) -> int:
    """Return the peak of the profiling run on one GPU."""
    hidden = batched_tokens * architecture.hidden * architecture.element_bytes
    logits = min(sequences, batched_tokens) * architecture.vocabulary
    sampler = logits * (_SORTING if engine.sorts else _PICKING) + hidden
    forward = _forward(architecture, batched_tokens, ranks) + _FORWARD_HIDDEN * hidden
    compilation = _COMPILATION * GIB if engine.graphs_inside and not eager else 0
    return int((max(sampler, forward) if engine.samples(length) else forward) + compilation)


def _forward(architecture: Architecture, tokens: int, ranks: Ranks) -> float:
    """Return what the widest layer holds: gate and up, and their product; keys, queries, values and the output."""
    widest = 0.0
    for layer, _ in architecture.layers:
        mlp, attention = layer.mlp, layer.attention
        if mlp.experts:
            widest = max(widest, _experts(mlp, architecture.hidden, tokens, ranks))
        else:
            widest = max(widest, tokens * (3 if mlp.gated else 2) * mlp.width / ranks.tensor)
        if isinstance(attention, Attention):
            heads = attention.heads + attention.kv_heads
            widest = max(widest, tokens * 2 * heads * attention.head_size / ranks.tensor)
    return widest * architecture.element_bytes


def _experts(mlp: Mlp, hidden: int, tokens: int, ranks: Ranks) -> float:
    """Return the elements that experts hold; room is made for every token, whichever GPU its experts are on."""
    share = 1 if ranks.expert_parallel else ranks.experts
    per_token = mlp.experts_per_token * ((3 if mlp.gated else 2) * mlp.width / share + hidden)
    if ranks.data == 1:
        return tokens * per_token
    gathered = tokens * ranks.data
    return min(gathered, _EXPERT_CHUNK) * per_token + 2 * gathered * hidden


def graph_bytes(architecture: Architecture, *, eager: bool) -> int:
    """Return the memory of CUDA graphs; 0 without."""
    return 0 if eager else int((_FULL_GRAPHS + _GRAPHS_PER_LAYER * architecture.layer_count) * GIB)


def other_bytes(gpus: int, *, linked: bool) -> int:
    """Return the memory that torch does not see, on each of so many GPUs that exchange something."""
    buffers = _LINK_BUFFERS if linked else _PCIE_BUFFERS
    return int((_CONTEXT + (buffers if gpus > 1 else 0)) * GIB)
