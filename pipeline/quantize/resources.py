"""What a quantization may use of this machine, and whether that suffices."""

import shutil
from collections.abc import Iterator
from math import ceil

import psutil

from pipeline.base.format import size_text
from pipeline.base.results import Result
from pipeline.hardware.accelerator import planned_accelerator
from pipeline.quantize.backends import Obstacle
from pipeline.quantize.checks import Check
from pipeline.quantize.prediction import Prediction
from pipeline.record.context import RunContext
from pipeline.runtimes.specs import Resolved

_LOWER = "lower quantize.calibration.blocks or quantize.n_parallel_calib_samples."


class Resources(Result):
    """What a quantization may use."""

    accelerator: Resolved
    cores: int
    memory_bytes: int
    """Of the system, or the container's limit."""
    memory_available_bytes: int
    gpu_memory_bytes: int | None
    """Of the smallest GPU; None without one, or where the driver does not say."""
    disk_free_bytes: int
    """Where the output folder is or will be."""
    here: bool = True
    """Whether this is the machine that will quantize: false for a plan for CUDA that is made where there is no GPU."""


def resources_of(context: RunContext) -> Resources:
    """Return what a quantization of this run may use now; nothing is made."""
    machine = context.machine
    accelerator, here = planned_accelerator(context.accelerator, machine)
    folder = next(parent for parent in (context.out, *context.out.parents) if parent.exists())
    memories = [gpu.memory_bytes for gpu in machine.cuda_gpus if gpu.memory_bytes]
    return Resources(
        accelerator=accelerator,
        cores=machine.cores,
        memory_bytes=machine.memory_bytes,
        memory_available_bytes=min(psutil.virtual_memory().available, machine.memory_bytes),
        gpu_memory_bytes=min(memories) if memories and accelerator == "cuda" else None,
        disk_free_bytes=shutil.disk_usage(folder).free,
        here=here,
    )


def resource_checks(needed: Prediction, machine: Resources) -> Iterator[Check]:
    """Yield whether memory, GPU memory and disk suffice, and how long it takes."""
    if machine.here:
        yield from _of_this_machine(needed, machine)
    else:
        yield from _of_another(needed, machine)
    why = "on a GPU" if machine.accelerator == "cuda" else "for this backend"
    time = f"Not predicted: not measured {why} yet."
    yield Check.ok(
        "time",
        time if needed.seconds is None else f"About {ceil(needed.seconds / 60)} min (modelled; other CPUs differ).",
    )


def _of_this_machine(needed: Prediction, machine: Resources) -> Iterator[Check]:
    available = machine.memory_available_bytes
    for name, amount, there, advice in (
        ("memory", needed.memory_bytes, machine.memory_bytes, f"Use a machine with more memory, or {_LOWER}"),
        _gpu_memory(needed, machine),
        ("disk", needed.disk_bytes, machine.disk_free_bytes, "Free space, or choose another folder with --out."),
    ):
        if amount is None or there is None:
            continue
        if name == "memory" and available < amount <= there:
            statement = f"{_needed(name, amount, there)}, {size_text(available)} free now."
            yield Check.warning(name, statement, f"End programs, or {_LOWER}")
        else:
            yield _check(name, amount, there, advice)


def _of_another(needed: Prediction, machine: Resources) -> Iterator[Check]:
    """Yield what is needed where it will run; of that machine only the GPU may be known."""
    amounts = f"{size_text(needed.memory_bytes)} of memory and {size_text(needed.disk_bytes)} of disk"
    name, amount, there, advice = _gpu_memory(needed, machine)
    on_gpu = f", {size_text(amount)} of GPU memory" if amount else ""
    statement = (
        f"About {amounts}{on_gpu} needed (modelled). It is planned for another machine, so what this one has is not "
        f"counted."
    )
    yield Check(name="machine", status="unchecked", statement=statement, advice="Ask again where it will run.")
    if amount is not None and there is not None:
        yield _check(name, amount, there, advice)


def _gpu_memory(needed: Prediction, machine: Resources) -> tuple[str, int | None, int | None, str]:
    return "GPU memory", needed.gpu_memory_bytes, machine.gpu_memory_bytes, f"Use a larger GPU, or {_LOWER}"


def _needed(name: str, amount: int, there: int) -> str:
    return f"About {size_text(amount)} of {name} needed (modelled), {size_text(there)} there"


def _check(name: str, amount: int, there: int, advice: str) -> Check:
    statement = _needed(name, amount, there)
    return Check.of_obstacle(name, Obstacle(statement, advice)) if amount > there else Check.ok(name, f"{statement}.")
