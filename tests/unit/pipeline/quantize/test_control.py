"""The round-to-nearest control: AutoAWQ's formula, AutoAWQ's format, nothing else touched."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pipeline.base.errors import ImpossiblePlanError
from pipeline.models.layers import linear_layers
from pipeline.models.tensors import read_headers
from pipeline.quantize.audit.packing import read_packed
from pipeline.quantize.audit.reconstruction import compare
from pipeline.quantize.control import round_to_nearest, write_control

GROUP = 32
BIG = "model.layers.0.mlp.up_proj"


def arrays() -> dict[str, np.ndarray]:
    """Return a small model: two linear layers, one of more than a block, a norm, a bias, an embedding and a head."""
    random = np.random.default_rng(0)
    return {
        "model.embed_tokens.weight": random.standard_normal((40, 64), np.float32),
        "model.layers.0.input_layernorm.weight": random.standard_normal(64, np.float32),
        "model.layers.0.self_attn.q_proj.weight": random.standard_normal((16, 64), np.float32),
        "model.layers.0.self_attn.q_proj.bias": random.standard_normal(16, np.float32),
        f"{BIG}.weight": random.standard_normal((20_000, 64), np.float32),
        "lm_head.weight": random.standard_normal((40, 64), np.float32),
    }


def reference(weights: np.ndarray, group: int, *, zero_point: bool) -> np.ndarray:
    """Return weights after AutoAWQ's pseudo_quantize_tensor, group by group, scales in FP16."""
    rounded = np.empty_like(weights)
    for row in range(weights.shape[0]):
        for first in range(0, weights.shape[1], group):
            part = weights[row, first : first + group]
            if zero_point:
                scale = np.float32(np.float16((part.max() - part.min()) / 15))
                zero = np.clip(-np.round(part.min() / scale), 0, 15)
                codes = np.clip(np.round(part / scale) + zero, 0, 15)
            else:
                scale, zero = np.float32(np.float16(np.abs(part).max() / 7)), 0
                codes = np.clip(np.round(part / scale), -8, 7)
            rounded[row, first : first + group] = (codes - zero) * scale
    return rounded


@pytest.mark.parametrize("zero_point", [True, False])
@pytest.mark.parametrize("group", [GROUP, -1])
def test_control_is_rounded_to_nearest(tmp_path: Path, save: Callable, group: int, zero_point: bool) -> None:  # noqa: FBT001 -- a parameter
    """Dequantized, it is the source rounded by the formula, and it passes the comparison with the source."""
    source = save(tmp_path / "source", arrays(), "BF16")
    chosen = [layer for name, layer in linear_layers(source).items() if name != "lm_head"]
    folder = tmp_path / "control"
    folder.mkdir()
    config = write_control(source, chosen, folder, group=group, zero_point=zero_point)
    control = read_headers(folder)
    for layer in chosen:
        weights = source[f"{layer.name}.weight"].read()[:200]
        expected = reference(weights, group if group > 0 else 64, zero_point=zero_point)
        np.testing.assert_array_equal(read_packed(control, layer.name, config).dequantize()[:200], expected)
    found = compare(source, control, config, [], {}, model_type="llama", zero_point=zero_point, clips=False)
    assert (found.problems, set(found.layers)) == ((), {layer.name for layer in chosen})


# What AwqQuantizer.pseudo_quantize_tensor of AutoAWQ 0.2.9 made of the weights (times 64) in FP16, in groups of four.
AUTOAWQ_SOURCE = [[-20, -17, 53, 0, 3, 59, 3, 39], [-55, 19, -43, 50, -28, 23, 6, 24]]
AUTOAWQ_ROUNDED = {
    True: [
        [-0.30419921875, -0.2281494140625, 0.83642578125, 0, 0.058319091796875, 0.875, 0.058319091796875, 0.5830078125],
        [-0.875, 0.328125, -0.65625, 0.765625, -0.433349609375, 0.379150390625, 0.10833740234375, 0.379150390625],
    ],
    False: [
        [-0.35498046875, -0.236572265625, 0.828125, 0, 0, 0.921875, 0, 0.65869140625],
        [-0.859375, 0.2454833984375, -0.61376953125, 0.736328125, -0.4375, 0.375, 0.125, 0.375],
    ],
}


