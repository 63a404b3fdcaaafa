"""Where models come from: a folder, a hub id with revision, or the packaged demo model."""

import json
import re
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from pipeline.errors import EnvironmentLackError, SourceError
from pipeline.identity import folder_identity
from pipeline.recipe.models import ModelSource

PACKAGED = "packaged:demo"
_HUB_ID = re.compile(r"^[\w.-]+/[\w.-]+$")
_UNWANTED = ["consolidated*", "original/*", "*/consolidated*"]
"""A second copy of the weights in the maker's own format."""
_WANTED = ["*.json", "*.safetensors", "*.model", "*.txt", "*.jinja", "LICENSE*", "README.md"]


@dataclass(frozen=True)
class SourceModel:
    """A model on this machine."""

    path: Path
    reference: str
    """As the recipe names it."""
    commit: str | None
    """40 hex digits for a hub model."""
    licence: str

    def config(self) -> dict[str, Any]:
        """Return the model's `config.json`."""
        document: dict[str, Any] = json.loads((self.path / "config.json").read_text())
        return document


def weight_files(folder: Path) -> list[Path]:
    """Return the safetensors files that hold the model, without second copies of the weights.

    The index names them where there is one; otherwise it is `model.safetensors`, or whatever else there is.
    """
    index = folder / "model.safetensors.index.json"
    if index.is_file():
        return sorted({folder / name for name in json.loads(index.read_text())["weight_map"].values()})
    whole = folder / "model.safetensors"
    return [whole] if whole.is_file() else sorted(folder.glob("*.safetensors"))


def packaged_model() -> Path:
    """Return the folder of the demo model."""
    return Path(str(resources.files("recipes"))) / "demo" / "model"


def source_identity(source: ModelSource, recipe_dir: Path) -> str:
    """Return what a fingerprint needs to notice a changed model, without reading large weights or the network.

    A hub id is named by the revision asked for.
    """
    folder = _local_folder(source, recipe_dir)
    return folder_identity(folder) if folder else f"{source.source}@{source.revision or 'main'}"


def resolve_source(source: ModelSource, recipe_dir: Path) -> SourceModel:
    """Return the model on this machine, downloaded first when it is a hub id.

    Raises:
        SourceError: there is no such model, or it is not a safetensors checkpoint of a causal LM.
        EnvironmentLackError: the hub cannot be reached.
    """
    folder = _local_folder(source, recipe_dir)
    if folder is not None:
        path, commit = folder, None
    else:
        path, commit = _download(source)
    _check(path, source.source)
    return SourceModel(path, source.source, commit, source.licence or _licence_of(path))


def _local_folder(source: ModelSource, recipe_dir: Path) -> Path | None:
    if source.source == PACKAGED:
        return packaged_model()
    for candidate in (recipe_dir / source.source, Path(source.source).expanduser()):
        if candidate.is_dir():
            return candidate.resolve()
    if _HUB_ID.match(source.source) and not source.source.startswith("."):
        return None
    raise SourceError(
        f"model.source: there is no folder {source.source}. Give a folder with a Hugging Face checkpoint, "
        f"a hub id like org/name, or {PACKAGED}."
    )


def _download(source: ModelSource) -> tuple[Path, str]:
    import httpx  # noqa: PLC0415 -- only a hub model needs it
    from huggingface_hub import snapshot_download  # noqa: PLC0415
    from huggingface_hub.errors import (  # noqa: PLC0415
        HfHubHTTPError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    wanted = f"{source.source}@{source.revision or 'main'}"
    try:
        path = Path(
            snapshot_download(
                source.source, revision=source.revision, allow_patterns=_WANTED, ignore_patterns=_UNWANTED
            )
        )
    except (RepositoryNotFoundError, RevisionNotFoundError) as problem:
        raise SourceError(
            f"The hub has no model {wanted} that you may read. Check the id and the revision; "
            f"for a gated model accept its licence and set HF_TOKEN."
        ) from problem
    except (LocalEntryNotFoundError, HfHubHTTPError, httpx.HTTPError, ConnectionError, TimeoutError) as problem:
        raise EnvironmentLackError(
            f"The model hub cannot be reached and {wanted} is not in the local cache. Check the network, "
            f"or copy the model here and give its folder as model.source."
        ) from problem
    return path, path.name


def _check(path: Path, reference: str) -> None:
    if not (path / "config.json").is_file():
        raise SourceError(
            f"{reference} has no config.json: it is not a Hugging Face checkpoint. Give the folder that holds it."
        )
    if not any(path.glob("*.safetensors")):
        raise SourceError(f"{reference} has no .safetensors weights. Convert it first; pickled weights are not read.")
    config = json.loads((path / "config.json").read_text())
    if "quantization_config" in config:
        raise SourceError(f"{reference} is quantized already. Give the original 16-bit checkpoint.")
    if not (path / "tokenizer.json").is_file() and not (path / "tokenizer.model").is_file():
        raise SourceError(
            f"{reference} has no tokenizer.json or tokenizer.model. Copy the tokenizer beside the weights."
        )


def _licence_of(path: Path) -> str:
    """Return the licence of the model card's front matter, or `unknown`; `other` gives way to its name."""
    card = path / "README.md"
    front = re.match(r"---\n(.*?)\n---", card.read_text(errors="replace"), re.DOTALL) if card.is_file() else None
    if front is None:
        return "unknown"
    try:
        fields = yaml.safe_load(front[1])
    except yaml.YAMLError:
        return "unknown"
    named = fields.get("license_name") or fields.get("license") if isinstance(fields, dict) else None
    return str(named or "unknown")
