"""The command line in a process of its own: start-up, exit codes, output channels."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers import awqctl

PLAN_HEAVY = ("torch", "transformers", "mlflow", "matplotlib", "datasets", "huggingface_hub", "numpy", "scipy", "httpx")
HEAVY = ("mlflow", "transformers", "datasets", "matplotlib", "pydantic", "torch", "openai", "lm_eval", "rich", "uv")


def test_help_loads_nothing_heavy() -> None:
    """`awqctl --help` stays quick because no heavy module is imported."""
    code = (
        "import sys; from pipeline.cli.main import main; sys.argv = ['awqctl', '--help']\n"
        "try: main()\nexcept SystemExit: pass\n"
        f"print([name for name in {HEAVY} if name in sys.modules], file=sys.stderr)"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert answer.stderr.strip() == "[]"


def test_planning_loads_nothing_heavy() -> None:
    """The whole command, in a fresh interpreter."""
    code = (
        "import sys; from pipeline.cli.main import cli\n"
        "cli.main(['plan', 'Qwen/Qwen3-8B', '--gpu', 'h100', '--json'], standalone_mode=False)\n"
        f"print([name for name in {PLAN_HEAVY} if name in sys.modules], file=sys.stderr)"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert answer.stderr.strip() == "[]"


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["nonsense"], 2, "No such command"),
        (["rnu"], 2, "No such command 'rnu'. Did you mean run?"),
        (["roi", "dmo"], 2, "Did you mean demo?"),
        (["bench", "--seed", "x"], 2, "'x' is not a whole number."),
        (["compare", "a", "b", "--margin", "x"], 2, "'x' is not a number."),
        (["run"], 2, "Missing argument 'RECIPE'. See `awqctl run --help`."),
        (["env", "rm"], 2, "See `awqctl env rm --help`."),
        (["ui", "--port", "x"], 2, "See `awqctl ui --help`."),
        (["run", "nosuch"], 2, "no recipe named 'nosuch'"),
        (["run", "demo", "--set", "bench.repeats=x"], 2, "bench.repeats"),
        (["report", "demo"], 2, "awqctl run demo"),
        (["serve", "demo"], 2, "awqctl quantize demo"),
        (
            ["report", "demo", "--set", "bench.concurrency=[1, 2]", "--out", "my out", "--store", "sqlite:///x.db"],
            2,
            "`awqctl run demo --set 'bench.concurrency=[1, 2]' --out 'my out' --store sqlite:///x.db`",
        ),
        (["eval", "demo", "--set", "arms=[baseline, awq, rtn]"], 2, "demo --set 'arms=[baseline, awq, rtn]'` first"),
        (["serve", "demo", "--out", "it's"], 2, """`awqctl quantize demo --out 'it'"'"'s'`"""),
        (["quantize", "demo", "--set", "model.source=/nowhere/model"], 2, "there is no folder /nowhere/model"),
        (["quantize", "demo", "--set", "quantize.calibration.source=/nowhere.jsonl"], 2, "there is no file"),
        (["quantize", "demo", "--set", "engine.accelerator=cuda"], 4, "no GPU"),
        (["verify", "."], 2, "not a checkpoint of awqctl"),
        (["env", "rm", "tensorrt"], 2, "no runtime 'tensorrt'"),
        (["keys", "revoke", "nobody"], 2, "nobody"),
        (["recipe", "cp", "demo", f"{'n' * 300}.yaml"], 2, "File name too long"),
        (["serve", "demo", "--port", "9000", "--plain-http"], 2, "awqctl quantize demo` first"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_mistakes_end_with_a_sentence(tmp_path: Path, arguments: list[str], code: int, message: str) -> None:
    """Exit code of the contract, a message on standard error, nothing on standard output, no traceback."""
    answer = awqctl(*arguments, cwd=tmp_path)
    assert answer.returncode == code, answer.stderr
    assert message in answer.stderr
    assert re.fullmatch(r"awqctl: \S.*\.", answer.stderr.rstrip(), re.DOTALL)
    assert "Error:" not in answer.stderr
    assert "Traceback" not in answer.stderr
    assert answer.stdout == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ["recipe", "ls"],
        ["recipe", "show", "demo"],
        ["recipe", "validate", "demo"],
        ["env", "ls"],
        ["doctor"],
        ["keys", "ls"],
    ],
    ids=" ".join,
)
def test_json_is_one_document(tmp_path: Path, arguments: list[str]) -> None:
    """With `--json`, standard output is one JSON document and nothing else."""
    answer = awqctl(*arguments, "--json", cwd=tmp_path)
    assert answer.returncode in (0, 4)
    assert isinstance(json.loads(answer.stdout), list | dict)


def test_interrupt_before_anything_is_imported(tmp_path: Path) -> None:
    """Ctrl-C in the first tenth of a second leaves no traceback; a stand-in for Click raises it there."""
    (tmp_path / "click.py").write_text("raise KeyboardInterrupt")
    answer = awqctl("recipe", "ls", cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(tmp_path)})
    assert answer.returncode == 130
    assert re.fullmatch(r"awqctl: Interrupted\. .*\n", answer.stderr)


def test_current_folder_that_is_gone_is_told(tmp_path: Path) -> None:
    """Somebody removed it under the shell."""
    (tmp_path / "gone").mkdir()
    script = 'cd "$1" && rmdir "$1" && exec "$2" -m pipeline.cli roi demo'
    line = ["bash", "-c", script, "bash", str(tmp_path / "gone"), sys.executable]
    answer = subprocess.run(line, capture_output=True, text=True, check=False, timeout=60)
    assert (answer.returncode, "current folder is gone" in answer.stderr) == (4, True), answer.stderr


def test_recipe_cp_does_not_overwrite(tmp_path: Path) -> None:
    """A copy validates; a second one to the same name is refused."""
    assert awqctl("recipe", "cp", "demo", "mine.yaml", cwd=tmp_path).returncode == 0
    assert awqctl("recipe", "validate", "mine.yaml", cwd=tmp_path).returncode == 0
    again = awqctl("recipe", "cp", "demo", "mine.yaml", cwd=tmp_path)
    assert (again.returncode, "exists already" in again.stderr) == (2, True)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_script(shell: str) -> None:
    """Every shell gets a script that names the command."""
    assert "_AWQCTL_COMPLETE" in awqctl("completion", shell).stdout


def test_output_piped_into_head_is_no_error(tmp_path: Path) -> None:
    """A reader that stops early ends the command quietly."""
    command = f"{sys.executable} -m pipeline.cli recipe show demo | head -n 1"
    answer = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert (answer.stdout.strip(), answer.stderr) == ("schema_version: 2", "")
