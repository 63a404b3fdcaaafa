"""What quantization counts as the model."""

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.base.errors import SourceError
from pipeline.models.tensors import parameters, read_headers, weight_bytes
from pipeline.quantize.audit.packing import packed_size


def safetensors(path: Path, **shapes: tuple[int, ...]) -> None:
    """Write a safetensors file with empty 32-bit tensors of these shapes."""
    header, offset = {}, 0
    for name, shape in shapes.items():
        size = 4
        for length in shape:
            size *= length
        header[name.replace("__", ".")] = {"dtype": "I32", "shape": shape, "data_offsets": [offset, offset + size]}
        offset += size
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + bytes(offset))


def test_second_copy_of_the_weights_is_not_counted(tmp_path: Path) -> None:
    """`consolidated.safetensors` beside `model.safetensors` is the same model again."""
    safetensors(tmp_path / "model.safetensors", a=(10, 10))
    once = weight_bytes(tmp_path)
    safetensors(tmp_path / "consolidated.safetensors", a=(10, 10))
    assert (parameters(tmp_path), weight_bytes(tmp_path)) == (100, once)


def test_index_names_the_shards(tmp_path: Path) -> None:
    """With an index, exactly its files are the model."""
    for name in ("model-1.safetensors", "model-2.safetensors", "extra.safetensors"):
        safetensors(tmp_path / name, **{name[:7].replace("-", "_"): (5,)})
    index = {"weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors"}}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    assert parameters(tmp_path) == 10


def test_packed_weights_are_eight_to_an_integer(tmp_path: Path) -> None:
    """A 128 x 8 layer: 128 integers hold 1024 weights; scales and zero points count as held bytes."""
    safetensors(tmp_path / "model.safetensors", x__qweight=(128, 1), x__qzeros=(1, 1), x__scales=(1, 8), norm=(8,))
    assert packed_size(read_headers(tmp_path)) == (1024, 4 * (128 + 1 + 8))


Header = dict[str, dict[str, Any]]


@pytest.mark.parametrize(
    ("spoil", "tail"),
    [
        (lambda header: header["a"].update(shape=[5, 2]), b""),
        (lambda header: header["a"].update(dtype="F64"), b""),
        (lambda header: header["a"].update(shape=["5"]), b""),
        (lambda header: header["a"].update(shape=[-5]), b""),
        (lambda header: header["a"].update(dtype=None), b""),
        (lambda header: header["b"].update(data_offsets=[0, 20]), b""),
        (lambda header: header["a"].update(data_offsets=[20, 0]), b""),
        (lambda header: header["a"].update(data_offsets=[-20, 0]), b""),
        (lambda header: header.pop("a"), b""),
        (lambda _: None, b"more"),
    ],
    ids=("shape", "dtype", "text", "below zero", "no dtype", "overlap", "backwards", "before", "hole", "tail"),
)
def test_a_header_that_does_not_fit_its_file(tmp_path: Path, spoil: Callable[[Header], object], tail: bytes) -> None:
    """The library of the backends refuses it too, hours later or with the blame on somebody else."""
    path = tmp_path / "model.safetensors"
    safetensors(path, a=(5,), b=(5,))
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    spoil(header)
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data[8 + length :] + tail)
    with pytest.raises(SourceError, match=r"model\.safetensors"):
        read_headers(tmp_path)
