"""What vLLM refuses whatever the memory: sizes that do not divide, kernels that are not there."""

from pipeline.plan.architecture import Architecture, Attention
from pipeline.plan.gpu import Gpu
from pipeline.plan.placement import can_share
from pipeline.plan.settings import Settings
from pipeline.plan.weights import quantization_of

_BLOCK_STEP = 16
"""`FlashAttentionBackend.get_kv_cache_shape`; the other backends of V1 take no smaller steps."""


def unsupported(architecture: Architecture, gpu: Gpu, settings: Settings) -> tuple[str, ...]:
    """Return what no amount of memory mends; empty: nothing."""
    found = (
        _sizes(architecture, settings)
        or _experts(architecture, settings)
        or _context_parallel(architecture, settings)
        or _lacking(architecture, gpu, settings)
    )
    return (found,) if found else ()


def _sizes(architecture: Architecture, settings: Settings) -> str:
    """Return which sizes vLLM refuses; empty: none."""
    ranks, stages = settings.tensor_parallel, settings.pipeline_parallel
    if not can_share(architecture, ranks):
        return f"The attention heads cannot be divided among {ranks:,} GPUs. Choose another tensor-parallel size."
    if settings.engine.legacy and (settings.data_parallel > 1 or settings.expert_parallel):
        return (
            f"vLLM {settings.engine.name} has no data or expert parallelism; both came with 0.8. Choose a later "
            f"--vllm, or tensor parallelism."
        )
    if stages > architecture.layer_count:
        return f"{stages:,} stages are more than the {architecture.layer_count} layers. Choose fewer GPUs."
    if settings.block_size and settings.block_size % _BLOCK_STEP and not settings.engine.legacy:
        return (
            f"vLLM's attention kernels take blocks of a multiple of {_BLOCK_STEP} tokens, and {settings.block_size:,} "
            f"is none. Choose another block size, or leave it to vLLM."
        )
    return fewer_tokens_than_sequences(settings)


def fewer_tokens_than_sequences(settings: Settings) -> str:
    """Return why a step cannot hold a token of every sequence; empty: it can, or vLLM chooses one of the two."""
    batched, sequences = settings.max_num_batched_tokens, settings.max_num_seqs
    if not batched or not sequences or batched >= sequences:
        return ""
    return (
        f"vLLM refuses max_num_batched_tokens ({batched:,}) below max_num_seqs ({sequences:,}). Raise the one or "
        f"lower the other."
    )


def _experts(architecture: Architecture, settings: Settings) -> str:
    """Return why vLLM cannot divide the experts so; empty: it can."""
    if not architecture.has_experts:
        return (
            "vLLM refuses expert parallelism for a model without experts. Leave --enable-expert-parallel out."
            if settings.expert_parallel
            else ""
        )
    quantization, ranks = quantization_of(settings.quantization, architecture), settings.ranks
    if settings.expert_parallel or ranks.experts == 1 or quantization.rounding != (1, 1):
        return ""
    width = next(
        (layer.mlp.width for layer, _ in architecture.layers if layer.mlp.experts and layer.mlp.width % ranks.experts),
        None,
    )
    if width is None:
        return ""
    return (
        f"Experts of width {width:,} cannot be sliced among {ranks.experts:,} GPUs. Keep them whole with "
        f"--enable-expert-parallel, or choose other parallel sizes."
    )


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
