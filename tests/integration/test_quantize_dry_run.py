"""`awqctl quantize --dry-run` in a process of its own."""

from pathlib import Path

from pipeline.quantize.preflight import Preflight
from pipeline.runtimes.process import engine_environment
from tests.helpers import awqctl


def test_dry_run_prints_a_plan_and_writes_nothing(tmp_path: Path) -> None:
    """Exit code 0, 80 columns, and an empty folder afterwards."""
    answer = awqctl("quantize", "demo", "--dry-run", cwd=tmp_path)
    assert answer.returncode == 0, answer.stderr
    assert "5.77 million" in answer.stdout
    assert max(len(line) for line in answer.stdout.splitlines()) <= 80
    assert list(tmp_path.iterdir()) == []


def test_dry_run_as_json(tmp_path: Path) -> None:
    """One document that the result model reads, with the plan of the engine that serves the checkpoint."""
    answer = awqctl("quantize", "demo", "--dry-run", "--json", cwd=tmp_path)
    found = Preflight.model_validate_json(answer.stdout)
    assert found.backend == "autoawq"
    assert found.plan is not None
    assert [(arm.arm, arm.quantization) for arm in found.plan.arms] == [("awq", "awq")]


def test_a_gpu_recipe_is_planned_without_gpu_and_hub(tmp_path: Path) -> None:
    """From the catalogue's configuration: what quantizing takes of an L4, and that the model was not looked at."""
    environment = engine_environment({"HF_HOME": str(tmp_path / "hf"), "HF_ENDPOINT": "http://127.0.0.1:9"})
    options = ("--dry-run", "--gpu", "l4", "--json")
    answer = awqctl("quantize", "hub-gpu", *options, cwd=tmp_path, env=environment)
    assert answer.returncode == 0, answer.stderr
    assert "were not looked at" in " ".join(answer.stderr.split())
    found = Preflight.model_validate_json(answer.stdout)
    assert found.model.parameters == 7_615_616_512
    states = {check.name: check.status for check in found.checks}
    assert [states[name] for name in ("machine", "weights", "GPU memory")] == ["unchecked", "unchecked", "ok"]
    assert found.plan is not None
    assert found.plan.target == "planned for L4, not this machine"


def test_a_gpu_that_is_too_small_is_refused(tmp_path: Path) -> None:
    """Exit code 4 as for all that quantizing lacks, with the figure and the way out."""
    environment = engine_environment({"HF_HOME": str(tmp_path / "hf"), "HF_ENDPOINT": "http://127.0.0.1:9"})
    settings = ("quantize.calibration.blocks=2048", "quantize.n_parallel_calib_samples=2048")
    options = ("--dry-run", "--gpu", "rtx-2060")
    answer = awqctl("quantize", "hub-gpu", *options, settings=settings, cwd=tmp_path, env=environment)
    assert answer.returncode == 4, answer.stderr
    assert "of GPU memory needed" in " ".join(answer.stderr.split())
