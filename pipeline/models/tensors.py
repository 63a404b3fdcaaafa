"""Reads safetensors files without torch: headers first, single tensors on demand.

A file starts with a little-endian 64-bit length and that many bytes of JSON (safetensors format).
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.base.errors import SourceError
from pipeline.models import weight_files

_DTYPES = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "U64": "<u8",
    "U32": "<u4",
    "U16": "<u2",
    "I64": "<i8",
    "I32": "<i4",
    "I16": "<i2",
    "I8": "i1",
    "U8": "u1",
    "BOOL": "?",
}
FLOATS = ("F64", "F32", "F16", "BF16")
_BLOCK = 1 << 20
"""Values worked on in one go, so that memory stays small and the processor's caches are used."""


@dataclass(frozen=True)
class Tensor:
    """One entry of a safetensors header."""

    name: str
    dtype: str
    """As safetensors writes it: `BF16`, `F16`, `I32`."""
    shape: tuple[int, ...]
    file: Path
    begin: int
    """First byte in the file."""
    bytes: int

    @property
    def parameters(self) -> int:
        """Return the number of elements."""
        return prod(self.shape)

    def read(self) -> NDArray[Any]:
        """Return the values: FP32 for floating-point tensors, else as stored. BF16 is the upper half of an FP32."""
        with self.file.open("rb") as stream:
            stream.seek(self.begin)
            raw = stream.read(self.bytes)
        if self.dtype == "BF16":
            wide = np.frombuffer(raw, dtype="<u2").astype("<u4") << 16
            return wide.view("<f4").reshape(self.shape)
        values = np.frombuffer(raw, dtype=_DTYPES[self.dtype]).reshape(self.shape)
        return values.astype(np.float32) if self.dtype in FLOATS else values


def read_headers(folder: Path) -> dict[str, Tensor]:
    """Return the tensors of the model in a folder by name, from the headers alone.

    Raises:
        SourceError: a file is cut off or is not a safetensors file, or two hold a tensor of the same name and other
            values.
    """
    found: dict[str, Tensor] = {}
    for path in weight_files(folder):
        for tensor in _tensors(path):
            first = found.setdefault(tensor.name, tensor)
            if first is not tensor and not equal(first, tensor):
                raise SourceError(
                    f"{tensor.name} stands in {first.file.name} and in {path.name} with other values, so libraries "
                    f"would differ about it. Copy or download the model again."
                )
    return found


def read_file(path: Path) -> dict[str, Tensor]:
    """Return the tensors of one safetensors file by name.

    Raises:
        SourceError: it is cut off or is not a safetensors file.
    """
    return {tensor.name: tensor for tensor in _tensors(path)}


def _tensors(path: Path) -> Iterator[Tensor]:
    try:
        size = path.stat().st_size
        with path.open("rb") as stream:
            length = int.from_bytes(stream.read(8), "little")
            header: dict[str, Any] = json.loads(stream.read(length)) if length <= size else {}
        entries = [
            Tensor(name, str(entry["dtype"]), _whole(entry["shape"]), path, 8 + length + begin, end - begin)
            for name, entry in header.items()
            if name != "__metadata__"
            for begin, end in [_whole(entry["data_offsets"])]
        ]
        if not all(
            isinstance(n, int) and n >= 0 for entry in entries for n in (*entry.shape, entry.begin, entry.bytes)
        ):
            raise ValueError  # noqa: TRY301 -- told below, as everything that no such file has
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as problem:
        raise SourceError(f"{path} cannot be read as a safetensors file. Copy or download it again.") from problem
    odd = sorted({entry.dtype for entry in entries} - _DTYPES.keys() - {"BF16"})
    if odd:
        raise SourceError(f"{path} holds {', '.join(odd)} tensors. Give the original checkpoint in 16 or 32 bit.")
    misfit = "it holds no tensors" if not entries else next(_misfits(entries, 8 + length, size), "")
    if misfit:
        raise SourceError(f"{path} is not a whole safetensors file: {misfit}. Copy or download it again.")
    yield from entries


def _whole(numbers: list[Any]) -> tuple[int, ...]:
    """Return sizes or offsets.

    Raises:
        ValueError: one is no number, or below zero.
    """
    if not all(isinstance(number, int) and number >= 0 for number in numbers):
        raise ValueError(f"{numbers} are no sizes")
    return tuple(numbers)


def _misfits(entries: list[Tensor], begin: int, size: int) -> Iterator[str]:
    """Yield where tensors have not the bytes of their shape, or do not fill the file one after the other.

    The library that the backends read with refuses such files too, later.
    """
    for entry in sorted(entries, key=lambda entry: (entry.begin, entry.bytes)):
        width = 2 if entry.dtype == "BF16" else np.dtype(_DTYPES[entry.dtype]).itemsize
        if entry.bytes != entry.parameters * width:
            yield f"{entry.name} has {entry.bytes} bytes, and its shape takes {entry.parameters * width}"
        if entry.begin != begin:
            yield f"{entry.name} does not begin where the tensor before it ends"
        begin = entry.begin + entry.bytes
    if begin != size:
        yield f"its tensors end at byte {begin}, and it has {size}"


def rows(tensor: Tensor, first: int, last: int) -> Tensor:
    """Return a tensor that reads only the rows from `first` up to, not including, `last`; single numbers are whole."""
    if not tensor.shape:
        return tensor
    length = tensor.bytes // tensor.shape[0]
    shape = (last - first, *tensor.shape[1:])
    return replace(tensor, shape=shape, begin=tensor.begin + first * length, bytes=(last - first) * length)


def spans(tensor: Tensor) -> Iterator[tuple[int, int]]:
    """Yield (first, last) of the blocks of rows that a tensor is worked on by."""
    length, step = (*tensor.shape, 1)[0], max(1, _BLOCK // max(1, prod(tensor.shape[1:])))
    for first in range(0, length, step):
        yield first, min(first + step, length)


def blocks(tensor: Tensor) -> Iterator[NDArray[Any]]:
    """Yield the values of a tensor by blocks of rows."""
    for first, last in spans(tensor):
        yield rows(tensor, first, last).read()


def equal(one: Tensor, other: Tensor) -> bool:
    """Return whether two tensors hold the same values; reading ends at the first difference."""
    if one.shape != other.shape:
        return False
    parts = zip(blocks(one), blocks(other), strict=True)
    return all(np.array_equal(left, right, equal_nan=True) for left, right in parts)


def parameters(folder: Path) -> int:
    """Return the number of parameters stored in a folder; tied weights are stored once."""
    return sum(tensor.parameters for tensor in read_headers(folder).values())


def weight_bytes(folder: Path) -> int:
    """Return the size of the safetensors files that hold the model in a folder."""
    return sum(path.stat().st_size for path in weight_files(folder))
