"""`awqctl plan fleet FILE`: the costs of an investment in phases, and GPUs for numbers of users."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from pipeline.base.errors import UsageError
from pipeline.base.format import number
from pipeline.catalogue.gpu_entry import GpuEntry
from pipeline.catalogue.gpus import find_gpu
from pipeline.catalogue.plan_forms import FleetDemand, FleetFile, FleetPhase, FleetPurchase, read_file
from pipeline.catalogue.reference import planned_model
from pipeline.plan.architecture import Architecture
from pipeline.plan.fleet import Fleet, Phase, Purchase, Running, capital_of, cents, fleet_for, renting, years
from pipeline.plan.placement import gpus_for_bytes, placed, placements
from pipeline.plan.plan import Plan, plan_of
from pipeline.plan.roofline import Rate
from pipeline.plan.settings import Settings


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
    spent, rented = years(phases, running, asked.years), renting(phases, running, asked.years)
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
        "renting": {
            "total_usd": float(cents(rented.usd)),
            "break_even_month": rented.break_even_month,
            "no_rent_known": list(rented.unknown),
            "rent_stale": _stale(asked),
        }
        if phases
        else None,
        "demand": [_demand(asked, demand) for demand in asked.demand],
    }


def _stale(asked: FleetFile) -> list[str]:
    """Return the cards whose rent is the catalogue's and older than a price may be."""
    bought = [each for phase in asked.phases for each in phase.purchases if each.rent_usd_per_hour is None]
    entries = {find_gpu(each.gpu).key: find_gpu(each.gpu) for each in bought}
    return sorted(each.name for each in entries.values() if each.cheapest and each.cheapest.source.stale)


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
    offer, rent = entry.cheapest, purchase.rent_usd_per_hour
    rent = Decimal(str(offer.usd_per_hour)) if rent is None and offer else rent
    return Purchase(entry.name, purchase.count, unit, watts, rent)


def _demand(asked: FleetFile, demand: FleetDemand) -> dict[str, Any]:
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
        "fleets": [{**each.__dict__, **_priced(asked, entry, each)} for each in sized],
    }


def _priced(asked: FleetFile, entry: GpuEntry, fleet: Fleet) -> dict[str, float | bool | None]:
    """Return what a fleet's cards cost to buy and to rent, and what they draw with cooling; null: unknown."""
    price, watts, offer = entry.value("list_usd"), entry.value("watts"), entry.cheapest
    return {
        "cards_usd": None if price is None else fleet.gpus * price,
        "rent_usd_per_month": None if offer is None else fleet.gpus * offer.usd_per_hour * asked.hours_per_month,
        "rent_stale": bool(offer and offer.source.stale),
        "power_kw": None if watts is None else fleet.gpus * watts / 1000 * asked.load * asked.pue,
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
