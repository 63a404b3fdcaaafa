"""`awqctl quantize --dry-run` in a process of its own."""

from pathlib import Path

from pipeline.quantize.preflight import Preflight
from tests.helpers import awqctl


def test_dry_run_prints_a_plan_and_writes_nothing(tmp_path: Path) -> None:
    """Exit code 0, 80 columns, and an empty folder afterwards."""
    answer = awqctl("quantize", "demo", "--dry-run", cwd=tmp_path)
    assert answer.returncode == 0, answer.stderr
    assert "5.77 million" in answer.stdout
    assert max(len(line) for line in answer.stdout.splitlines()) <= 80
    assert list(tmp_path.iterdir()) == []


def test_dry_run_as_json(tmp_path: Path) -> None:
    """One document that the result model reads."""
    answer = awqctl("quantize", "demo", "--dry-run", "--json", cwd=tmp_path)
    assert Preflight.model_validate_json(answer.stdout).backend == "autoawq"
