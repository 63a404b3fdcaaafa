"""The MODEL of `awqctl plan`: a catalogue name, a folder, a config.json, or a hub id; nothing but JSON is fetched."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.base.errors import EnvironmentLackError, SourceError
from pipeline.base.homes import expanded
from pipeline.base.suggestion import suggestion
from pipeline.catalogue.models import catalogued, known_names
from pipeline.plan.architecture import Architecture
from pipeline.plan.checkpoint import stored_as
from pipeline.plan.matrices import parameters
from pipeline.plan.model_config import CHECKED, architecture_of
from pipeline.plan.weights import quantization_of

_TOLERANCE = 0.002
"""Of parameters that a checkpoint holds more or less than its configuration says, without a word."""

_FOUR_BIT, _SAME_GROUPS = ("awq", "gptq", "int4-experts"), 0.01
_LARGEST = 10_000_000
"""Bytes of a config.json; weights are larger, and would be read whole before they are refused."""


def _unchecked(architecture: Architecture) -> tuple[str, ...]:
    if architecture.name in CHECKED:
        return ()
    name = architecture.name
    return (f"Plans of the type {name} were never compared with anything; it is taken as a Llama of these sizes.",)


def _notes(architecture: Architecture, config: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what a plan of a configuration does not hold for; the groups of 4-bit weights are planned as usual ones.

    Raises:
        SourceError: the configuration says the size of its groups in a way that cannot be read.
    """
    if architecture.published not in _FOUR_BIT:
        return _unchecked(architecture)
    held, planned = stored_as(architecture, config).bits, quantization_of("none", architecture).bits
    if abs(held / planned - 1) < _SAME_GROUPS:
        return _unchecked(architecture)
    return (
        *_unchecked(architecture),
        f"Its 4-bit matrices take {held:.2f} bits per weight with their scales, and are planned with {planned:.2f}.",
    )


@dataclass(frozen=True)
class PlannedModel:
    """A model as far as a plan needs it."""

    name: str
    architecture: Architecture
    quantization: str | None = None
    """That its name says."""
    licence: str = "unknown"
    notes: tuple[str, ...] = ()


def planned_model(reference: str, revision: str | None = None) -> PlannedModel:
    """Return the model that a user names; `revision` is of one that only the hub knows.

    Raises:
        SourceError: there is none, or its configuration lacks what a plan needs.
        EnvironmentLackError: it is a hub id that the catalogue does not know, and the hub cannot be reached.
    """
    path = expanded(reference, "MODEL")
    if path.is_file():
        architecture = architecture_of(config := _config(path))
        return PlannedModel(reference, architecture, notes=_notes(architecture, config))
    if (path / "config.json").is_file():
        return _folder(reference, path)
    if path.is_dir():
        raise SourceError(f"The folder {reference} has no config.json. Give the folder that holds a model's.")
    found = catalogued(reference)
    if found is None:
        return _from_hub(reference, revision)
    entry, quantization = found
    names = (entry.name, *entry.also)
    same = () if reference in names or "/" not in reference else (f"Planned as {entry.name}, by its name.",)
    return PlannedModel(entry.name, entry.architecture, quantization, entry.licence, same)


def _config(path: Path) -> Mapping[str, Any]:
    if path.stat().st_size > _LARGEST:
        raise SourceError(
            f"{path} is larger than {_LARGEST // 1_000_000} MB, so it is no configuration. Give a model's config.json, "
            f"or the folder that holds it."
        )
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as problem:
        raise SourceError(f"{path} is not JSON. Give a model's config.json, or the folder that holds it.") from problem
    if not isinstance(document, dict):
        raise SourceError(f"{path} is no configuration: a JSON object is expected. Give a model's config.json.")
    return document


def _folder(reference: str, path: Path) -> PlannedModel:
    """Return a model in a folder, its configuration compared with what its safetensors files hold."""
    architecture = architecture_of(config := _config(path / "config.json"))
    if architecture.published or not any(path.glob("*.safetensors")):
        return PlannedModel(reference, architecture, notes=_notes(architecture, config))
    from pipeline.models.files import licence_of  # noqa: PLC0415 -- only a folder with weights needs it
    from pipeline.models.tensors import read_headers  # noqa: PLC0415

    held, said = sum(tensor.parameters for tensor in read_headers(path).values()), parameters(architecture)
    differs = abs(held - said) > _TOLERANCE * said
    note = f"The files hold {held:,} parameters, the configuration says {said:,}; planned by the configuration."
    return PlannedModel(
        reference, architecture, licence=licence_of(path), notes=(note,) if differs else _unchecked(architecture)
    )


def _from_hub(reference: str, revision: str | None) -> PlannedModel:
    from pipeline.recipe.load import packaged_recipes  # noqa: PLC0415 -- only a name that is not known needs it

    known = known_names() if "/" in reference else [name.rpartition("/")[2] for name in known_names()]
    meant = suggestion(reference, [*known, *packaged_recipes()])
    if reference.count("/") != 1 or reference.startswith((".", "/")):
        raise SourceError(
            f"There is no file, folder or catalogued model called '{reference}'.{meant} Give a hub id like org/name, a "
            f"folder with a config.json, or a name that `awqctl plan ls` lists."
        )
    from pipeline.models.hub import fetch, find_commit  # noqa: PLC0415 -- only a hub model needs the hub's library

    try:
        folder = fetch(reference, find_commit(reference, revision), ("config.json",))
    except EnvironmentLackError as problem:
        raise EnvironmentLackError(
            f"The catalogue does not know {reference}, and the model hub cannot be asked.{meant} Check the network, or "
            f"give the model's config.json; `awqctl plan ls` lists the models that need no network."
        ) from problem
    architecture = architecture_of(config := _config(folder / "config.json"))
    return PlannedModel(reference, architecture, notes=_notes(architecture, config))
