"""What a hub says of a model without its weights: config.json, model card, and the headers of the safetensors files."""

from pathlib import Path
from typing import cast

from pipeline.base.errors import EnvironmentLackError, SourceError
from pipeline.models.files import (
    CODE,
    DESCRIPTION,
    check_description,
    generation_settings,
    licence_of,
    refuse_adapter,
    weight_files,
    weight_index,
)
from pipeline.models.headers import ModelHeaders
from pipeline.models.hub import Commit, fetch, find_commit
from pipeline.models.tensors import Tensor, read_headers
from pipeline.models.tokenizer import Tokenizer, load_tokenizer
from pipeline.models.trust import check_pinned, check_trust, read_config
from pipeline.recipe.model import ModelSource

_DESCRIPTION = ("*config*.json", "README.md")


def hub_headers(source: ModelSource) -> ModelHeaders:
    """Return the configuration and headers of a hub model.

    A few hundred kilobytes are fetched, or nothing when the whole model is in the local cache.

    Raises:
        SourceError: there is no such model, it has no safetensors weights, is quantized already, or asks to run code
            that the recipe does not trust.
        EnvironmentLackError: the hub cannot be reached.
    """
    check_pinned(source)
    commit = find_commit(source.source, source.revision)
    folder = fetch(source.source, commit, (*_DESCRIPTION, *(CODE if source.trust_remote_code else ())))
    refuse_adapter(folder, source.source)
    config = read_config(folder / "config.json")
    if config.get("quantization_config") is not None:
        raise SourceError(f"{source.source} is quantized already. Give the original 16-bit checkpoint.")
    check_trust(folder, source, commit.sha)
    cached = weight_files(folder)
    local = bool(cached) and all(path.is_file() for path in cached)
    tensors, index = (
        (read_headers(folder), weight_index(folder, source.source)) if local else _remote(source.source, commit)
    )
    size = 0 if local else sum(tensor.bytes for tensor in tensors.values())
    return ModelHeaders(
        source.source, source.licence or licence_of(folder), config, tensors, size, index, generation_settings(folder)
    )


def hub_tokenizer(source: ModelSource) -> Tokenizer:
    """Return the tokenizer of a hub model; of the whole model its describing files are fetched, some megabytes.

    Raises:
        SourceError: there is none, it cannot be loaded, or it asks to run code that the recipe does not trust.
        EnvironmentLackError: the hub cannot be reached.
    """
    folder = hub_description(source)
    code = check_trust(folder, source, find_commit(source.source, source.revision).sha)
    return load_tokenizer(folder, trust_remote_code=bool(code.classes))


def hub_description(source: ModelSource) -> Path:
    """Return a folder with the describing files of a hub model, fetched first: all but the weights, some megabytes.

    Raises:
        SourceError: it is no model that can be quantized.
        EnvironmentLackError: the hub cannot be reached.
    """
    check_pinned(source)
    commit = find_commit(source.source, source.revision)
    folder = fetch(source.source, commit, (*DESCRIPTION, *(CODE if source.trust_remote_code else ())))
    check_description(folder, source.source)
    return folder


def _remote(repository: str, commit: Commit) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Return the tensors of a model from the first bytes of its safetensors files, and its index."""
    from huggingface_hub import get_safetensors_metadata  # noqa: PLC0415 -- only a hub model needs it
    from huggingface_hub.errors import (  # noqa: PLC0415
        EntryNotFoundError,
        HfHubHTTPError,
        NotASafetensorsRepoError,
        SafetensorsParsingError,
    )

    # The HTTP library differs by version of the hub library; its errors are the first base of the hub's.
    transport = cast("type[Exception]", HfHubHTTPError.__bases__[0])
    try:
        metadata = get_safetensors_metadata(repository, revision=commit.sha)
    except (NotASafetensorsRepoError, SafetensorsParsingError) as problem:
        raise SourceError(
            f"{repository} has no safetensors weights that can be read. Choose a model that has; pickled weights are "
            f"not read."
        ) from problem
    except EntryNotFoundError as problem:
        raise SourceError(
            f"{repository} lacks a file of weights that its index names. Choose another revision, or tell its maker."
        ) from problem
    except (transport, OSError, ValueError) as problem:
        raise EnvironmentLackError(
            f"The headers of {repository} cannot be fetched from the model hub. Check the network, or run the stage "
            f"itself, which takes the model from the local cache where it is there."
        ) from problem
    tensors = {
        name: Tensor(
            name, entry.dtype, tuple(entry.shape), Path(file), entry.data_offsets[0], _size(entry.data_offsets)
        )
        for file, header in metadata.files_metadata.items()
        for name, entry in header.tensors.items()
    }
    return tensors, dict(metadata.weight_map) if metadata.sharded else {}


def _size(offsets: tuple[int, int]) -> int:
    begin, end = offsets
    return end - begin
