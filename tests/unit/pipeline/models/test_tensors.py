"""What quantization counts as the model."""

import json
import struct
from pathlib import Path

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
