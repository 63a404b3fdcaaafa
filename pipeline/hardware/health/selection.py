"""Which GPUs a run uses, of those that the driver lists."""

import os
from collections.abc import Callable, Collection, Mapping, Sequence

from pipeline.hardware.health.sample import GpuFacts

Choice = Callable[[Sequence[GpuFacts]], Collection[int]]
"""Returns the indices of the GPUs that are meant."""

_VISIBLE = "CUDA_VISIBLE_DEVICES"
_ORDER = "CUDA_DEVICE_ORDER"


def used_by(workers: int, accelerator: str) -> Choice:
    """Return the choice of an engine of so many workers: none on the CPU."""
    return lambda facts: selected(facts, workers, os.environ) if accelerator == "cuda" else ()


def selected(facts: Sequence[GpuFacts], workers: int, environment: Mapping[str, str]) -> tuple[int, ...]:
    """Return the indices of the GPUs that an engine takes: the first of the visible ones.

    CUDA numbers unlike GPUs by speed and the driver by their place on the bus: where that differs, all visible ones.

    Args:
        facts: NVIDIA's GPUs.
        workers: of the engine, each on a GPU of its own.
        environment: its variables.
    """
    mine = [gpu for gpu in facts if gpu.vendor == "nvidia"]
    asked = environment.get(_VISIBLE)
    visible = [gpu.index for gpu in mine] if asked is None else _named(mine, asked)
    # One that is lost has no UUID, nor a name of its own.
    unlike = len({gpu.name for gpu in mine if gpu.uuid}) > 1 and environment.get(_ORDER) != "PCI_BUS_ID"
    if not unlike:
        return tuple(visible[:workers])
    by_number = asked is None or all(name.strip().isdigit() for name in asked.split(","))
    return tuple(gpu.index for gpu in mine) if by_number else tuple(visible)


def _named(gpus: Sequence[GpuFacts], asked: str) -> list[int]:
    """Return the indices that a list of numbers or the beginnings of UUIDs names; it ends at the first unknown one."""
    found: list[int] = []
    for name in (part.strip() for part in asked.split(",")):
        match = [
            gpu.index
            for gpu in gpus
            if (name.isdigit() and gpu.index == int(name))
            or (name.startswith("GPU-") and (gpu.uuid or "").startswith(name))
        ]
        if len(match) != 1:
            break
        found += match
    return found
