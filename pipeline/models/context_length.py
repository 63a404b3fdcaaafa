"""How long a context a model's configuration allows, as vLLM reads it."""

from collections.abc import Mapping
from typing import Any

_KEYS = (
    *("max_position_embeddings", "n_positions", "max_seq_len", "seq_length", "model_max_length"),
    *("max_target_positions", "max_sequence_length", "max_seq_length", "seq_len"),
)
_ALREADY_SCALED = ("su", "longrope", "llama3", "yarn", "deepseek_yarn", "deepseek_llama_scaling")
"""Kinds of RoPE scaling whose factor the length in the configuration has in it."""


def longest_context(config: Mapping[str, Any]) -> tuple[float, str] | None:
    """Return the longest context in tokens and the key that says so; None where none does.

    `derive_max_model_len_and_key` and `_get_and_verify_max_len` of vLLM 0.32, for models that generate text.

    Args:
        config: config.json, or its part for the language model.
    """
    said = {key: config[key] for key in _KEYS if isinstance(config.get(key), int | float)}
    if not said:
        return None
    key = "model_max_length" if said.get("model_max_length") else min(said, key=lambda name: said[name])
    # Gemma 3 states the scaled length.
    return said[key] * (1.0 if "gemma3" in str(config.get("model_type")) else _factor(config)), key


def _factor(config: Mapping[str, Any]) -> float:
    rope = config.get("rope_parameters") or config.get("rope_scaling") or {}
    # One set of parameters, or one for each kind of layer.
    parts = [part for part in rope.values() if isinstance(part, dict)] if isinstance(rope, dict) else []
    factor = 1.0
    for part in parts or ([rope] if isinstance(rope, dict) else []):
        kind = part.get("rope_type") or part.get("type") or "default"
        if kind not in _ALREADY_SCALED and isinstance(part.get("factor"), int | float):
            factor = float(part["factor"])
    return factor
