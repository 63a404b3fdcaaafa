"""From a model's config.json to its `Architecture`, by the keys that transformers and vLLM read."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from pipeline.base.errors import SourceError
from pipeline.base.format import listed
from pipeline.plan.architecture import Architecture, Attention, LatentAttention, Layer, LinearAttention, Mlp
from pipeline.plan.config_values import known, number, optional, part, plain, truth

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
_MOST_LAYERS = 10_000
"""Beyond it the number in a configuration is a mistake."""


def architecture_of(config: Mapping[str, Any]) -> Architecture:
    """Return the architecture that a config.json describes.

    Raises:
        SourceError: a key that a plan needs is missing, or has a value that no model has.
    """
    try:
        return _architecture(config)
    except (TypeError, ValueError, AttributeError, KeyError, ArithmeticError, RecursionError) as problem:
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
    kind = plain(text.get("model_type", "unknown"))
    count = number(text, "num_hidden_layers", "n_layer", "num_layers")
    if count > _MOST_LAYERS:
        raise ValueError(f"{count:,} layers")
    hidden = number(text, "hidden_size", "n_embd", "d_model")
    layers = Counter(_layer(kind, text, index, hidden) for index in range(count))
    tied = {"tie_word_embeddings": config.get("tie_word_embeddings", text.get("tie_word_embeddings"))}
    positions = number(text, "max_position_embeddings", default=2048)
    return Architecture(
        name=kind,
        hidden=hidden,
        vocabulary=number(text, "vocab_size"),
        layers=tuple(layers.items()),
        tied=truth(tied, "tie_word_embeddings", default=kind in _TIED_UNLESS_SAID),
        max_position=positions,
        rotary=_rotary(kind, text, positions, hidden),
        learned_positions=positions + 2 if kind == "opt" else 0,
        element_bytes=4 if str(text.get("torch_dtype") or text.get("dtype")) == "float32" else 2,
        norm_bias=kind == "opt",
        encoder=_encoder(config),
        encoder_parameters=_encoder_parameters(_vision(config), hidden),
        published=_method(part(config, "quantization_config") or part(text, "quantization_config")),
    )


def _text(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the configuration of the language model, with what only the whole model's says."""
    key = next((key for key in _LANGUAGE if config.get(key)), None)
    if key is None:
        return dict(config)
    inside = part(config, key)
    return {**{name: value for name, value in config.items() if name not in _LANGUAGE}, **_text(inside)}


_FOUR_BIT = ("awq", "gptq", "auto-round", "bitsandbytes")
_CALLED = {
    "bitsandbytes": "bnb4",
    "fbgemm_fp8": "fp8",
    "auto-round": "gptq",
    "modelopt of FP8": "fp8",
    "modelopt of NVFP4": "nvfp4",
    "modelopt_fp4": "nvfp4",
}
"""Names of methods in configurations, as a plan knows them."""


def _method(settings: Mapping[str, Any]) -> str | None:
    """Return the name that a plan knows a published quantization by, or its own where a plan knows none; None: none."""
    if not settings:
        return None
    method, groups = (
        plain(settings.get("quant_method", "a method that it does not name")),
        part(settings, "config_groups"),
    )
    if method == "compressed-tensors" and "'num_bits': 4" in str(groups):
        if "'type': 'float'" in str(groups):
            return "nvfp4"
        return "int4-experts" if "self_attn" in str(settings.get("ignore")) else "gptq"
    if method == "compressed-tensors":
        return "fp8" if "float" in str(groups) else "int8"
    bits = 8 if settings.get("load_in_8bit") else settings.get("bits", settings.get("w_bit"))
    if method in _FOUR_BIT and bits not in (None, 4):
        return f"{method} of {plain(bits)} bit"
    named = f"{method} of {plain(settings['quant_algo'])}" if "quant_algo" in settings else method
    return _CALLED.get(named, named)


def _layer(kind: str, text: Mapping[str, Any], index: int, hidden: int) -> Layer:
    norms = 4 if kind in _FOUR_NORMS else 2
    return Layer(_attention(kind, text, index, hidden), _mlp(kind, text, index), norms)


def _attention(
    kind: str, text: Mapping[str, Any], index: int, hidden: int
) -> Attention | LatentAttention | LinearAttention:
    heads = number(text, "num_attention_heads", "n_head")
    if latent_rank := optional(text, "kv_lora_rank"):
        return LatentAttention(
            heads,
            optional(text, "q_lora_rank"),
            latent_rank,
            number(text, "qk_rope_head_dim"),
            number(text, "qk_nope_head_dim"),
            number(text, "v_head_dim"),
        )
    layer_kind = _layer_kind(kind, text, index)
    if layer_kind == "linear_attention":
        return LinearAttention(
            number(text, "linear_num_key_heads"),
            number(text, "linear_num_value_heads"),
            number(text, "linear_key_head_dim"),
            number(text, "linear_value_head_dim"),
            number(text, "linear_conv_kernel_dim"),
            4 if text.get("mamba_ssm_dtype") == "float32" else 2,
        )
    bias = bool(text.get("attention_bias", kind == "opt"))
    everywhere = layer_kind == "full_attention" and "global_head_dim" in text
    kv_heads = number(text, "num_key_value_heads", default=heads)
    if everywhere:
        kv_heads = optional(text, "num_global_key_value_heads") or kv_heads
    if heads % kv_heads:
        raise ValueError(f"{heads:,} heads cannot share {kv_heads:,} key-value heads evenly")
    size = _head_size(text, hidden, heads)
    return Attention(
        heads,
        kv_heads,
        number(text, "global_head_dim", default=size) if everywhere else size,
        number(text, "sliding_window") if layer_kind == "sliding_attention" else None,
        (bias or kind in _QKV_BIAS or bool(text.get("qkv_bias")), bias),
        head_norm=kind in _HEAD_NORMS,
        wide_norm=kind in _WIDE_NORMS,
        gated=kind in ("qwen3_next", "qwen3_5", "qwen3_5_moe"),
        sinks=kind == "gpt_oss",
        value_is_key=everywhere and bool(text.get("attention_k_eq_v")),
        cached=index < _cached_layers(text),
    )


