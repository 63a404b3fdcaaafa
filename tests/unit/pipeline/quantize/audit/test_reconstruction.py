"""The comparison with the source: a right checkpoint passes, and every kind of damage is found."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.models.layers import LinearLayer
from pipeline.quantize.audit.packing import Packed, gemm_tensors
from pipeline.quantize.audit.reconstruction import Reconstruction, compare, sample
from pipeline.quantize.control import round_to_nearest

Arrays = dict[str, np.ndarray]
GROUP = 32
WIDTH = 64
QUANTIZED = ("self_attn.q_proj", "self_attn.v_proj", "self_attn.o_proj", "mlp.up_proj", "mlp.down_proj")
GEMM = {"quant_method": "awq", "bits": 4, "group_size": GROUP, "zero_point": True, "version": "gemm"}
Q = "model.layers.0.self_attn.q_proj"
V = "model.layers.0.self_attn.v_proj"
NORM = "model.layers.0.input_layernorm.weight"
ROUTER = "model.layers.0.mlp.gate.weight"


def source_arrays(layers: int = 2) -> Arrays:
    """Return a small model of random weights: norms, biases, a router and a head of its own."""
    random = np.random.default_rng(0)

    def matrix(out: int, into: int) -> np.ndarray:
        return random.standard_normal((out, into), np.float32) / np.float32(8)

    arrays = {"model.embed_tokens.weight": matrix(96, WIDTH), "lm_head.weight": matrix(96, WIDTH)}
    for number in range(layers):
        layer = f"model.layers.{number}"
        for norm in ("input_layernorm", "post_attention_layernorm"):
            arrays[f"{layer}.{norm}.weight"] = 1 + random.standard_normal(WIDTH, np.float32) / 8
        for name in ("q_proj", "v_proj", "o_proj"):
            arrays[f"{layer}.self_attn.{name}.weight"] = matrix(WIDTH, WIDTH)
        arrays[f"{layer}.self_attn.v_proj.bias"] = matrix(1, WIDTH)[0]
        arrays[f"{layer}.mlp.gate.weight"] = matrix(4, WIDTH)
        arrays[f"{layer}.mlp.up_proj.weight"] = matrix(128, WIDTH)
        arrays[f"{layer}.mlp.down_proj.weight"] = matrix(WIDTH, 128)
    return arrays


def scalings_of(layers: int = 2) -> tuple[list[dict[str, Any]], Arrays]:
    """Return scalings as a worker answers them, with their scales."""
    random = np.random.default_rng(1)
    scalings, scales = [], {}
    for number in range(layers):
        layer = f"model.layers.{number}"
        for previous, scaled, width in (
            ("input_layernorm", ("self_attn.q_proj", "self_attn.v_proj"), WIDTH),
            ("self_attn.v_proj", ("self_attn.o_proj",), WIDTH),
            ("post_attention_layernorm", ("mlp.up_proj", "mlp.gate"), WIDTH),
            ("mlp.up_proj", ("mlp.down_proj",), 128),
        ):
            scalings.append({"previous": f"{layer}.{previous}", "layers": [f"{layer}.{name}" for name in scaled]})
            scales[f"{layer}.{previous}"] = np.exp(random.standard_normal(width, np.float32) / 2)
    return scalings, scales


def scale(arrays: Arrays, *, norm_offset: float = 0.0) -> Arrays:
    """Return the model with its scalings applied, as AWQ does."""
    scalings, scales = scalings_of()
    scaled = dict(arrays)
    for scaling in scalings:
        previous, factors = scaling["previous"], scales[scaling["previous"]]
        for layer in scaling["layers"]:
            scaled[f"{layer}.weight"] = scaled[f"{layer}.weight"] * factors
        weight = scaled[f"{previous}.weight"]
        if weight.ndim == 1:
            scaled[f"{previous}.weight"] = (weight + np.float32(norm_offset)) / factors - np.float32(norm_offset)
        else:
            scaled[f"{previous}.weight"] = weight / factors[:, None]
        if f"{previous}.bias" in scaled:
            scaled[f"{previous}.bias"] = scaled[f"{previous}.bias"] / factors
    return scaled


def pack(arrays: Arrays) -> Arrays:
    """Return the model with its linear layers in GEMM format."""
    packed = {}
    for name, array in arrays.items():
        if name.removesuffix(".weight").endswith(QUANTIZED) and array.ndim == 2:
            packed |= gemm_tensors(name.removesuffix(".weight"), round_to_nearest(array, GROUP, zero_point=True))
        else:
            packed[name] = array
    return packed


def packed_of(arrays: Arrays, layer: str = Q) -> Packed:
    """Return a scaled layer of the model, rounded."""
    return round_to_nearest(scale(arrays)[f"{layer}.weight"], GROUP, zero_point=True)


class Pair:
    """A source and its checkpoint, to be damaged and compared."""

    def __init__(self, folder: Path, save: Callable) -> None:
        self.folder, self.save = folder, save
        self.source = source_arrays()
        self.checkpoint = pack(scale(self.source))
        self.scalings, self.scales = scalings_of()

    def compare(self, **changes: Any) -> Reconstruction:
        """Compare them, the source in FP32, the checkpoint in FP16."""
        settings = {"model_type": "llama", "zero_point": True, "clips": False} | changes
        return compare(
            self.save(self.folder / "source", self.source),
            self.save(self.folder / "checkpoint", self.checkpoint, "F16"),
            GEMM,
            self.scalings,
            self.scales,
            **settings,
        )


@pytest.fixture
def pair(tmp_path: Path, save: Callable) -> Pair:
    """Return an undamaged pair."""
    return Pair(tmp_path, save)


def test_a_right_checkpoint_passes(pair: Pair) -> None:
    """Scaled norms, biases, routers and layers that are scaled on both sides; all 4-bit layers are compared."""
    found = pair.compare()
    assert found.problems == ()
    assert set(found.layers) == {f"model.layers.{number}.{name}" for number in (0, 1) for name in QUANTIZED}
    assert all(0.05 < layer.relative_error < 0.6 * layer.error_bound for layer in found.layers.values())


def test_bfloat16_passes(tmp_path: Path, save: Callable) -> None:
    """Rounding to BF16 is no damage."""
    source = source_arrays()
    found = compare(
        save(tmp_path / "source", source, "BF16"),
        save(tmp_path / "checkpoint", pack(scale(source)), "BF16"),
        GEMM,
        *scalings_of(),
        model_type="llama",
        zero_point=True,
        clips=False,
    )
    assert found.problems == ()


def test_error_and_bound_by_hand(tmp_path: Path, save: Callable) -> None:
    """Weights 0, 15 and six times 3.25 in steps of 1: six errors of 0.25, where eight of 0.5 are allowed, times 1.1."""
    row = np.array([0, 15, 3.25, 3.25, 3.25, 3.25, 3.25, 3.25], np.float32)
    weights = np.tile(row, (8, 1))
    packed = gemm_tensors("x", round_to_nearest(weights, 8, zero_point=True))
    source, checkpoint = save(tmp_path / "a", {"x.weight": weights}), save(tmp_path / "b", packed)
    config = GEMM | {"group_size": 8}
    found = compare(source, checkpoint, config, [], {}, model_type="llama", zero_point=True, clips=False).layers["x"]
    norm = (15**2 + 6 * 3.25**2) ** 0.5
    assert found.relative_error == pytest.approx((6 * 0.25**2) ** 0.5 / norm)
    assert found.error_bound == pytest.approx(1.1 * (8 * 0.5**2) ** 0.5 / norm)


def swap_order(pair: Pair) -> None:
    """Pack in plain order what is read in AutoAWQ's."""
    packed = packed_of(pair.source)
    order = np.arange(WIDTH).reshape(-1, 8)[:, [0, 4, 1, 5, 2, 6, 3, 7]].ravel()
    pair.checkpoint |= gemm_tensors(Q, Packed(packed.codes[order], packed.scales, packed.zeros))


