"""The GPU of a machine in the terms of the catalogue."""

from dataclasses import replace

from pipeline.base.errors import UsageError
from pipeline.catalogue.gpus import find_gpu
from pipeline.hardware.machine import Machine
from pipeline.plan.gpu import Gpu

_TOLERANCE = 0.05
"""Between the memory that the driver reports and the one that the catalogue has."""


def seen_gpu(machine: Machine) -> Gpu | None:
    """Return the first GPU of a machine, with the memory that its driver reports; None where it is not catalogued.

    Names are found by parts of them, too, so another card of a like name is told by its memory.
    """
    if not machine.cuda_gpus:
        return None
    seen = machine.cuda_gpus[0]
    try:
        found = find_gpu(seen.name).planned()
    except UsageError:
        return None
    memory = (seen.memory_bytes or 0) / 2**30
    if abs(memory / found.memory_gib - 1) > _TOLERANCE:
        return None
    return replace(found, memory_gib=memory, memory_estimated=False)
