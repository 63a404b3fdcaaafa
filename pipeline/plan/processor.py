"""A processor in the terms of a plan: its memory is planned like a GPU's, its speed only by runs on it."""

from pipeline.plan.architecture import Architecture, LatentAttention
from pipeline.plan.gpu import Gpu

FAMILY = "cpu"
_BANDWIDTH_GB_S, _TFLOPS = 1000.0, 100.0
"""More than any processor has. Nothing is expected of them: runs say which share of them was attained."""
_BLOCK, _LATENT_BLOCK = 128, 16
"""Tokens per block of the KV cache on processors (`CpuPlatform.check_and_update_config`)."""


def processor(name: str, memory_gib: float) -> Gpu:
    """Return a processor with its system memory."""
    rates = dict.fromkeys(("fp16", "fp8", "int8"), _TFLOPS)
    return Gpu(name, FAMILY, memory_gib, _BANDWIDTH_GB_S, rates)


def processor_name(cpu: str, cores: int) -> str:
    """Return what a processor is called whose speed depends on the cores that may be used."""
    return f"{cpu}, {cores} cores"


def block_size(architecture: Architecture, asked: int | None = None) -> int:
    """Return the tokens per block of the KV cache; the kernel for latent attention takes only its own size."""
    latent = any(isinstance(layer.attention, LatentAttention) for layer, _ in architecture.layers)
    return _LATENT_BLOCK if latent else asked or _BLOCK