def permute_scales(pair: Pair) -> None:
    """Give each output its neighbour's scales."""
    pair.checkpoint[f"{Q}.scales"] = np.roll(pair.checkpoint[f"{Q}.scales"], 1, axis=1)


def double_a_scale(pair: Pair) -> None:
    """Double the scale of one group."""
    pair.checkpoint[f"{Q}.scales"][1, 5] *= 2


def halve_a_scale(pair: Pair) -> None:
    """Halve the scale of one group."""
    pair.checkpoint[f"{Q}.scales"][0, 7] /= 2


def shift_a_zero(pair: Pair) -> None:
    """Raise the zero point of one group by one."""
    packed = packed_of(pair.source)
    packed.zeros[3, 1] += 1
    pair.checkpoint |= gemm_tensors(Q, packed)


def shift_all_zeros(pair: Pair) -> None:
    """Store zero points less one, as GPTQ checkpoints do."""
    packed = packed_of(pair.source)
    pair.checkpoint |= gemm_tensors(Q, Packed(packed.codes, packed.scales, packed.zeros - 1))


def empty_a_layer(pair: Pair) -> None:
    """Store the zero point as every code."""
    packed = packed_of(pair.source)
    codes = np.repeat(packed.zeros, GROUP, axis=1)
    pair.checkpoint |= gemm_tensors(Q, Packed(codes, packed.scales, packed.zeros))


