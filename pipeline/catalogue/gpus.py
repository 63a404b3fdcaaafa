"""The catalogue of GPUs: every figure with its source and date; what is unknown is None."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from pipeline.base.errors import UsageError
from pipeline.base.suggestion import suggestion
from pipeline.catalogue.files import merged
from pipeline.catalogue.sources import Source, read_sources
from pipeline.plan.gpu import Gpu

_DRIVER_SHARE = 0.985
"""GiB of the driver per GB on the box, where no log tells: the lowest of the cards of 80 GB and more that were seen."""
_PCIE_GB_S = {
    "turing": 16.0,
    "volta": 16.0,
    "hopper": 64.0,
    "blackwell": 64.0,
    "blackwell-consumer": 64.0,
    "cdna3": 64.0,
}
"""One direction of 16 lanes: generation 3, 5; others 4 (32 GB/s)."""
_FP8_FROM, _AWQ_FROM, _FP8_WEIGHTS_FROM = 8.9, 7.5, 8.0
"""Compute capabilities: FP8 arithmetic and FP8 KV cache; AWQ kernels; FP8 as weights only."""
_NOISE = re.compile(r"nvidia|geforce|radeon|instinct|apple|tesla|amd|generation|gib|gb|[^a-z0-9]")


@dataclass(frozen=True)
class Figure:
    """A number and its source."""

    value: float
    source: Source


@dataclass(frozen=True)
class Rent:
    """What a provider asks per GPU and hour."""

    usd_per_hour: float
    provider: str
    term: str
    source: Source


@dataclass(frozen=True)
class GpuEntry:
    """One GPU of the catalogue."""

    key: str
    name: str
    maker: str
    family: str
    serves_awq: str
    figures: Mapping[str, Figure]
    """By key: memory_gb, driver_gib, bandwidth_gb_s, watts, link_gb_s, c2c_gb_s, cpu_memory_gb, list_usd."""
    tflops: Mapping[str, Figure]
    rents: tuple[Rent, ...] = ()
    mig: Mapping[str, int] = field(default_factory=dict)
    """How many instances of a profile there can be."""
    mig_source: Source | None = None
    deck: Mapping[str, float] = field(default_factory=dict)
    """What the client's hardware deck printed."""
    compute_capability: float | None = None
    gpus_per_node: int = 8
    also: tuple[str, ...] = ()

    def value(self, key: str) -> float | None:
        """Return a figure's number; None where it is unknown."""
        found = self.figures.get(key)
        return None if found is None else found.value

    @property
    def cheapest(self) -> Rent | None:
        """Return the cheapest offer known."""
        return min(self.rents, key=lambda rent: rent.usd_per_hour, default=None)

    def planned(self) -> Gpu:
        """Return the GPU as the planner takes it."""
        driver, cheapest = self.value("driver_gib"), self.cheapest
        c2c = self.value("c2c_gb_s")
        return Gpu(
            name=self.name,
            family=self.family,
            memory_gib=driver or self.figures["memory_gb"].value * _DRIVER_SHARE,
            bandwidth_gb_s=self.figures["bandwidth_gb_s"].value,
            tflops={name: figure.value for name, figure in self.tflops.items()},
            link_gb_s=self.value("link_gb_s"),
            host_gb_s=c2c / 2 if c2c else _PCIE_GB_S.get(self.family, 32.0),
            gpus_per_node=self.gpus_per_node,
            usd_per_hour=cheapest.usd_per_hour if cheapest else None,
            memory_estimated=driver is None,
            lacks=self._lacks(),
        )

    def _lacks(self) -> tuple[str, ...]:
        if self.family == "apple":
            return ("vllm",)
        capability = self.compute_capability
        if capability is None:
            return () if "fp8" in self.tflops else ("fp8", "kv fp8", "nvfp4")
        missing = [name for name in ("awq", "gptq", "mxfp4") if capability < _AWQ_FROM]
        missing += ["fp8"] if capability < _FP8_WEIGHTS_FROM else []
        missing += ["kv fp8"] if capability < _FP8_FROM else []
        return (*missing, *(() if "fp4" in self.tflops else ("nvfp4",)))


