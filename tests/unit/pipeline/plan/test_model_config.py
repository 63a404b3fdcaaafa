"""From configurations to architectures, against parameter counts of model cards."""

from typing import Any

import pytest

from pipeline.base.errors import SourceError
from pipeline.catalogue.gpus import find_gpu
from pipeline.catalogue.models import ModelEntry, models
from pipeline.plan.architecture import Attention, LatentAttention, LinearAttention
from pipeline.plan.matrices import active_parameters, parameters
from pipeline.plan.model_config import architecture_of
from pipeline.plan.plan import plan_of
from pipeline.plan.settings import Settings

COUNTED = [entry for entry in models().values() if entry.parameters]
LLAMA: dict[str, Any] = {
    "model_type": "llama",
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "vocab_size": 100,
    "tie_word_embeddings": False,
}


@pytest.mark.parametrize("entry", COUNTED, ids=lambda entry: entry.name)
def test_parameters_are_those_of_the_card(entry: ModelEntry) -> None:
    """To the last one, for 50 dense, MoE, MLA and multi-query models."""
    assert parameters(entry.architecture) == entry.parameters


@pytest.mark.parametrize(
    ("model", "billions"),
    [
        ("Qwen/Qwen3-30B-A3B", 3.0),
        ("openai/gpt-oss-120b", 5.1),
        ("deepseek-ai/DeepSeek-V3", 37),
        ("Qwen/Qwen3-8B", 7.6),
    ],
)
def test_active_parameters(model: str, billions: float) -> None:
    """What a token is multiplied with, as the cards have it (embeddings left out), within 6 %."""
    assert active_parameters(models()[model].architecture) / 1e9 == pytest.approx(billions, rel=0.06)


@pytest.mark.parametrize(
    ("model", "full", "other"),
    [
        ("google/gemma-3-27b-it", 10, 52),
        ("openai/gpt-oss-20b", 12, 12),
        ("google/gemma-2-9b", 21, 21),
        ("LGAI-EXAONE/EXAONE-4.0-32B", 16, 48),
        ("Qwen/Qwen3-Next-80B-A3B", 12, 36),
        ("mistralai/Mistral-7B-v0.1", 0, 32),
    ],
)
def test_kinds_of_layers(model: str, full: int, other: int) -> None:
    """Full attention, and windows or linear attention."""
    counts = [0, 0]
    for layer, number in models()[model].architecture.layers:
        counts[isinstance(layer.attention, LinearAttention) or bool(getattr(layer.attention, "window", None))] += number
    assert counts == [full, other]


def test_layer_types_decide_where_they_are_given() -> None:
    """A list in the configuration comes before the pattern of the type."""
    config = {**LLAMA, "sliding_window": 8, "layer_types": ["sliding_attention", "full_attention"] * 2}
    kinds = {
        layer.attention.window: n
        for layer, n in architecture_of(config).layers
        if isinstance(layer.attention, Attention)
    }
    assert kinds == {8: 2, None: 2}


@pytest.mark.parametrize("missing", ["hidden_size", "num_hidden_layers", "vocab_size", "num_attention_heads"])
def test_a_missing_key_is_named(missing: str) -> None:
    """What cannot be planned without is asked for by name."""
    with pytest.raises(SourceError, match=missing):
        architecture_of({key: value for key, value in LLAMA.items() if key != missing})


@pytest.mark.parametrize(
    "wrong",
    [
        {"hidden_size": 1e400},
        {"hidden_size": -1},
        {"hidden_size": 10**30},
        {"hidden_size": 2},
        {"num_attention_heads": 0},
        {"num_key_value_heads": 0},
        {"head_dim": 0},
        {"num_hidden_layers": 10**18},
        {"num_hidden_layers": True},
        {"text_config": 3},
        {"text_config": [1]},
        {"quantization_config": 3},
        {"vision_config": "x"},
        {"sliding_window_pattern": "x", "sliding_window": 1, "num_experts_per_tok": "x", "num_experts": 2},
    ],
    ids=str,
)
def test_values_that_no_model_has(wrong: dict[str, Any]) -> None:
    """A configuration is a stranger's text: whatever stands in it ends with a sentence, and soon."""
    with pytest.raises(SourceError, match="nothing can be planned from it"):
        architecture_of(LLAMA | wrong)


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"quant_method": "awq"}, "awq"),
        ({"quant_method": "bitsandbytes"}, "bnb4"),
        ({"quant_method": "compressed-tensors", "config_groups": {"g": {"weights": {"num_bits": 4}}}}, "gptq"),
        ({"quant_method": "compressed-tensors", "config_groups": {"g": {"weights": {"type": "float"}}}}, "fp8"),
        ({"quant_method": "compressed-tensors", "config_groups": {"g": {"weights": {"num_bits": 8}}}}, "int8"),
    ],
)
def test_published_quantization(settings: dict[str, Any], name: str) -> None:
    """What a checkpoint is quantized with already."""
    assert architecture_of({**LLAMA, "quantization_config": settings}).published == name


