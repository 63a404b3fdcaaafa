"""Several models on one GPU: what fits together, what must take turns, how long a turn takes to load, MIG slices."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_PROFILE = re.compile(r"(\d+)g\.(\d+)gb")
_SLICES = 7
"""Of the processors of a GPU that MIG divides."""
_WORKSTATION_SLICES = 4
_MEMORY_SLICES = 8
"""Of the memory: 1g.18gb and 2g.35gb of 141 GB are one and two of them, whatever their names add up to."""
_OF_ITS_NAME = 0.9
"""GiB of a profile per GB in its name, taken low: some of it is the driver's."""


@dataclass(frozen=True)
class Tenant:
    """A model that is to run on the GPU."""

    name: str
    needs: float
    """Bytes while it runs: weights, activations, context, its KV cache."""
    weights: float
    """Bytes that are loaded when its turn comes."""


@dataclass(frozen=True)
class Packing:
    """How tenants share a GPU."""

    needed: float
    """Bytes of all together."""
    available: float
    turns: tuple[tuple[Tenant, ...], ...]
    """Sets that run at the same time, one after the other; one set: all together. What fits beside stays loaded."""
    too_large: tuple[Tenant, ...]
    """Do not fit even alone."""
    swap_s: tuple[float, ...]
    """Seconds until each set can run: weights of what leaves go to the CPU's memory, those of what comes are loaded.

    After the set before it, the first after the last, as engines do that sleep with their weights offloaded; alone
    in its place a set is loaded once.
    """
    host_bytes: float
    """Of the CPU's memory, for the weights of all that take turns; 0 where nothing does."""
    mig: Mapping[str, str] | None
    """Profile of each tenant where all fit into slices at once; None: they do not, or the GPU has none."""

    @property
    def together(self) -> bool:
        """Return whether all run at the same time."""
        return not self.too_large and len(self.turns) <= 1


def pack(tenants: Sequence[Tenant], available: float, host_bytes_per_s: float, profiles: Mapping[str, int]) -> Packing:
    """Return how tenants share a GPU: the largest first, each into the first set that has room.

    Args:
        tenants: the models.
        available: bytes that may be used.
        host_bytes_per_s: rate from the CPU's memory, as attained.
        profiles: MIG profiles and how many of each the GPU has; empty: none.
    """
    turns: list[list[Tenant]] = []
    too_large = tuple(tenant for tenant in tenants if tenant.needs > available)
    for tenant in sorted(tenants, key=lambda each: -each.needs):
        if tenant in too_large:
            continue
        room = next((turn for turn in turns if sum(each.needs for each in turn) + tenant.needs <= available), None)
        if room is None:
            turns.append([tenant])
        else:
            room.append(tenant)
    filled = tuple(_filled(turn, turns, available) for turn in turns)
    return Packing(
        sum(tenant.needs for tenant in tenants),
        available,
        filled,
        too_large,
        tuple(size / host_bytes_per_s for size in _moved(filled)),
        sum(tenant.weights for turn in filled for tenant in turn if not _stays(tenant, filled)),
        _sliced(tenants, profiles),
    )


def _filled(turn: list[Tenant], turns: Sequence[list[Tenant]], available: float) -> tuple[Tenant, ...]:
    """Return a set with what fits beside it of the others, the largest first: it need not be unloaded."""
    found = list(turn)
    others = [tenant for other in turns if other is not turn for tenant in other]
    for tenant in sorted(others, key=lambda each: -each.needs):
        if sum(each.needs for each in found) + tenant.needs <= available:
            found.append(tenant)
    return tuple(found)


def _stays(tenant: Tenant, turns: Sequence[Sequence[Tenant]]) -> bool:
    return all(tenant in turn for turn in turns)


def _moved(turns: Sequence[Sequence[Tenant]]) -> list[float]:
    """Return the bytes of weights that move before each set: all of the only one, else what leaves and what comes."""
    if len(turns) == 1:
        return [sum(tenant.weights for tenant in turns[0])]
    return [
        sum(tenant.weights for tenant in turns[place - 1] if tenant not in turn)
        + sum(tenant.weights for tenant in turn if tenant not in turns[place - 1])
        for place, turn in enumerate(turns)
    ]


def _sliced(tenants: Sequence[Tenant], profiles: Mapping[str, int]) -> dict[str, str] | None:
    """Return the smallest profile of each tenant, if the slices of processors and memory are enough for all."""
    sizes = sorted(((int(gb), int(slices), name) for name in profiles for slices, gb in _PROFILE.findall(name)))
    if not sizes:
        return None
    whole, chosen, used, memory = sizes[-1], {}, 0, 0
    for tenant in tenants:
        fitting = next((size for size in sizes if size[0] * 2**30 * _OF_ITS_NAME >= tenant.needs), None)
        if fitting is None:
            return None
        chosen[tenant.name] = fitting[2]
        used, memory = used + fitting[1], memory + round(_MEMORY_SLICES * fitting[0] / whole[0])
    slices = _WORKSTATION_SLICES if whole[1] == _WORKSTATION_SLICES else _SLICES
    return chosen if used <= slices and memory <= _MEMORY_SLICES else None
