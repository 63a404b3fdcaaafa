"""What a model is, from config.json and the headers of its safetensors files."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from pipeline.models import SourceModel
from pipeline.models.expected import TIED_UNLESS_SAID
from pipeline.models.files import generation_settings, weight_index
from pipeline.models.layers import LinearLayer, linear_layers
from pipeline.models.tensors import Tensor, read_headers

SIBLINGS = (
    ("q_proj", "k_proj", "v_proj"),
    ("gate_proj", "up_proj"),
    ("w1", "w3"),
    ("q_a_proj", "kv_a_proj_with_mqa"),
    ("in_proj_qkv", "in_proj_z"),
    ("in_proj_b", "in_proj_a"),
)
"""Linear layers that read the same input and that vLLM joins to one (`packed_modules_mapping` of its models)."""
_EXPERTS = ("num_local_experts", "num_experts", "n_routed_experts", "moe_num_experts")
_PER_TOKEN = ("num_experts_per_tok", "num_experts_per_token", "experts_per_token", "moe_topk", "moe_k")
HEADS = ("lm_head", "embed_out", "output")
"""Names of the output head."""
_LAYERS = ("num_hidden_layers", "n_layer", "num_layers", "n_layers")
_FUSED_EXPERTS_DIMENSIONS = 3


@dataclass(frozen=True)
class ModelHeaders:
    """A model's configuration and the headers of its safetensors files; no weights."""

    reference: str
    """As the recipe names it."""
    licence: str
    config: Mapping[str, Any]
    tensors: Mapping[str, Tensor] = field(repr=False)
    download_bytes: int = 0
    """Of the weights that are still on a hub."""
    index: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Tensor -> file, as model.safetensors.index.json has it; empty for a model without."""
    generation: Mapping[str, Any] = field(default_factory=dict)
    """The settings of generation_config.json; empty for a model without."""

    @property
    def text(self) -> Mapping[str, Any]:
        """Return the part of the configuration that describes the language model."""
        nested: Mapping[str, Any] = self.config.get("text_config") or self.config
        return nested

    @property
    def model_type(self) -> str:
        """Return `llama`, `mixtral` and so on, which chooses the class that is built."""
        return str(self.config.get("model_type", "unknown"))

    @property
    def architecture(self) -> str:
        """Return the class that config.json names."""
        return str((self.config.get("architectures") or ["unknown"])[0])

    @cached_property
    def layers(self) -> dict[str, LinearLayer]:
        """Return the linear layers by name."""
        return linear_layers(self.tensors)

    @cached_property
    def blocks(self) -> dict[str, tuple[LinearLayer, ...]]:
        """Return the linear layers of each decoder layer, by the name of that (`model.layers.0`)."""
        found: dict[str, list[LinearLayer]] = {}
        for layer in self.layers.values():
            block, _ = split_name(layer.name)
            if block:
                found.setdefault(block, []).append(layer)
        return {name: tuple(layers) for name, layers in found.items()}

    @property
    def parameters(self) -> int:
        """Return the number of parameters stored; tied weights are stored once."""
        return sum(tensor.parameters for tensor in self.tensors.values())

    @property
    def hidden_size(self) -> int:
        """Return the width of the stream between decoder layers; 0 where the configuration does not say."""
        return self._number("hidden_size", "n_embd", "d_model")

    @property
    def tied(self) -> bool:
        """Return whether the output head is the embedding: said so, usual for the type, or there is no head."""
        said = self.text.get("tie_word_embeddings", self.config.get("tie_word_embeddings"))
        if said is not None:
            return bool(said)
        return self.model_type in TIED_UNLESS_SAID or not any(f"{name}.weight" in self.tensors for name in HEADS)

    @property
    def layer_count(self) -> tuple[str, int]:
        """Return the key that says how many decoder layers there are, and the number; 0 where none says so."""
        key = next((key for key in _LAYERS if isinstance(self.text.get(key), int)), _LAYERS[0])
        return key, self._number(key)

    @cached_property
    def decoder_layers(self) -> dict[str, frozenset[str]]:
        """Return the names of all tensors below each layer of the longest stack, by the name of the layer."""
        stacks: dict[str, dict[str, set[str]]] = {}
        for name in self.tensors:
            layer, rest = split_name(name)
            if layer:
                stacks.setdefault(layer.rpartition(".")[0], {}).setdefault(layer, set()).add(rest)
        longest = max(stacks.values(), key=lambda layers: sum(map(len, layers.values())), default={})
        return {layer: frozenset(longest[layer]) for layer in sorted(longest, key=layer_number)}

    def layer_type(self, layer: str) -> str:
        """Return what the configuration calls the kind of a decoder layer; `ahead` for one beyond their number."""
        number, (_, count), types = layer_number(layer), self.layer_count, self.text.get("layer_types")
        if count and number >= count:
            return "ahead"
        return str(types[number]) if isinstance(types, list) and number < len(types) else ""

    @property
    def experts(self) -> int:
        """Return the number of experts per layer; 0 for a model without."""
        named = {name.split(".experts.")[1].split(".")[0] for name in self.layers if ".experts." in name}
        return self._number(*_EXPERTS) or len(named)

    @property
    def experts_per_token(self) -> int:
        """Return how many experts see each token; 0 for a model without."""
        return self._number(*_PER_TOKEN)

    @cached_property
    def fused_experts(self) -> tuple[Tensor, ...]:
        """Return the tensors that hold all experts of a layer at once, which no backend sees as linear layers."""
        return tuple(
            tensor
            for tensor in self.tensors.values()
            if len(tensor.shape) == _FUSED_EXPERTS_DIMENSIONS and "experts" in tensor.name
        )

    def _number(self, *names: str) -> int:
        return next((int(self.text[name]) for name in names if isinstance(self.text.get(name), int)), 0)


def headers_of(source: SourceModel) -> ModelHeaders:
    """Return the configuration and headers of a model on this machine.

    Raises:
        SourceError: a safetensors file is cut off, or libraries would differ about which files are the model.
    """
    index = weight_index(source.path, source.reference)
    return ModelHeaders(
        source.reference,
        source.licence,
        source.config(),
        read_headers(source.path),
        index=index,
        generation=generation_settings(source.path),
    )


def split_name(name: str) -> tuple[str, str]:
    """Return a name up to its first number, and the rest: `model.layers.0` and `mlp.up_proj`; `` without a number."""
    parts = name.split(".")
    place = next((place for place, part in enumerate(parts) if part.isdigit()), None)
    return ("", name) if place is None else (".".join(parts[: place + 1]), ".".join(parts[place + 1 :]))


def layer_number(layer: str) -> int:
    """Return 3 for `model.layers.3`."""
    return int(layer.rpartition(".")[2])


def siblings(kind: str) -> tuple[str, ...]:
    """Return the kinds that vLLM joins with this one, itself included."""
    parent, dot, name = kind.rpartition(".")
    return next((tuple(f"{parent}{dot}{other}" for other in names) for names in SIBLINGS if name in names), (kind,))


def is_expert(kind: str) -> bool:
    """Return whether layers of this kind are one of several that share the tokens."""
    return "experts" in kind.split(".")