def empty_a_layer_with_large_scales(pair: Pair) -> None:
    """Store the zero point as every code, with scales for which that is the nearest."""
    packed = packed_of(pair.source)
    codes = np.repeat(packed.zeros, GROUP, axis=1)
    pair.checkpoint |= gemm_tensors(Q, Packed(codes, packed.scales * 1000, packed.zeros))


def make_a_scale_nan(pair: Pair) -> None:
    """Store one scale that is not a number."""
    pair.checkpoint[f"{Q}.scales"][0, 0] = np.nan


def use_unscaled_weights(pair: Pair) -> None:
    """Round a layer without its scaling."""
    pair.checkpoint |= gemm_tensors(Q, round_to_nearest(pair.source[f"{Q}.weight"], GROUP, zero_point=True))


def exchange_layers(pair: Pair) -> None:
    """Store a layer of the second decoder layer in the first."""
    for part in ("qweight", "qzeros", "scales"):
        pair.checkpoint[f"{Q}.{part}"] = pair.checkpoint[f"{Q.replace('.0.', '.1.')}.{part}"]


def leave_the_norm(pair: Pair) -> None:
    """Do not divide a norm."""
    pair.checkpoint[NORM] = pair.source[NORM]


def divide_the_norm_twice(pair: Pair) -> None:
    """Divide a norm once more."""
    pair.checkpoint[NORM] = pair.checkpoint[NORM] / pair.scales[NORM.removesuffix(".weight")]


def leave_the_bias(pair: Pair) -> None:
    """Do not divide a bias."""
    pair.checkpoint[f"{V}.bias"] = pair.source[f"{V}.bias"]


def leave_the_router(pair: Pair) -> None:
    """Do not multiply a router, although it reads the scaled norm."""
    pair.checkpoint[ROUTER] = pair.source[ROUTER]


def lose_a_tensor(pair: Pair) -> None:
    """Leave a bias out."""
    del pair.checkpoint[f"{V}.bias"]


def lose_the_zeros(pair: Pair) -> None:
    """Leave the zero points of a layer out."""
    del pair.checkpoint[f"{Q}.qzeros"]


def add_a_tensor(pair: Pair) -> None:
    """Store a layer in 16 bit beside its 4-bit tensors."""
    pair.checkpoint[f"{Q}.weight"] = pair.source[f"{Q}.weight"]


def flip_a_bit_of_the_embedding(pair: Pair) -> None:
    """Flip the sign of the largest value."""
    embedding = pair.checkpoint["model.embed_tokens.weight"].copy()
    embedding[np.unravel_index(np.abs(embedding).argmax(), embedding.shape)] *= -1
    pair.checkpoint["model.embed_tokens.weight"] = embedding


