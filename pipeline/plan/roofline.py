"""Times of prefill and decode from bytes, operations and rates, and the throughput that follows.

Roofline (Williams et al., 2009, https://doi.org/10.1145/1498765.1498785) with the fraction of each rate that engines
attain, and what a step costs besides: launching kernels, sampling, sending between GPUs. A round of requests prefills
each of them once and then decodes all together, so that prefill and decode share the GPU as in continuous batching.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil

from pipeline.plan.architecture import Architecture, LatentAttention, LinearAttention
from pipeline.plan.corrections import Correction, Shares, Stated
from pipeline.plan.gpu import Gpu
from pipeline.plan.interconnect import sending_s
from pipeline.plan.matrices import active_parameters
from pipeline.plan.settings import Settings
from pipeline.plan.weights import Quantization, read_bytes

ATTAINABLE: Mapping[str, tuple[float, float]] = {
    "turing": (0.75, 0.5),
    "volta": (0.75, 0.5),
    "ampere": (0.73, 0.55),
    "ampere-consumer": (0.85, 0.6),
    "ampere-workstation": (0.8, 0.55),
    "ada": (0.82, 0.55),
    "ada-consumer": (0.9, 0.8),
    "hopper": (0.75, 0.5),
    "blackwell": (0.72, 0.45),
    "blackwell-consumer": (0.85, 0.6),
    "cdna3": (0.65, 0.35),
    "rdna3": (0.6, 0.35),
    "apple": (0.75, 0.5),
}
"""Family -> fraction of the memory's rate in decode, and of the tensor cores' rate in prefill.

Derived from published runs of 16-bit models: A100 7B to 32B, L40S 14B, RTX 4090 7B, H100 4B, MI300X 70B; other
families are taken like their nearest relative.
"""
_FOUR_BIT = 0.95
_FOUR_BIT_HBM = 0.8
"""Of those fractions with 4-bit weights: unpacking keeps up with GDDR, and less with HBM (Marlin on A100)."""
_WITHOUT_MARLIN = 0.6
_HBM = ("volta", "ampere", "hopper", "blackwell", "cdna3")
_PER_LAYER, _PER_RANK = 0.03e-3, 0.5e-3
"""Seconds per step: starting the kernels of a layer; telling the workers of a tensor-parallel group what to do."""
_EXPERTS, _LATENT, _FLASH_LATENT = 0.1e-3, 0.3e-3, 0.1e-3
"""Least seconds of a layer, however little it reads: sorting tokens to experts; latent attention, in Triton and with
kernels of its own (FlashMLA, CUTLASS)."""
_HOST_FRACTION = 0.7
"""Of PCIe's or C2C's rate in one direction."""
BANDS: Mapping[str, tuple[float, float]] = {
    "one": (0.7, 1.3),
    "several": (0.5, 1.4),
    "far": (0.5, 1.6),
}
"""What the true rate may be of the expected one: one GPU; several in a node; several nodes or weights offloaded."""


@dataclass(frozen=True)
class Rate:
    """What a configuration does per second."""

    running: int
    """Sequences that run at once, in all replicas."""
    low: float
    expected: float
    high: float
    """Output tokens per second of all replicas."""
    ttft_s: float
    """Of a request that finds the GPU free."""
    tpot_s: float
    bound_by: str
    bandwidth_utilization: float
    compute_utilization: float
    parts_s: tuple[tuple[str, float], ...]
    """Of one decode step: where its time goes."""
    intensity: float
    """Operations per byte of a decode step."""
    peak_operations_s: float
    """Of the GPU in the number format that is multiplied in."""

    def interval_of(self, seconds: float) -> tuple[float, float]:
        """Return the shortest and the longest that an expected time may be: the rate is high where times are short."""
        return seconds * self.expected / self.high, seconds * self.expected / self.low


def rate_of(
    architecture: Architecture,
    quantization: Quantization,
    gpu: Gpu,
    settings: Settings,
    running: int,
    wanted: int,
    correction: Correction | Stated | None = None,
) -> Rate | None:
    """Return the expected throughput of `running` sequences, of `wanted`; None where the GPU's rates are unknown.

    Replicas share the sequences evenly; those of a mixture of experts take every step together.
    """
    peak, shares = peak_operations_s(gpu, quantization), attainable(gpu, quantization)
    shares = correction.shares(shares) if correction else shares
    if peak is None or running < 1 or shares is None:
        return None
    bandwidth = gpu.bandwidth_gb_s * 1e9
    memory_share, compute_share = shares
    stages, ranks = settings.pipeline_parallel, settings.tensor_parallel
    own = ceil(running / settings.data_parallel)
    batch = ceil(own / stages)
    context = settings.input_tokens + settings.output_tokens / 2
    element = 1 if settings.kv_cache_dtype.startswith("fp8") else architecture.element_bytes
    weights = read_bytes(architecture, quantization, settings.ranks, min(running, batch * settings.data_parallel))
    cached = batch * context_bytes(architecture, context, element, ranks)
    operations = 2 * active_parameters(architecture) / ranks
    memory = (weights + cached) / (bandwidth * memory_share)
    compute = batch * operations / (peak * compute_share)
    overhead = _overhead(architecture, settings, batch)
    sending = sending_s(architecture, gpu, settings, batch)
    offloaded = settings.offload_gib * 2**30 / (gpu.host_gb_s * 1e9 * _HOST_FRACTION)
    step = max(memory, compute, _least(architecture, gpu)) + overhead + sending + stages * offloaded
    alone = settings.input_tokens * operations / (peak * compute_share)
    alone += sending_s(architecture, gpu, settings, settings.input_tokens, calls=False)
    prefill = alone / stages
    round_s = settings.output_tokens * step + own * prefill
    expected = running * settings.output_tokens / round_s
    parts = {
        "memory bandwidth": memory if memory >= compute else 0.0,
        "compute": (compute if compute > memory else 0.0) + own * prefill / settings.output_tokens,
        "engine overhead": overhead,
        "interconnect": sending,
        "host link": stages * offloaded,
    }
    low, high = BANDS[_band(settings)]
    if correction:
        low, high = correction.band((low, high))
    tokens = settings.input_tokens + settings.output_tokens
    return Rate(
        running,
        expected * low,
        expected,
        expected * high,
        ttft_s=alone + overhead,
        tpot_s=step + (own - 1) * prefill / settings.output_tokens,
        bound_by="capacity" if running < wanted else max(parts, key=lambda name: parts[name]),
        bandwidth_utilization=min(1.0, own / stages) * (weights + cached) / bandwidth / step,
        compute_utilization=own * tokens * operations / stages / peak / round_s,
        parts_s=tuple(parts.items()),
        intensity=batch * operations / (weights + cached),
        peak_operations_s=peak,
    )


def context_bytes(architecture: Architecture, context: float, element: int, tensor_parallel: int) -> float:
    """Return the bytes of one sequence's cache that a decode step reads on one GPU."""
    total = 0.0
    for layer, number in architecture.layers:
        attention = layer.attention
        if isinstance(attention, LinearAttention):
            values = attention.value_heads * attention.value_size * attention.key_size
            total += number * 2 * values * attention.state_bytes / tensor_parallel
        elif isinstance(attention, LatentAttention):
            total += number * context * (attention.latent_rank + attention.rope_size) * element
        else:
            seen = min(context, attention.window or context)
            heads = max(1, attention.kv_heads / tensor_parallel)
            total += number * seen * 2 * heads * attention.head_size * element
    return total


