"""Which machine a recipe is planned for: the GPU that is asked for, this machine's, or the one the recipe names."""

from collections.abc import Callable
from dataclasses import dataclass

from pipeline.base.errors import UsageError
from pipeline.catalogue.cpu import CPU, CPU_HERE, cpu_of
from pipeline.catalogue.gpus import find_gpu
from pipeline.hardware.machine import Machine
from pipeline.plan.cpu import Cpu
from pipeline.recipe.recipe import Recipe
from pipeline.runtimes.specs import Resolved


@dataclass(frozen=True)
class Target:
    """What a recipe is planned for."""

    gpus: str
    """Names of the catalogue, with commas between; `cpu` for a machine's processors."""
    here: bool
    """Whether that is this machine."""
    memory_gib: float | None = None
    """Of a GPU, as its driver says; None: as the catalogue has it."""
    cpu: Cpu | None = None
    """The machine behind `cpu`."""

    @property
    def accelerator(self) -> Resolved:
        """Return what engines run on there."""
        return "cpu" if self.gpus == CPU else "cuda"

    @property
    def sentence(self) -> str:
        """Return what it is planned for."""
        if self.gpus == CPU and self.cpu is not None:
            return f"planned for the CPU of this machine ({self.cpu.name}, {self.cpu.memory_gib:.1f} GiB of memory)"
        keys = self.gpus.split(",")
        names = ", ".join(CPU_HERE if name == CPU else find_gpu(name).name for name in keys)
        if self.here:
            return f"planned for {names}, which this machine has"
        return f"planned for {names}" if CPU in keys else f"planned for {names}, not this machine"


def target_of(recipe: Recipe, machine: Callable[[], Machine], asked: str | None = None) -> Target:
    """Return what a recipe is planned for; the machine is asked only where that decides.

    Args:
        recipe: with its accelerator, and the GPU it may name.
        machine: returns this one.
        asked: names of GPUs, or `cpu`, that come before all others.

    Raises:
        UsageError: a name is unknown; or the recipe is for a GPU, names none, and there is none here.
    """
    if recipe.engine.accelerator == "cpu" and asked is None:
        return _cpu(machine())
    if asked is not None:
        return _named(asked, machine)
    if gpus := machine().cuda_gpus:
        smallest = min((gpu.memory_bytes for gpu in gpus if gpu.memory_bytes), default=None)
        return Target(find_gpu(gpus[0].name).key, here=True, memory_gib=smallest and smallest / 2**30)
    if recipe.gpu is not None:
        return _named(recipe.gpu, machine)
    if recipe.engine.accelerator == "cuda":
        raise UsageError(
            "engine.accelerator is 'cuda', the recipe names no GPU (`gpu`), and this machine has none to plan for. Say "
            "which with --gpu NAME; `awqctl gpus ls` lists them."
        )
    return _cpu(machine())


def _named(text: str, machine: Callable[[], Machine]) -> Target:
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise UsageError("No GPU is named. Say which with --gpu NAME; `awqctl gpus ls` lists them.")
    keys = [CPU if name.lower() == CPU else find_gpu(name).key for name in names]
    if keys == [CPU]:
        return _cpu(machine())
    here = len(keys) == 1 and _has(machine(), keys[0])
    return Target(",".join(keys), here=here, cpu=cpu_of(machine()) if CPU in keys else None)


def _cpu(machine: Machine) -> Target:
    return Target(CPU, here=True, cpu=cpu_of(machine))


def _has(machine: Machine, key: str) -> bool:
    try:
        return any(find_gpu(gpu.name).key == key for gpu in machine.cuda_gpus)
    except UsageError:  # a GPU of this machine that the catalogue does not know is not the one that was named
        return False
