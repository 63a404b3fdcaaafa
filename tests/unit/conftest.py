"""Safetensors files for the tests of the quantize stage."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.quantize.tensors import Tensor, read_headers

DTYPES = {"float16": "F16", "int32": "I32", "int64": "I64", "float32": "F32"}
Save = Callable[..., dict[str, Tensor]]


@pytest.fixture
def save() -> Save:
    """Return a function that writes arrays as `model.safetensors` and returns its headers."""
    return _save


def _save(folder: Path, arrays: Mapping[str, NDArray[Any]], floats: str = "F32") -> dict[str, Tensor]:
    """Write arrays into a folder, FP32 ones in the dtype `floats`: `F32`, `F16` or `BF16`."""
    folder.mkdir(parents=True, exist_ok=True)
    header: dict[str, Any] = {}
    data = b""
    for name, array in arrays.items():
        dtype = floats if array.dtype == np.float32 else DTYPES[array.dtype.name]
        raw = _bfloat16(array) if dtype == "BF16" else array.astype("<f2" if dtype == "F16" else array.dtype)
        header[name] = {"dtype": dtype, "shape": array.shape, "data_offsets": [len(data), len(data) + raw.nbytes]}
        data += raw.tobytes()
    text = json.dumps(header).encode()
    (folder / "model.safetensors").write_bytes(len(text).to_bytes(8, "little") + text + data)
    return read_headers(folder)


def _bfloat16(array: NDArray[np.float32]) -> NDArray[np.uint16]:
    """Return the upper halves of FP32 numbers, rounded to nearest, ties to even."""
    bits = array.astype("<f4").view("<u4")
    return ((bits + 0x7FFF + (bits >> 16 & 1)) >> 16).astype("<u2")
