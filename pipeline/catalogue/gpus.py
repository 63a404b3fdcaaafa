"""The catalogue of GPUs, the user's file included, and the names that they are found by."""

import re
from collections.abc import Mapping
from functools import cache

from pipeline.base.errors import UsageError
from pipeline.base.suggestion import suggestion
from pipeline.catalogue.files import merged
from pipeline.catalogue.gpu_entry import GpuEntry, read_entry
from pipeline.catalogue.sources import read_sources

_NOISE = re.compile(r"nvidia|geforce|radeon|instinct|apple|tesla|amd|generation|gib|gb|[^a-z0-9]")


@cache
def gpus() -> Mapping[str, GpuEntry]:
    """Return all GPUs by key, the user's file included."""
    entries, sources = merged("gpus.yaml", "gpus")
    known = read_sources("gpus.yaml", sources)
    return {key: read_entry(key, entry, known) for key, entry in entries.items()}


def find_gpu(name: str) -> GpuEntry:
    """Return a GPU by key, name, or what a driver or a person calls it (`NVIDIA H100 80GB HBM3`, `4090`).

    Raises:
        UsageError: none or several are called so.
    """
    found = gpus()
    if name in found:
        return found[name]
    wanted = _plain(name)
    exact = [entry for entry in found.values() if wanted in _names(entry)]
    part = [entry for entry in found.values() if wanted and any(wanted in each for each in _names(entry))]
    if len(exact or part) == 1:
        return (exact or part)[0]
    if exact or part:
        raise UsageError(f"{name} can mean several GPUs. Give one of: {', '.join(each.key for each in exact or part)}.")
    meant = suggestion(name, [*found, *(entry.name for entry in found.values())])
    choices = "`awqctl gpus ls` lists all." if meant else f"Give one of: {', '.join(found)}."
    raise UsageError(f"No GPU of the catalogue is called {name}.{meant} {choices}")


def gpu_called(name: str) -> GpuEntry | None:
    """Return the GPU of exactly this name, however it is written; None where none or several are called so."""
    found = [entry for entry in gpus().values() if _plain(name) in _names(entry)]
    return found[0] if len(found) == 1 else None


def _names(entry: GpuEntry) -> set[str]:
    names = {_plain(each) for each in (entry.key, entry.name, *entry.also)}
    return names | {f"{name}{entry.figures['memory_gb'].value:g}" for name in names}


def _plain(name: str) -> str:
    return _NOISE.sub("", name.lower())
