"""A recipe's model: named for fingerprints, and brought to this machine."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.base.errors import EnvironmentLackError, SourceError
from pipeline.base.homes import expanded
from pipeline.base.identity import folder_identity
from pipeline.base.progress import Task
from pipeline.models.files import (
    CODE,
    DESCRIPTION,
    WEIGHTS,
    check_description,
    check_weights,
    licence_of,
    packaged_model,
    packaged_shape,
)
from pipeline.models.hub import Commit, fetch, find_commit, remember
from pipeline.models.trust import CustomCode, check_pinned, check_trust, read_config
from pipeline.recipe.model import ModelSource

PACKAGED = "packaged:demo"
_HUB_ID = re.compile(r"^[\w.-]+/[\w.-]+$")


@dataclass(frozen=True)
class SourceModel:
    """A model on this machine."""

    path: Path
    reference: str
    """As the recipe names it."""
    commit: str | None
    """40 hex digits for a hub model."""
    licence: str
    trust_remote_code: bool = False
    """Whether engines have to run the model's own code; false when it has none, whatever the recipe says."""
    code: CustomCode = field(default_factory=CustomCode)
    """That code, as it was when the recipe's trust was checked."""
    note: str | None = None
    """A warning for the reader: the hub could not be asked whether there is a newer commit."""

    def config(self) -> dict[str, Any]:
        """Return the model's `config.json`."""
        return read_config(self.path / "config.json")


@dataclass(frozen=True)
class SourceIdentity:
    """What tells one state of a model from another."""

    name: str
    """For fingerprints: a hash of the folder, or `org/name@commit`."""
    note: str | None = None
    """A warning for the reader: the hub could not be asked whether there is a newer commit."""


def source_identity(source: ModelSource, recipe_dir: Path) -> str:
    """Return what a fingerprint needs to notice a changed model; see `identify_source`."""
    return identify_source(source, recipe_dir).name


def identify_source(source: ModelSource, recipe_dir: Path, earlier: str | None = None) -> SourceIdentity:
    """Return what a fingerprint needs to notice a changed model, without reading large weights.

    A hub id is named by its commit; unless the recipe pins one, the hub is asked for the newest.

    Args:
        source: the recipe's section.
        recipe_dir: folder that relative paths start from.
        earlier: name that a finished result was recorded with; holds when neither hub nor cache can be asked.

    Raises:
        SourceError: there is no such folder or model.
        EnvironmentLackError: the hub cannot be reached, the model is not in the cache, and there is no earlier name.
    """
    folder = local_folder(source, recipe_dir)
    if folder is not None:
        return SourceIdentity(folder_identity(folder))
    try:
        commit = find_commit(source.source, source.revision)
    except EnvironmentLackError:
        if earlier is None or not earlier.startswith(f"{source.source}@"):
            raise
        note = f"The hub cannot be reached, so whether {source.source} has a newer commit is not known."
        return SourceIdentity(earlier, note)
    return SourceIdentity(f"{source.source}@{commit.sha}", commit.note)


def resolve_source(
    source: ModelSource, recipe_dir: Path, *, quantized: bool = False, task: Task | None = None
) -> SourceModel:
    """Return the model on this machine, downloaded first when it is a hub id.

    Args:
        source: the recipe's section.
        recipe_dir: folder that relative paths start from.
        quantized: allow a checkpoint that is quantized already.
        task: told how far a download is.

    Raises:
        SourceError: there is no such model, it is not a safetensors checkpoint of a causal LM, or it asks to run code
            that the recipe does not trust.
        EnvironmentLackError: the hub cannot be reached.
    """
    path, commit = local_folder(source, recipe_dir), None
    if path is None:
        check_pinned(source)
        commit = find_commit(source.source, source.revision)
        path = _download(source, commit, quantized=quantized, task=task)
    check_description(path, source.source, quantized=quantized)
    code = check_trust(path, source, commit.sha if commit else None)
    check_weights(path, source.source)
    return SourceModel(
        path=path,
        reference=source.source,
        commit=commit.sha if commit else None,
        licence=source.licence or licence_of(path),
        trust_remote_code=bool(code.classes),
        code=code,
        note=commit.note if commit else None,
    )


def local_folder(source: ModelSource, recipe_dir: Path) -> Path | None:
    """Return the model's folder on this machine; None for a hub id.

    Raises:
        SourceError: it is neither.
    """
    if source.source == PACKAGED:
        return packaged_model()
    if shape := packaged_shape(source.source):
        return shape
    for candidate in (recipe_dir / source.source, expanded(source.source, "model.source")):
        if candidate.is_dir():
            return candidate.resolve()
    if _HUB_ID.match(source.source) and not source.source.startswith("."):
        return None
    raise SourceError(
        f"model.source: there is no folder {source.source}. Give a folder with a Hugging Face checkpoint, "
        f"a hub id like org/name, or {PACKAGED}."
    )


def _download(source: ModelSource, commit: Commit, *, quantized: bool, task: Task | None) -> Path:
    """Fetch what describes the model, refuse what cannot be used, then fetch the weights."""
    description = [*DESCRIPTION, *(CODE if source.trust_remote_code else ())]
    path = fetch(source.source, commit, description)
    check_description(path, source.source, quantized=quantized)
    check_trust(path, source, commit.sha)
    path = fetch(source.source, commit, [*description, *WEIGHTS], task)
    remember(source.source, source.revision, commit.sha)
    return path
