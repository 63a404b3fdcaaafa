"""`awqctl plan pack FILE`: several models, each planned or given by its size, on each of some GPUs."""

from pathlib import Path
from typing import Any

from pipeline.catalogue.gpus import find_gpu
from pipeline.catalogue.plan_forms import PackedModel, PackFile, read_file
from pipeline.catalogue.reference import planned_model
from pipeline.plan.activations import GIB
from pipeline.plan.gpu import Gpu
from pipeline.plan.pack import Packing, Tenant, pack
from pipeline.plan.plan import Plan, plan_of
from pipeline.plan.refusals import unsupported
from pipeline.plan.settings import Settings

_HOST_FRACTION = 0.7
"""Of PCIe's or C2C's rate, attained when weights are loaded from the CPU's memory."""
_CONTEXT_GIB = 0.5
"""Of a process on the GPU besides a model that is given by its size alone."""


def packs(path: Path) -> dict[str, Any]:
    """Return how the models of a file share each of its GPUs."""
    asked: PackFile = read_file(path, PackFile)
    found = [_packed(asked, name) for name in asked.gpus]
    return {"schema_version": 1, "stated_gb": asked.stated_gb, "gpus": found, "origin": "modelled"}


def _packed(asked: PackFile, name: str) -> dict[str, Any]:
    entry = find_gpu(name)
    gpu = entry.planned()
    plans = [_planned(model, gpu, asked.gpu_memory_utilization) for model in asked.models]
    tenants = [_tenant(model, plan) for model, plan in zip(asked.models, plans, strict=True)]
    refused = {
        model.name: f"{model.name}: {reason}"
        for model, plan in zip(asked.models, plans, strict=True)
        if plan and model.model
        for reason in unsupported(planned_model(model.model).architecture, gpu, plan.settings)
    }
    runnable = [tenant for tenant in tenants if tenant.name not in refused]
    available = gpu.memory_gib * GIB * asked.gpu_memory_utilization
    packing = pack(runnable, available, gpu.host_gb_s * 1e9 * _HOST_FRACTION, entry.mig)
    needed = sum(tenant.needs for tenant in tenants)
    return {
        "gpu": gpu.name,
        "available_gib": available / GIB,
        "needed_gib": needed / GIB,
        "verdict": "impossible" if packing.too_large or refused else "together" if packing.together else "turns",
        "reasons": list(refused.values()),
        "short_gib": max(0.0, needed - available) / GIB,
        "models": [
            {
                "name": tenant.name,
                "needed_gib": tenant.needs / GIB,
                "weights_gib": tenant.weights / GIB,
                "gpu_memory_utilization": tenant.needs / GIB / gpu.memory_gib,
            }
            for tenant in tenants
        ],
        "turns": _turns(packing),
        "host_memory_gib": packing.host_bytes / GIB,
        "too_large": [tenant.name for tenant in packing.too_large],
        "mig": packing.mig,
    }


def _turns(packing: Packing) -> list[dict[str, Any]]:
    return [
        {"models": [tenant.name for tenant in turn], "swap_s": seconds}
        for turn, seconds in zip(packing.turns, packing.swap_s, strict=True)
    ]


def _planned(model: PackedModel, gpu: Gpu, utilization: float) -> Plan | None:
    """Return the plan of a model; None where it is given by its size."""
    if model.model is None:
        return None
    settings = Settings(
        quantization=model.quantization,
        max_model_len=model.max_model_len,
        max_num_seqs=model.sequences,
        kv_cache_dtype=model.kv_cache_dtype,
        gpu_memory_utilization=utilization,
    )
    return plan_of(planned_model(model.model).architecture, gpu, settings)


def _tenant(model: PackedModel, plan: Plan | None) -> Tenant:
    """Return what a model needs while it runs: as planned, with the cache of its sequences and no more."""
    if plan is None:
        size = (model.memory_gb or 0) * 1e9
        return Tenant(model.name, size + _CONTEXT_GIB * GIB, size)
    budget = plan.budget
    cache = plan.capacity.needed_bytes * model.sequences + plan.cache.block_bytes
    return Tenant(
        model.name, budget.weights + budget.activations + budget.other + budget.graphs + cache, budget.weights
    )
