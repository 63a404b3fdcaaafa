"""Which accelerator this machine has, asked of the driver only when needed."""

import shutil
import subprocess
from dataclasses import dataclass

from pipeline.base.errors import EnvironmentLackError
from pipeline.recipe.section import Accelerator
from pipeline.runtimes.specs import Resolved

_QUERY = "name,memory.total,compute_cap,driver_version"


@dataclass(frozen=True)
class Gpu:
    """One CUDA GPU as the driver reports it."""

    name: str
    memory_mib: int | None
    """None where CPU and GPU share their memory and the driver does not say."""
    compute_capability: str
    driver: str


def list_gpus() -> tuple[Gpu, ...]:
    """Return the CUDA GPUs that `nvidia-smi` reports; empty without a driver."""
    if shutil.which("nvidia-smi") is None:
        return ()
    command = ["nvidia-smi", f"--query-gpu={_QUERY}", "--format=csv,noheader,nounits"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout
    except (subprocess.SubprocessError, OSError):
        return ()
    return parse_gpus(answer)


def parse_gpus(answer: str) -> tuple[Gpu, ...]:
    """Return the GPUs in a `--format=csv,noheader,nounits` answer; lines that are no GPU are messages."""
    rows = [[field.strip() for field in line.split(",")] for line in answer.splitlines()]
    return tuple(
        Gpu(row[0], int(row[1]) if row[1].isdigit() else None, row[2], row[3])
        for row in rows
        if len(row) == len(_QUERY.split(","))
    )


def resolve_accelerator(asked: Accelerator) -> tuple[Resolved, str]:
    """Return the accelerator to use and the reason.

    Raises:
        EnvironmentLackError: CUDA was asked for and there is no GPU.
    """
    if asked == "cpu":
        return "cpu", "the recipe or the command line asks for the CPU"
    gpus = list_gpus()
    if gpus:
        return "cuda", f"{len(gpus)} CUDA GPU(s): {gpus[0].name}, driver {gpus[0].driver}"
    if asked == "cuda":
        raise EnvironmentLackError(
            "engine.accelerator is 'cuda' but nvidia-smi reports no GPU. "
            "Install the NVIDIA driver, or set engine.accelerator=cpu."
        )
    return "cpu", "nvidia-smi reports no CUDA GPU"
