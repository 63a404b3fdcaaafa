"""The control: the source's weights rounded to nearest, without AWQ, in AutoAWQ's GEMM format.

The formula is AutoAWQ's own (`AwqQuantizer.pseudo_quantize_tensor`, 0.2.9), so that AWQ is the only difference; it is
computed in FP32 where AutoAWQ uses FP16, so a scale may differ in its last bit. Tensors are worked on one by one, so
that memory stays at a few times the largest linear layer.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.base.errors import ImpossiblePlanError, SourceError
from pipeline.models.layers import LinearLayer, linear_layers
from pipeline.models.tensors import Tensor, blocks
from pipeline.quantize.audit.packing import CODES_PER_WORD, MAX_CODE, MIDDLE, Packed, gemm_tensors
from pipeline.quantize.audit.reconstruction import SMALLEST_RANGE

SHARD_BYTES = 5 * 10**9
"""Largest file, as transformers writes them; a single layer may be larger."""
_CHUNK = 1 << 24
_ITEM_BYTES = {"I32": 4, "F16": 2}


@dataclass(frozen=True)
class _Entry:
    """A header entry of the control."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    bytes: int


@dataclass(frozen=True)
class _Piece:
    """One tensor of the source, and what it becomes."""

    tensor: Tensor
    group: int
    """Weights that share a scale; 0 where the tensor is copied."""
    entries: tuple[_Entry, ...]

    @property
    def bytes(self) -> int:
        return sum(entry.bytes for entry in self.entries)


def write_control(
    tensors: Mapping[str, Tensor],
    layers: Iterable[LinearLayer],
    folder: Path,
    *,
    group: int,
    zero_point: bool,
    shard_bytes: int = SHARD_BYTES,
) -> dict[str, Any]:
    """Write the rounded model into a folder and return the `quantization_config` for its `config.json`.

    Args:
        tensors: of the 16-bit source; what is not rounded is copied byte for byte.
        layers: the linear layers to round.
        folder: gets the safetensors files, with an index where there are several.
        group: weights of a row that share a scale; -1 for whole rows.
        zero_point: false for symmetric codes; the format then stores 8 as every zero point.
        shard_bytes: largest size of a file.

    Raises:
        ImpossiblePlanError: the format cannot hold a layer; names all that it cannot.
        SourceError: a file of the source became shorter.
    """
    chosen = {layer.name: layer for layer in layers}
    check_layers(chosen.values(), group)
    pieces = [_piece(tensor, chosen.get(name.removesuffix(".weight")), group) for name, tensor in tensors.items()]
    shards = _shards(pieces, shard_bytes)
    names = _file_names(len(shards))
    for name, shard in zip(names, shards, strict=True):
        _write_shard(folder / name, shard, zero_point=zero_point)
    if len(shards) > 1:
        _write_index(folder, dict(zip(names, shards, strict=True)))
    return {
        "quant_method": "awq",
        "bits": 4,
        "group_size": group,
        "zero_point": True,
        "version": "gemm",
        "modules_to_not_convert": sorted(linear_layers(tensors).keys() - chosen.keys()),
    }


