"""4-bit weights as the two checkpoint formats hold them: AutoAWQ's GEMM and compressed-tensors' `pack-quantized`.

Both put eight codes of four bits into one 32-bit integer. GEMM packs along the output columns of the transposed weight,
in the order of `_GEMM_ORDER`; `pack-quantized` packs along the input, lowest bits first, and its zero points along the
output. Sources: `awq/utils/packing_utils.py` of AutoAWQ 0.2.9, `compressors/pack_quantized` of compressed-tensors
0.17.1.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from pipeline.base.commands import command
from pipeline.base.errors import SourceError
from pipeline.models.tensors import FLOATS, Tensor

CODES_PER_WORD = 8
MAX_CODE = 15
MIDDLE = 8
"""Zero point of symmetric weights: the codes 0..15 stand for -8..7."""
_GEMM_ORDER = (0, 2, 4, 6, 1, 3, 5, 7)
"""The i-th four bits of a word, lowest first, hold this one of its eight columns."""
_PLAIN_ORDER = tuple(range(CODES_PER_WORD))
_GEMM = ("qweight", "qzeros", "scales")
_PACK_QUANTIZED = ("weight_packed", "weight_scale", "weight_zero_point", "weight_shape", "weight_g_idx")


@dataclass(frozen=True, eq=False)
class Packed:
    """The 4-bit weights of one linear layer, unpacked: weight = (code - zero) * scale."""

    codes: NDArray[np.uint8]
    """0..15, [out, in]."""
    scales: NDArray[np.float32]
    """[out, groups]."""
    zeros: NDArray[np.uint8]
    """0..15, [out, groups]; 8 everywhere when symmetric."""

    def rows(self, first: int, last: int) -> "Packed":
        """Return the output rows from `first` up to, not including, `last`."""
        return Packed(self.codes[first:last], self.scales[first:last], self.zeros[first:last])

    def dequantize(self) -> NDArray[np.float32]:
        """Return the weights, [out, in]."""
        rows, groups = self.scales.shape
        steps = self.codes.reshape(rows, groups, -1).astype(np.float32) - self.zeros[..., None]
        weights: NDArray[np.float32] = (steps * self.scales[..., None]).reshape(self.codes.shape)
        return weights


@dataclass(frozen=True)
class Layout:
    """What a `quantization_config` says about the stored weights."""

    format: Literal["awq-gemm", "pack-quantized"]
    group: int
    """-1: one group per row."""
    has_zeros: bool
    """Zero points are stored beside the scales."""

    def groups(self, layer: str, in_features: int) -> int:
        """Return the number of groups of a row.

        Raises:
            SourceError: the group size does not divide the row.
        """
        group = in_features if self.group == -1 else self.group
        if not in_features or in_features % group:
            raise SourceError(
                f"{layer} has rows of {in_features} weights, no multiple of the group size {group}. "
                f"Make the checkpoint again."
            )
        return in_features // group


def layout(quantization: Mapping[str, Any]) -> Layout:
    """Return the layout that a checkpoint's `quantization_config` announces.

    Raises:
        SourceError: it is neither AutoAWQ's GEMM nor 4-bit integers in `pack-quantized`.
    """
    method = quantization.get("quant_method")
    if method == "awq" and (quantization.get("bits"), str(quantization.get("version")).lower()) == (4, "gemm"):
        return Layout("awq-gemm", quantization["group_size"], has_zeros=True)
    schemes = list(quantization.get("config_groups", {}).values())
    if method == "compressed-tensors" and quantization.get("format") == "pack-quantized" and len(schemes) == 1:
        weights = schemes[0].get("weights") or {}
        kind = weights.get("num_bits"), weights.get("type"), weights.get("strategy")
        if kind in ((4, "int", "group"), (4, "int", "channel")):
            group = weights["group_size"] if weights["strategy"] == "group" else -1
            return Layout("pack-quantized", group, has_zeros=not weights.get("symmetric", True))
    raise SourceError(
        f"The quantization_config ({method}) is neither AutoAWQ's GEMM nor pack-quantized integers of 4 bit. "
        f"Make the checkpoint with `{command('quantize')}`."
    )


def is_packed(tensors: Mapping[str, Tensor], layer: str) -> bool:
    """Return whether a checkpoint holds this linear layer in 4 bit."""
    return f"{layer}.qweight" in tensors or f"{layer}.weight_packed" in tensors


def packed_names(tensors: Mapping[str, Tensor], layer: str) -> tuple[str, ...]:
    """Return the names of the tensors that hold a 4-bit layer, its bias left out."""
    parts = _GEMM if f"{layer}.qweight" in tensors else _PACK_QUANTIZED
    return tuple(name for part in parts if (name := f"{layer}.{part}") in tensors)


def packed_size(tensors: Mapping[str, Tensor]) -> tuple[int, int]:
    """Return (4-bit weights, bytes that hold them with scales and zero points) of a checkpoint."""
    layers = [name.rpartition(".")[0] for name in tensors if name.endswith((".qweight", ".weight_packed"))]
    parts = [tensors[name] for layer in layers for name in packed_names(tensors, layer)]
    weights = sum(part.parameters * CODES_PER_WORD for part in parts if part.name.endswith(".qweight"))
    # Rows of pack-quantized are padded to whole words; what they hold stands in the shape.
    weights += sum(int(part.read().prod()) for part in parts if part.name.endswith(".weight_shape"))
    return weights, sum(part.bytes for part in parts)


def packed_shape(tensors: Mapping[str, Tensor], layer: str, quantization: Mapping[str, Any]) -> tuple[int, int]:
    """Return (out, in) of a 4-bit layer, from the headers (and the stored shape, two numbers).

    Raises:
        SourceError: a part is missing, or the parts do not belong together.
    """
    stored = layout(quantization)
    if stored.format == "awq-gemm":
        in_features, words = _part(tensors, layer, "qweight").shape
        out_features, groups = words * CODES_PER_WORD, stored.groups(layer, in_features)
        _expect(tensors, layer, "qweight", (in_features, words), ("I32",))
        _expect(tensors, layer, "qzeros", (groups, words), ("I32",))
        _expect(tensors, layer, "scales", (groups, out_features), FLOATS)
        return out_features, in_features
    out_features, in_features = (int(length) for length in _part(tensors, layer, "weight_shape").read())
    groups = stored.groups(layer, in_features)
    _expect(tensors, layer, "weight_packed", (out_features, -(-in_features // CODES_PER_WORD)), ("I32",))
    _expect(tensors, layer, "weight_scale", (out_features, groups), FLOATS)
    if stored.has_zeros:
        _expect(tensors, layer, "weight_zero_point", (-(-out_features // CODES_PER_WORD), groups), ("I32",))
    surplus = [part for part in ("weight_g_idx", *_surplus_zeros(stored)) if f"{layer}.{part}" in tensors]
    if surplus:
        raise SourceError(f"{layer} holds {surplus[0]}, which its scheme does not have. Make the checkpoint again.")
    return out_features, in_features


def read_packed(tensors: Mapping[str, Tensor], layer: str, quantization: Mapping[str, Any]) -> Packed:
    """Return a 4-bit layer of a checkpoint, unpacked.

    Raises:
        SourceError: as `packed_shape`.
    """
    out_features, in_features = packed_shape(tensors, layer, quantization)
    if layout(quantization).format == "awq-gemm":
        codes, zeros = (_unpack(_part(tensors, layer, part).read(), _GEMM_ORDER).T for part in ("qweight", "qzeros"))
        scales = _part(tensors, layer, "scales").read().T
    else:
        # Rows are padded to whole words; the padding is cut off.
        codes = _unpack(_part(tensors, layer, "weight_packed").read(), _PLAIN_ORDER)[:, :in_features]
        scales = _part(tensors, layer, "weight_scale").read()
        zeros = np.full(scales.shape, MIDDLE, np.uint8)
        if layout(quantization).has_zeros:
            words = _part(tensors, layer, "weight_zero_point").read()
            zeros = _unpack(words.T, _PLAIN_ORDER).T[:out_features]
    return Packed(np.ascontiguousarray(codes), np.ascontiguousarray(scales), np.ascontiguousarray(zeros))


def gemm_tensors(layer: str, packed: Packed) -> dict[str, NDArray[Any]]:
    """Return the tensors that hold a layer in AutoAWQ's GEMM format; `out` must be a multiple of 8."""
    return {
        f"{layer}.qweight": _pack(packed.codes.T, _GEMM_ORDER),
        f"{layer}.qzeros": _pack(packed.zeros.T, _GEMM_ORDER),
        f"{layer}.scales": np.ascontiguousarray(packed.scales.T).astype("<f2"),
    }


