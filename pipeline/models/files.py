"""The files of a source model: which hold the weights, which are never read, what must be there."""

import re
from importlib import resources
from pathlib import Path, PurePosixPath
from typing import Any

from pipeline.base.errors import SourceError
from pipeline.base.yaml_text import YamlError, read_yaml
from pipeline.models.trust import read_config

DESCRIPTION = ("*.json", "*.model", "*.tiktoken", "*.txt", "*.jinja", "LICENSE*", "NOTICE*", "README.md")
"""What is fetched of a hub model before its weights."""
CODE = ("*.py",)
WEIGHTS = ("*.safetensors",)
UNWANTED = ("consolidated*", "original/*", "*/consolidated*")
"""A second copy of the weights in the maker's own format."""
PICKLED = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl", "*.pickle", "*.joblib", "*.npy", "*.npz", "*.pdparams")
"""Formats that run code when they are loaded. They are neither downloaded nor copied nor read."""
_INDEX, _WHOLE = "model.safetensors.index.json", "model.safetensors"
_DESCRIBING = (".safetensors", ".json", ".model", ".txt", ".jinja", ".tiktoken")
ADAPTERS = ("adapter_config.json", "adapter_model*", "adapters.*", "pytorch_lora_weights*", "*lora*.safetensors")
"""What PEFT, MLX, diffusers and others write for an adapter."""
_ADAPTER = ADAPTERS[0]
MERGE = (
    "Merge it into its base model first: `PeftModel.from_pretrained(base, adapter).merge_and_unload()`, then "
    "`save_pretrained` of the result and of the tokenizer into a new folder, and give that as model.source."
)
_LICENCE = re.compile(r"^license(?:_name)?[ \t]*:.*\n(?:(?:[ \t-].*)?\n)*", re.MULTILINE)
"""The two fields of a model card that name its licence, with the lines that belong to them."""
_TOKENIZERS = ("tokenizer.json", "tokenizer.model", "spiece.model", "vocab.json", "*.tiktoken")


def weight_files(folder: Path) -> list[Path]:
    """Return the safetensors files that hold the model, without second copies of the weights.

    The index names them where there is one; otherwise it is `model.safetensors`, or whatever else there is.

    Raises:
        SourceError: the index is no index, or names a file outside the folder or of another format.
    """
    index, whole = folder / _INDEX, folder / _WHOLE
    if index.is_file():
        return sorted({folder / name for name in set(_weight_map(index).values())})
    return [whole] if whole.is_file() else sorted(folder.glob("*.safetensors"))


def described_files(folder: Path) -> set[str]:
    """Return the names of the files that make up a model: weights, configuration and tokenizer, by relative name."""
    beside = {path.name for path in folder.iterdir() if path.is_file() and path.suffix in _DESCRIBING}
    return beside | {path.relative_to(folder).as_posix() for path in weight_files(folder)}


def weight_index(folder: Path, reference: str) -> dict[str, str]:
    """Return tensor -> file as the index of a source has it; empty for a model in one file.

    Raises:
        SourceError: transformers would read other files than vLLM, or none.
    """
    index, whole = folder / _INDEX, folder / _WHOLE
    if not index.is_file():
        if whole.is_file():
            return {}
        raise SourceError(
            f"{reference} has neither {_WHOLE} nor {_INDEX}, so no library knows which files are the model. Save it "
            f"again with `save_pretrained` of transformers, or name its only file {_WHOLE}."
        )
    names = _weight_map(index)
    if whole.is_file() and _WHOLE not in names.values():
        raise SourceError(
            f"{reference} holds two sets of weights, {_WHOLE} and the files of {_INDEX}: some libraries read the one, "
            f"some the other. Move away the set that is not the model."
        )
    return names


def _weight_map(index: Path) -> dict[str, str]:
    names = read_config(index).get("weight_map")
    if not isinstance(names, dict) or not names:
        raise SourceError(f"{index} has no weight_map. Copy or download the model again.")
    for name in names.values():
        if not _stays_inside(name):
            raise SourceError(
                f"{index} names {name!r} as a file of weights; only .safetensors files inside the model's folder are "
                f"read. Get the model from a source you trust."
            )
    return names


def _stays_inside(name: object) -> bool:
    if not isinstance(name, str) or not name.endswith(".safetensors") or "\\" in name or "\0" in name:
        return False
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts


def is_pickled(name: str) -> bool:
    """Return whether a file is of a format that runs code when it is loaded."""
    return any(PurePosixPath(name.lower()).match(pattern) for pattern in PICKLED)