def make_the_norm_infinite(pair: Pair) -> None:
    """Store a value that FP16 cannot hold."""
    pair.checkpoint[NORM] = np.full(WIDTH, np.inf, np.float32)


def cut_the_head(pair: Pair) -> None:
    """Leave out the last row of the head."""
    pair.checkpoint["lm_head.weight"] = pair.checkpoint["lm_head.weight"][:-1]


def name_an_unknown_layer(pair: Pair) -> None:
    """Claim to have scaled a layer of another name."""
    pair.scalings[0]["layers"].append("model.layers.0.self_attn.k_proj")


def lose_the_scales(pair: Pair) -> None:
    """Leave the scales of a scaling out."""
    del pair.scales["model.layers.0.mlp.up_proj"]


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (swap_order, rf"{Q} differs from the source by 1\.\d+ of its norm"),
        (permute_scales, rf"{Q}: \d+ of 128 groups differ by more than 4 bit allows"),
        (double_a_scale, rf"{Q}: 1 of 128 groups differ by more than 4 bit allows"),
        (double_a_scale, rf"{Q}: \d+ of 4096 codes are not those"),
        (halve_a_scale, rf"{Q}: 1 of 128 groups differ by more than 4 bit allows"),
        (shift_a_zero, rf"{Q}: \d+ of 4096 codes are not those of the source's weights"),
        (shift_all_zeros, rf"{Q} differs from the source by 0\.\d+ of its norm"),
        (empty_a_layer, rf"{Q} differs from the source by 1 of its norm"),
        (empty_a_layer_with_large_scales, rf"{Q} differs from the source by 1 of its norm"),
        (make_a_scale_nan, f"{Q} has scales that are NaN or infinite"),
        (use_unscaled_weights, rf"{Q} differs from the source by 0\.\d+ of its norm"),
        (exchange_layers, rf"{Q} differs from the source by 1\.\d+ of its norm"),
        (leave_the_norm, f"{NORM} differs from what it should hold"),
        (divide_the_norm_twice, f"{NORM} differs from what it should hold"),
        (leave_the_bias, f"{V}.bias differs from what it should hold"),
        (leave_the_router, f"{ROUTER} differs from what it should hold"),
        (lose_a_tensor, f"{V}.bias of the source is missing"),
        (lose_the_zeros, f"{Q} lacks its tensor qzeros"),
        (add_a_tensor, f"{Q}.weight has no counterpart in the source"),
        (flip_a_bit_of_the_embedding, r"model.embed_tokens.weight differs .* in 1 values"),
        (make_the_norm_infinite, f"{NORM} holds NaN or infinite values"),
        (cut_the_head, r"lm_head.weight is F16 \[95, 64\], where the source has \[96, 64\]"),
        (name_an_unknown_layer, r"A scaling names model.layers.0.self_attn.k_proj, which has no weight"),
        (lose_the_scales, r"The scales of model.layers.0.mlp.up_proj are missing"),
    ],
)
def test_damage_is_found(pair: Pair, damage: Callable[[Pair], None], problem: str) -> None:
    """Whatever goes wrong with a tensor is said, with the tensor's name."""
    damage(pair)
    problems = pair.compare().problems
    assert any(re.match(problem, found) for found in problems), problems


@pytest.mark.parametrize("clips", [False, True])
@pytest.mark.parametrize("bit", [1, 2, 3])
@pytest.mark.parametrize("nibble", range(8))
def test_a_flipped_bit_is_found(pair: Pair, nibble: int, bit: int, clips: bool) -> None:  # noqa: FBT001 -- a parameter
    """The smallest damage that is always found: one code off by two. The lowest bit of a code may go unseen."""
    words = pair.checkpoint[f"{Q}.qweight"].view(np.uint32)
    words[nibble, nibble] ^= np.uint32(1 << (4 * nibble + bit))
    problems = pair.compare(clips=clips).problems
    assert any(f"{Q}: 1 of 4096 codes" in problem for problem in problems), problems


