"""Which GPUs an engine gets: whole groups, lent and given back. On the CPU there is nothing to lend."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pipeline.base.errors import EnvironmentLackError
from pipeline.runtimes.specs import Resolved

Group = tuple[str, ...]
"""What one engine sees, as `CUDA_VISIBLE_DEVICES` names it."""


class Devices:
    """The GPUs of this machine that engines of the endpoint may take.

    Args:
        names: as `CUDA_VISIBLE_DEVICES` names them; none on the CPU, where engines share the processors.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._names = tuple(names)
        self._free = list(names)
        self._lock = threading.Lock()

    def has_room(self, *sizes: int) -> bool:
        """Return whether groups of these sizes can be had at once."""
        return not self._names or sum(sizes) <= len(self._free)

    def take(self, size: int) -> Group:
        """Return a group that nobody has: neighbours where there are any, as they share the faster links.

        Raises:
            EnvironmentLackError: there are not so many free ones.
        """
        if not self._names:
            return ()
        with self._lock:
            if size > len(self._free):
                raise EnvironmentLackError(
                    f"An engine takes {size} of the {len(self._names)} GPUs here, and {len(self._free)} are free. "
                    "Set fewer serve.replicas, or a smaller engine.tensor_parallel_size."
                )
            group = self._neighbours(size) or tuple(self._free[:size])
            self._free = [name for name in self._free if name not in group]
            return group

    def give_back(self, group: Group) -> None:
        """Take a group back."""
        with self._lock:
            free = {*self._free, *group}
            self._free = [name for name in self._names if name in free]

    def _neighbours(self, size: int) -> Group:
        """Return the first aligned run of free devices, so that groups of one size never cut each other's."""
        runs = (self._names[start : start + size] for start in range(0, len(self._names) - size + 1, size))
        return next((run for run in runs if set(run) <= set(self._free)), ())


@dataclass(frozen=True)
class Demand:
    """What the engines of one model need."""

    model: str
    engines: int
    devices: int
    """GPUs of each."""
    memory_gib: float
    """Of each on the CPU, at least: weights and KV cache."""


def shortages(
    demands: Sequence[Demand], accelerator: Resolved, devices: int, memory_gib: float
) -> Iterator[EnvironmentLackError]:
    """Yield why the engines do not fit beside each other.

    Args:
        demands: of the models.
        accelerator: that engines run on.
        devices: GPUs that they may use.
        memory_gib: of the machine.
    """
    listed = ", ".join(f"{demand.engines} of {demand.model}" for demand in demands)
    needed = sum(demand.engines * demand.devices for demand in demands)
    if accelerator == "cuda" and needed > devices:
        yield EnvironmentLackError(
            f"The engines ({listed}) need {needed} GPUs together, and {devices} may be used here. Set fewer "
            "replicas, or a smaller engine.tensor_parallel_size."
        )
    held = sum(demand.engines * demand.memory_gib for demand in demands)
    if accelerator == "cpu" and held > memory_gib:
        yield EnvironmentLackError(
            f"The engines ({listed}) need at least {held:.1f} GiB for weights and KV cache, and this machine has "
            f"{memory_gib:.1f} GiB. Set fewer replicas, or a smaller engine.cpu_kv_cache_gib."
        )


def visible_devices(count: int, visible: str | None) -> tuple[str, ...]:
    """Return the names of the GPUs that engines may use.

    Args:
        count: how many the driver reports.
        visible: `CUDA_VISIBLE_DEVICES` of this process; None where it is not set.
    """
    if visible is None:
        return tuple(str(number) for number in range(count))
    return tuple(name.strip() for name in visible.split(",") if name.strip())
