"""Several models on one GPU: what fits together, what must take turns, how long a turn takes to load, MIG slices."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_PROFILE = re.compile(r"(\d+)g\.(\d+)gb")
_SLICES = 7
"""Of the processors of a GPU that MIG divides."""
_WORKSTATION_SLICES = 4


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
    """Sets that run at the same time, one after the other; one set: all together."""
    too_large: tuple[Tenant, ...]
    """Do not fit even alone."""
    swap_s: tuple[float, ...]
    """Seconds to load each set from the CPU's memory, as engines do that wake with their weights offloaded."""
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
    return Packing(
        sum(tenant.needs for tenant in tenants),
        available,
        tuple(map(tuple, turns)),
        too_large,
        tuple(sum(tenant.weights for tenant in turn) / host_bytes_per_s for turn in turns),
        _sliced(tenants, profiles),
    )


def _sliced(tenants: Sequence[Tenant], profiles: Mapping[str, int]) -> dict[str, str] | None:
    """Return the smallest profile of each tenant, if the slices of processors and memory are enough for all."""
    sizes = sorted(((int(gb), int(slices), name) for name in profiles for slices, gb in _PROFILE.findall(name)))
    if not sizes:
        return None
    whole, chosen, used, memory = sizes[-1], {}, 0, 0
    for tenant in tenants:
        # Profiles are named in GB of 2^30 bytes, of which some hundred MiB are the driver's.
        fitting = next((size for size in sizes if size[0] * 2**30 * 0.97 >= tenant.needs), None)
        if fitting is None:
            return None
        chosen[tenant.name] = fitting[2]
        used, memory = used + fitting[1], memory + fitting[0]
    slices = _WORKSTATION_SLICES if whole[1] == _WORKSTATION_SLICES else _SLICES
    return chosen if used <= slices and memory <= whole[0] else None
