"""What the files of `awqctl plan pack` and `awqctl plan fleet` ask for, planned."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from pipeline.base.errors import UsageError
from pipeline.base.format import number
from pipeline.catalogue.gpus import find_gpu
from pipeline.catalogue.plan_forms import (
    FleetDemand,
    FleetFile,
    FleetPhase,
    FleetPurchase,
    PackedModel,
    PackFile,
    read_file,
)
from pipeline.catalogue.reference import planned_model
from pipeline.plan.activations import GIB
from pipeline.plan.architecture import Architecture
from pipeline.plan.fleet import Phase, Purchase, Running, capital_of, cents, fleet_for, years
from pipeline.plan.gpu import Gpu
from pipeline.plan.pack import Packing, Tenant, pack
from pipeline.plan.placement import gpus_for_bytes, placed, placements
from pipeline.plan.plan import Plan, plan_of, unsupported
from pipeline.plan.roofline import Rate
from pipeline.plan.settings import Settings

_HOST_FRACTION = 0.7
"""Of PCIe's or C2C's rate, attained when weights are loaded from the CPU's memory."""
_CONTEXT_GIB = 0.5
"""Of a process on the GPU besides a model that is given by its size alone."""


def packs(path: Path) -> dict[str, Any]:
    """Return how the models of a file share each of its GPUs."""
    asked: PackFile = read_file(path, PackFile)
    found = [_packed(asked, name) for name in asked.gpus]
    return {"schema_version": 1, "gpus": found, "origin": "modelled"}


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
            {"name": tenant.name, "needed_gib": tenant.needs / GIB, "weights_gib": tenant.weights / GIB}
            for tenant in tenants
        ],
        "turns": _turns(packing),
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


def fleets(path: Path) -> dict[str, Any]:
    """Return the costs of a file's phases by year, and the fleets of its demands."""
    asked: FleetFile = read_file(path, FleetFile)
    phases = tuple(_phase(phase) for phase in asked.phases)
    running = Running(
        asked.usd_per_kwh,
        asked.pue,
        asked.load,
        asked.staff_usd_per_year,
        asked.running_usd_per_year,
        asked.depreciation_years,
        asked.hours_per_month,
    )
    spent = years(phases, running, asked.years)
    return {
        "schema_version": 1,
        "phases": [
            {"name": phase.name, "month": phase.month, "capital_usd": float(cents(capital_of(phase)))}
            for phase in phases
        ],
        "years": [
            {
                "year": year.number,
                **{
                    f"{name}_usd": float(cents(getattr(year, name)))
                    for name in ("capital", "energy", "cooling", "staff", "other", "depreciation", "cash")
                },
                "energy_kwh": year.energy_kwh,
            }
            for year in spent
        ],
        "total_usd": float(cents(sum((year.cash for year in spent), Decimal(0)))),
        "demand": [_demand(demand) for demand in asked.demand],
    }


def _phase(phase: FleetPhase) -> Phase:
    return Phase(phase.name, phase.month, tuple(_purchase(each) for each in phase.purchases), phase.other_usd)


def _purchase(purchase: FleetPurchase) -> Purchase:
    entry = find_gpu(purchase.gpu)
    price, watts = entry.value("list_usd"), entry.value("watts")
    if purchase.unit_usd is None and price is None:
        raise UsageError(f"No list price of {entry.name} is known. Give its `unit_usd`.")
    if watts is None:
        raise UsageError(f"The power of {entry.name} is not known. Add `watts` to your own catalogue file.")
    unit = Decimal(str(price)) if purchase.unit_usd is None else purchase.unit_usd
    return Purchase(entry.name, purchase.count, unit, watts)


def _demand(demand: FleetDemand) -> dict[str, Any]:
    entry = find_gpu(demand.gpu)
    if demand.model is None:
        parameters = demand.parameters or 0.0
        size = parameters * demand.bits / 8
        memory = entry.figures["memory_gb"].value * 1e9
        return {
            "gpu": entry.name,
            "parameters": parameters,
            "weights_gb": size / 1e9,
            "gpus_for_weights": gpus_for_bytes(size, memory),
        }
    architecture = planned_model(demand.model).architecture
    replica = _replica(demand, architecture)
    if replica.rate is None:
        reason = "; ".join(replica.shortages) or f"the rates of {entry.name} are not known."
        raise UsageError(f"{demand.model} cannot be planned on {entry.name}: {reason} Choose another GPU or more.")
    rate = _fast_enough(demand, architecture, replica)
    sized = [
        fleet_for(
            users,
            active_share=demand.active_share,
            tokens_per_s_per_user=demand.tokens_per_s_per_user,
            sequences=rate.running,
            tokens_per_s=rate.low,
            gpus=replica.settings.gpus,
            gpus_per_node=replica.gpu.gpus_per_node,
        )
        for users in demand.users
    ]
    return {
        "gpu": entry.name,
        "model": demand.model,
        "gpus_per_replica": replica.settings.gpus,
        "tensor_parallel_size": replica.settings.tensor_parallel,
        "pipeline_parallel_size": replica.settings.pipeline_parallel,
        "nodes_per_replica": replica.settings.nodes,
        "fleets": [each.__dict__ for each in sized],
    }


def _fast_enough(demand: FleetDemand, architecture: Architecture, replica: Plan) -> Rate:
    """Return the rate with as many sequences at once as still give every user the tokens per second asked for.

    By the expected speed; how many replicas it takes is then decided by the low end.

    Raises:
        UsageError: not even one sequence alone does.
    """
    wanted, rates = demand.tokens_per_s_per_user, {}
    low, high = 0, replica.rate.running if replica.rate else 0
    while low < high:
        middle = (low + high + 1) // 2
        rate = plan_of(architecture, replica.gpu, replace(replica.settings, concurrency=middle)).rate
        enough = rate is not None and rate.expected >= wanted * rate.running
        rates[middle] = rate
        low, high = (middle, high) if enough else (low, middle - 1)
    found = rates.get(low)
    if found is None:
        alone = plan_of(architecture, replica.gpu, replace(replica.settings, concurrency=1)).rate
        most = alone.expected if alone else 0.0
        raise UsageError(
            f"No user gets {number(wanted)} tokens per second of {demand.model} from {replica.gpu.name}: a request "
            f"alone is expected to run at {number(most)}. Ask for less in `tokens_per_s_per_user`, or choose a faster "
            f"GPU or more `gpus_per_replica`."
        )
    return found


def _replica(demand: FleetDemand, architecture: Architecture) -> Plan:
    """Return the plan of one replica: on as many GPUs as asked, or on the fewest that hold it."""
    gpu = find_gpu(demand.gpu).planned()
    settings = Settings(
        quantization=demand.quantization,
        max_model_len=demand.max_model_len,
        input_tokens=demand.input_tokens,
        output_tokens=demand.output_tokens,
    )
    if demand.gpus_per_replica:
        return plan_of(architecture, gpu, placed(architecture, gpu, settings, demand.gpus_per_replica))
    plans = (plan_of(architecture, gpu, tried) for tried in placements(architecture, gpu, settings))
    last = plan_of(architecture, gpu, settings)
    for plan in plans:
        last = plan
        if plan.fits:
            break
    return last
