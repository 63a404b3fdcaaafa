"""What a quantization takes: against files that the backends wrote, published sizes, and sums made by hand."""

from pathlib import Path

import pytest

from pipeline.models.headers import ModelHeaders
from pipeline.models.tensors import Tensor
from pipeline.quantize import prediction
from pipeline.quantize.backends import AUTOAWQ, LLM_COMPRESSOR, Backend, quantized_layers
from pipeline.quantize.prediction import (
    PROCESS_BYTES,
    checkpoint_bytes,
    clip_macs,
    memory_parts,
    predict,
    sampled,
    search_macs,
    seconds,
    work_of,
)
from pipeline.recipe.quantize import Quantize


def llama(
    hidden: int = 256, inner: int = 512, layers: int = 2, vocabulary: int = 4096, keys: int = 128, dtype: str = "BF16"
) -> ModelHeaders:
    """Return the headers of a Llama with an output head of its own."""
    shapes = {"model.embed_tokens": (vocabulary, hidden), "lm_head": (vocabulary, hidden), "model.norm": (hidden,)}
    for number in range(layers):
        shapes |= {
            f"model.layers.{number}.{name}": shape
            for name, shape in {
                "input_layernorm": (hidden,),
                "self_attn.q_proj": (hidden, hidden),
                "self_attn.k_proj": (keys, hidden),
                "self_attn.v_proj": (keys, hidden),
                "self_attn.o_proj": (hidden, hidden),
                "post_attention_layernorm": (hidden,),
                "mlp.gate_proj": (inner, hidden),
                "mlp.up_proj": (inner, hidden),
                "mlp.down_proj": (hidden, inner),
            }.items()
        }
    return model(shapes, dtype, hidden_size=hidden, vocab_size=vocabulary)


def model(shapes: dict[str, tuple[int, ...]], dtype: str = "BF16", **config: object) -> ModelHeaders:
    """Return a model with these weights."""
    size = 4 if dtype == "F32" else 2
    tensors = {}
    for name, shape in shapes.items():
        tensor = Tensor(f"{name}.weight", dtype, shape, Path("x"), 0, 0)
        tensors[tensor.name] = Tensor(tensor.name, dtype, shape, Path("x"), 0, size * tensor.parameters)
    return ModelHeaders("mine", "mit", {"model_type": "llama", **config}, tensors)


def settings(blocks: int = 16, block_tokens: int = 128, **keys: object) -> Quantize:
    """Return settings of a recipe."""
    calibration = {"source": "x", "blocks": blocks, "block_tokens": block_tokens}
    return Quantize.model_validate({"calibration": calibration, "group_size": 64, **keys})


def size(backend: Backend, headers: ModelHeaders, asked: Quantize) -> int:
    """Return the predicted bytes of the checkpoint."""
    return checkpoint_bytes(backend, headers.tensors, quantized_layers(backend, headers, asked), asked)


@pytest.mark.parametrize(("backend", "written"), [(AUTOAWQ, 4_832_768), (LLM_COMPRESSOR, 4_832_992)])
def test_checkpoint_as_the_backends_wrote_it(backend: Backend, written: int) -> None:
    """The tensors that AutoAWQ 0.2.9 and llm-compressor 0.12.0.2 wrote for this very model, groups of 64."""
    assert size(backend, llama(), settings()) == written


def test_checkpoint_of_llama_2_7b() -> None:
    """3.89 GB in groups of 128: 6.48e9 weights at 4 bit, FP16 scales and 4-bit zeros per group, the rest FP16."""
    linear = 32 * (4 * 4096 * 4096 + 3 * 4096 * 11008)
    rest = 2 * 32000 * 4096 + 65 * 4096
    expected = linear // 2 + linear // 128 * 2 + linear // 128 // 2 + 2 * rest
    headers = llama(hidden=4096, inner=11008, layers=32, vocabulary=32000, keys=4096)
    assert size(AUTOAWQ, headers, settings(group_size=128)) == expected == 3_889_307_648


def test_symmetric_whole_rows_hold_one_scale_and_no_zeros() -> None:
    """One 8 x 20 layer: each row fills three 32-bit integers, the last one up; then a scale, then the shape."""
    headers = model({"model.layers.0.mlp.down_proj": (8, 20)})
    asked = settings(group_size="channel", zero_point=False)
    assert size(LLM_COMPRESSOR, headers, asked) == 8 * 3 * 4 + 8 * 2 + 16


def test_a_source_in_32_bit() -> None:
    """AutoAWQ writes FP16 whatever it reads; llm-compressor keeps the source's type, scales included."""
    headers = llama(dtype="F32")
    assert size(AUTOAWQ, headers, settings()) == 4_832_768
    assert size(LLM_COMPRESSOR, headers, settings()) > size(LLM_COMPRESSOR, llama(), settings())


