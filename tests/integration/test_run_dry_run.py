"""`awqctl run --dry-run`, `recipe validate` and the pre-flight of a real run, with the real lm-eval worker."""

import json
import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipeline.runtimes.process import engine_environment
from tests.helpers import awqctl

if TYPE_CHECKING:
    from tests.fakes.hub import FakeHub

pytestmark = pytest.mark.usefixtures("indexed_home")
DEMO = Path(__file__).parents[2] / "recipes" / "demo" / "model"
TYPOS = {
    "eval.tasks.0.name=stdlib_nxt_line": "no task named stdlib_nxt_line",
    "eval.tasks.1.metric=bits_per_bite": "does not report 'bits_per_bite'; it reports bits_per_byte",
    "quantize.calibration.source=missing.jsonl": "there is no file missing.jsonl",
    "engine.max_model_len=2048": "allows 1024 tokens (max_position_embeddings",
    "eval.alarm.text=missing.txt": "eval.alarm.text: there is no file",
    "engine.pipeline_parallel_size=64": "pipeline_parallel_size is 64",
}


def test_every_typo_is_named_at_once(tmp_path: Path) -> None:
    """Six in four sections and a port that is taken, by one command that leaves nothing behind."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = f"serve.port={taken.getsockname()[1]}"
        answer = awqctl("run", "demo", "--dry-run", "--json", settings=(*TYPOS, port), cwd=tmp_path, timeout=300)
    assert answer.returncode == 4, answer.stderr
    document = json.loads(answer.stdout)
    found = [finding for finding in document["findings"] if finding["state"] == "obstacle"]
    for said in (*TYPOS.values(), "is in use"):
        assert sum(said in finding["text"] for finding in found) == 1, said
        assert said in answer.stderr
    # The port, and what the plan says of so many stages.
    assert len(found) == len(TYPOS) + 2
    assert list(tmp_path.iterdir()) == []


def test_demo_passes_on_any_machine(tmp_path: Path) -> None:
    """Planned for a GPU that is not here: nothing is refused, and what was not looked at is said to be unchecked."""
    settings = ("engine.accelerator=cuda", "serve.port=0")
    answer = awqctl("run", "demo", "--dry-run", settings=settings, cwd=tmp_path, timeout=300)
    assert answer.returncode == 0, answer.stderr
    assert max(map(len, answer.stdout.splitlines())) <= 80
    assert "unchecked" in answer.stdout
    assert list(tmp_path.iterdir()) == []


def test_run_stops_before_its_first_stage(tmp_path: Path) -> None:
    """A typo in a task costs seconds, not a quantization: nothing is made, nothing is recorded."""
    answer = awqctl("run", "demo", settings=("eval.tasks.0.name=stdlib_nxt_line",), cwd=tmp_path, timeout=300)
    assert (answer.returncode, "no task named stdlib_nxt_line" in answer.stderr) == (2, True), answer.stderr
    assert not (tmp_path / "out" / "demo" / "record.json").exists()
    assert not (tmp_path / "out" / "demo" / "checkpoint").exists()
    assert not (tmp_path / "mlruns").exists()


def test_task_file_that_breaks_lm_eval_is_told_with_its_log(tmp_path: Path) -> None:
    """The log outlives the command that names it."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "mine.yaml").write_text("task: mine\ntest_split: [")
    (tmp_path / "tmp").mkdir()
    settings = (f"eval.include_path={tmp_path}/mine", "eval.tasks=[{name: mine, margin: 0.1}]", "serve.port=0")
    environment = {**os.environ, "TMPDIR": str(tmp_path / "tmp")}
    answer = awqctl("run", "demo", "--dry-run", settings=settings, cwd=tmp_path, env=environment, timeout=300)
    assert answer.returncode in (2, 4), answer.stderr
    assert "mine" in answer.stderr
    if "Details: " in answer.stderr:
        assert Path(answer.stderr.rpartition("Details: ")[2].split()[0]).is_file()


def test_validate_sees_files_alone(tmp_path: Path) -> None:
    """Own questions with a fault in line 2, a column that is not there, a context that is too long."""
    (tmp_path / "own.jsonl").write_text('{"prompt": "1 + 1 =", "reference": "2"}\n{"prompt": "1 + 2 ="}\n')
    (tmp_path / "text.jsonl").write_text('{"content": "a"}\n')
    settings = (
        f"eval.tasks=[{{questions: {tmp_path}/own.jsonl, margin: 0.1}}]",
        f"quantize.calibration.source={tmp_path}/text.jsonl",
        "engine.max_model_len=2048",
    )
    answer = awqctl("recipe", "validate", "demo", settings=settings, cwd=tmp_path)
    assert answer.returncode == 4, answer.stderr
    for said in ("line 2", "no text under 'text' (found: content)", "allows 1024 tokens"):
        assert said in answer.stderr
    assert answer.stdout == ""


@pytest.mark.parametrize("command", ["quantize", "run"])
def test_hub_model_for_a_gpu_is_planned_on_a_laptop(empty_hub: "FakeHub", tmp_path: Path, command: str) -> None:
    """No GPU is needed to ask; a column that the data set lacks is found; no weights are fetched."""
    names = ("config.json", "README.md", "model.safetensors", "tokenizer.json", "tokenizer_config.json")
    empty_hub.push({name: (DEMO / name).read_bytes() for name in names})
    environment = engine_environment(
        {
            "HF_ENDPOINT": empty_hub.url,
            "HF_HOME": str(tmp_path / "hf"),
            "HF_HUB_OFFLINE": "0",
            "AWQCTL_HOME": os.environ["AWQCTL_HOME"],
        }
    )
    settings = ("model.source=maker/tiny", "engine.accelerator=cuda", "serve.port=0")
    answer = awqctl(
        command, "demo", "--dry-run", "--json", settings=settings, cwd=tmp_path, env=environment, timeout=300
    )
    assert answer.returncode == 0, answer.stderr
    document = json.loads(answer.stdout)
    states = {one.get("state", one.get("status")) for one in document.get("findings", document.get("checks"))}
    assert "unchecked" in states
    assert empty_hub.sent["model.safetensors"] <= 100_001
