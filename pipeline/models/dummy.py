"""A model's folder without its weights, for an engine that makes them up: configuration and tokenizer alone.

vLLM's `--load-format dummy` fills every tensor that the configuration asks for with small random numbers, 4-bit ones
included where the configuration says that the checkpoint is AutoAWQ's.
"""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.base.errors import SourceError
from pipeline.models.files import CODE, DESCRIPTION, refuse_adapter
from pipeline.models.hub import fetch, find_commit
from pipeline.models.resolve import local_folder
from pipeline.models.stand_in_tokenizer import write_stand_in_tokenizer
from pipeline.models.trust import check_pinned, check_trust, read_config
from pipeline.recipe.model import ModelSource

_TOKENIZERS = ("tokenizer.json", "tokenizer.model", "spiece.model", "vocab.json", "*.tiktoken")
_LEFT = ("config.json", "README.md")
"""Of what describes a model, what the engine does not need beside a configuration of its own; how answers are drawn
stays, because engines that differ in it are not compared."""
_INDEX = ".index.json"


@dataclass(frozen=True)
class Shape:
    """What is known of a model whose weights nobody has."""

    config: Mapping[str, Any]
    """Its `config.json`."""
    folder: Path | None
    """With its other files; None where there is nothing but the configuration."""
    commit: str | None = None
    trusts_code: bool = False
    """Whether engines have to run the model's own code."""

    @property
    def has_tokenizer(self) -> bool:
        """Whether prompts can be made with the model's own tokenizer."""
        return self.folder is not None and any(any(self.folder.glob(pattern)) for pattern in _TOKENIZERS)

    @property
    def text(self) -> Mapping[str, Any]:
        """The configuration of the language model, which is nested where a model also sees or hears."""
        nested = self.config.get("text_config")
        return nested if isinstance(nested, Mapping) else self.config


def shape_of(source: ModelSource, recipe_dir: Path) -> Shape:
    """Return a model's configuration, of a hub model without fetching its weights.

    Raises:
        SourceError: there is no such model, or it has no configuration of 16-bit weights.
        EnvironmentLackError: the hub cannot be reached.
    """
    folder, commit = local_folder(source, recipe_dir), None
    if folder is None:
        check_pinned(source)
        found = find_commit(source.source, source.revision)
        folder, commit = fetch(source.source, found, [*DESCRIPTION, *(CODE if source.trust_remote_code else ())]), found
    refuse_adapter(folder, source.source)
    if not (folder / "config.json").is_file():
        raise SourceError(f"{source.source} has no config.json. Give a folder or a hub id that has one.")
    config = read_config(folder / "config.json")
    if config.get("quantization_config") is not None:
        raise SourceError(
            f"{source.source} is the configuration of a quantized checkpoint. Give the one of the original model; "
            f"the quantized arm is made from it."
        )
    code = check_trust(folder, source, commit.sha if commit else None)
    return Shape(config, folder, commit.sha if commit else None, bool(code.classes))


def with_architecture(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a configuration that names the class of its type, as transformers knows it, where it names none.

    Raises:
        SourceError: transformers knows no language model of that type.
    """
    from transformers.models.auto.modeling_auto import (  # noqa: PLC0415 -- seconds of import
        MODEL_FOR_CAUSAL_LM_MAPPING_NAMES as CLASSES,
    )

    kind = str(config.get("model_type"))
    found = config.get("architectures") or [CLASSES.get(kind)]
    if found == [None]:
        raise SourceError(f"There is no language model of the type {kind}. Give a folder with the model's config.json.")
    return {**config, "architectures": found}


def write_dummy_model(shape: Shape, folder: Path, quantization: Mapping[str, Any] | None) -> None:
    """Write the folder that an engine starts from: nothing in it is a weight.

    Args:
        shape: of the model.
        folder: to be made.
        quantization: `quantization_config` of the checkpoint that is pretended; None for 16-bit weights.

    Raises:
        SourceError: the configuration names no architecture, or no vocabulary where a tokenizer has to be made up.
    """
    if not shape.config.get("architectures"):
        raise SourceError(
            "config.json names no architectures, and vLLM starts from them. Set it to the class of the model, such as "
            '["LlamaForCausalLM"].'
        )
    folder.mkdir(parents=True)
    config = {**shape.config} | ({"quantization_config": dict(quantization)} if quantization else {})
    (folder / "config.json").write_text(json.dumps(config, indent=2), encoding="utf-8")
    if shape.folder is not None and shape.has_tokenizer:
        patterns = (*DESCRIPTION, *(CODE if shape.trusts_code else ()))
        for path in sorted({path for pattern in patterns for path in shape.folder.glob(pattern) if path.is_file()}):
            if path.name not in _LEFT and not path.name.endswith(_INDEX):
                shutil.copyfile(path, folder / path.name)
        return
    size = shape.text.get("vocab_size")
    if not isinstance(size, int):
        raise SourceError("config.json has no vocab_size. Add it, or put the model's tokenizer beside it.")
    write_stand_in_tokenizer(folder, size)
