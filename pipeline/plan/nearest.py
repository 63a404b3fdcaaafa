"""The nearest settings that work: less asked of the same GPUs, other formats, more GPUs, other GPUs; cheapest first."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from math import floor, inf

from pipeline.plan.architecture import Architecture
from pipeline.plan.budget import length_of
from pipeline.plan.gpu import Gpu
from pipeline.plan.placement import can_share, placements
from pipeline.plan.plan import Plan, plan_of
from pipeline.plan.settings import Settings
from pipeline.plan.weights import QUANTIZATIONS, quantization_of

_SHOWN = 8
_FORMATS = ("awq", "fp8")
_LENGTH_STEP = 16


@dataclass(frozen=True)
class Alternative:
    """Settings that work, and what is changed to get there."""

    change: str
    plan: Plan
    usd_per_hour: float | None
    """Of all GPUs together; None: no price is known."""


def nearest(architecture: Architecture, plan: Plan, others: Iterable[Gpu]) -> tuple[Alternative, ...]:
    """Return what works instead of a plan that does not, cheapest first; smaller changes first at the same price.

    The same GPUs come first where their price is not known: they are there.
    """
    found = [
        Alternative(change, tried, _price(tried))
        for change, tried in (
            *_same_gpus(architecture, plan),
            *_more(architecture, plan),
            *_other(architecture, plan, others),
        )
        if tried.fits
    ]
    found.sort(key=lambda each: _rank(each, plan))
    return tuple(found[:_SHOWN])


def _rank(alternative: Alternative, plan: Plan) -> float:
    if alternative.usd_per_hour is not None:
        return alternative.usd_per_hour
    tried = alternative.plan
    same = (tried.gpu.name, tried.settings.gpus) == (plan.gpu.name, plan.settings.gpus)
    return 0.0 if same else inf


def _same_gpus(architecture: Architecture, plan: Plan) -> Iterator[tuple[str, Plan]]:
    gpu, settings = plan.gpu, plan.settings
    for change, tried in (*_left_to_vllm(settings), *_formats(architecture, plan)):
        yield change, plan_of(architecture, gpu, tried)
    for change, tried in (("", settings), *_formats(architecture, plan)):
        yield from _less(architecture, gpu, tried, f"{change} and " if change else "")


def _left_to_vllm(settings: Settings) -> Iterator[tuple[str, Settings]]:
    """Yield settings without what was stated and vLLM would choose itself."""
    if settings.kv_cache_gib is not None:
        yield "KV cache computed, not stated", replace(settings, kv_cache_gib=None)
    if settings.max_num_batched_tokens is not None:
        yield "vLLM's own max_num_batched_tokens", replace(settings, max_num_batched_tokens=None)
    if settings.context_parallel > 1:
        yield "decode context parallelism of 1", replace(settings, context_parallel=1)


def _formats(architecture: Architecture, plan: Plan) -> Iterator[tuple[str, Settings]]:
    settings, lacks = plan.settings, plan.gpu.lacks
    bits = quantization_of(settings.quantization, architecture).bits
    asked = quantization_of(settings.quantization, architecture).name
    smaller = [name for name in _FORMATS if QUANTIZATIONS[name].bits < bits]
    names = [name for name in ((*_FORMATS, "none") if asked in lacks else smaller) if name not in lacks]
    changes = [({"quantization": name}, f"quantization {name}") for name in names]
    if "kv fp8" not in lacks and not settings.kv_cache_dtype.startswith("fp8"):
        cached = {"kv_cache_dtype": "fp8"}
        changes += [(cached, "KV cache in FP8")]
        changes += [({"quantization": name, **cached}, f"quantization {name}, KV cache in FP8") for name in names]
    for change, text in changes:
        yield text, replace(settings, **change)  # type: ignore[arg-type]


def _less(architecture: Architecture, gpu: Gpu, settings: Settings, before: str) -> Iterator[tuple[str, Plan]]:
    """Yield plans of fewer sequences, and of a shorter context, where either helps."""
    plan = plan_of(architecture, gpu, settings)
    fewer = floor(plan.capacity.concurrency) or _most(architecture, gpu, settings)
    if settings.max_num_seqs and 0 < fewer < settings.max_num_seqs:
        yield f"{before}{fewer:,} sequences", plan_of(architecture, gpu, replace(settings, max_num_seqs=fewer))
    longest = _longest(architecture, gpu, settings)
    if 0 < longest < length_of(architecture, settings):
        shorter = replace(settings, max_model_len=longest)
        yield f"{before}context {longest:,}", plan_of(architecture, gpu, shorter)


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


def _more(architecture: Architecture, plan: Plan) -> Iterator[tuple[str, Plan]]:
    """Yield the fewest GPUs of the same kind that are enough."""
    for settings in placements(architecture, plan.gpu, plan.settings):
        if settings.gpus > plan.settings.gpus:
            tried = plan_of(architecture, plan.gpu, settings)
            if tried.fits:
                nodes = f" in {settings.nodes} nodes" if settings.nodes > 1 else ""
                yield f"{settings.gpus:,} x {plan.gpu.name}{nodes}", tried
                return


def _other(architecture: Architecture, plan: Plan, others: Iterable[Gpu]) -> Iterator[tuple[str, Plan]]:
    for gpu in others:
        if gpu.name != plan.gpu.name and can_share(architecture, plan.settings.tensor_parallel):
            yield f"{plan.settings.gpus:,} x {gpu.name}", plan_of(architecture, gpu, plan.settings)


def _price(plan: Plan) -> float | None:
    return None if plan.gpu.usd_per_hour is None else plan.gpu.usd_per_hour * plan.settings.gpus
