"""Small random-weight models of eight families, saved by transformers 4 and 5, through both backends into real vLLM.

What vLLM writes is compared with the same checkpoint dequantized by awqctl's own reader and run in plain torch, in
FP32. vLLM computes in BF16, so it may prefer a token that lies behind by no more than BF16 arithmetic moves
log-probabilities; how much that is, is measured on each model by running the torch reference in BF16, too. Three times
that largest deviation is allowed, because vLLM adds the same numbers up in another order.
"""

import json
import random
import subprocess
import sys
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from pipeline.base.homes import user_home
from pipeline.base.progress import SilentReporter
from pipeline.models import packaged_model
from pipeline.models.tensors import read_headers
from pipeline.quantize.audit.packing import is_packed, read_packed
from pipeline.runtimes.store import ensure

pytestmark = pytest.mark.e2e

SCRIPTS = Path(__file__).parent / "scripts"
FAMILIES = ("llama-mha-tied", "llama-gqa", "mistral", "mixtral", "qwen2", "qwen3", "gemma2", "phi3")
BACKENDS = ("autoawq", "llm-compressor")
SAVED_BY = ("transformers4", "transformers5")
NO_MOE_KERNEL = "No WNA16 MoE backend supports the deployment configuration."
"""vLLM's own words on a CPU without AMX."""
PROMPT = random.Random(7).sample(range(10, 4000), 48)  # noqa: S311 -- a prompt, not a secret
TOKENS = 12

VARIATIONS = {
    "group 32, half a layer ignored": (
        "autoawq",
        (
            "quantize.group_size=32",
            "quantize.ignore=['lm_head','model.layers.0.mlp.gate_proj','model.layers.0.mlp.up_proj']",
        ),
    ),
    "group 64": ("autoawq", ("quantize.group_size=64",)),
    "symmetric, group 32": ("llm-compressor", ("quantize.group_size=32", "quantize.zero_point=false")),
    "per channel": ("llm-compressor", ("quantize.group_size=channel",)),
    "symmetric, per channel": ("llm-compressor", ("quantize.group_size=channel", "quantize.zero_point=false")),
    "a layer ignored": ("llm-compressor", ("quantize.ignore=['lm_head','model.layers.1.*']",)),
}


@dataclass(frozen=True)
class Outcome:
    """What became of one model."""

    returncode: int
    errors: str
    stage: dict[str, Any]
    checkpoint: Path
    control: Path


def script(engine: str, name: str, *arguments: str, request: object = None) -> Any:
    """Run a script of this folder in an engine environment; return what it answers."""
    python = ensure(engine, "cpu", user_home(), SilentReporter()).python
    answer = subprocess.run(
        [str(python), str(SCRIPTS / f"{name}.py"), *arguments],
        input=json.dumps(request),
        capture_output=True,
        text=True,
        check=False,
        timeout=1500,
    )
    assert answer.returncode == 0, answer.stderr[-3000:]
    return json.loads(answer.stdout) if request else None


def quantize(source: Path, backend: str, folder: Path, *settings: str) -> Outcome:
    """Run `awqctl quantize` on a model."""
    values = (
        f"model.source={source}",
        "model.licence=apache-2.0",
        f"quantize.backend={backend}",
        "quantize.calibration.blocks=8",
        "quantize.calibration.block_tokens=128",
        *settings,
    )
    line = [sys.executable, "-m", "pipeline.cli", "quantize", "demo", "--out", str(folder), "--json"]
    line += ["--store", f"sqlite:///{folder.parent}/mlflow.db"]
    line += [part for value in values for part in ("--set", value)]
    answer = subprocess.run(line, capture_output=True, text=True, check=False, timeout=900, cwd=folder.parent)
    stage = json.loads(answer.stdout) if answer.stdout.strip() else {}
    return Outcome(answer.returncode, answer.stderr, stage, folder / "checkpoint", folder / "control")


