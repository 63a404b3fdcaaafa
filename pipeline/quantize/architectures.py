"""What a model is, from config.json and the safetensors headers, and which backend has a mapping for it.

A *mapping* says which module comes before which linear layers, so that AWQ can move scales between them. The lists in
`architectures.json` are read from the engine environments: `python -m pipeline.quantize.architectures`, maintainers
only, after every change of a lock file.
"""

import json
import subprocess
import sys
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Literal

from pipeline.base.files import write_atomically
from pipeline.base.homes import user_home
from pipeline.base.progress import SilentReporter
from pipeline.base.results import Result
from pipeline.models.headers import ModelHeaders, split_name
from pipeline.recipe.quantize import Backend
from pipeline.runtimes.store import ensure


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
    text = (resources.files("pipeline.quantize") / "architectures.json").read_text(encoding="utf-8")
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
        answer = subprocess.run(
            command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, encoding="utf-8"
        )
        if answer.returncode != 0:
            sys.exit(f"{engine}: {answer.stderr.strip()}")
        answers[backend] = json.loads(answer.stdout.splitlines()[-1])
    path = Path(str(resources.files("pipeline.quantize"))) / "architectures.json"
    write_atomically(path, json.dumps(answers, indent=2) + "\n")


if __name__ == "__main__":
    main()
