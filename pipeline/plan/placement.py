"""How a model is spread over GPUs: tensor, data and expert parallel inside a node, stages across nodes; how many."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import ceil, isqrt

from pipeline.plan.architecture import Architecture, Attention, LatentAttention, LinearAttention
from pipeline.plan.gpu import Gpu
from pipeline.plan.settings import Settings

_MOST = 4096


@dataclass(frozen=True)
class Fixed:
    """Parallel sizes that a user gave; None: to be chosen."""

    tensor: int | None = None
    stages: int | None = None
    data: int | None = None
    expert_parallel: bool = False
    """Asked for; otherwise both are tried."""

    @property
    def together(self) -> int:
        """Return the GPUs that the sizes given take."""
        return (self.tensor or 1) * (self.stages or 1) * (self.data or 1)


FREE = Fixed()


def can_share(architecture: Architecture, tensor_parallel: int) -> bool:
    """Return whether vLLM divides the heads among so many GPUs; few key-value heads are repeated in equal numbers."""
    return all(_divides(layer.attention, tensor_parallel) for layer, _ in architecture.layers)


def _divides(attention: Attention | LatentAttention | LinearAttention, ranks: int) -> bool:
    if isinstance(attention, LinearAttention):
        return attention.value_heads % ranks == 0 and attention.key_heads % ranks == 0
    if attention.heads % ranks:
        return False
    return not isinstance(attention, Attention) or not (attention.kv_heads % ranks and ranks % attention.kv_heads)


def in_nodes(gpu: Gpu, settings: Settings) -> Settings:
    """Return the settings with the nodes that they take; GPUs that share heads stay in one where they can."""
    groups, size = settings.pipeline_parallel * settings.data_parallel, settings.tensor_parallel
    if size > gpu.gpus_per_node:
        return replace(settings, nodes=groups * ceil(size / gpu.gpus_per_node))
    return replace(settings, nodes=ceil(groups / (gpu.gpus_per_node // size)))


def placed(architecture: Architecture, gpu: Gpu, settings: Settings, gpus: int) -> Settings:
    """Return one replica on so many GPUs: as much tensor parallelism as a node and the heads allow, then stages."""
    tensor = next(
        size for size in reversed(_divisors(gpus)) if size <= gpu.gpus_per_node and can_share(architecture, size)
    )
    return in_nodes(gpu, replace(settings, tensor_parallel=tensor, pipeline_parallel=gpus // tensor))


def candidates(
    architecture: Architecture, gpu: Gpu, settings: Settings, gpus: int, fixed: Fixed = FREE
) -> Iterator[Settings]:
    """Yield every placement on exactly so many GPUs that vLLM may take and that keeps what is fixed."""
    for tensor in (fixed.tensor,) if fixed.tensor else _divisors(gpus):
        if gpus % tensor or not (fixed.tensor or (tensor <= gpu.gpus_per_node and can_share(architecture, tensor))):
            continue
        for data in (fixed.data,) if fixed.data else _divisors(gpus // tensor):
            stages, rest = divmod(gpus // tensor, data)
            if rest or stages > architecture.layer_count or fixed.stages not in {None, stages}:
                continue
            sizes = replace(settings, tensor_parallel=tensor, pipeline_parallel=stages, data_parallel=data)
            whole = architecture.has_experts and tensor * data > 1
            for expert in (True,) if fixed.expert_parallel else (False, True) if whole else (False,):
                yield in_nodes(gpu, replace(sizes, expert_parallel=expert))


def placements(architecture: Architecture, gpu: Gpu, settings: Settings) -> Iterator[Settings]:
    """Yield one replica on 1, 2, 4, 8, then 16, 24 ... GPUs, up to as many stages as there are layers."""
    gpus = 1
    while gpus <= _MOST:
        found = placed(architecture, gpu, settings, gpus)
        if found.pipeline_parallel > architecture.layer_count:
            return
        yield found
        gpus = gpus * 2 if gpus < gpu.gpus_per_node else gpus + gpu.gpus_per_node


def gpus_for_bytes(size: float, memory: float) -> int:
    """Return how many GPUs hold so many bytes, for models that are given by their size alone."""
    return ceil(size / memory)


def _divisors(number: int) -> list[int]:
    low = [each for each in range(1, isqrt(number) + 1) if number % each == 0]
    return sorted({*low, *(number // each for each in low)})
