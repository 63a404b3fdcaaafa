"""Tensors that well-known architectures have, and their shapes by the configuration.

Read from the state dicts of both backends' transformers (4.51.3 and 5.10.1), built without weights for every boolean
key of their configurations, so that only what is always there is listed.
"""

from collections.abc import Mapping
from typing import Any

_ATTENTION = tuple(f"self_attn.{name}_proj.weight" for name in "qkvo")
_BIASES = tuple(f"self_attn.{name}_proj.bias" for name in "qkv")
_MLP = tuple(f"mlp.{name}_proj.weight" for name in ("gate", "up", "down"))
_BEFORE, _AFTER = "input_layernorm.weight", "post_attention_layernorm.weight"
_AROUND_MLP = ("pre_feedforward_layernorm.weight", "post_feedforward_layernorm.weight")
_HEAD_NORMS = ("self_attn.q_norm.weight", "self_attn.k_norm.weight")
_LLAMA = (*_ATTENTION, *_MLP, _BEFORE, _AFTER)
_COHERE = (*_ATTENTION, *_MLP, _BEFORE)
_NORMS_AFTER = (*_ATTENTION, *_MLP, *_HEAD_NORMS, _AFTER, _AROUND_MLP[1])
LAYER_TENSORS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("llama", "mistral", "gemma", "seed_oss"), _LLAMA),
    **dict.fromkeys(("cohere", "cohere2"), _COHERE),
    **dict.fromkeys(("exaone4", "olmo3"), _NORMS_AFTER),
    "gemma2": (*_LLAMA, *_AROUND_MLP),
    "gemma3_text": (*_LLAMA, *_AROUND_MLP, *_HEAD_NORMS),
    "mixtral": (*_ATTENTION, _BEFORE, _AFTER, "block_sparse_moe.gate.weight"),
    "phi3": ("self_attn.qkv_proj.weight", _ATTENTION[3], "mlp.gate_up_proj.weight", _MLP[2], _BEFORE, _AFTER),
    "qwen2": (*_LLAMA, *_BIASES),
    "qwen2_moe": (*_ATTENTION, _BEFORE, _AFTER),
    "qwen3": (*_LLAMA, *_HEAD_NORMS),
    "qwen3_moe": (*_ATTENTION, *_HEAD_NORMS, _BEFORE, _AFTER),
}
"""Model type -> what every decoder layer has, by name below the layer."""
_ATTENTION_BIASES = (*_BIASES, "self_attn.o_proj.bias")
_MLP_BIASES = tuple(f"mlp.{name}_proj.bias" for name in ("gate", "up", "down"))
_WITH_ATTENTION_BIAS = ("gemma", "gemma2", "gemma3_text", "cohere", "cohere2", "olmo3", "qwen3", "qwen3_moe")
_BIASED: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    **{name: {"attention_bias": _ATTENTION_BIASES} for name in _WITH_ATTENTION_BIAS},
    "llama": {"attention_bias": _ATTENTION_BIASES, "mlp_bias": _MLP_BIASES},
    "seed_oss": {
        "attention_bias": _BIASES,
        "attention_out_bias": _ATTENTION_BIASES[-1:],
        "mlp_bias": _MLP_BIASES,
    },
}
"""Model type -> key of the configuration -> the biases that it asks for where it is true."""
_CLOSED = ("llama", "mistral", "gemma", "gemma2", "gemma3_text", "qwen2", "qwen3", "phi3")
"""Model types whose layers have what `LAYER_TENSORS` and `_BIASED` list, and nothing else."""
_COMPUTED = ("inv_freq", "masked_bias")
"""Ends of names of tensors that older versions saved although they are computed."""
EMBEDDING, FINAL_NORM, HEAD = "model.embed_tokens.weight", "model.norm.weight", "lm_head.weight"
"""Names in the architectures of `LAYER_TENSORS`."""
TIED_UNLESS_SAID = ("bloom", "cohere", "cohere2", "falcon", "gemma", "gemma2", "gemma3", "gemma3_text", "gpt_bigcode")
"""Model types whose head is the embedding where the configuration does not say."""
APART_UNLESS_SAID = (
    *(name for name in LAYER_TENSORS if name not in TIED_UNLESS_SAID),
    *("gpt_neox", "gptj", "stablelm"),
)
"""Those that have a head of their own then."""
_HALF_KNOWN = ("llama", "mistral", "qwen2", "phi3")
"""Model types whose width of an attention head follows from the others where the configuration does not say."""