def round_to_nearest(weights: NDArray[np.float32], group: int, *, zero_point: bool) -> Packed:
    """Return weights, [out, in], rounded to nearest in groups of `group`, with scales that FP16 can hold."""
    grouped = weights.reshape(weights.shape[0], -1, group)
    if zero_point:
        low = grouped.min(-1)
        scales = _half(np.maximum(grouped.max(-1) - low, SMALLEST_RANGE) / MAX_CODE)
        zeros = np.clip(-np.rint(low / scales), 0, MAX_CODE)
    else:
        scales = _half(np.maximum(np.abs(grouped).max(-1), SMALLEST_RANGE) / (MAX_CODE // 2))
        zeros = np.full_like(scales, MIDDLE)
    codes = np.clip(np.rint(grouped / scales[..., None]) + zeros[..., None], 0, MAX_CODE)
    return Packed(codes.astype(np.uint8).reshape(weights.shape), scales, zeros.astype(np.uint8))


def _half(values: NDArray[np.float32]) -> NDArray[np.float32]:
    return values.astype(np.float16).astype(np.float32)


def check_layers(layers: Iterable[LinearLayer], group: int) -> None:
    """Refuse linear layers that the control's format cannot hold; needs no weights, so it can be asked beforehand.

    Raises:
        ImpossiblePlanError: names all such layers.
    """
    unfit = [
        f"{layer.name} ({layer.out_features} x {layer.in_features})"
        for layer in layers
        if layer.out_features % CODES_PER_WORD or layer.in_features % (group if group > 0 else layer.in_features)
    ]
    if unfit:
        groups = f"groups of {group}" if group > 0 else "whole rows"
        raise ImpossiblePlanError(
            f"The round-to-nearest control needs outputs in eights and {groups}, which these layers (out x in) are not "
            f"made of: {', '.join(unfit)}. Add them to quantize.ignore or take `rtn` out of the arms."
        )


def _piece(tensor: Tensor, layer: LinearLayer | None, group: int) -> _Piece:
    if layer is None or not tensor.name.endswith(".weight"):
        return _Piece(tensor, 0, (_Entry(tensor.name, tensor.dtype, tensor.shape, tensor.bytes),))
    size = group if group > 0 else layer.in_features
    words, groups = layer.out_features // CODES_PER_WORD, layer.in_features // size
    parts = {
        "qweight": ("I32", (layer.in_features, words)),
        "qzeros": ("I32", (groups, words)),
        "scales": ("F16", (groups, layer.out_features)),
    }
    entries = (
        _Entry(f"{layer.name}.{part}", dtype, shape, prod(shape) * _ITEM_BYTES[dtype])
        for part, (dtype, shape) in parts.items()
    )
    return _Piece(tensor, size, tuple(entries))


def _shards(pieces: Iterable[_Piece], limit: int) -> list[list[_Piece]]:
    shards: list[list[_Piece]] = [[]]
    for piece in pieces:
        if shards[-1] and sum(other.bytes for other in shards[-1]) + piece.bytes > limit:
            shards.append([])
        shards[-1].append(piece)
    return shards


def _file_names(count: int) -> list[str]:
    if count == 1:
        return ["model.safetensors"]
    return [f"model-{number:05}-of-{count:05}.safetensors" for number in range(1, count + 1)]


def _write_index(folder: Path, shards: Mapping[str, Sequence[_Piece]]) -> None:
    entries = [(entry, name) for name, shard in shards.items() for piece in shard for entry in piece.entries]
    index = {
        "metadata": {"total_size": sum(entry.bytes for entry, _ in entries)},
        "weight_map": {entry.name: name for entry, name in entries},
    }
    (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=2) + "\n", encoding="utf-8")


def _write_shard(path: Path, pieces: Sequence[_Piece], *, zero_point: bool) -> None:
    """Write one safetensors file: the header's length, the header as JSON, the tensors one after another."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}  # transformers refuses files without it
    end = 0
    for entry in (entry for piece in pieces for entry in piece.entries):
        begin, end = end, end + entry.bytes
        header[entry.name] = {"dtype": entry.dtype, "shape": entry.shape, "data_offsets": [begin, end]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)  # the format aligns the data to eight bytes
    with path.open("wb") as stream:
        stream.write(len(text).to_bytes(8, "little") + text)
        for piece in pieces:
            for block in _rounded(piece, zero_point=zero_point) if piece.group else _copied(piece.tensor):
                stream.write(block)


def _rounded(piece: _Piece, *, zero_point: bool) -> Iterator[bytes]:
    parts = [round_to_nearest(block, piece.group, zero_point=zero_point) for block in blocks(piece.tensor)]
    packed = Packed(
        np.concatenate([part.codes for part in parts]),
        np.concatenate([part.scales for part in parts]),
        np.concatenate([part.zeros for part in parts]),
    )
    layer = piece.tensor.name.removesuffix(".weight")
    stored = gemm_tensors(layer, packed)
    for entry in piece.entries:
        yield stored[entry.name].tobytes()


def _copied(tensor: Tensor) -> Iterator[bytes]:
    left = tensor.bytes
    with tensor.file.open("rb") as stream:
        stream.seek(tensor.begin)
        while left:
            block = stream.read(min(left, _CHUNK))
            if not block:
                raise SourceError(f"{tensor.file} became shorter while it was read. Copy or download it again.")
            left -= len(block)
            yield block
