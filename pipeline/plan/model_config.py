"""From a model's config.json to its `Architecture`, by the keys that transformers and vLLM read."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from pipeline.base.errors import SourceError
from pipeline.base.format import listed
from pipeline.plan.architecture import Architecture, Attention, LatentAttention, Layer, LinearAttention, Mlp

_FOUR_NORMS = ("gemma2", "gemma3_text", "gemma4_text")
_ALTERNATING = ("gemma2", "gpt_oss")
_GEMMA_3_PATTERN = 6
_HEAD_NORMS = ("qwen3", "qwen3_moe", "qwen3_next", "qwen3_5", "qwen3_5_moe", "gemma3_text", "gemma4_text", "exaone4")
_WIDE_NORMS = ("olmo2", "minimax_m2")
_QKV_BIAS = ("qwen2", "qwen2_moe")
_TIED_UNLESS_SAID = ("gemma", "gemma2", "gemma3", "gemma3_text", "gemma4", "gemma4_text", "cohere", "cohere2", "opt")
_WINDOW_FOR_ALL = ("mistral",)
"""Types whose `sliding_window` holds for every layer; elsewhere `layer_types` or a pattern says where."""
_ROUTER_BIAS = ("deepseek_v3", "kimi_k2", "minimax_m2", "gpt_oss", "glm4_moe")
CHECKED = (
    *("llama", "mistral", "mixtral", "qwen2", "qwen3", "qwen3_moe", "qwen3_next", "qwen3_5_moe", "gemma2", "gemma3"),
    *("gemma3_text", "gemma4_text", "phi3", "deepseek_v2", "deepseek_v3", "kimi_k2", "gpt_oss", "exaone4"),
    *("minimax_m2", "olmo2", "opt"),
)
"""Types whose parameters, or bytes per token, were compared with published ones; others are read by the same keys."""
_EXPERTS = ("num_local_experts", "num_experts", "n_routed_experts", "moe_num_experts")


_LANGUAGE = ("text_config", "llm_config", "language_config", "thinker_config")
"""Where the configuration of a model with several inputs keeps that of its language model."""
_ENCODERS = {
    "image": (
        *("vision_config", "visual", "visual_config", "visual_tokenizer_config", "vit_config", "vq_config"),
        *("img_processor", "vision_tower", "mm_vision_tower", "embd_layer"),
    ),
    "audio": ("audio_config", "audio_encoder_config", "audio_processor", "audio_tower", "encoder_config"),
}
"""Keys of a configuration that say that there is an encoder."""
_MOST_LAYERS, _LARGEST = 10_000, 2**40
"""Beyond these a number in a configuration is a mistake."""
_LONGEST = 100
"""Characters of a wrong value that are shown."""


def architecture_of(config: Mapping[str, Any]) -> Architecture:
    """Return the architecture that a config.json describes.

    Raises:
        SourceError: a key that a plan needs is missing, or has a value that no model has.
    """
    try:
        return _architecture(config)
    except (TypeError, ValueError, AttributeError, KeyError, ArithmeticError) as problem:
        raise SourceError(
            f"The configuration has a value of a kind that is not expected ({problem}), so nothing can be planned from "
            f"it. Give the model's own config.json, or a catalogue name (`awqctl plan ls`)."
        ) from problem


def _architecture(config: Mapping[str, Any]) -> Architecture:
    text = _text(config)
    if text.get("is_encoder_decoder"):
        raise SourceError(
            "The model is an encoder with a decoder; decoder-only language models alone are planned. Plan one of those "
            "(`awqctl plan ls`)."
        )
    kind = str(text.get("model_type", "unknown"))
    count = _number(text, "num_hidden_layers", "n_layer", "num_layers")
    if count > _MOST_LAYERS:
        raise ValueError(f"{count:,} layers")
    hidden = _number(text, "hidden_size", "n_embd", "d_model")
    layers = Counter(_layer(kind, text, index, hidden) for index in range(count))
    method = (config.get("quantization_config") or text.get("quantization_config") or {}).get("quant_method")
    tied = config.get("tie_word_embeddings", text.get("tie_word_embeddings"))
    positions = _number(text, "max_position_embeddings", default=2048)
    return Architecture(
        name=kind,
        hidden=hidden,
        vocabulary=_number(text, "vocab_size"),
        layers=tuple(layers.items()),
        tied=kind in _TIED_UNLESS_SAID if tied is None else bool(tied),
        max_position=positions,
        rotary=_rotary(kind, text, positions, hidden),
        learned_positions=positions + 2 if kind == "opt" else 0,
        element_bytes=4 if str(text.get("torch_dtype") or text.get("dtype")) == "float32" else 2,
        norm_bias=kind == "opt",
        encoder=_encoder(config),
        encoder_parameters=_encoder_parameters(_vision(config), hidden),
        published=_method(str(method), config) if method else None,
    )


def _text(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the configuration of the language model, with what only the whole model's says."""
    key = next((key for key in _LANGUAGE if config.get(key)), None)
    if key is None:
        return dict(config)
    inside = _part(config, key)
    return {**{name: value for name, value in config.items() if name not in _LANGUAGE}, **_text(inside)}