@pytest.mark.parametrize("zero_point", [True, False])
def test_rounding_is_autoawqs(zero_point: bool) -> None:  # noqa: FBT001 -- a parameter
    """The same codes as AutoAWQ's; its scales are computed in FP16 and may differ in the last of ten bits."""
    weights = np.array(AUTOAWQ_SOURCE, np.float32) / 64
    found = round_to_nearest(weights, 4, zero_point=zero_point).dequantize()
    np.testing.assert_allclose(found, AUTOAWQ_ROUNDED[zero_point], rtol=2e-3)


def test_the_rest_is_copied_byte_for_byte(tmp_path: Path, save: Callable) -> None:
    """Norms, biases, embeddings and layers left alone keep their dtype and their bits."""
    source = save(tmp_path, arrays(), "BF16")
    folder = tmp_path / "control"
    folder.mkdir()
    config = write_control(source, [linear_layers(source)[BIG]], folder, group=GROUP, zero_point=True)
    control = read_headers(folder)
    kept = [name for name in source if name != f"{BIG}.weight"]
    for name in kept:
        assert (control[name].dtype, control[name].shape) == ("BF16", source[name].shape)
        np.testing.assert_array_equal(control[name].read(), source[name].read())
    assert sorted(control) == sorted([*kept, f"{BIG}.qweight", f"{BIG}.qzeros", f"{BIG}.scales"])
    assert config == {
        "quant_method": "awq",
        "bits": 4,
        "group_size": GROUP,
        "zero_point": True,
        "version": "gemm",
        "modules_to_not_convert": ["lm_head", "model.layers.0.self_attn.q_proj"],
    }


def test_shards_and_their_index(tmp_path: Path, save: Callable) -> None:
    """Files stay under the limit unless one layer alone is larger; the index names all tensors and their size."""
    source = save(tmp_path, arrays(), "BF16")
    chosen = linear_layers(source)
    folder = tmp_path / "control"
    folder.mkdir()
    write_control(source, chosen.values(), folder, group=GROUP, zero_point=True, shard_bytes=5000)
    index = json.loads((folder / "model.safetensors.index.json").read_text())
    files = sorted(path.name for path in folder.glob("*.safetensors"))
    assert files == [f"model-{number:05}-of-00004.safetensors" for number in (1, 2, 3, 4)]
    control = read_headers(folder)
    assert {name: tensor.file.name for name, tensor in control.items()} == index["weight_map"]
    assert sum(tensor.bytes for tensor in control.values()) == index["metadata"]["total_size"]
    assert [name for name, file in index["weight_map"].items() if file == files[2]] == [
        f"{BIG}.qweight",
        f"{BIG}.qzeros",
        f"{BIG}.scales",
    ]


def test_safetensors_reads_the_control(tmp_path: Path, save: Callable) -> None:
    """The files are valid to the format's own library."""
    safetensors = pytest.importorskip("safetensors.numpy", reason="the safetensors library is not installed")
    source = save(tmp_path, arrays(), "F16")
    folder = tmp_path / "control"
    folder.mkdir()
    write_control(source, [linear_layers(source)[BIG]], folder, group=GROUP, zero_point=True)
    found = safetensors.load_file(folder / "model.safetensors")
    expected = {name: tensor.read() for name, tensor in read_headers(folder).items()}
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        np.testing.assert_array_equal(found[name], values)


def test_layers_that_do_not_fit_are_named(tmp_path: Path, save: Callable) -> None:
    """12 outputs are no whole words, 48 inputs no groups of 32; nothing is written."""
    shapes = {"a": (12, 64), "b": (16, 48), "c": (16, 64)}
    source = save(tmp_path, {f"{name}.weight": np.ones(shape, np.float32) for name, shape in shapes.items()})
    folder = tmp_path / "control"
    folder.mkdir()
    with pytest.raises(ImpossiblePlanError, match=r"of: a \(12 x 64\), b \(16 x 48\)\. Add them to quantize\.ignore"):
        write_control(source, linear_layers(source).values(), folder, group=GROUP, zero_point=True)
    assert list(folder.iterdir()) == []


def test_weights_that_are_all_zero() -> None:
    """A group without any weight stays zero."""
    for zero_point in (True, False):
        packed = round_to_nearest(np.zeros((8, 32), np.float32), GROUP, zero_point=zero_point)
        assert not packed.dequantize().any()