@cache
def gpus() -> Mapping[str, GpuEntry]:
    """Return all GPUs by key, the user's file included."""
    entries, sources = merged("gpus.yaml", "gpus")
    known = read_sources("gpus.yaml", sources)
    return {key: _checked(key, entry, known) for key, entry in entries.items()}


def find_gpu(name: str) -> GpuEntry:
    """Return a GPU by key, name, or what a driver or a person calls it (`NVIDIA H100 80GB HBM3`, `4090`).

    Raises:
        UsageError: none or several are called so.
    """
    found = gpus()
    if name in found:
        return found[name]
    wanted = _plain(name)
    exact = [entry for entry in found.values() if wanted in _names(entry)]
    part = [entry for entry in found.values() if wanted and any(wanted in each for each in _names(entry))]
    if len(exact or part) == 1:
        return (exact or part)[0]
    if exact or part:
        raise UsageError(f"{name} can mean several GPUs. Give one of: {', '.join(each.key for each in exact or part)}.")
    meant = suggestion(name, [*found, *(entry.name for entry in found.values())])
    choices = "`awqctl gpus ls` lists all." if meant else f"Give one of: {', '.join(found)}."
    raise UsageError(f"No GPU of the catalogue is called {name}.{meant} {choices}")


def _names(entry: GpuEntry) -> set[str]:
    names = {_plain(each) for each in (entry.key, entry.name, *entry.also)}
    return names | {f"{name}{entry.figures['memory_gb'].value:g}" for name in names}


def _plain(name: str) -> str:
    return _NOISE.sub("", name.lower())


def _checked(key: str, entry: Mapping[str, Any], sources: Mapping[str, Source]) -> GpuEntry:
    try:
        return _entry(key, entry, sources)
    except (AttributeError, KeyError, TypeError, ValueError) as problem:
        raise UsageError(f"gpus.yaml: {key} has a value that cannot be read: {problem}. Correct it.") from None


def _entry(key: str, entry: Mapping[str, Any], sources: Mapping[str, Source]) -> GpuEntry:
    def figure(name: str, given: Any) -> Figure:
        try:
            value, source = given
            if not 0 <= (number := float(value)) < math.inf:
                raise ValueError  # noqa: TRY301 -- told below, as what is no number
            return Figure(number, sources[source])
        except (TypeError, ValueError, KeyError):
            raise UsageError(
                f"gpus.yaml: {key}.{name} is {given!r}. Write [number, source], with the source under `sources`."
            ) from None

    def profiles(given: Any) -> tuple[Mapping[str, int], Source | None]:
        if given is None:
            return {}, None
        try:
            counts, source = given
            return {str(name): int(count) for name, count in counts.items()}, sources[source]
        except (TypeError, ValueError, KeyError, AttributeError):
            raise UsageError(
                f"gpus.yaml: {key}.mig is {given!r}. Write [{{profile: number}}, source], the source under `sources`."
            ) from None

    plain = ("name", "maker", "family", "serves_awq", "compute_capability", "gpus_per_node", "unified_memory", "also")
    nested = ("tflops", "rent", "mig", "deck")
    missing = [name for name in ("name", "family", "memory_gb", "bandwidth_gb_s") if name not in entry]
    if missing:
        raise UsageError(f"gpus.yaml: {key} has no {', '.join(missing)}. Add what is missing.")
    mig, mig_source = profiles(entry.get("mig"))
    return GpuEntry(
        key=key,
        name=str(entry["name"]),
        maker=str(entry.get("maker", "unknown")),
        family=str(entry["family"]),
        serves_awq=str(entry.get("serves_awq", "unknown")),
        figures={name: figure(name, given) for name, given in entry.items() if name not in (*plain, *nested)},
        tflops={name: figure(name, given) for name, given in (entry.get("tflops") or {}).items()},
        rents=tuple(
            Rent(float(rent["usd_per_hour"]), rent["provider"], rent["term"], sources[rent["source"]])
            for rent in entry.get("rent") or ()
        ),
        mig=mig,
        mig_source=mig_source,
        deck=dict(entry.get("deck") or {}),
        compute_capability=entry.get("compute_capability"),
        gpus_per_node=int(entry.get("gpus_per_node", 8)),
        also=tuple(map(str, entry.get("also") or ())),
    )
