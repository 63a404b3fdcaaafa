"""A machine without a GPU, as the planner takes it."""

from functools import cache

import psutil

from pipeline.hardware.machine import Machine, probe_machine
from pipeline.plan.cpu import Cpu

CPU = "cpu"
"""What stands for a machine's processors where GPUs are named."""

CPU_HERE = "the CPU of this machine"
"""The same in words."""


@cache
def this_cpu() -> Cpu:
    """Return this machine's processors and memory, asked once."""
    return cpu_of(probe_machine())


def cpu_of(machine: Machine) -> Cpu:
    """Return a machine's processors and its memory, of which the free part is as it is now."""
    free = min(psutil.virtual_memory().available, machine.memory_bytes)
    return Cpu(machine.cpu, machine.memory_gib, machine.numa_nodes, free / 2**30, machine.cores)