def dequantize(checkpoint: Path, folder: Path) -> Path:
    """Write the 16-bit model that a checkpoint stands for, in FP32, with awqctl's own reader."""
    folder.mkdir(parents=True)
    config = json.loads((checkpoint / "config.json").read_text())
    quantization = config.pop("quantization_config")
    tensors = read_headers(checkpoint)
    modules = {name.rpartition(".")[0] for name in tensors}
    packed = {module for module in modules if is_packed(tensors, module)}
    whole = {
        name: tensor.read().astype(np.float32)
        for name, tensor in tensors.items()
        if name.rpartition(".")[0] not in packed
    }
    biases = {f"{module}.bias": tensors[f"{module}.bias"].read() for module in packed if f"{module}.bias" in tensors}
    weights = {f"{module}.weight": read_packed(tensors, module, quantization).dequantize() for module in packed}
    save_file(whole | biases | weights, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "config.json").write_text(json.dumps(config))
    return folder


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every family, saved by transformers 4 in one file and by transformers 5 in shards of 2 MB."""
    folder = tmp_path_factory.mktemp("families")
    tokenizer = str(packaged_model())
    script("autoawq", "make_models", str(folder / "transformers4"), "5GB", tokenizer, *FAMILIES)
    script("llmcompressor", "make_models", str(folder / "transformers5"), "2MB", tokenizer, *FAMILIES)
    return folder


@pytest.fixture(scope="module")
def outcomes(sources: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    """Every family through both backends, and the variations of the settings on one of them."""
    out = tmp_path_factory.mktemp("quantized")
    made = {
        f"{family} {backend} {saved}": quantize(sources / saved / family, backend, out / f"{family}-{backend}-{saved}")
        for family, backend, saved in product(FAMILIES, BACKENDS, SAVED_BY)
    }
    for number, (name, (backend, settings)) in enumerate(VARIATIONS.items()):
        control = ("quantize.control=rtn",) if number == 0 else ()
        source = sources / "transformers5" / "llama-gqa"
        made[name] = quantize(source, backend, out / f"variation-{number}", *settings, *control)
    return made


@pytest.fixture(scope="module")
def answers(outcomes: dict[str, Outcome]) -> dict[str, Any]:
    """What real vLLM writes with every checkpoint."""
    folders = {name: str(outcome.checkpoint) for name, outcome in outcomes.items() if outcome.checkpoint.exists()}
    folders["control"] = str(outcomes["group 32, half a layer ignored"].control)
    request = {"checkpoints": folders, "prompt": PROMPT, "tokens": TOKENS, "dtype": "bfloat16"}
    answer: dict[str, Any] = script("vllm", "greedy", request=request) | {"folders": folders}
    return answer


@pytest.fixture(scope="module")
def references(answers: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What plain torch says of the same texts, with the dequantized checkpoints."""
    out = tmp_path_factory.mktemp("dequantized")
    entries = {
        name: {
            "folder": str(dequantize(Path(folder), out / str(number))),
            "prompt": PROMPT,
            "tokens": answers[name]["tokens"],
        }
        for number, (name, folder) in enumerate(answers["folders"].items())
        if "tokens" in answers[name]
    }
    reference: dict[str, Any] = script("vllm", "reference", request={"checkpoints": entries})
    return reference


def agrees(answer: dict[str, Any], reference: dict[str, Any]) -> bool:
    """Return whether vLLM says what the reference says, within what BF16 costs on this model."""
    allowed = 3 * reference["noise"]
    pairs = zip(answer["prompt_logprobs"], reference["prompt_logprobs"], strict=True)
    return max(reference["behind"]) <= allowed and max(abs(a - b) for a, b in pairs) <= allowed


@pytest.mark.parametrize(("family", "backend", "saved"), product(FAMILIES, BACKENDS, SAVED_BY))
def test_family(
    family: str,
    backend: str,
    saved: str,
    outcomes: dict[str, Outcome],
    answers: dict[str, Any],
    references: dict[str, Any],
) -> None:
    """Quantized, audited and loaded, with the reference's text; or refused before anything heavy, with the reason."""
    name = f"{family} {backend} {saved}"
    outcome = outcomes[name]
    if (family, backend) == ("mixtral", "llm-compressor"):
        assert outcome.returncode == 4
        assert "mixtral" in outcome.errors.lower()
        assert not outcome.checkpoint.exists()
        return
    assert outcome.returncode == 0, outcome.errors
    coverage = outcome.stage["payload"]["coverage"]
    assert coverage["share_4bit"] == 1.0
    assert coverage["share_scaled"] >= 0.5
    if "error" in answers[name]:
        assert family == "mixtral"
        assert NO_MOE_KERNEL in answers[name]["error"]
        return
    assert agrees(answers[name], references[name]), (answers[name], references[name])


@pytest.mark.parametrize("name", [*VARIATIONS, "control"])
def test_variation(
    name: str, outcomes: dict[str, Outcome], answers: dict[str, Any], references: dict[str, Any]
) -> None:
    """Group sizes, symmetric and per-channel weights, ignored layers and the control load and say the same."""
    if name in outcomes:
        assert outcomes[name].returncode == 0, outcomes[name].errors
    assert agrees(answers[name], references[name]), (answers[name], references[name])


def test_the_comparison_tells_checkpoints_apart(answers: dict[str, Any], references: dict[str, Any]) -> None:
    """Held against another group size of the same model, the same comparison fails."""
    assert not agrees(answers["group 64"], references["group 32, half a layer ignored"])
