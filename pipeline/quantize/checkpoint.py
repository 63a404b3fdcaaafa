"""Assembles the AWQ checkpoint: the source's own files around the backend's weights."""

import json
import shutil
from pathlib import Path
from typing import Any

from pipeline.base.files import share
from pipeline.models import SourceModel, is_pickled
from pipeline.quantize.model_config import generation_config, quantized_config

_FROM_SOURCE = (
    "tokenizer*",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.*",
    "merges.txt",
    "spiece.model",
    "*.tiktoken",
    "chat_template.*",
    "generation_config.json",
    "LICENSE*",
    "NOTICE*",
)
_GENERATION = "generation_config.json"


def assemble(
    source: SourceModel, weights: Path, folder: Path, quantization: dict[str, Any], *, dtype: str | None
) -> None:
    """Fill `folder` with the weights, the source's tokenizer and licence, and a complete configuration.

    Args:
        source: the 16-bit model.
        weights: folder whose safetensors files are moved.
        folder: the checkpoint.
        quantization: `quantization_config` of the checkpoint.
        dtype: of the tensors that stayed in 16 bit; None when it is the source's.
    """
    for path in weights.glob("*.safetensors*"):
        share(path)  # safetensors makes them private, unlike the files beside them
        if path.suffix == ".safetensors":
            settle_header(path)
        path.replace(folder / path.name)
    beside = [path.name for pattern in _FROM_SOURCE for path in source.path.glob(pattern)]
    for name in (*beside, *source.code.files):
        path = source.path / name
        if path.is_file() and not is_pickled(name) and (path.suffix != ".py" or name in source.code.files):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, folder / name)
    _write(folder / "config.json", quantized_config(source.config(), quantization, dtype))
    if not (folder / _GENERATION).exists():
        _write(folder / _GENERATION, generation_config(source.config()))


def settle_header(path: Path) -> None:
    """Sort the metadata in a safetensors header, which its library writes in an order that differs between runs.

    The same weights give the same bytes then. The header keeps its length; spaces at its end are part of the format.
    """
    with path.open("r+b") as stream:
        length = int.from_bytes(stream.read(8), "little")
        header: dict[str, Any] = json.loads(stream.read(length))
        metadata = header.pop("__metadata__", None)
        if not metadata:
            return
        ordered = {"__metadata__": dict(sorted(metadata.items())), **header}
        text = json.dumps(ordered, separators=(",", ":"), ensure_ascii=False).encode()
        if len(text) <= length:
            stream.seek(8)
            stream.write(text.ljust(length))


def _write(path: Path, document: dict[str, Any]) -> None:
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
