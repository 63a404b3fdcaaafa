"""A Llama small enough to be written for one test, and its configuration."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Weights = dict[str, NDArray[Any]]
CONFIG: dict[str, Any] = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "vocab_size": 24,
    "hidden_size": 8,
    "intermediate_size": 16,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "tie_word_embeddings": False,
}


def llama() -> Weights:
    """Return the weights of a Llama of three layers that is whole."""
    shapes: dict[str, tuple[int, ...]] = {"model.embed_tokens": (24, 8), "model.norm": (8,), "lm_head": (24, 8)}
    for number in range(3):
        at = f"model.layers.{number}"
        shapes |= {f"{at}.self_attn.{name}_proj": (8 if name in "qo" else 4, 8) for name in "qkvo"}
        shapes |= {f"{at}.mlp.gate_proj": (16, 8), f"{at}.mlp.up_proj": (16, 8), f"{at}.mlp.down_proj": (8, 16)}
        shapes |= {f"{at}.{name}_layernorm": (8,) for name in ("input", "post_attention")}
    values = np.random.default_rng(0)
    return {f"{name}.weight": values.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()}
