"""The nearest settings that work: less asked of the same GPUs, other formats, more GPUs, other GPUs; cheapest first."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from math import floor, inf
from typing import Literal

from pipeline.plan.activations import GIB
from pipeline.plan.architecture import Architecture
from pipeline.plan.budget import length_of, stored
from pipeline.plan.choice import best_placement, described
from pipeline.plan.gpu import Gpu
from pipeline.plan.placement import placements
from pipeline.plan.plan import Plan, plan_of
from pipeline.plan.settings import Settings
from pipeline.plan.weights import QUANTIZATIONS, quantization_of

_SHOWN = 10
_FORMATS = ("awq", "fp8")
_LENGTH_STEP = 16

Kind = Literal[
    "sequences",
    "context",
    "KV dtype",
    "quantization",
    "several",
    "placement",
    "offload",
    "memory share",
    "GPU count",
    "GPU",
]
"""What is changed; of a format that fits only with fewer sequences or a shorter context, the format."""


@dataclass(frozen=True)
class Alternative:
    """Settings that work, and what is changed to get there."""

    kind: Kind
    change: str
    plan: Plan
    usd_per_hour: float | None
    """Of all GPUs together; None: no price is known."""


def nearest(architecture: Architecture, plan: Plan, others: Iterable[Gpu]) -> tuple[Alternative, ...]:
    """Return what works instead of a plan that does not, cheapest first; smaller changes first at the same price.

    The same GPUs come first where their price is not known: they are there. Of every kind of change the cheapest is
    among them.
    """
    found = [
        Alternative(kind, change, tried, _price(tried))
        for kind, change, tried in (
            *_same_gpus(architecture, plan),
            *_more(architecture, plan),
            *_other(architecture, plan, others),
        )
        if tried.fits
    ]
    found.sort(key=lambda each: _rank(each, plan))
    first = {each.kind: place for place, each in reversed(list(enumerate(found)))}
    rest = [place for place in range(len(found)) if place not in first.values()]
    shown = sorted([*sorted(first.values()), *rest][:_SHOWN])
    return tuple(found[place] for place in shown)


def _rank(alternative: Alternative, plan: Plan) -> float:
    if alternative.usd_per_hour is not None:
        return alternative.usd_per_hour
    tried = alternative.plan
    same = (tried.gpu.name, tried.settings.gpus) == (plan.gpu.name, plan.settings.gpus)
    return 0.0 if same else inf


def _same_gpus(architecture: Architecture, plan: Plan) -> Iterator[tuple[Kind, str, Plan]]:
    gpu, settings = plan.gpu, plan.settings
    if settings.gpus > 1:
        spread = one_replica(settings)
        other = best_placement(architecture, gpu, replace(spread, offload_gib=0.0), settings.gpus).plan
        if settings.offload_gib and not other.fits:
            other = best_placement(architecture, gpu, spread, settings.gpus).plan
        yield "placement", described(other.settings), other
    for kind, change, tried in _left_to_vllm(settings):
        yield kind, change, _planned(architecture, gpu, tried)
    for kind, change, tried in _formats(architecture, plan):
        yield _offloading(kind, change, _planned(architecture, gpu, tried))
    yield from _less(architecture, gpu, settings, "")
    for kind, change, tried in _formats(architecture, plan):
        for _, less, smaller in _less(architecture, gpu, tried, f"{change} and "):
            yield _offloading(kind, less, smaller)
    yield from _offloaded(architecture, gpu, settings)


def _planned(architecture: Architecture, gpu: Gpu, settings: Settings) -> Plan:
    """Return the plan; weights are offloaded only where it does not fit without."""
    whole = plan_of(architecture, gpu, replace(settings, offload_gib=0.0))
    return whole if whole.fits or not settings.offload_gib else plan_of(architecture, gpu, settings)


def _offloading(kind: Kind, change: str, plan: Plan) -> tuple[Kind, str, Plan]:
    """Return a change that says what is offloaded, on GPUs that were not asked about."""
    offloaded = plan.settings.offload_gib
    return kind, f"{change}, {offloaded:,.0f} GiB of the weights per GPU offloaded" if offloaded else change, plan


def _left_to_vllm(settings: Settings) -> Iterator[tuple[Kind, str, Settings]]:
    """Yield settings without what was stated and vLLM would choose itself."""
    if settings.kv_cache_gib is not None:
        yield "several", "KV cache computed, not stated", replace(settings, kv_cache_gib=None)
    usual, asked = settings.engine.utilization, settings.gpu_memory_utilization
    if asked is not None and asked < usual:
        yield "memory share", f"gpu_memory_utilization {usual:.2f}", replace(settings, gpu_memory_utilization=None)
    if settings.max_num_batched_tokens is not None:
        yield "several", "vLLM's own max_num_batched_tokens", replace(settings, max_num_batched_tokens=None)
    if settings.block_size is not None:
        yield "several", "vLLM's own block_size", replace(settings, block_size=None)
    if settings.context_parallel > 1:
        yield "placement", "decode context parallelism of 1", replace(settings, context_parallel=1)
    if settings.expert_parallel:
        yield "placement", "without expert parallelism", replace(settings, expert_parallel=False)


def _formats(architecture: Architecture, plan: Plan) -> Iterator[tuple[Kind, str, Settings]]:
    settings, lacks = plan.settings, plan.gpu.lacks
    bits = quantization_of(settings.quantization, architecture).bits
    asked = quantization_of(settings.quantization, architecture).name
    smaller = [name for name in _FORMATS if QUANTIZATIONS[name].bits < bits]
    names = [name for name in ((*_FORMATS, "none") if asked in lacks else smaller) if name not in lacks]
    for name in names:
        yield "quantization", f"quantization {name}", replace(settings, quantization=name)
    if "kv fp8" not in lacks and not settings.kv_cache_dtype.startswith("fp8"):
        cached = replace(settings, kv_cache_dtype="fp8")
        yield "KV dtype", "KV cache in FP8", cached
        for name in names:
            yield "several", f"quantization {name}, KV cache in FP8", replace(cached, quantization=name)


def _less(architecture: Architecture, gpu: Gpu, settings: Settings, before: str) -> Iterator[tuple[Kind, str, Plan]]:
    """Yield plans of fewer sequences, and of a shorter context, where either helps."""
    plan = plan_of(architecture, gpu, settings)
    fewer = floor(plan.capacity.concurrency) or _most(architecture, gpu, settings)
    if settings.max_num_seqs and 0 < fewer < settings.max_num_seqs:
        tried = _planned(architecture, gpu, replace(settings, max_num_seqs=fewer))
        yield "sequences", f"{before}{fewer:,} sequences", tried
    longest = _longest(architecture, gpu, settings)
    if 0 < longest < length_of(architecture, settings):
        shorter = replace(settings, max_model_len=longest)
        yield "context", f"{before}context {longest:,}", _planned(architecture, gpu, shorter)


def _offloaded(architecture: Architecture, gpu: Gpu, settings: Settings) -> Iterator[tuple[Kind, str, Plan]]:
    """Yield the fewest whole GiB of weights per GPU in the CPU's memory that are enough."""
    if settings.offload_gib:
        return
    low, high = 0, floor(stored(architecture, settings, gpu.family).weights / GIB)
    if not plan_of(architecture, gpu, replace(settings, offload_gib=high)).fits:
        return
    while low < high:
        middle = (low + high) // 2
        fits = plan_of(architecture, gpu, replace(settings, offload_gib=middle)).fits
        low, high = (low, middle) if fits else (middle + 1, high)
    if low:
        change = f"{low:,} GiB of the weights per GPU in the CPU's memory"
        yield "offload", change, plan_of(architecture, gpu, replace(settings, offload_gib=low))


