"""What GPUs send each other during one pass: tensor parallelism, experts that replicas share, pipeline stages."""

from math import ceil

from pipeline.plan.architecture import Architecture
from pipeline.plan.gpu import Gpu
from pipeline.plan.settings import Settings

_LINK_START_S, _LINK_FRACTION = 20e-6, 0.35
"""Of an exchange over NVLink: its start, and what is attained of both directions together."""
_PCIE_START_S, _PCIE_BYTES_S = 50e-6, 20e9
_NETWORK_START_S, _NETWORK_BYTES_S = 500e-6, 8e9
"""100 Gbit/s Ethernet without RDMA, as the published runs on two nodes had it."""


def sending_s(architecture: Architecture, gpu: Gpu, settings: Settings, tokens: float, *, calls: bool = True) -> float:
    """Return the seconds that one pass sends between GPUs.

    Two all-reduces per layer (Shoeybi et al., Megatron-LM). Where replicas share the experts, the second is the
    gathering of all their tokens and the scattering of the sums: as much per token, among more GPUs.

    Args:
        architecture: the model.
        gpu: with its link.
        settings: the placement.
        tokens: of one replica.
        calls: whether the start of each exchange counts, as in decoding, or is hidden behind the work of a prompt.
    """
    if settings.gpus == 1:
        return 0.0
    replicas, stages = settings.data_parallel, settings.pipeline_parallel
    size = tokens * architecture.hidden * architecture.element_bytes
    layers = architecture.layer_count
    gathering = sum(number for layer, number in architecture.layers if layer.mlp.experts) if replicas > 1 else 0
    total = 0.0
    if settings.tensor_parallel > 1:
        far = settings.nodes > stages * replicas
        total = (2 * layers - gathering) * _exchange_s(gpu, settings.tensor_parallel, size, far=far, calls=calls)
    if gathering:
        far = settings.nodes > stages
        total += gathering * _exchange_s(gpu, settings.ranks.experts, size * replicas, far=far, calls=calls)
    return total + _stages_s(gpu, settings, size, calls=calls)


def joined_by(gpu: Gpu, settings: Settings) -> str:
    """Return what is assumed to join the GPUs, as a sentence; empty for one."""
    if settings.gpus == 1:
        return ""
    node = (
        f"NVLink or its like at {gpu.link_gb_s:,g} GB/s"
        if gpu.link_gb_s
        else f"PCIe at {_PCIE_BYTES_S / 1e9:g} GB/s, without a link of their own"
    )
    if settings.nodes == 1:
        return f"GPUs are taken as joined by {node}."
    return (
        f"GPUs of a node are taken as joined by {node}; the {settings.nodes:,} nodes by 100 Gbit/s Ethernet without "
        f"RDMA ({_NETWORK_BYTES_S / 1e9:g} GB/s, {_NETWORK_START_S * 1000:g} ms an exchange). InfiniBand is faster."
    )


def _exchange_s(gpu: Gpu, ranks: int, size: float, *, far: bool, calls: bool) -> float:
    """Return the seconds of one all-reduce, or of a gathering and a scattering, of `size` bytes."""
    start, rate = _link(gpu, far=far)
    return (start if calls else 0.0) + 2 * (ranks - 1) / ranks * size / rate


def _stages_s(gpu: Gpu, settings: Settings, size: float, *, calls: bool) -> float:
    """Return the seconds of handing the hidden states from stage to stage."""
    hops = settings.pipeline_parallel - 1
    across = min(hops, ceil(settings.nodes / settings.data_parallel) - 1)
    total = 0.0
    for number, far in ((hops - across, False), (across, True)):
        start, rate = _link(gpu, far=far)
        total += number * ((start if calls else 0.0) + size / rate)
    return total


def _link(gpu: Gpu, *, far: bool) -> tuple[float, float]:
    """Return the seconds that an exchange takes to start, and bytes per second."""
    if far:
        return _NETWORK_START_S, _NETWORK_BYTES_S
    if gpu.link_gb_s:
        return _LINK_START_S, gpu.link_gb_s * 1e9 * _LINK_FRACTION
    return _PCIE_START_S, _PCIE_BYTES_S
