"""The parts of a checkpoint that awqctl itself writes."""

from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from pipeline.models.tensors import read_file
from pipeline.quantize.checkpoint import settle_header


def test_equal_weights_give_equal_bytes(tmp_path: Path) -> None:
    """The library writes metadata in the order of a random hash; settled, twenty files are one and the same."""
    weights = {"b": np.arange(6, dtype=np.float32).reshape(2, 3), "a": np.ones(2, dtype=np.float16)}
    metadata = {f"key{number}": str(number) for number in range(8)}
    contents = set()
    for number in range(20):
        path = tmp_path / f"{number}.safetensors"
        save_file(weights, path, metadata=metadata)
        settle_header(path)
        contents.add(path.read_bytes())
    assert len(contents) == 1
    assert np.array_equal(read_file(tmp_path / "0.safetensors")["b"].read(), weights["b"])


def test_file_without_metadata_is_left_alone(tmp_path: Path) -> None:
    """Nothing is written where there is nothing to sort."""
    path = tmp_path / "model.safetensors"
    save_file({"a": np.ones(2, dtype=np.float32)}, path)
    before = path.read_bytes()
    settle_header(path)
    assert path.read_bytes() == before