def test_the_control_needs_space_of_its_own() -> None:
    """The control is as large as the checkpoint."""
    alone = predict(AUTOAWQ, llama(), settings(), 16, "cpu", 2)
    both = predict(AUTOAWQ, llama(), settings(), 16, "cpu", 2, controlled=True)
    assert both.disk_bytes - alone.disk_bytes == alone.checkpoint_bytes


@pytest.mark.parametrize(("tokens", "expected"), [(100, 100), (1000, 1000), (1024, 512), (1600, 534), (8192, 512)])
def test_sample_of_the_clipping(tokens: int, expected: int) -> None:
    """`input_feat[:, ::step]` with step = tokens // 512, at least 1: 1600 tokens in steps of 3 are 534."""
    assert sampled(tokens) == expected == len(range(0, tokens, max(1, tokens // 512)))


def test_memory_of_autoawq() -> None:
    """2048 tokens: hidden states twice, four inputs of a layer, and a product of 256 x 2048/4 x 512 in FP16."""
    work = work_of(AUTOAWQ, llama(), settings(), 16, "cpu")
    expected = {
        "process": PROCESS_BYTES["autoawq", "cpu"],
        "weights": 2 * llama().parameters,
        "hidden states": 2 * 2048 * 256 * 2,
        "inputs of one decoder layer": 2048 * (256 + 256 + 256 + 512) * 2,
        "search": 256 * 512 * 512 * 2,
    }
    assert memory_parts(work) == expected


def test_memory_of_llm_compressor() -> None:
    """Two outputs and a copy of the MLP in BF16, a forward pass of one block, and the largest layer thrice in FP32."""
    work = work_of(LLM_COMPRESSOR, llama(), settings(), 16, "cpu")
    assert memory_parts(work)["search"] == (
        2 * 2048 * 256 * 2 + 3 * 256 * 512 * 2 + 128 * 4 * 512 * 2 + 3 * 256 * 512 * 4
    )


def test_fewer_blocks_at_once_need_less_memory() -> None:
    """`n_parallel_calib_samples` is what a user can turn; here the forward pass through a wide layer dominates."""
    headers = llama(inner=8192)
    everything = work_of(AUTOAWQ, headers, settings(blocks=512), 512, "cpu")
    one = work_of(AUTOAWQ, headers, settings(blocks=512, n_parallel_calib_samples=1), 512, "cpu")
    assert memory_parts(one)["search"] < memory_parts(everything)["search"]


def test_memory_on_a_gpu_is_one_layer_not_the_model() -> None:
    """Twice the layers need no more GPU memory, but more system memory."""
    small, large = (predict(AUTOAWQ, llama(layers=layers), settings(), 16, "cuda", 2) for layers in (2, 4))
    assert small.gpu_memory_bytes == large.gpu_memory_bytes
    assert small.memory_bytes < large.memory_bytes


def test_work_of_the_search() -> None:
    """One layer of four widths: every layer in 1 + 22 passes (AutoAWQ), the one after a linear layer in 22 more."""
    headers = llama(layers=1)
    down, others = 256 * 512, 2 * 256 * 256 + 2 * 128 * 256 + 2 * 512 * 256
    work = work_of(AUTOAWQ, headers, settings(), 16, "cpu")
    assert search_macs(work, headers.blocks.values()) == 2048 * (23 * others + 45 * down)
    clipped = 256 * 256 + 128 * 256 + 2 * 512 * 256 + down
    layers = quantized_layers(AUTOAWQ, headers, settings()).values()
    assert clip_macs(work, layers) == 11 * 512 * clipped


def test_experts_share_the_tokens() -> None:
    """Two of eight experts per token: an expert does a quarter of the work of a layer that sees all."""
    shapes = {f"model.layers.0.mlp.experts.{number}.up_proj": (64, 64) for number in range(8)}
    headers = model(shapes, hidden_size=64, vocab_size=100, num_experts=8, num_experts_per_tok=2)
    work = work_of(AUTOAWQ, headers, settings(), 16, "cpu")
    assert search_macs(work, headers.blocks.values()) == 2048 * 23 * 64 * 64 * 8 / 4


def test_time_is_predicted_only_where_it_was_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """3 core seconds per 10^12 of the search and the clipping; two cores."""
    monkeypatch.setattr(prediction, "CORE_SECONDS_PER_TERA_MAC", {"autoawq": 3.0, "llm-compressor": None})
    assert seconds(AUTOAWQ, 4e12, 1e12, 2) == 7.5
    assert seconds(LLM_COMPRESSOR, 4e12, 0.0, 2) is None
    assert predict(AUTOAWQ, llama(), settings(), 16, "cuda", 2).seconds is None