def packaged_model() -> Path:
    """Return the folder of the demo model."""
    return Path(str(resources.files("recipes"))) / "demo" / "model"


def packaged_shape(reference: str) -> Path | None:
    """Return the folder of a configuration that ships without weights, `packaged:NAME`; None for any other model."""
    kind, _, name = reference.partition(":")
    shapes = Path(str(resources.files("recipes"))) / "shapes"
    return next((path for path in shapes.iterdir() if kind == "packaged" and path.name == name), None)


def check_description(path: Path, reference: str, *, quantized: bool = False) -> None:
    """Refuse a folder that is no checkpoint, or is quantized already; the weights need not be there.

    Args:
        path: the folder.
        reference: as the user named it.
        quantized: allow a checkpoint that is quantized already, to be measured and not to be quantized.

    Raises:
        SourceError: names what is wrong.
    """
    refuse_adapter(path, reference)
    if not (path / "config.json").is_file():
        raise SourceError(
            f"{reference} has no config.json: it is not a Hugging Face checkpoint. Give the folder that holds it."
        )
    if not quantized and is_quantized(path):
        raise SourceError(f"{reference} is quantized already. Give the original 16-bit checkpoint.")
    if not any(any(path.glob(pattern)) for pattern in _TOKENIZERS):
        raise SourceError(
            f"{reference} has no tokenizer.json or tokenizer.model. Copy the tokenizer beside the weights."
        )
    weight_files(path)


def refuse_adapter(path: Path, reference: str) -> None:
    """Refuse a PEFT adapter, alone or beside a model, where it would not be applied without a word.

    Raises:
        SourceError: names the adapter's files and its base, and how it is merged.
    """
    found = sorted(file.name for pattern in ADAPTERS for file in path.glob(pattern))
    if not found:
        return
    config = read_config(path / _ADAPTER) if (path / _ADAPTER).is_file() else {}
    base = f" for {config['base_model_name_or_path']}" if config.get("base_model_name_or_path") else ""
    if (path / "config.json").is_file():
        raise SourceError(
            f"{reference} holds a PEFT adapter{base} beside the model ({', '.join(found)}), which would not be "
            f"applied. {MERGE} If it is not meant to be applied, move its files away."
        )
    raise SourceError(f"{reference} is a PEFT adapter{base} ({', '.join(found)}), not a whole model. {MERGE}")


def generation_settings(folder: Path) -> dict[str, Any]:
    """Return the settings of a model's generation_config.json; none where there is no such file.

    Raises:
        SourceError: it is not a JSON object.
    """
    path = folder / "generation_config.json"
    return read_config(path) if path.is_file() else {}


def is_quantized(path: Path) -> bool:
    """Return whether a checkpoint's configuration says that its weights are quantized; null says that they are not."""
    return read_config(path / "config.json").get("quantization_config") is not None


def check_weights(path: Path, reference: str) -> None:
    """Refuse a folder without a whole set of safetensors weights.

    Raises:
        SourceError: names what is missing, and pickled weights that were passed over.
    """
    files = weight_files(path)
    if not files:
        pickled = sorted(file.name for file in path.iterdir() if is_pickled(file.name))
        found = f" ({', '.join(pickled[:3])})" if pickled else ""
        raise SourceError(
            f"{reference} has no .safetensors weights; pickled weights are not read{found}, because loading them runs "
            f"code. Convert them first, with `save_pretrained` of transformers on a machine that may run that code."
        )
    missing = [file.name for file in files if not file.is_file()]
    if missing:
        raise SourceError(f"{reference} lacks {', '.join(missing)}, which its index names. Copy or download it again.")


def licence_of(path: Path) -> str:
    """Return the licence of the model card's front matter, or `unknown`; `other` gives way to its name.

    The card is a stranger's: its other fields, thousands of them in some, are not looked at.
    """
    card = path / "README.md"
    if not card.is_file():
        return "unknown"
    front = re.match(r"\s*---\n(.*?\n)---", card.read_text(encoding="utf-8-sig", errors="replace"), re.DOTALL)
    if front is None:
        return "unknown"
    try:
        fields = read_yaml("".join(_LICENCE.findall(front[1])))
    except YamlError:
        return "unknown"
    named = fields.get("license_name") or fields.get("license") if isinstance(fields, dict) else None
    several = named if isinstance(named, list) else [named]
    named_so = [str(name) for name in several if isinstance(name, str | int | float) and not isinstance(name, bool)]
    return ", ".join(named_so) or "unknown"
