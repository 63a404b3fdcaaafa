"""What a model is, from config.json and the safetensors headers, and which backend has a mapping for it.

A *mapping* says which module comes before which linear layers, so that AWQ can move scales between them. The lists in
`architectures.json` are read from the engine environments: `python -m pipeline.quantize.architectures`, maintainers
only, after every change of a lock file.
"""

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib import resources
from pathlib import Path
from typing import Any, Literal

from pipeline.context import user_home
from pipeline.progress import SilentReporter
from pipeline.quantize.layers import LinearLayer, linear_layers
from pipeline.quantize.tensors import Tensor, read_headers
from pipeline.recipe.models import Backend
from pipeline.record import Result, write_atomically
from pipeline.runtimes.store import ensure
from pipeline.sources import SourceModel

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
_HEADS = ("lm_head", "embed_out", "output")
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
        """Return whether the output head is the embedding: said so, or there is no head among the tensors."""
        head = any(f"{name}.weight" in self.tensors for name in _HEADS)
        return bool(self.text.get("tie_word_embeddings", self.config.get("tie_word_embeddings", not head)))

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
        SourceError: a safetensors file is cut off.
    """
    return ModelHeaders(source.reference, source.licence, source.config(), read_headers(source.path))


def split_name(name: str) -> tuple[str, str]:
    """Return a name up to its first number, and the rest: `model.layers.0` and `mlp.up_proj`; `` without a number."""
    parts = name.split(".")
    place = next((place for place, part in enumerate(parts) if part.isdigit()), None)
    return ("", name) if place is None else (".".join(parts[: place + 1]), ".".join(parts[place + 1 :]))


def siblings(kind: str) -> tuple[str, ...]:
    """Return the kinds that vLLM joins with this one, itself included."""
    parent, dot, name = kind.rpartition(".")
    return next((tuple(f"{parent}{dot}{other}" for other in names) for names in SIBLINGS if name in names), (kind,))


def is_expert(kind: str) -> bool:
    """Return whether layers of this kind are one of several that share the tokens."""
    return "experts" in kind.split(".")


class Knowledge(Result):
    """What one backend's environment can do."""

    versions: dict[str, str]
    """Packages it was read from."""
    builds: tuple[str, ...]
    """Model types that its transformers builds as causal language models."""
    mapped: dict[str, str]
    """Those that the backend has a mapping for, with their classes."""


@cache
def knowledge() -> dict[str, Knowledge]:
    """Return what the backends know, by name."""
    text = (resources.files("pipeline.quantize") / "architectures.json").read_text()
    return {name: Knowledge.model_validate(entry) for name, entry in json.loads(text).items()}


Mapped = Literal["mapped", "default", "unmapped", "unbuildable"]
_DEFAULT_MAPPING = {
    *("input_layernorm", "self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj"),
    *("post_attention_layernorm", "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj"),
}
_HARMLESS = {"self_attn.q_norm", "self_attn.k_norm", "self_attn.rotary_emb"}


def mapping_for(backend: Backend, model: ModelHeaders) -> Mapped:
    """Return whether a backend has a mapping for the model.

    llm-compressor silently uses Llama's mapping for every class it does not know. That is `default` where the names of
    all modules fit it, and `unmapped` where they do not.
    """
    known = knowledge()[backend]
    if model.model_type in known.mapped:
        return "mapped"
    if model.model_type not in known.builds:
        return "unbuildable"
    return "default" if backend == "llm-compressor" and fits_default_mapping(model) else "unmapped"


def fits_default_mapping(model: ModelHeaders) -> bool:
    """Return whether every decoder layer has exactly the modules of llm-compressor's default mapping."""
    modules: dict[str, set[str]] = {}
    for name in model.tensors:
        block, rest = split_name(name)
        if block:
            modules.setdefault(block, set()).add(rest.rpartition(".")[0])
    return bool(modules) and all(names - _HARMLESS == _DEFAULT_MAPPING for names in modules.values())


_ASK_AUTOAWQ = """
from awq.models.auto import AWQ_CAUSAL_LM_MODEL_MAP as maps
from awq.models.base import TRANSFORMERS_AUTO_MAPPING_DICT as loads
mapped = {t: c for t, c in builds.items() if t in maps and loads.get(t) == "AutoModelForCausalLM"}
packages = ("autoawq", "transformers")
"""
_ASK_LLM_COMPRESSOR = """
from llmcompressor.modifiers.transform.awq import AWQ_DYNAMIC_MAPPING_REGISTRY, AWQ_MAPPING_REGISTRY
mapped = {t: c for t, c in builds.items() if c in {*AWQ_DYNAMIC_MAPPING_REGISTRY, *AWQ_MAPPING_REGISTRY}}
packages = ("llmcompressor", "transformers")
"""
_PROBES: dict[Backend, tuple[str, str]] = {
    "autoawq": ("autoawq", _ASK_AUTOAWQ),
    "llm-compressor": ("llmcompressor", _ASK_LLM_COMPRESSOR),
}
"""Backend -> its runtime, and what its interpreter is asked."""
_PROBE = """
import json
from importlib.metadata import version
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES as builds
{question}
print(json.dumps({{"versions": {{name: version(name) for name in packages}}, "builds": sorted(builds),
                  "mapped": dict(sorted(mapped.items()))}}))
"""


def main() -> None:
    """Ask the engine environments for CPUs, made first where they are absent, and write `architectures.json`."""
    answers = {}
    for backend, (engine, question) in _PROBES.items():
        python = ensure(engine, "cpu", user_home(), SilentReporter()).python
        command = [str(python), "-P", "-c", _PROBE.format(question=question)]
        answer = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
        if answer.returncode != 0:
            sys.exit(f"{engine}: {answer.stderr.strip()}")
        answers[backend] = json.loads(answer.stdout.splitlines()[-1])
    path = Path(str(resources.files("pipeline.quantize"))) / "architectures.json"
    write_atomically(path, json.dumps(answers, indent=2) + "\n")


if __name__ == "__main__":
    main()