def _unpack(words: NDArray[Any], order: tuple[int, ...]) -> NDArray[np.uint8]:
    """Return the codes of packed words, [rows, words] -> [rows, 8 x words]."""
    quarters = np.ascontiguousarray(words).view(np.uint8).reshape(*words.shape, CODES_PER_WORD // 2)
    codes = np.empty((*words.shape, CODES_PER_WORD), np.uint8)
    for low, high, quarter in zip(order[::2], order[1::2], np.moveaxis(quarters, -1, 0), strict=True):
        codes[..., low] = quarter & MAX_CODE
        codes[..., high] = quarter >> 4
    return codes.reshape(words.shape[0], -1)


def _pack(codes: NDArray[np.uint8], order: tuple[int, ...]) -> NDArray[np.int32]:
    """Return packed words of codes, [rows, 8 x words] -> [rows, words]."""
    eights = codes.reshape(codes.shape[0], -1, CODES_PER_WORD)
    quarters = [eights[..., low] | eights[..., high] << 4 for low, high in zip(order[::2], order[1::2], strict=True)]
    words: NDArray[np.int32] = np.stack(quarters, axis=-1).view("<i4")[..., 0]
    return words


def _surplus_zeros(stored: Layout) -> tuple[str, ...]:
    return () if stored.has_zeros else ("weight_zero_point",)


def _part(tensors: Mapping[str, Tensor], layer: str, part: str) -> Tensor:
    found = tensors.get(f"{layer}.{part}")
    if found is None:
        raise SourceError(f"{layer} lacks its tensor {part}. Make the checkpoint again.")
    return found


def _expect(
    tensors: Mapping[str, Tensor], layer: str, part: str, shape: tuple[int, ...], dtypes: tuple[str, ...]
) -> None:
    found = _part(tensors, layer, part)
    if found.shape != shape or found.dtype not in dtypes:
        raise SourceError(
            f"{layer}.{part} is {found.dtype} {list(found.shape)}, where {' or '.join(dtypes)} {list(shape)} belongs. "
            f"Make the checkpoint again."
        )