def peak_operations_s(gpu: Gpu, quantization: Quantization) -> float | None:
    """Return the operations per second that the matrices are multiplied with; 4-bit weights are unpacked to FP16."""
    wanted = {"fp8": "fp8", "int8": "int8", "nvfp4": "fp4"}.get(quantization.name, "fp16")
    found = gpu.tflops.get(wanted) or gpu.tflops.get("fp16")
    return found * 1e12 if found else None


def attainable(gpu: Gpu, quantization: Quantization) -> Shares | None:
    """Return the shares of the GPU's rates that are expected without runs on it; None: not known, as of processors."""
    if gpu.family not in ATTAINABLE:
        return None
    memory, compute = ATTAINABLE[gpu.family]
    if quantization.bits > 6 or quantization.name == "nvfp4":  # noqa: PLR2004 -- between 4 and 8 bit
        return memory, compute
    factor = _FOUR_BIT_HBM if gpu.family in _HBM else _FOUR_BIT
    factor = _WITHOUT_MARLIN if gpu.family in ("cdna3", "rdna3", "turing", "volta") else factor
    return memory * factor, compute * factor


def _overhead(architecture: Architecture, settings: Settings, batch: int) -> float:
    """Return what a step takes besides its kernels' work: scheduling, sampling and starting kernels."""
    engine, stages = settings.engine, settings.pipeline_parallel
    together = settings.tensor_parallel > 1 or (settings.data_parallel > 1 and architecture.has_experts)
    ranks = _PER_RANK if together else 0.0
    return stages * (engine.step_s + batch * engine.sequence_s + ranks) + _PER_LAYER * architecture.layer_count


def _least(architecture: Architecture, gpu: Gpu) -> float:
    latent = _FLASH_LATENT if gpu.family in ("hopper", "blackwell") else _LATENT
    return sum(
        number
        * ((_EXPERTS if layer.mlp.experts else 0.0) + (latent if isinstance(layer.attention, LatentAttention) else 0.0))
        for layer, number in architecture.layers
    )


def _band(settings: Settings) -> str:
    if settings.nodes > 1 or settings.offload_gib:
        return "far"
    return "several" if settings.gpus > 1 else "one"