def layer_tensors(model_type: str, text: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what every decoder layer has by the configuration, by name below the layer; nothing for unknown types."""
    biases = (names for key, names in _BIASED.get(model_type, {}).items() if text.get(key) is True)
    return (*LAYER_TENSORS.get(model_type, ()), *(name for names in biases for name in names))


def is_closed(model_type: str) -> bool:
    """Return whether all tensors of a layer of this type are known."""
    return model_type in _CLOSED


def is_unread(rest: str, model_type: str, text: Mapping[str, Any]) -> bool:
    """Return whether a tensor of a decoder layer has no place in the model, as far as that is known for its type."""
    return is_closed(model_type) and rest not in layer_tensors(model_type, text) and not rest.endswith(_COMPUTED)


def expected_shape(rest: str, model_type: str, text: Mapping[str, Any]) -> tuple[int, ...] | None:
    """Return the shape of a tensor of a decoder layer by the configuration; None where that is not known.

    Args:
        rest: name below the layer: `mlp.up_proj.weight`.
        model_type: one of `LAYER_TENSORS`.
        text: the configuration of the language model.
    """
    module, _, part = rest.rpartition(".")
    name = module.rpartition(".")[2]
    out, wide = _features(module, name, model_type, text)
    if part == "bias":
        return None if out is None else (out,)
    if module in ("input_layernorm", "post_attention_layernorm", *(each[: -len(".weight")] for each in _AROUND_MLP)):
        hidden = _number(text, "hidden_size")
        return None if hidden is None else (hidden,)
    return None if out is None or wide is None else (out, wide)


def _features(module: str, name: str, model_type: str, text: Mapping[str, Any]) -> tuple[int | None, int | None]:
    """Return out_features and in_features of a linear layer, None where they are not known."""
    hidden, (queries, keys) = _number(text, "hidden_size"), _attention_widths(model_type, text)
    inner = _number(text, _inner_key(module, model_type))
    joined = None if queries is None or keys is None else queries + 2 * keys
    known: dict[str, tuple[int | None, int | None]] = {
        "q_proj": (queries, hidden),
        "k_proj": (keys, hidden),
        "v_proj": (keys, hidden),
        "o_proj": (hidden, queries),
        "qkv_proj": (joined, hidden),
        "gate_up_proj": (None if inner is None else 2 * inner, hidden),
        **dict.fromkeys(("gate_proj", "up_proj", "w1", "w3"), (inner, hidden)),
        **dict.fromkeys(("down_proj", "w2"), (hidden, inner)),
    }
    return known.get(name, (None, None))


def _inner_key(module: str, model_type: str) -> str:
    if "shared_expert" in module:
        return "shared_expert_intermediate_size"
    return "moe_intermediate_size" if ".experts." in module and model_type != "mixtral" else "intermediate_size"


def _attention_widths(model_type: str, text: Mapping[str, Any]) -> tuple[int | None, int | None]:
    """Return the outputs of the query projection, and of the key projection."""
    heads, hidden, each = (_number(text, key) for key in ("num_attention_heads", "hidden_size", "head_dim"))
    groups = _number(text, "num_key_value_heads") or (heads if model_type == "llama" else None)
    if each is None and model_type in _HALF_KNOWN and heads and hidden:
        each = hidden // heads
    if each is None:
        return None, None
    return (heads * each if heads else None), (groups * each if groups else None)


def _number(text: Mapping[str, Any], key: str) -> int | None:
    value = text.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