def test_latent_attention_and_encoders_are_seen() -> None:
    """DeepSeek's MLA; an encoder by its configuration, with its parameters where they follow from that."""
    layer, _ = models()["deepseek-ai/DeepSeek-V3"].architecture.layers[0]
    assert isinstance(layer.attention, LatentAttention)
    gemma = models()["google/gemma-3-27b-it"].architecture
    assert gemma.encoder == "image"
    assert parameters(gemma) + gemma.encoder_parameters == pytest.approx(27_432_406_640, rel=0.0005)
    assert architecture_of({**LLAMA, "audio_config": {"x": 1}}).encoder_parameters == 0
    assert architecture_of({**LLAMA, "torch_dtype": "float32"}).element_bytes == 4


@pytest.mark.parametrize(
    "wrong",
    [
        {"num_hidden_layers": "four"},
        {"num_hidden_layers": 10**12},
        {"num_hidden_layers": -1},
        {"num_attention_heads": 0},
        {"hidden_size": float("nan")},
        {"vocab_size": 1e99},
        {"vocab_size": [1]},
        {"quantization_config": "awq"},
        {"text_config": [1]},
        {"vision_config": "yes"},
    ],
    ids=str,
)
def test_values_that_no_model_has_are_refused(wrong: dict[str, Any]) -> None:
    """A strange configuration ends with a sentence at once, never with a traceback or a loop."""
    with pytest.raises(SourceError, match="nothing can be planned from it"):
        architecture_of({**LLAMA, **wrong})


@pytest.mark.parametrize(
    ("config", "encoder"),
    [
        ({"model_type": "llava", "text_config": LLAMA, "vision_config": {"hidden_size": 1024}}, "image"),
        ({"model_type": "internvl_chat", "llm_config": LLAMA, "vision_config": {"hidden_size": 1024}}, "image"),
        ({"model_type": "deepseek_vl_v2", "language_config": LLAMA, "vision_config": {"width": 1024}}, "image"),
        (
            {
                "model_type": "qwen3_omni_moe",
                "thinker_config": {"text_config": LLAMA, "vision_config": {"depth": 27}, "audio_config": {"n": 1}},
            },
            "image and audio",
        ),
        ({"model_type": "qwen2_audio", "text_config": LLAMA, "audio_config": {"d_model": 1280}}, "audio"),
        ({**LLAMA, "model_type": "qwen", "visual": {"layers": 48}}, "image"),
        ({**LLAMA, "model_type": "phi3_v", "img_processor": {"name": "clip"}}, "image"),
        ({**LLAMA, "model_type": "phi4mm", "embd_layer": {"x": 1}, "audio_processor": {"x": 1}}, "image and audio"),
        ({**LLAMA, "model_type": "ovis", "visual_tokenizer_config": {"x": 1}}, "image"),
        ({**LLAMA, "model_type": "chameleon", "vq_config": {"x": 1}}, "image"),
        (LLAMA, None),
    ],
    ids=lambda value: value.get("model_type", "") if isinstance(value, dict) else str(value),
)
def test_every_family_with_an_encoder_is_seen(config: dict[str, Any], encoder: str | None) -> None:
    """Wherever its configuration keeps the encoder and the language model; what is not modelled is then said."""
    found = architecture_of(config)
    assert found.encoder == encoder
    assert found.layer_count == architecture_of(LLAMA).layer_count
    notes = plan_of(found, find_gpu("h100").planned(), Settings(max_model_len=1024)).notes
    assert any("not modelled" in note for note in notes) == (encoder is not None)
    assert any("weights are not counted" in note for note in notes) == (
        encoder is not None and not found.encoder_parameters
    )


def test_an_encoder_with_a_decoder_is_refused() -> None:
    """Whisper and T5 are no decoder-only models."""
    with pytest.raises(SourceError, match="decoder-only"):
        architecture_of({**LLAMA, "is_encoder_decoder": True})
