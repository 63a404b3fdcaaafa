"""Which accelerator a run uses, and why."""

from pipeline.base.errors import EnvironmentLackError
from pipeline.hardware.machine import Machine
from pipeline.recipe.section import Accelerator
from pipeline.runtimes.specs import Resolved


def resolve_accelerator(asked: Accelerator, machine: Machine) -> tuple[Resolved, str]:
    """Return the accelerator to use and the reason.

    Raises:
        EnvironmentLackError: CUDA was asked for and there is no GPU.
    """
    if asked == "cpu":
        return "cpu", "the recipe or the command line asks for the CPU"
    gpus = machine.cuda_gpus
    if gpus:
        return "cuda", f"{len(gpus)} CUDA GPU(s): {gpus[0].name}, driver {gpus[0].driver or 'unknown'}"
    lack = f"nvidia-smi reports no {'' if asked == 'cuda' else 'CUDA '}GPU{_of_others(machine)}"
    if asked == "cuda":
        raise EnvironmentLackError(
            f"engine.accelerator is 'cuda' but {lack}. Install the NVIDIA driver, or set engine.accelerator=cpu."
        )
    return "cpu", lack


def planned_accelerator(asked: Accelerator, machine: Machine) -> tuple[Resolved, bool]:
    """Return the accelerator that a run is planned for, and whether this machine has it.

    A plan for CUDA can be made anywhere; what this machine has says nothing about it then.
    """
    if asked == "cuda":
        return "cuda", bool(machine.cuda_gpus)
    return resolve_accelerator(asked, machine)[0], True


def _of_others(machine: Machine) -> str:
    names = ", ".join(gpu.name for gpu in machine.gpus)
    return f", and awqctl has no engine builds for {names}" if names else ""