def _most(architecture: Architecture, gpu: Gpu, settings: Settings) -> int:
    """Return the most sequences that fit, where those asked for leave no memory for a cache; 0: none."""
    low, high = 0, settings.max_num_seqs or 0
    while low < high:
        middle = (low + high + 1) // 2
        fits = plan_of(architecture, gpu, replace(settings, max_num_seqs=middle)).fits
        low, high = (middle, high) if fits else (low, middle - 1)
    return low


def _longest(architecture: Architecture, gpu: Gpu, settings: Settings) -> int:
    """Return the longest context that fits with all sequences and that the model was made for; 0: none."""
    low, high = 0, min(length_of(architecture, settings), architecture.max_position) // _LENGTH_STEP
    while low < high:
        middle = (low + high + 1) // 2
        tried = replace(settings, max_model_len=middle * _LENGTH_STEP)
        low, high = (middle, high) if plan_of(architecture, gpu, tried).fits else (low, middle - 1)
    return low * _LENGTH_STEP


def one_replica(settings: Settings) -> Settings:
    """Return the settings without parallel sizes, for them to be chosen."""
    return replace(settings, tensor_parallel=1, pipeline_parallel=1, data_parallel=1, expert_parallel=False, nodes=1)


def _more(architecture: Architecture, plan: Plan) -> Iterator[tuple[Kind, str, Plan]]:
    """Yield the fewest GPUs of the same kind that are enough."""
    for settings in placements(architecture, plan.gpu, one_replica(plan.settings)):
        if settings.gpus > plan.settings.gpus:
            tried = _planned(architecture, plan.gpu, settings)
            if tried.fits:
                yield _offloading("GPU count", _named(tried), tried)
                return


def _other(architecture: Architecture, plan: Plan, others: Iterable[Gpu]) -> Iterator[tuple[Kind, str, Plan]]:
    """Yield the fewest of each other kind of GPU, in one node or as many GPUs as were asked for."""
    for gpu in others:
        if gpu.name == plan.gpu.name or "vllm" in gpu.lacks:
            continue
        for settings in placements(architecture, gpu, one_replica(plan.settings)):
            if settings.gpus > max(gpu.gpus_per_node, plan.settings.gpus):
                break
            tried = _planned(architecture, gpu, settings)
            if tried.fits:
                yield _offloading("GPU", _named(tried), tried)
                break


def _named(plan: Plan) -> str:
    nodes = f" in {plan.settings.nodes} nodes" if plan.settings.nodes > 1 else ""
    return f"{plan.settings.gpus:,} x {plan.gpu.name}{nodes}"


def _price(plan: Plan) -> float | None:
    return None if plan.gpu.usd_per_hour is None else plan.gpu.usd_per_hour * plan.settings.gpus
