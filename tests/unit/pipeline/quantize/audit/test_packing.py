"""4-bit formats, against tensors that AutoAWQ and compressed-tensors wrote."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.base.errors import SourceError
from pipeline.quantize.audit.packing import Layout, Packed, gemm_tensors, is_packed, layout, packed_size, read_packed

GEMM = {"quant_method": "awq", "bits": 4, "group_size": 2, "zero_point": True, "version": "gemm"}

# Written by WQLinear_GEMM.from_linear of AutoAWQ 0.2.9 (torch 2.13.0) for a layer of 4 inputs and 32 outputs in groups
# of two; the weights are what awq.utils.packing_utils.dequantize_gemm made of them, times 64.
GEMM_TENSORS = {
    "qweight": [
        *(-700217188, 960429603, -504350105, 1610183758, -2021974977, -371218640, 658796428, 72021091),
        *(-1755096491, -1086373757, -1181386686, 322230341, 1317507360, 540045589, 161853712, 1523277564),
    ],
    "qzeros": [
        *(570479193, 705131165, -1859931214, 817497009, -1608567581, -1616528400, -1561402306, -433692540),
    ],
    # Of each output, in units of 1/64: first group, then second.
    "scales": [
        *(2, 4, 4, 4, 16, 1, 16, 8, 1, 1, 4, 4, 8, 2, 8, 1, 2, 1, 2, 2, 4, 4, 8, 4, 1, 1, 1, 8, 4, 1, 16, 8),
        *(1, 16, 4, 16, 8, 2, 8, 16, 4, 2, 8, 16, 8, 1, 8, 1, 8, 8, 2, 4, 4, 8, 2, 8, 1, 8, 1, 2, 4, 1, 16, 8),
    ],
}
GEMM_WEIGHTS = [
    *([6, 12, 2, -3], [12, 44, -192, -128], [16, -8, -36, -48], [16, 28, 80, 112], [96, 160, 48, -24], [4, 5, 14, 28]),
    *([-80, -192, 16, 48], [88, 48, -16, -96], [-10, -13, 12, 20], [7, 8, 20, -10], [-28, -24, -56, -112]),
    *([12, 52, -112, -112], [96, 40, -88, -80], [-2, -2, 0, -15], [64, 24, -56, -32], [1, 12, 2, -7]),
    *([10, 20, -96, -112], [-3, 1, -72, -72], [-10, -6, 2, -4], [26, 4, -20, -16], [28, 48, 16, -12], [0, 24, 56, 56]),
    *([-64, -40, -14, -6], [20, -28, 8, -80], [13, 2, 1, 8], [-1, 0, -16, 40], [-7, -5, -4, 7], [32, -56, 2, 20]),
    *([4, 4, 32, 56], [15, 4, -3, 4], [112, 240, 112, -16], [16, -24, -104, -72]),
]


def gemm() -> dict[str, np.ndarray]:
    """Return AutoAWQ's tensors of a layer `x`."""
    return {
        "x.qweight": np.array(GEMM_TENSORS["qweight"], np.int32).reshape(4, 4),
        "x.qzeros": np.array(GEMM_TENSORS["qzeros"], np.int32).reshape(2, 4),
        "x.scales": (np.array(GEMM_TENSORS["scales"]).reshape(2, 32) / 64).astype(np.float16),
    }


def pack_quantized(strategy: str, group_size: int | None, *, symmetric: bool) -> dict[str, Any]:
    """Return a quantization_config as llm-compressor writes it."""
    weights = {"num_bits": 4, "type": "int", "symmetric": symmetric, "strategy": strategy, "group_size": group_size}
    scheme = {"targets": ["Linear"], "weights": weights, "format": "pack-quantized"}
    return {
        "quant_method": "compressed-tensors",
        "format": "pack-quantized",
        "config_groups": {"group_0": scheme},
        "ignore": ["lm_head"],
    }


def test_gemm_as_autoawq_writes_it(tmp_path: Path, save: Callable) -> None:
    """Order of the codes, zero points and scales are AutoAWQ's own."""
    packed = read_packed(save(tmp_path, gemm()), "x", GEMM)
    assert (packed.dequantize() * 64).tolist() == GEMM_WEIGHTS


def test_gemm_is_written_as_autoawq_writes_it(tmp_path: Path, save: Callable) -> None:
    """Reading and writing again gives the same bits."""
    written = gemm_tensors("x", read_packed(save(tmp_path, gemm()), "x", GEMM))
    assert {name: array.tolist() for name, array in written.items()} == {
        name: array.tolist() for name, array in gemm().items()
    }


def test_gemm_round_trip_of_whole_rows(tmp_path: Path, save: Callable) -> None:
    """Any codes survive, with one group per row."""
    random = np.random.default_rng(0)
    packed = Packed(
        codes=random.integers(0, 16, (16, 6), dtype=np.uint8),
        scales=random.integers(1, 9, (16, 1)).astype(np.float32),
        zeros=random.integers(0, 16, (16, 1), dtype=np.uint8),
    )
    found = read_packed(save(tmp_path, gemm_tensors("x", packed)), "x", GEMM | {"group_size": -1})
    assert (found.codes.tolist(), found.scales.tolist(), found.zeros.tolist()) == (
        packed.codes.tolist(),
        packed.scales.tolist(),
        packed.zeros.tolist(),
    )


