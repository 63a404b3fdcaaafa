"""GPUs side by side: what a dollar buys, the largest model that fits, and what the client's hardware deck printed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache

from pipeline.base.results import Result
from pipeline.catalogue.gpu_entry import GpuEntry
from pipeline.catalogue.gpus import gpus
from pipeline.catalogue.models import models
from pipeline.plan.budget import Stored, stored
from pipeline.plan.matrices import parameters
from pipeline.plan.plan import plan_of
from pipeline.plan.settings import Settings

CONTEXT = 8192
_PER_THOUSAND = 1000.0


class GpuRow(Result):
    """One GPU in a list. Null: unknown."""

    key: str
    name: str
    memory_gb: float
    driver_gib: float | None
    bandwidth_gb_s: float
    fp16_tflops: float | None
    bf16_tflops: float | None
    fp8_tflops: float | None
    watts: float | None
    list_usd: float | None
    list_usd_stale: bool
    """Older than 90 days."""
    usd_per_hour: float | None
    """The cheapest offer known."""
    price_date: str | None
    price_stale: bool
    """Older than 90 days."""
    gb_s_per_usd: float | None
    """Bandwidth per dollar of the list price."""
    tflops_per_1000_usd: float | None
    """FP16, dense."""
    gb_s_per_usd_per_hour: float | None
    """Bandwidth per dollar of an hour's rent."""
    tflops_per_usd_per_hour: float | None
    largest_model: str | None
    """Of the catalogue, in 4 bit, with one sequence of the context asked for."""
    largest_parameters: int | None
    serves_awq: str


class DeckRow(Result):
    """What the client's hardware deck printed of a GPU, beside what is right."""

    name: str
    list_usd: float
    memory_gb: float
    tflops_fp32_printed: float
    tflops_fp32: float | None
    """Of the ordinary cores; null: unknown."""
    tflops_per_1000_usd_printed: float
    tflops_per_1000_usd: float
    """Of the rate that was printed."""
    tflops_per_1000_usd_right: float | None
    """Of the rate that is right."""
    bandwidth_gb_s_printed: float | None
    bandwidth_gb_s: float
    largest_billion_parameters_printed: float
    """Memory times two: 4 bit, and nothing left for the KV cache."""
    largest_model: str | None
    largest_parameters: int | None
    wrong: list[str]


SORTS: Mapping[str, Callable[[GpuRow], float]] = {
    "name": lambda _: 0.0,
    "price": lambda row: row.list_usd or float("inf"),
    "rent": lambda row: row.usd_per_hour or float("inf"),
    "bandwidth": lambda row: -row.bandwidth_gb_s,
    "bandwidth-per-dollar": lambda row: -(row.gb_s_per_usd or 0),
    "compute-per-dollar": lambda row: -(row.tflops_per_1000_usd or 0),
    "bandwidth-per-rent": lambda row: -(row.gb_s_per_usd_per_hour or 0),
    "compute-per-rent": lambda row: -(row.tflops_per_usd_per_hour or 0),
    "model": lambda row: -(row.largest_parameters or 0),
}


def gpu_rows(sort: str = "name", context: int = CONTEXT) -> list[GpuRow]:
    """Return all GPUs of the catalogue, sorted."""
    return sorted((_row(entry, context) for entry in gpus().values()), key=SORTS[sort])


def deck_rows(context: int = CONTEXT) -> list[DeckRow]:
    """Return the GPUs of the client's deck, its columns computed again."""
    return [_deck_row(entry, context) for entry in gpus().values() if entry.deck]