def _part(config: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = config.get(key) or {}
    if not isinstance(found, Mapping):
        raise TypeError(f"{key} is {found!r}"[:_LONGEST])
    return found


def _number(text: Mapping[str, Any], *keys: str, default: int | None = None) -> int:
    key = next((key for key in keys if text.get(key) is not None), None)
    found = default if key is None else text[key]
    if found is None:
        raise SourceError(
            f"The configuration has no {' or '.join(keys)}, so nothing can be planned from it. Give the model's own "
            f"config.json, or a catalogue name (`awqctl plan ls`)."
        )
    if isinstance(found, bool) or not isinstance(found, int | float) or not 0 < found <= _LARGEST:
        raise ValueError(f"{key or keys[0]} is {found!r}"[:_LONGEST])
    return int(found)


def _method(method: str, config: Mapping[str, Any]) -> str:
    """Return the name that a plan knows a published quantization by."""
    settings = config.get("quantization_config") or {}
    groups = str(settings.get("config_groups"))
    if method == "compressed-tensors" and "'num_bits': 4" in groups:
        return "int4-experts" if "self_attn" in str(settings.get("ignore")) else "gptq"
    if method == "compressed-tensors":
        return "fp8" if "float" in groups else "int8"
    return {"bitsandbytes": "bnb4", "fbgemm_fp8": "fp8"}.get(method, method)


def _layer(kind: str, text: Mapping[str, Any], index: int, hidden: int) -> Layer:
    norms = 4 if kind in _FOUR_NORMS else 2
    return Layer(_attention(kind, text, index, hidden), _mlp(kind, text, index), norms)


def _attention(
    kind: str, text: Mapping[str, Any], index: int, hidden: int
) -> Attention | LatentAttention | LinearAttention:
    heads = _number(text, "num_attention_heads", "n_head")
    if isinstance(text.get("kv_lora_rank"), int):
        return LatentAttention(
            heads,
            int(text.get("q_lora_rank") or 0),
            int(text["kv_lora_rank"]),
            _number(text, "qk_rope_head_dim"),
            _number(text, "qk_nope_head_dim"),
            _number(text, "v_head_dim"),
        )
    layer_kind = _layer_kind(kind, text, index)
    if layer_kind == "linear_attention":
        return LinearAttention(
            _number(text, "linear_num_key_heads"),
            _number(text, "linear_num_value_heads"),
            _number(text, "linear_key_head_dim"),
            _number(text, "linear_value_head_dim"),
            _number(text, "linear_conv_kernel_dim"),
            4 if text.get("mamba_ssm_dtype") == "float32" else 2,
        )
    bias = bool(text.get("attention_bias", kind == "opt"))
    everywhere = layer_kind == "full_attention" and "global_head_dim" in text
    kv_heads, size = (
        _number(text, "num_key_value_heads", default=heads),
        _number(text, "head_dim", default=hidden // heads),
    )
    shared = int(text.get("num_kv_shared_layers") or 0)
    return Attention(
        heads,
        int(text.get("num_global_key_value_heads") or kv_heads) if everywhere else kv_heads,
        _number(text, "global_head_dim", default=size) if everywhere else size,
        int(text["sliding_window"]) if layer_kind == "sliding_attention" else None,
        (bias or kind in _QKV_BIAS or bool(text.get("qkv_bias")), bias),
        head_norm=kind in _HEAD_NORMS,
        wide_norm=kind in _WIDE_NORMS,
        gated=kind in ("qwen3_next", "qwen3_5", "qwen3_5_moe"),
        sinks=kind == "gpt_oss",
        value_is_key=everywhere and bool(text.get("attention_k_eq_v")),
        cached=index < _number(text, "num_hidden_layers", "n_layer", "num_layers") - shared,
    )


def _layer_kind(kind: str, text: Mapping[str, Any], index: int) -> str:
    types = text.get("layer_types")
    if isinstance(types, list) and index < len(types):
        return str(types[index])
    if text.get("full_attention_interval") and "linear_num_value_heads" in text:
        return "full_attention" if (index + 1) % int(text["full_attention_interval"]) == 0 else "linear_attention"
    sliding = isinstance(text.get("sliding_window"), int) and _slides(kind, text, index)
    return "sliding_attention" if sliding else "full_attention"


def _slides(kind: str, text: Mapping[str, Any], index: int) -> bool:
    """Return whether a layer sees a window alone, by the pattern of its type where `layer_types` does not say."""
    pattern = text.get("sliding_window_pattern")
    if isinstance(pattern, str):
        return pattern[index % len(pattern)] == "L"
    every = int(pattern or (_GEMMA_3_PATTERN if kind == "gemma3_text" else 0))
    if every:
        return (index + 1) % every != 0
    return index % 2 == 0 if kind in _ALTERNATING else kind in _WINDOW_FOR_ALL


def _mlp(kind: str, text: Mapping[str, Any], index: int) -> Mlp:
    experts = next((int(text[key]) for key in _EXPERTS if isinstance(text.get(key), int)), 0)
    dense = index < int(text.get("first_k_dense_replace") or 0) or index in (text.get("mlp_only_layers") or ())
    if not experts or dense:
        return Mlp(_number(text, "intermediate_size", "ffn_dim", "n_inner"), gated=kind != "opt", bias=kind == "opt")
    width = _number(text, "moe_intermediate_size", "intermediate_size")
    shared = int(text.get("shared_expert_intermediate_size") or 0) or width * int(text.get("n_shared_experts") or 0)
    return Mlp(
        width,
        experts=experts,
        experts_per_token=_number(text, "num_experts_per_tok", "experts_per_token", "moe_topk"),
        shared_width=shared,
        shared_gate="shared_expert_intermediate_size" in text,
        bias=kind == "gpt_oss",
        router_bias=kind in _ROUTER_BIAS,
    )


def _rotary(kind: str, text: Mapping[str, Any], positions: int, hidden: int) -> tuple[tuple[int, int], ...]:
    if kind == "opt":
        return ()
    width = _number(
        text, "qk_rope_head_dim", "head_dim", default=hidden // _number(text, "num_attention_heads", "n_head")
    )
    part = float(text.get("partial_rotary_factor") or (0.25 if kind in ("qwen3_next", "qwen3_5_moe") else 1))
    return ((positions, int(width * part)),) * (2 if kind == "gemma3_text" else 1)


def _encoder(config: Mapping[str, Any]) -> str | None:
    """Return which inputs besides text the model takes, wherever its configuration says so."""
    parts = [config, *(_part(config, key) for key in _LANGUAGE)]
    found = [name for name, keys in _ENCODERS.items() if any(part.get(key) for part in parts for key in keys)]
    return listed(found) or None


def _vision(config: Mapping[str, Any]) -> Mapping[str, Any]:
    return _part(config, "vision_config") or _part(_part(config, "thinker_config"), "vision_config")


def _encoder_parameters(vision: Mapping[str, Any], hidden: int) -> int:
    """Return the parameters of a vision transformer and its projection; 0 where its shape is not given."""
    width, inner = int(vision.get("hidden_size") or 0), int(vision.get("intermediate_size") or 0)
    depth = int(vision.get("num_hidden_layers") or vision.get("depth") or 0)
    if not (width and inner and depth):
        return 0
    block = 4 * width * (width + 1) + 2 * width * inner + width + inner + 4 * width
    patch = int(vision.get("patch_size") or 14)
    places = (int(vision.get("image_size") or 0) // patch) ** 2
    return depth * block + 3 * width * patch**2 + places * width + width * hidden
