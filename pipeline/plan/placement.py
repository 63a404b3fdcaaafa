"""How a model is spread over GPUs: tensor parallel inside a node, pipeline stages across nodes; how many it takes."""

from collections.abc import Iterator
from dataclasses import replace
from math import ceil

from pipeline.plan.architecture import Architecture, LinearAttention
from pipeline.plan.gpu import Gpu
from pipeline.plan.settings import Settings

_MOST = 4096


def can_share(architecture: Architecture, tensor_parallel: int) -> bool:
    """Return whether vLLM divides the attention heads among so many GPUs."""
    return all(
        (layer.attention.value_heads if isinstance(layer.attention, LinearAttention) else layer.attention.heads)
        % tensor_parallel
        == 0
        for layer, _ in architecture.layers
    )


def placed(architecture: Architecture, gpu: Gpu, settings: Settings, gpus: int) -> Settings:
    """Return the settings on so many GPUs: as much tensor parallelism as a node and the heads allow, then stages."""
    tensor = next(
        size
        for size in range(min(gpus, gpu.gpus_per_node), 0, -1)
        if gpus % size == 0 and can_share(architecture, size)
    )
    stages = gpus // tensor
    return replace(
        settings, tensor_parallel=tensor, pipeline_parallel=stages, nodes=max(1, ceil(gpus / gpu.gpus_per_node))
    )


def placements(architecture: Architecture, gpu: Gpu, settings: Settings) -> Iterator[Settings]:
    """Yield placements on 1, 2, 4, 8, then 16, 24 ... GPUs, up to as many stages as there are layers."""
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
