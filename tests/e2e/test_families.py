"""Small random-weight models of eight families, saved by transformers 4 and 5, through both backends into real vLLM.

What vLLM writes is compared with the same checkpoint dequantized by awqctl's own reader and run in plain torch, in
FP32. vLLM computes in BF16, so it may prefer a token that lies behind by no more than BF16 arithmetic moves
log-probabilities; how much that is, is measured on each model by running the torch reference in BF16, too. Three times
that largest deviation is allowed, because vLLM adds the same numbers up in another order.
"""

import json
import random
import subprocess
from concurrent.futures import ThreadPoolExecutor
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
from tests.e2e.conftest import Installed

pytestmark = pytest.mark.e2e

SCRIPTS = Path(__file__).parent / "scripts"
FAMILIES = ("llama-mha-tied", "llama-gqa", "mistral", "mixtral", "qwen2", "qwen3", "gemma2", "phi3")
BACKENDS = ("autoawq", "llm-compressor")
SAVED_BY = ("transformers4", "transformers5")
NO_MOE_KERNEL = "No WNA16 MoE backend supports the deployment configuration."
"""vLLM's own words on a CPU without AMX."""
AT_ONCE = 2
"""Commands side by side: most of what each does is to import its libraries, on one core."""
PROMPT = random.Random(7).sample(range(10, 4000), 48)  # noqa: S311 -- a prompt, not a secret
TOKENS = 12

VARIED = "llama-gqa"
"""The family on which settings vary."""
CONTROLLED = "group 32, half a layer ignored"
VARIATIONS: dict[str, tuple[str, tuple[str, ...]]] = {
    CONTROLLED: (
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


CHOSEN = (
    "llama-mha-tied llm-compressor transformers5",
    "mixtral autoawq transformers4",
    "mixtral llm-compressor transformers5",
    "qwen2 llm-compressor transformers4",
    "gemma2 autoawq transformers4",
    "phi3 autoawq transformers5",
    "group 32, half a layer ignored",
    "group 64",
)
"""What `make test` tries; `make families` tries all. Each backend with what each version of transformers writes, every
fault that awqctl mends or refuses (Mixtral's router in both backends, Phi-3's fused layers), tied heads, biases, and a
family without FP16; group sizes and ignored layers on a Llama with grouped-query attention."""
ALL = (*(" ".join(case) for case in product(FAMILIES, BACKENDS, SAVED_BY)), *VARIATIONS)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give each test its cases: the chosen ones, or all with `--families`."""
    names = ALL if metafunc.config.getoption("--families") else CHOSEN
    if "case" in metafunc.fixturenames:
        metafunc.parametrize("case", [name for name in names if name not in VARIATIONS])
    if "variation" in metafunc.fixturenames:
        metafunc.parametrize("variation", [*(name for name in names if name in VARIATIONS), "control"])


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


def quantize(installed: Installed, source: Path, backend: str, folder: Path, *settings: str) -> Outcome:
    """Run `awqctl quantize` on a model."""
    values = (
        f"model.source={source}",
        "model.licence=apache-2.0",
        f"quantize.backend={backend}",
        "quantize.calibration.blocks=8",
        "quantize.calibration.block_tokens=128",
        *settings,
    )
    store = f"sqlite:///{folder.parent}/mlflow.db"
    options = ("--out", folder, "--json", "--store", store)
    answer = installed("quantize", "demo", *options, cwd=folder.parent, settings=values)
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
def names(request: pytest.FixtureRequest) -> tuple[str, ...]:
    """The cases of this session."""
    return ALL if request.config.getoption("--families") else CHOSEN


@pytest.fixture(scope="module")
def sources(names: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The families, saved by transformers 4 in one file and by transformers 5 in shards of 2 MB."""
    folder = tmp_path_factory.mktemp("families")
    tokenizer = str(packaged_model())

    def make(saved: str, engine: str, size: str) -> None:
        families = {name.split()[0] for name in names if name.endswith(saved)}
        families |= {VARIED} if saved == "transformers5" else set()
        script(engine, "make_models", str(folder / saved), size, tokenizer, *sorted(families))

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(make, SAVED_BY, ("autoawq", "llmcompressor"), ("5GB", "2MB")))
    return folder


@pytest.fixture(scope="module")
def outcomes(
    installed: Installed, names: tuple[str, ...], sources: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Outcome]:
    """Every case quantized: a family through a backend, or a variation of the settings on one family."""
    out = tmp_path_factory.mktemp("quantized")

    def make(number: int, name: str) -> Outcome:
        if name in VARIATIONS:
            backend, settings = VARIATIONS[name]
            settings += ("arms=[baseline, awq, rtn]",) if name == CONTROLLED else ()
            source = sources / "transformers5" / VARIED
        else:
            family, backend, saved = name.split()
            source, settings = sources / saved / family, ()
        return quantize(installed, source, backend, out / str(number), *settings)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return dict(zip(names, pool.map(make, range(len(names)), names), strict=True))


@pytest.fixture(scope="module")
def answers(outcomes: dict[str, Outcome]) -> dict[str, Any]:
    """What real vLLM writes with every checkpoint."""
    folders = {name: str(outcome.checkpoint) for name, outcome in outcomes.items() if outcome.checkpoint.exists()}
    folders["control"] = str(outcomes[CONTROLLED].control)
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


def test_family(case: str, outcomes: dict[str, Outcome], answers: dict[str, Any], references: dict[str, Any]) -> None:
    """Quantized, audited and loaded, with the reference's text; or refused before anything heavy, with the reason."""
    family, backend, _ = case.split()
    outcome = outcomes[case]
    if (family, backend) == ("mixtral", "llm-compressor"):
        assert outcome.returncode == 4
        assert "mixtral" in outcome.errors.lower()
        assert not outcome.checkpoint.exists()
        return
    assert outcome.returncode == 0, outcome.errors
    coverage = outcome.stage["payload"]["coverage"]
    assert coverage["share_4bit"] == 1.0
    assert coverage["share_scaled"] >= 0.5
    if "error" in answers[case]:
        assert family == "mixtral"
        assert NO_MOE_KERNEL in answers[case]["error"]
        return
    assert agrees(answers[case], references[case]), (answers[case], references[case])


def test_variation(
    variation: str, outcomes: dict[str, Outcome], answers: dict[str, Any], references: dict[str, Any]
) -> None:
    """Group sizes, symmetric and per-channel weights, ignored layers and the control load and say the same."""
    if variation in outcomes:
        assert outcomes[variation].returncode == 0, outcomes[variation].errors
    assert agrees(answers[variation], references[variation]), (answers[variation], references[variation])


def test_the_comparison_tells_checkpoints_apart(answers: dict[str, Any], references: dict[str, Any]) -> None:
    """Held against another group size of the same model, the same comparison fails."""
    assert not agrees(answers["group 64"], references[CONTROLLED])
