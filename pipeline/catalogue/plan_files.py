"""The files of `awqctl plan pack` and `awqctl plan fleet`, read and planned."""

from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt, ValidationError

from pipeline.base.errors import UsageError
from pipeline.base.results import Result
from pipeline.catalogue.files import read
from pipeline.catalogue.gpus import find_gpu
from pipeline.catalogue.reference import planned_model
from pipeline.plan.activations import GIB
from pipeline.plan.fleet import Phase, Purchase, Running, capital_of, cents, fleet_for, years
from pipeline.plan.pack import Packing, Tenant, pack
from pipeline.plan.placement import gpus_for_bytes, placed, placements
from pipeline.plan.plan import Plan, plan_of
from pipeline.plan.settings import Settings

_HOST_FRACTION = 0.7
"""Of PCIe's or C2C's rate, attained when weights are loaded from the CPU's memory."""
_CONTEXT_GIB = 0.5
"""Of a process on the GPU besides a model that is given by its size alone."""


class PackedModel(Result):
    """A model of a pack: planned, or given by its size (`memory_gb`)."""

    name: str
    model: str | None = None
    quantization: str = "none"
    max_model_len: PositiveInt = 4096
    sequences: PositiveInt = 1
    kv_cache_dtype: str = "auto"
    memory_gb: PositiveFloat | None = None


class PackFile(Result):
    """`awqctl plan pack FILE`."""

    gpus: Annotated[tuple[str, ...], Field(min_length=1)]
    models: Annotated[tuple[PackedModel, ...], Field(min_length=1)]
    gpu_memory_utilization: Annotated[float, Field(gt=0, le=1)] = 0.92


class FleetPurchase(Result):
    """Cards of one kind."""

    gpu: str
    count: PositiveInt
    unit_usd: Decimal | None = None
    """None: the catalogue's list price."""


class FleetPhase(Result):
    """What is bought in a month."""

    name: str
    month: Annotated[int, Field(ge=0)] = 0
    purchases: tuple[FleetPurchase, ...] = ()
    other_usd: Decimal = Decimal(0)


class FleetDemand(Result):
    """Whom the fleet serves: a model for users, or parameters that are to be held."""

    gpu: str
    model: str | None = None
    quantization: str = "awq"
    max_model_len: PositiveInt = 8192
    gpus_per_replica: PositiveInt | None = None
    """None: the fewest that hold the model."""
    input_tokens: PositiveInt = 1024
    output_tokens: PositiveInt = 512
    users: tuple[PositiveInt, ...] = (100, 1_000, 10_000, 100_000, 1_000_000)
    active_share: Annotated[float, Field(gt=0, le=1)] = 0.1
    tokens_per_s_per_user: PositiveFloat = 10.0
    parameters: PositiveFloat | None = None
    bits: PositiveFloat = 8.0


class FleetFile(Result):
    """`awqctl plan fleet FILE`."""

    phases: tuple[FleetPhase, ...] = ()
    years: PositiveInt = 3
    usd_per_kwh: Decimal = Decimal("0.25")
    pue: Annotated[float, Field(ge=1)] = 1.4
    load: Annotated[float, Field(gt=0, le=1)] = 0.6
    staff_usd_per_year: Decimal = Decimal(0)
    running_usd_per_year: Decimal = Decimal(0)
    depreciation_years: PositiveInt = 3
    hours_per_month: NonNegativeFloat = 730.0
    demand: tuple[FleetDemand, ...] = ()


def read_file(path: Path, kind: type[Any]) -> Any:
    """Return a file as it is understood.

    Raises:
        UsageError: it is not there, or not valid; the first problem is named.
    """
    if not path.is_file():
        raise UsageError(f"There is no file {path}. See the README for what it holds.")
    try:
        return kind.model_validate(read(path))
    except ValidationError as problem:
        first = problem.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise UsageError(f"{path}: {where}: {first['msg']}. Correct it and try again.") from problem


def packs(path: Path) -> dict[str, Any]:
    """Return how the models of a file share each of its GPUs."""
    asked: PackFile = read_file(path, PackFile)
    found = [_packed(asked, name) for name in asked.gpus]
    return {"schema_version": 1, "gpus": found, "origin": "modelled"}


def _packed(asked: PackFile, name: str) -> dict[str, Any]:
    entry = find_gpu(name)
    gpu = entry.planned()
    tenants = [_tenant(model, entry.key, asked.gpu_memory_utilization) for model in asked.models]
    available = gpu.memory_gib * GIB * asked.gpu_memory_utilization
    packing = pack(tenants, available, gpu.host_gb_s * 1e9 * _HOST_FRACTION, entry.mig)
    return {
        "gpu": gpu.name,
        "available_gib": available / GIB,
        "needed_gib": packing.needed / GIB,
        "verdict": "together" if packing.together else "impossible" if packing.too_large else "turns",
        "short_gib": max(0.0, packing.needed - available) / GIB,
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


def _tenant(model: PackedModel, gpu: str, utilization: float) -> Tenant:
    """Return what a model needs while it runs: as planned, with the cache of its sequences and no more."""
    if model.model is None:
        if model.memory_gb is None:
            raise UsageError(f"{model.name} has neither `model` nor `memory_gb`. Give one of the two.")
        return Tenant(model.name, model.memory_gb * 1e9 + _CONTEXT_GIB * GIB, model.memory_gb * 1e9)
    settings = Settings(
        quantization=model.quantization,
        max_model_len=model.max_model_len,
        max_num_seqs=model.sequences,
        kv_cache_dtype=model.kv_cache_dtype,
        gpu_memory_utilization=utilization,
    )
    plan = plan_of(planned_model(model.model).architecture, find_gpu(gpu).planned(), settings)
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
        if demand.parameters is None:
            raise UsageError("A demand has neither `model` nor `parameters`. Give one of the two.")
        size = demand.parameters * demand.bits / 8
        memory = entry.figures["memory_gb"].value * 1e9
        return {
            "gpu": entry.name,
            "parameters": demand.parameters,
            "weights_gb": size / 1e9,
            "gpus_for_weights": gpus_for_bytes(size, memory),
        }
    replica = _replica(demand, demand.model)
    if replica.rate is None:
        reason = "; ".join(replica.shortages) or f"the rates of {entry.name} are not known."
        raise UsageError(f"{demand.model} cannot be planned on {entry.name}: {reason} Choose another GPU or more.")
    rate = replica.rate
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


def _replica(demand: FleetDemand, model: str) -> Plan:
    """Return the plan of one replica: on as many GPUs as asked, or on the fewest that hold it."""
    architecture, gpu = planned_model(model).architecture, find_gpu(demand.gpu).planned()
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
