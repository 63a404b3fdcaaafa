"""The memory of one GPU: what vLLM may use, what is taken from it, and what is left for the KV cache."""

from dataclasses import dataclass

from pipeline.plan.activations import GIB, activation_bytes, graph_bytes, other_bytes
from pipeline.plan.architecture import Architecture
from pipeline.plan.gpu import Gpu
from pipeline.plan.settings import Settings
from pipeline.plan.weights import Quantization, quantization_of, weight_bytes


@dataclass(frozen=True)
class Budget:
    """Bytes on one GPU."""

    requested: int
    """Utilization times total."""
    weights: int
    """On the GPU, without what is offloaded."""
    activations: int
    other: int
    """Outside of torch."""
    graphs: int
    graphs_inside: bool
    kv_cache: int
    """What is left, or what was stated; negative when nothing is left."""
    batched_tokens: int
    sequences: int
    """Settings that the activations follow from."""


@dataclass(frozen=True)
class Stored:
    """A model as it is stored on each of some GPUs; the same for every length."""

    architecture: Architecture
    quantization: Quantization
    weights: int


def stored(architecture: Architecture, settings: Settings, family: str = "") -> Stored:
    """Return the model in the quantization and placement that is asked for, on GPUs of a family."""
    quantization = quantization_of(settings.quantization, architecture, family)
    size = weight_bytes(architecture, quantization, settings.ranks, settings.pipeline_parallel)
    return Stored(architecture, quantization, size)


def length_of(architecture: Architecture, settings: Settings) -> int:
    """Return `max_model_len`: as given, or all that the model was made for."""
    return settings.max_model_len or architecture.max_position


def budget_of(model: Stored, gpu: Gpu, settings: Settings, beside_gib: float = 0.0) -> Budget:
    """Return where the memory of each GPU goes; `beside_gib` more than planned, as runs taught."""
    engine, architecture = settings.engine, model.architecture
    length = length_of(architecture, settings)
    tokens, sequences = engine.batch(gpu.memory_gib, ampere=gpu.ampere_data_centre, length=length)
    sequences = settings.max_num_seqs or min(sequences, settings.max_num_batched_tokens or sequences)
    tokens = settings.max_num_batched_tokens or max(tokens, sequences)
    tokens = min(tokens, sequences * length)
    utilization = engine.utilization if settings.gpu_memory_utilization is None else settings.gpu_memory_utilization
    requested = int(gpu.memory_gib * GIB * utilization)
    weights = max(0, model.weights - int(settings.offload_gib * GIB))
    activations = activation_bytes(
        architecture,
        engine,
        tokens,
        sequences,
        length=length,
        ranks=settings.ranks,
        eager=settings.eager,
    )
    together = settings.gpus if architecture.has_experts else settings.gpus // settings.data_parallel
    other = other_bytes(together, linked=gpu.link_gb_s is not None) + int(beside_gib * GIB)
    activations, other = max(0, activations + min(0, other)), max(0, other)
    graphs = graph_bytes(architecture, eager=settings.eager)
    left = requested - weights - activations - other - (graphs if engine.graphs_inside else 0)
    stated = None if settings.kv_cache_gib is None else int(settings.kv_cache_gib * GIB)
    return Budget(
        requested,
        weights,
        activations,
        other,
        graphs,
        engine.graphs_inside,
        left if stated is None else stated,
        tokens,
        sequences,
    )