def test_clipping_needs_to_be_announced(tmp_path: Path, save: Callable) -> None:
    """Weights clipped to 0.6 of their group's largest pass where the backend clips, and only there."""
    random = np.random.default_rng(2)
    weights = np.clip(random.standard_normal((8, GROUP), np.float32), -1, 1)
    weights[:, 0] = 2
    clipped = round_to_nearest(np.clip(weights, -1.2, 1.2), GROUP, zero_point=True)
    source = save(tmp_path / "a", {"x.weight": weights})
    checkpoint = save(tmp_path / "b", gemm_tensors("x", clipped))
    found = [
        compare(source, checkpoint, GEMM, [], {}, model_type="llama", zero_point=True, clips=clips).problems
        for clips in (True, False)
    ]
    assert [len(problems) > 0 for problems in found] == [False, True]


def test_symmetric_steps_are_larger(tmp_path: Path, save: Callable) -> None:
    """Weights nearly all of one sign: symmetric rounding spends half of its codes on nothing, and may."""
    weights = np.random.default_rng(4).uniform(-0.1, 1, (8, GROUP)).astype(np.float32)
    rounded = gemm_tensors("x", round_to_nearest(weights, GROUP, zero_point=False))
    source, checkpoint = save(tmp_path / "a", {"x.weight": weights}), save(tmp_path / "b", rounded)
    found = [
        compare(source, checkpoint, GEMM, [], {}, model_type="llama", zero_point=zero_point, clips=False).problems
        for zero_point in (False, True)
    ]
    assert [len(problems) > 0 for problems in found] == [False, True]


@pytest.mark.parametrize(("divided", "passes"), [(1.0, True), (0.0, False)])
@pytest.mark.parametrize("model_type", ["gemma", "gemma2", "gemma3_text", "qwen3_next"])
def test_norms_that_add_one(
    pair: Pair,
    model_type: str,
    divided: float,
    passes: bool,  # noqa: FBT001 -- a parameter
) -> None:
    """Gemma multiplies by (1 + weight), so it is that sum that is divided; dividing the weight alone is found."""
    for name in list(pair.source):
        if "layernorm" in name:
            pair.source[name] = pair.source[name] - 1
    pair.checkpoint = pack(scale(pair.source, norm_offset=divided))
    problems = pair.compare(model_type=model_type).problems
    assert (problems == ()) == passes, problems
    assert passes or any(f"{NORM} differs from what it should hold" in problem for problem in problems)


def test_fused_layers_are_divided_in_their_last_rows(tmp_path: Path, save: Callable) -> None:
    """Of a fused qkv_proj and its bias only what belongs to v is divided."""
    random = np.random.default_rng(3)
    qkv, out = random.standard_normal((24, 8), np.float32), random.standard_normal((8, 8), np.float32)
    bias, factors = random.standard_normal(24, np.float32), np.linspace(0.5, 2, 8, dtype=np.float32)
    last = np.concatenate([np.ones(16, np.float32), factors])
    source = save(tmp_path / "a", {"qkv_proj.weight": qkv, "qkv_proj.bias": bias, "o_proj.weight": out})
    right = {"qkv_proj.weight": qkv / last[:, None], "qkv_proj.bias": bias / last, "o_proj.weight": out * factors}
    wrong = right | {"qkv_proj.bias": bias / np.roll(last, 8)}
    scalings, scales = [{"previous": "qkv_proj", "layers": ["o_proj"]}], {"qkv_proj": factors}
    found = [
        compare(
            source, save(tmp_path / "b", it), GEMM, scalings, scales, model_type="phi3", zero_point=True, clips=True
        )
        for it in (right, wrong)
    ]
    assert [len(each.problems) for each in found] == [0, 1]
    assert found[1].problems[0].startswith("qkv_proj.bias differs from what it should hold")


