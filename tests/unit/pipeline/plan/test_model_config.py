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
        {"num_hidden_layers": 0.5},
        {"vocab_size": 100.5},
        {"num_attention_heads": 3},
        {"num_attention_heads": 3, "num_key_value_heads": 3},
        {"num_key_value_heads": 3},
        {"num_key_value_heads": 8},
        {"num_kv_shared_layers": 4},
        {"num_kv_shared_layers": -1},
        {"sliding_window": -8, "layer_types": ["sliding_attention"] * 4},
        {"sliding_window": "8", "model_type": "mistral"},
        {"layer_types": ["full_attention"]},
        {"layer_types": "full_attention"},
        {"layer_types": [1, 2, 3, 4]},
        {"num_experts": -8, "num_experts_per_tok": 2},
        {"num_experts": "8", "num_experts_per_tok": 2},
        {"num_experts": 8, "num_experts_per_tok": 9},
        {"num_experts": 8, "num_experts_per_tok": 2, "n_shared_experts": -1},
        {"num_experts": 8, "num_experts_per_tok": 2, "first_k_dense_replace": -1},
        {"kv_lora_rank": -8, "qk_rope_head_dim": 8, "qk_nope_head_dim": 8, "v_head_dim": 8},
        {"kv_lora_rank": 8, "q_lora_rank": -8, "qk_rope_head_dim": 8, "qk_nope_head_dim": 8, "v_head_dim": 8},
        {"partial_rotary_factor": -1},
        {"partial_rotary_factor": float("nan")},
        {"tie_word_embeddings": "false"},
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
        (
            {
                "quant_method": "compressed-tensors",
                "config_groups": {"g": {"weights": {"num_bits": 4, "type": "float"}}},
            },
            "nvfp4",
        ),
        ({"quant_method": "modelopt", "quant_algo": "NVFP4"}, "nvfp4"),
        ({"quant_method": "auto-round", "bits": 4}, "gptq"),
        ({}, None),
    ],
)
def test_published_quantization(settings: dict[str, Any], name: str | None) -> None:
    """What a checkpoint is quantized with already."""
    assert architecture_of({**LLAMA, "quantization_config": settings}).published == name


@pytest.mark.parametrize(
    "settings",
    [
        {"quant_method": "awq", "bits": 8},
        {"quant_method": "gptq", "bits": 2},
        {"quant_method": "bitsandbytes", "load_in_8bit": True},
        {"quant_method": "quark"},
        {"bits": 4},
    ],
    ids=str,
)
def test_a_quantization_of_unknown_size_is_not_planned_as_another(settings: dict[str, Any]) -> None:
    """Neither as 4 bit nor as 16; what comes nearest is for the user to say."""
    architecture = architecture_of({**LLAMA, "quantization_config": settings})
    gpu = find_gpu("h100").planned()
    with pytest.raises(SourceError, match="Say what comes nearest with --quantization"):
        plan_of(architecture, gpu, Settings())
    assert plan_of(architecture, gpu, Settings(quantization="int8")).fits


def test_names_of_strangers_are_shown_without_what_a_terminal_obeys() -> None:
    """No escape, and not pages of it."""
    assert architecture_of({**LLAMA, "model_type": "a\x1b[2J\nb" + "x" * 5000}).name == "a[2Jb" + "x" * 93


def test_numbers_may_be_written_with_a_point_and_encoders_as_they_like() -> None:
    """4096.0 is a whole number, of experts too; a vision tower of another form is not counted."""
    config = {**LLAMA, "num_experts": 8.0, "num_experts_per_tok": 2, "sliding_window": False, "kv_lora_rank": None}
    assert architecture_of(config).has_experts
    tower = {"hidden_size": [96, 192], "intermediate_size": 4, "depth": 2, "image_size": [448, 448]}
    found = architecture_of({**LLAMA, "vision_config": tower})
    assert (found.encoder, found.encoder_parameters) == ("image", 0)


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
