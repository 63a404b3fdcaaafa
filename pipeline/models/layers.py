"""The linear layers of a model, from its safetensors headers: which there are, and which stay in 16 bit."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from pipeline.models.tensors import FLOATS, Tensor

_SUFFIX = ".weight"
EMBEDDINGS = ("embed_tokens", "embed_positions", "wte", "wpe", "word_embeddings", "embed_in", "embeddings")
_ROUTERS = ("gate", "router", "shared_expert_gate")
"""Last part of the name of the layer that sends tokens to experts (Mixtral, Qwen-MoE, DeepSeek; Llama 4)."""
_MATRIX = 2


@dataclass(frozen=True)
class LinearLayer:
    """One linear layer; its weight has the shape [out_features, in_features]."""

    name: str
    """Of the module, without `.weight`."""
    out_features: int
    in_features: int

    @property
    def parameters(self) -> int:
        """Return the number of weights, without the bias."""
        return self.out_features * self.in_features

    @property
    def kind(self) -> str:
        """Return the name without numbers, the same for all decoder layers and experts: `self_attn.q_proj`."""
        parts = self.name.split(".")
        last_number = max((place for place, part in enumerate(parts) if part.isdigit()), default=-1)
        first_number = next((place for place, part in enumerate(parts) if part.isdigit()), -1)
        middle = [part if not part.isdigit() else "*" for part in parts[first_number + 1 : last_number + 1]]
        return ".".join([*middle, *parts[last_number + 1 :]])

    @property
    def is_router(self) -> bool:
        """Return whether the layer sends tokens to experts."""
        return self.name.rsplit(".", 1)[-1] in _ROUTERS


def linear_layers(tensors: Mapping[str, Tensor]) -> dict[str, LinearLayer]:
    """Return the linear layers of a 16-bit model by name: its matrices, embeddings left out."""
    found = {}
    for name, tensor in tensors.items():
        module = name.removesuffix(_SUFFIX)
        is_matrix = name.endswith(_SUFFIX) and len(tensor.shape) == _MATRIX and tensor.dtype in FLOATS
        if is_matrix and module.rsplit(".", 1)[-1] not in EMBEDDINGS:
            found[module] = LinearLayer(module, *tensor.shape)
    return found


def ignored(layers: Iterable[LinearLayer], patterns: Iterable[str]) -> dict[str, str]:
    """Return why layers stay in 16 bit, by name: what the recipe's patterns match, and routers."""
    patterns = tuple(patterns)
    reasons = {}
    for layer in layers:
        if any(fnmatchcase(layer.name, pattern) for pattern in patterns):
            reasons[layer.name] = "ignored by the recipe"
        elif layer.is_router:
            reasons[layer.name] = "router"
    return reasons
