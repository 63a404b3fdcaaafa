"""One GPU of the catalogue: every figure with its source and date; what is unknown is None."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pipeline.base.errors import UsageError
from pipeline.base.format import listed
from pipeline.catalogue.sources import Source
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


@dataclass(frozen=True)
class Figure:
    """A number and its source."""

    value: float
    source: Source


DEMANDED = (
    "memory_gb",
    "driver_gib",
    "bandwidth_gb_s",
    "watts",
    "link_gb_s",
    "c2c_gb_s",
    "cpu_memory_gb",
    "list_usd",
)
RATES = ("fp16", "bf16", "fp8", "int8", "int4", "fp4")
_OF_SUPERCHIPS = ("c2c_gb_s", "cpu_memory_gb")


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
    none: frozenset[str] = frozenset()
    """What the card does not have, by key of a figure or a rate, `mig` or `rent`; what is left out is unknown."""
    serves_source: Source | None = None

    def value(self, key: str) -> float | None:
        """Return a figure's number; None where it is unknown."""
        found = self.figures.get(key)
        return None if found is None else found.value

    @property
    def cheapest(self) -> Rent | None:
        """Return the cheapest offer known; one older than a price may be only where there is no other."""
        return min(self.rents, key=lambda rent: (rent.source.stale, rent.usd_per_hour), default=None)

    def rate(self, name: str) -> Figure | None:
        """Return a dense rate; BF16 runs as FP16 does on what has it. None: unknown, or there is none."""
        if name == "bf16" and "bf16" not in self.none:
            return self.tflops.get("bf16") or self.tflops.get("fp16")
        return self.tflops.get(name)

    def lacking(self, key: str) -> bool:
        """Return whether the card has no such thing, as against one that nobody published."""
        return key in self.none or (key in _OF_SUPERCHIPS and key not in self.figures)

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
            price_stale=bool(cheapest and cheapest.source.stale),
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


_PLAIN = (
    "name",
    "maker",
    "family",
    "serves_awq",
    "compute_capability",
    "gpus_per_node",
    "unified_memory",
    "also",
    "none",
)
_NESTED = ("tflops", "rent", "mig", "deck")
_MAY_BE_ZERO = ("list_usd",)
_LARGEST, _LARGEST_NODE = 1e12, 10_000
_NEEDED = ("name", "family", "memory_gb", "bandwidth_gb_s")


def read_entry(key: str, entry: Mapping[str, Any], sources: Mapping[str, Source]) -> GpuEntry:
    """Return a GPU as a catalogue file describes it.

    Raises:
        UsageError: a figure is missing or cannot be read.
    """
    if missing := [name for name in _NEEDED if not entry.get(name)]:
        raise UsageError(f"gpus.yaml: {key} has no {', '.join(missing)}. Add what is missing.")
    try:
        return _entry(_Reader(key, sources), entry)
    except (AttributeError, KeyError, TypeError, ValueError) as problem:
        raise UsageError(f"gpus.yaml: {key} has a value that cannot be read: {problem}. Correct it.") from None


@dataclass(frozen=True)
class _Reader:
    """Reads the values of one GPU, each with its source."""

    key: str
    sources: Mapping[str, Source]

    def figure(self, name: str, given: Any) -> Figure:
        """Return a number with its source."""
        try:
            value, source = given
            number = _positive(value, zero=name in _MAY_BE_ZERO)
            return Figure(number, self.sources[source])
        except (TypeError, ValueError, KeyError):
            raise self._wrong(name, given, "[number, source], with the source") from None

    def profiles(self, given: Any) -> tuple[Mapping[str, int], Source | None]:
        """Return MIG profiles with their source."""
        if given is None:
            return {}, None
        try:
            counts, source = given
            return {str(name): int(_positive(count)) for name, count in counts.items()}, self.sources[source]
        except (TypeError, ValueError, KeyError, AttributeError):
            raise self._wrong("mig", given, "[{profile: number}, source], the source") from None

    def served(self, given: Any) -> tuple[str, Source | None]:
        """Return what serves AWQ, with its source where there is one."""
        if not isinstance(given, list):
            return str(given), None
        try:
            text, source = given
            return str(text), self.sources[source]
        except (TypeError, ValueError, KeyError):
            raise self._wrong("serves_awq", given, "a text, or [text, source], the source") from None

    def names(self, name: str, given: Any) -> frozenset[str]:
        """Return what a list names."""
        if not isinstance(given, list | None):
            raise UsageError(f"gpus.yaml: {self.key}.{name} is {given!r}. Write a list, such as [fp8, mig].")
        return frozenset(map(str, given or ()))

    def rents(self, given: Any) -> tuple[Rent, ...]:
        """Return providers' offers."""
        return tuple(
            Rent(
                _positive(rent["usd_per_hour"], zero=True),
                str(rent["provider"]),
                str(rent["term"]),
                self.sources[rent["source"]],
            )
            for rent in given or ()
        )

    def _wrong(self, name: str, given: Any, form: str) -> UsageError:
        return UsageError(f"gpus.yaml: {self.key}.{name} is {given!r}. Write {form} under `sources`.")


def _positive(value: Any, *, zero: bool = False, largest: float = _LARGEST) -> float:
    """Return a number above 0, or from 0 on, that a GPU can have.

    Raises:
        ValueError: it is none.
    """
    number = 0.0 if isinstance(value, bool | str) else float(value)
    if isinstance(value, bool | str) or (not 1 / largest <= number <= largest and not (zero and number == 0)):
        raise ValueError(f"{value!r} is no number that a GPU can have")
    return number


def _entry(read: _Reader, entry: Mapping[str, Any]) -> GpuEntry:
    if unknown := [name for name in entry if name not in (*_PLAIN, *_NESTED, *DEMANDED)]:
        raise ValueError(f"no key is called {listed(unknown)}")
    if unknown := [name for name in entry.get("tflops") or {} if name not in (*RATES, "fp32")]:
        raise ValueError(f"no rate is called {listed(unknown)}")
    node, capability = entry.get("gpus_per_node", 8), entry.get("compute_capability")
    if int(_positive(node, largest=_LARGEST_NODE)) != node:
        raise ValueError(f"gpus_per_node is {node!r}")
    mig, mig_source = read.profiles(entry.get("mig"))
    serves, serves_source = read.served(entry.get("serves_awq", "unknown"))
    return GpuEntry(
        key=read.key,
        name=str(entry["name"]),
        maker=str(entry.get("maker", "unknown")),
        family=str(entry["family"]),
        serves_awq=serves,
        figures={name: read.figure(name, given) for name, given in entry.items() if name not in (*_PLAIN, *_NESTED)},
        tflops={name: read.figure(name, given) for name, given in (entry.get("tflops") or {}).items()},
        rents=read.rents(entry.get("rent")),
        mig=mig,
        mig_source=mig_source,
        deck={name: _positive(value) for name, value in (entry.get("deck") or {}).items()},
        compute_capability=None if capability is None else _positive(capability),
        gpus_per_node=int(node),
        also=tuple(sorted(read.names("also", entry.get("also")))),
        none=read.names("none", entry.get("none")),
        serves_source=serves_source,
    )