def _row(entry: GpuEntry, context: int) -> GpuRow:
    offer, price = entry.cheapest, entry.value("list_usd")
    bandwidth, hour = entry.figures["bandwidth_gb_s"].value, offer.usd_per_hour if offer else None
    compute, bf16, fp8 = (entry.rate(name) for name in ("fp16", "bf16", "fp8"))
    largest = largest_model(entry, context)
    return GpuRow(
        key=entry.key,
        name=entry.name,
        memory_gb=entry.figures["memory_gb"].value,
        driver_gib=entry.value("driver_gib"),
        bandwidth_gb_s=bandwidth,
        fp16_tflops=compute and compute.value,
        bf16_tflops=bf16 and bf16.value,
        fp8_tflops=fp8 and fp8.value,
        watts=entry.value("watts"),
        list_usd=price,
        list_usd_stale="list_usd" in entry.figures and entry.figures["list_usd"].source.stale,
        usd_per_hour=hour,
        price_date=str(offer.source.date) if offer else None,
        price_stale=bool(offer and offer.source.stale),
        gb_s_per_usd=bandwidth / price if price else None,
        tflops_per_1000_usd=compute.value * _PER_THOUSAND / price if price and compute else None,
        gb_s_per_usd_per_hour=bandwidth / hour if hour else None,
        tflops_per_usd_per_hour=compute.value / hour if hour and compute else None,
        largest_model=largest[0] if largest else None,
        largest_parameters=largest[1] if largest else None,
        serves_awq=entry.serves_awq,
    )


@dataclass(frozen=True)
class _Candidate:
    name: str
    parameters: int
    model: Stored


@cache
def _candidates() -> tuple[_Candidate, ...]:
    """Return the models of the catalogue in 4 bit, largest first."""
    made = []
    for entry in models().values():
        architecture = entry.architecture
        model = stored(architecture, Settings(quantization="awq"))
        made.append(_Candidate(entry.name, parameters(architecture), model))
    return tuple(sorted(made, key=lambda each: -each.parameters))


def largest_model(entry: GpuEntry, context: int) -> tuple[str, int] | None:
    """Return the largest model of the catalogue that one such GPU holds in 4 bit, with one sequence of `context`.

    On Apple silicon what serves it is not vLLM.
    """
    gpu = entry.planned()
    gpu = replace(gpu, lacks=()) if entry.family == "apple" else gpu
    for candidate in _candidates():
        architecture = candidate.model.architecture
        if architecture.max_position < context:
            continue
        settings = Settings(quantization="awq", max_model_len=context)
        if plan_of(architecture, gpu, settings, candidate.model).fits:
            return candidate.name, candidate.parameters
    return None


def _deck_row(entry: GpuEntry, context: int) -> DeckRow:
    deck, largest = entry.deck, largest_model(entry, context)
    fp32 = entry.rate("fp32")
    return DeckRow(
        name=entry.name,
        list_usd=deck["list_usd"],
        memory_gb=entry.figures["memory_gb"].value,
        tflops_fp32_printed=deck["tflops_fp32"],
        tflops_fp32=fp32 and fp32.value,
        tflops_per_1000_usd_printed=deck["tflops_per_1000_usd"],
        tflops_per_1000_usd=deck["tflops_fp32"] * _PER_THOUSAND / deck["list_usd"],
        tflops_per_1000_usd_right=fp32 and fp32.value * _PER_THOUSAND / deck["list_usd"],
        bandwidth_gb_s_printed=deck.get("bandwidth_gb_s"),
        bandwidth_gb_s=entry.figures["bandwidth_gb_s"].value,
        largest_billion_parameters_printed=deck["memory_gb"] * 2,
        largest_model=largest[0] if largest else None,
        largest_parameters=largest[1] if largest else None,
        wrong=_wrong(entry, largest, context),
    )


def _wrong(entry: GpuEntry, largest: tuple[str, int] | None, context: int) -> list[str]:
    """Return what the deck printed wrongly of a GPU."""
    deck, fp32, bandwidth = entry.deck, entry.rate("fp32"), entry.figures["bandwidth_gb_s"].value
    exact = deck["tflops_fp32"] * _PER_THOUSAND / deck["list_usd"]
    printed, found = deck.get("bandwidth_gb_s"), []
    if fp32 and fp32.value != deck["tflops_fp32"]:
        found.append(f"FP32 is {fp32.value:g} TFLOPS, not {deck['tflops_fp32']:g}")
    if round(exact, 2) != deck["tflops_per_1000_usd"]:
        found.append(f"compute per 1,000 USD is {exact:.2f}, not {deck['tflops_per_1000_usd']:.2f}")
    if printed is not None and printed != bandwidth:
        found.append(f"bandwidth is {bandwidth:g} GB/s, not {printed:g}")
    if largest and largest[1] < deck["memory_gb"] * 2e9:
        found.append(
            f"{deck['memory_gb'] * 2:g} billion parameters leave no KV cache; {largest[0]} is the largest of the "
            f"catalogue with {context:,} tokens"
        )
    return found