def _head_size(text: Mapping[str, Any], hidden: int, heads: int) -> int:
    if text.get("head_dim") is None and hidden % heads:
        raise ValueError(
            f"a hidden size of {hidden:,} cannot be divided among {heads:,} heads, and there is no head_dim"
        )
    return number(text, "head_dim", default=hidden // heads)


def _cached_layers(text: Mapping[str, Any]) -> int:
    """Return how many layers, from the first on, have a cache of their own; the others read one of those."""
    count, shared = number(text, "num_hidden_layers", "n_layer", "num_layers"), optional(text, "num_kv_shared_layers")
    if shared >= count:
        raise ValueError(f"num_kv_shared_layers is {shared:,} of {count:,} layers")
    return count - shared


def _layer_kind(kind: str, text: Mapping[str, Any], index: int) -> str:
    types = text.get("layer_types")
    if types is not None:
        if not isinstance(types, list) or index >= len(types) or not isinstance(types[index], str):
            raise TypeError(f"layer_types does not name the kind of layer {index:,}")
        return str(types[index])
    interval = optional(text, "full_attention_interval")
    if interval and "linear_num_value_heads" in text:
        return "full_attention" if (index + 1) % interval == 0 else "linear_attention"
    sliding = optional(text, "sliding_window") and _slides(kind, text, index)
    return "sliding_attention" if sliding else "full_attention"


def _slides(kind: str, text: Mapping[str, Any], index: int) -> bool:
    """Return whether a layer sees a window alone, by the pattern of its type where `layer_types` does not say."""
    pattern = text.get("sliding_window_pattern")
    if isinstance(pattern, str):
        return pattern[index % len(pattern)] == "L"
    every = optional(text, "sliding_window_pattern") or (_GEMMA_3_PATTERN if kind == "gemma3_text" else 0)
    if every:
        return (index + 1) % every != 0
    return index % 2 == 0 if kind in _ALTERNATING else kind in _WINDOW_FOR_ALL


def _mlp(kind: str, text: Mapping[str, Any], index: int) -> Mlp:
    experts = optional(text, *_EXPERTS)
    dense = index < optional(text, "first_k_dense_replace") or index in (text.get("mlp_only_layers") or ())
    if not experts or dense:
        return Mlp(number(text, "intermediate_size", "ffn_dim", "n_inner"), gated=kind != "opt", bias=kind == "opt")
    width = number(text, "moe_intermediate_size", "intermediate_size")
    shared = optional(text, "shared_expert_intermediate_size") or width * optional(text, "n_shared_experts")
    asked = number(text, "num_experts_per_tok", "experts_per_token", "moe_topk")
    if asked > experts:
        raise ValueError(f"a token is sent to {asked:,} of {experts:,} experts")
    return Mlp(
        width,
        experts=experts,
        experts_per_token=asked,
        shared_width=shared,
        shared_gate="shared_expert_intermediate_size" in text,
        bias=kind == "gpt_oss",
        router_bias=kind in _ROUTER_BIAS,
    )


def _rotary(kind: str, text: Mapping[str, Any], positions: int, hidden: int) -> tuple[tuple[int, int], ...]:
    if kind == "opt":
        return ()
    width = number(
        text, "qk_rope_head_dim", "head_dim", default=hidden // number(text, "num_attention_heads", "n_head")
    )
    share = float(text.get("partial_rotary_factor") or (0.25 if kind in ("qwen3_next", "qwen3_5_moe") else 1))
    if not 0 < share <= 1:
        raise ValueError(f"partial_rotary_factor is {share:g}")
    return ((positions, int(width * share)),) * (2 if kind == "gemma3_text" else 1)


def _encoder(config: Mapping[str, Any]) -> str | None:
    """Return which inputs besides text the model takes, wherever its configuration says so."""
    parts = [config, *(part(config, key) for key in _LANGUAGE)]
    found = [name for name, keys in _ENCODERS.items() if any(each.get(key) for each in parts for key in keys)]
    return listed(found) or None


def _vision(config: Mapping[str, Any]) -> Mapping[str, Any]:
    return part(config, "vision_config") or part(part(config, "thinker_config"), "vision_config")


def _encoder_parameters(vision: Mapping[str, Any], hidden: int) -> int:
    """Return the parameters of a vision transformer and its projection; 0 where its shape is not given."""
    width, inner = known(vision, "hidden_size"), known(vision, "intermediate_size")
    depth = known(vision, "num_hidden_layers", "depth")
    if not (width and inner and depth):
        return 0
    block = 4 * width * (width + 1) + 2 * width * inner + width + inner + 4 * width
    patch = known(vision, "patch_size") or 14
    places = (known(vision, "image_size") // patch) ** 2
    return depth * block + 3 * width * patch**2 + places * width + width * hidden