def test_pack_quantized_per_channel_is_padded(tmp_path: Path, save: Callable) -> None:
    """12 inputs and 5 outputs fill no whole words; written by compressed-tensors 0.17.1, which pads both."""
    tensors = {
        "x.weight_packed": np.array(
            [[1537182901, 4111], [1117179260, 16990], [1122880203, 6519], [2040357095, 38623], [1032330241, 35247]],
            np.int32,
        ),
        "x.weight_scale": np.array([[8], [2], [4], [4], [8]], np.float32) / 64,
        "x.weight_zero_point": np.array([[353150]], np.int32),
        "x.weight_shape": np.array([5, 12]),
    }
    packed = read_packed(save(tmp_path, tensors), "x", pack_quantized("channel", None, symmetric=False))
    assert (packed.dequantize() * 64).tolist() == [
        [-72, -24, -16, -48, 8, -40, -24, -72, 8, -112, -112, -104],
        [10, 0, 12, 10, -2, 4, -10, -6, 14, -4, -10, -6],
        [32, 36, 28, 36, 40, 44, -4, 4, 16, 16, 24, -8],
        [4, 32, -24, 0, 28, 12, 12, 4, 36, 28, 0, 12],
        [-32, -40, 56, -32, 24, 24, 64, -16, 80, 40, 32, 24],
    ]


def symmetric() -> dict[str, np.ndarray]:
    """Return a symmetric layer as compressed-tensors 0.17.1 writes it: 16 inputs in groups of eight."""
    words = [[1023716529, 798232361], [963156599, -1783310361], [-140375965, -356288129]]
    return {
        "x.weight_packed": np.array(words, np.int32),
        "x.weight_scale": np.array([[8, 1], [4, 2], [16, 4]], np.float32) / 64,
        "x.weight_shape": np.array([3, 16]),
    }


def test_pack_quantized_symmetric_has_no_zero_points(tmp_path: Path, save: Callable) -> None:
    """The codes are stored with 8 added, and nothing says so but the scheme."""
    packed = read_packed(save(tmp_path, symmetric()), "x", pack_quantized("group", 8, symmetric=True))
    assert (packed.dequantize() * 64).tolist() == [
        [-56, 24, 32, 16, -32, -64, 40, -40, 1, -6, 7, -8, -4, 1, 7, -6],
        [-4, -4, 8, 4, 0, -8, 4, -20, -2, 12, -2, 10, -8, 6, -6, 2],
        [-80, -32, 0, -128, -96, 32, -16, 112, 28, -4, 4, -4, -20, 16, 8, 24],
    ]


def test_zero_points_of_a_symmetric_layer_are_refused(tmp_path: Path, save: Callable) -> None:
    """Nobody would read them."""
    tensors = save(tmp_path, symmetric() | {"x.weight_zero_point": np.zeros((1, 2), np.int32)})
    with pytest.raises(SourceError, match="x holds weight_zero_point, which its scheme does not have"):
        read_packed(tensors, "x", pack_quantized("group", 8, symmetric=True))


@pytest.mark.parametrize("part", ["qzeros", "scales"])
def test_missing_part(tmp_path: Path, save: Callable, part: str) -> None:
    """A layer without one of its parts is not read."""
    tensors = {name: array for name, array in gemm().items() if name != f"x.{part}"}
    with pytest.raises(SourceError, match=f"x lacks its tensor {part}"):
        read_packed(save(tmp_path, tensors), "x", GEMM)


def test_parts_that_do_not_belong_together(tmp_path: Path, save: Callable) -> None:
    """Scales for another group size than the configuration's."""
    with pytest.raises(SourceError, match=r"x.qzeros is I32 \[2, 4\], where I32 \[1, 4\] belongs"):
        read_packed(save(tmp_path, gemm()), "x", GEMM | {"group_size": 4})


def test_group_size_that_does_not_divide_the_rows(tmp_path: Path, save: Callable) -> None:
    """4 inputs are no groups of 3."""
    with pytest.raises(SourceError, match="x has rows of 4 weights, no multiple of the group size 3"):
        read_packed(save(tmp_path, gemm()), "x", GEMM | {"group_size": 3})


@pytest.mark.parametrize(
    "config",
    [
        GEMM | {"version": "gemv"},
        GEMM | {"bits": 8},
        {"quant_method": "gptq", "bits": 4},
        pack_quantized("tensor", None, symmetric=True),
        pack_quantized("group", 8, symmetric=True) | {"format": "int-quantized"},
    ],
)
def test_other_formats_are_refused(config: dict[str, Any]) -> None:
    """Codes of another format would be read as other weights."""
    with pytest.raises(SourceError, match=r"neither AutoAWQ's GEMM nor pack-quantized integers of 4 bit"):
        layout(config)


def test_layouts() -> None:
    """Format, group size and whether zero points are stored."""
    assert layout(GEMM) == Layout("awq-gemm", 2, has_zeros=True)
    assert layout(pack_quantized("group", 64, symmetric=False)) == Layout("pack-quantized", 64, has_zeros=True)
    assert layout(pack_quantized("channel", None, symmetric=True)) == Layout("pack-quantized", -1, has_zeros=False)


def test_size_counts_scales_and_zero_points(tmp_path: Path, save: Callable) -> None:
    """128 weights of GEMM in 64 bytes, zero points 32, scales 128; 48 symmetric ones in 24, scales 24, shape 16."""
    plain = {"norm.weight": np.ones(4, np.float32), "y.scales": np.ones(4, np.float32)}
    both = gemm() | {name.replace("x", "z"): array for name, array in symmetric().items()} | plain
    assert packed_size(save(tmp_path, both)) == (128 + 48, 64 + 32 + 128 + 24 + 24 + 16)


def test_what_is_packed(tmp_path: Path, save: Callable) -> None:
    """Both formats are recognised by their codes."""
    tensors = save(tmp_path, gemm() | {"y.weight": np.ones((8, 8), np.float32)})
    assert [is_packed(tensors, layer) for layer in ("x", "y", "z")] == [True, False, False]