def tied(folder: Path, save: Callable, source: Arrays, checkpoint: Arrays) -> tuple[str, ...]:
    """Return the problems of a model that has nothing but an embedding, and perhaps a head."""
    names = {"embedding": "model.embed_tokens.weight", "head": "lm_head.weight"}
    sides = [
        save(folder / side, {names[key]: array for key, array in arrays.items()})
        for side, arrays in (("a", source), ("b", checkpoint))
    ]
    return compare(*sides, GEMM, [], {}, model_type="llama", zero_point=True, clips=True).problems


def test_tied_heads(tmp_path: Path, save: Callable) -> None:
    """A head that is the embedding may come or go; another one may not."""
    one, other = (np.full((4, 8), value, np.float32) for value in (1, 2))
    assert tied(tmp_path, save, {"embedding": one}, {"embedding": one, "head": one}) == ()
    assert tied(tmp_path, save, {"embedding": one, "head": one}, {"embedding": one}) == ()
    assert tied(tmp_path, save, {"embedding": one}, {"embedding": one, "head": other}) == (
        "lm_head.weight differs from what it should hold by 1 of its norm, in 32 values.",
    )
    assert tied(tmp_path, save, {"embedding": one, "head": other}, {"embedding": one}) == (
        "lm_head.weight of the source is missing.",
    )


def test_recomputed_buffers_may_be_missing(pair: Pair) -> None:
    """Old Llama checkpoints hold rotary frequencies that loaders compute."""
    pair.source["model.layers.0.self_attn.rotary_emb.inv_freq"] = np.ones(8, np.float32)
    assert pair.compare().problems == ()


def layers(blocks: int) -> dict[str, LinearLayer]:
    """Return layers of a million weights with a router."""
    names = [f"model.layers.{number}.{part}" for number in range(blocks) for part in ("q_proj", "up_proj", "gate")]
    return {name: LinearLayer(name, 1000, 1000) for name in names}


def test_sample_holds_each_kind_at_both_ends() -> None:
    """Without a budget: first and last decoder layer, and all routers."""
    chosen = sample(layers(12), 0)
    ends = {f"model.layers.{number}.{part}" for number in (0, 11) for part in ("q_proj", "up_proj")}
    assert chosen == ends | {f"model.layers.{number}.gate" for number in range(12)}


def test_sample_fills_the_budget_alike_each_time() -> None:
    """The ends and the routers are 16 layers of a million weights; 4 more fill 20 million."""
    chosen = sample(layers(12), 20_000_000)
    assert (len(chosen), chosen) == (20, sample(layers(12), 20_000_000))
    assert sample(layers(12), 10**9) == set(layers(12))


def test_layers_outside_the_sample_are_glanced_at(tmp_path: Path, save: Callable) -> None:
    """A layer that is not compared still may not hold NaN, nor be of another shape."""
    source = {
        f"model.layers.{number}.{part}_proj.weight": np.eye(8, 32, dtype=np.float32)
        for number in range(3)
        for part in "abc"
    }
    checkpoint: Arrays = {}
    for name, weights in source.items():
        checkpoint |= gemm_tensors(name.removesuffix(".weight"), round_to_nearest(weights, GROUP, zero_point=True))
    checkpoint["model.layers.1.a_proj.scales"][0, 0] = np.nan
    wide = round_to_nearest(np.eye(8, 64, dtype=np.float32), GROUP, zero_point=True)
    checkpoint |= gemm_tensors("model.layers.1.b_proj", wide)
    found = compare(
        save(tmp_path / "a", source),
        save(tmp_path / "b", checkpoint),
        GEMM,
        [],
        {},
        model_type="llama",
        zero_point=True,
        clips=False,
        budget=0,
    )
    assert sorted(found.layers) == [f"model.layers.{number}.{part}_proj" for number in (0, 2) for part in "abc"]
    assert found.problems == (
        "model.layers.1.a_proj has scales that are NaN or infinite.",
        "model.layers.1.b_proj is [8, 64], where the source has [8, 32].",
    )
