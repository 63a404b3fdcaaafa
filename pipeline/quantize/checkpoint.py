"""Assembles the AWQ checkpoint: the source's own files around AutoAWQ's weights."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from pipeline.errors import SourceError
from pipeline.quantize.translate import quantized_config
from pipeline.sources import SourceModel, weight_files

_FROM_SOURCE = (
    "tokenizer*",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.*",
    "merges.txt",
    "chat_template.*",
    "generation_config.json",
    "LICENSE*",
    "NOTICE*",
)
_PACKED_SUFFIXES = (".qweight", ".qzeros", ".scales")
_DTYPE = "float16"
"""AutoAWQ computes and stores scales in FP16, whatever the source."""


@dataclass(frozen=True)
class Tensor:
    """One entry of a safetensors header."""

    name: str
    shape: tuple[int, ...]
    bytes: int


def tensors(folder: Path) -> Iterator[Tensor]:
    """Yield the tensors of the model in a folder, from the safetensors headers alone.

    The header is a little-endian 64-bit length and that many bytes of JSON (safetensors format).
    """
    for path in weight_files(folder):
        with path.open("rb") as stream:
            length = int.from_bytes(stream.read(8), "little")
            if length > path.stat().st_size:
                raise SourceError(f"{path} is not a whole safetensors file. Copy or download it again.")
            header: dict[str, Any] = json.loads(stream.read(length))
        for name, entry in header.items():
            if name != "__metadata__":
                begin, end = entry["data_offsets"]
                yield Tensor(name, tuple(entry["shape"]), end - begin)


def parameters(folder: Path) -> int:
    """Return the number of parameters stored in a folder; tied weights are stored once."""
    return sum(prod(tensor.shape) for tensor in tensors(folder))


def weight_bytes(folder: Path) -> int:
    """Return the size of the safetensors files that hold the model in a folder."""
    return sum(path.stat().st_size for path in weight_files(folder))


def packed_size(folder: Path) -> tuple[int, int]:
    """Return (quantized weights, bytes that hold them with scales and zero points) of an AWQ checkpoint.

    `qweight` packs eight 4-bit weights into one 32-bit integer (AWQ GEMM layout).
    """
    weights = held = 0
    for tensor in tensors(folder):
        if tensor.name.endswith(_PACKED_SUFFIXES):
            held += tensor.bytes
        if tensor.name.endswith(".qweight"):
            weights += prod(tensor.shape) * 8
    return weights, held


def assemble(source: SourceModel, weights: Path, folder: Path, quantization: dict[str, Any]) -> None:
    """Fill `folder` with the weights, the source's tokenizer and licence, and a complete configuration."""
    for path in weights.glob("*.safetensors*"):
        path.chmod(0o644)  # safetensors makes them private, unlike the files beside them
        path.replace(folder / path.name)
    for pattern in _FROM_SOURCE:
        for path in source.path.glob(pattern):
            if path.is_file():
                shutil.copyfile(path, folder / path.name)
    config = quantized_config(source.config(), quantization, _DTYPE)
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
