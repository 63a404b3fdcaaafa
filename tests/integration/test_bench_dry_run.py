"""`awqctl bench|serve|run --dry-run` with the plan: memory, time and what does not fit, on any machine; no engine."""

import json
import os
import socket
import subprocess
from pathlib import Path

import pytest

from tests.helpers import awqctl

SHORT = ("bench.concurrency=[1,4]", "bench.requests_per_concurrency=2", "bench.repeats=3", "bench.warmup_requests=4")


def asked(
    folder: Path, command: str, recipe: str, *options: str, settings: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    """Return how a dry run ended, with a home that all tests share."""
    home = {**os.environ, "AWQCTL_HOME": str(folder.parent / "dry-run-home")}
    line = (command, recipe, "--dry-run", *options)
    return awqctl(*line, settings=settings, cwd=folder, env=home, timeout=300)


def test_bench_on_a_gpu_that_is_not_here(tmp_path: Path) -> None:
    """Time with an interval, requests and starts; nothing of this machine is checked, nothing is written."""
    answer = asked(tmp_path, "bench", "demo", "--gpu", "l4", "--json", settings=SHORT)
    assert answer.returncode == 0, answer.stderr
    document = json.loads(answer.stdout)
    time = document["bench_time"]
    assert document["stages"] == ["bench"]
    assert document["plan"]["target"] == "planned for L4, not this machine"
    assert [arm["requests"] for arm in time["arms"]] == [38, 38]
    assert 0 < time["seconds"]["low"] < time["seconds"]["expected"] < time["seconds"]["high"]
    assert time["engine_starts"] == 2
    assert "unchecked" in {finding["state"] for finding in document["findings"] if finding["subject"] == "machine"}
    assert list(tmp_path.iterdir()) == []


def test_bench_on_this_processor_says_what_is_not_known(tmp_path: Path) -> None:
    """Memory is planned, time is not guessed; the tables are for 80 columns."""
    answer = asked(tmp_path, "bench", "llama-0.4b-dummy", settings=("engine.accelerator=cpu",))
    assert answer.returncode in (0, 4), answer.stderr  # 4: no compiler
    text = " ".join(answer.stdout.split())
    assert "Planned for the CPU of this machine" in text
    assert "The time of the load is not known" in text
    assert max(map(len, answer.stdout.splitlines())) <= 80


@pytest.mark.parametrize("command", ["bench", "run"])
def test_what_does_not_fit_ends_with_3(tmp_path: Path, command: str) -> None:
    """70 billion parameters are no plan for an L4, with AWQ neither; the way out is named with its price."""
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text(json.dumps(LARGE), encoding="utf-8")
    settings = ("model.source=./model", "serve.port=0")
    answer = asked(tmp_path, command, "llama-0.4b-dummy", "--gpu", "l4", "--json", settings=settings)
    refused(answer, 2)


def test_corrections_that_cannot_be_read_hide_nothing(tmp_path: Path) -> None:
    """What does not fit is found without them, and that they were not used is said."""
    home = {**os.environ, "AWQCTL_HOME": str(tmp_path / "home")}
    broken = tmp_path / "home" / "config" / "corrections.yaml"
    broken.parent.mkdir(parents=True)
    broken.write_text("observations: [\n", encoding="utf-8")
    settings = ("engine.gpu_memory_utilization=0.001",)
    answer = awqctl("bench", "demo", "--dry-run", "--gpu", "l4", settings=settings, cwd=tmp_path, env=home, timeout=300)
    assert answer.returncode == 3, answer.stderr
    assert "It is planned without corrections." in " ".join(answer.stderr.split())


def test_prompts_that_are_not_there(tmp_path: Path) -> None:
    """They are missed before an engine starts, on any machine."""
    settings = (*SHORT, "bench.prompts=none.jsonl")
    answer = asked(tmp_path, "bench", "demo", "--gpu", "l4", "--json", settings=settings)
    assert answer.returncode == 2, answer.stderr
    assert "none.jsonl" in answer.stderr
    assert "obstacle" in {
        each["state"] for each in json.loads(answer.stdout)["findings"] if each["subject"] == "prompts"
    }


def test_a_checkpoint_that_does_not_fit_is_not_served(tmp_path: Path) -> None:
    """Of the memory of an L4 half a per cent; the baseline, which is not served, is not planned."""
    settings = ("engine.gpu_memory_utilization=0.005", "serve.port=0")
    refused(asked(tmp_path, "serve", "demo", "--gpu", "l4", "--json", settings=settings), 1)


def refused(answer: subprocess.CompletedProcess[str], configurations: int) -> None:
    """Check that so many configurations do not fit, and that it is said what would."""
    wrong = [finding for finding in json.loads(answer.stdout)["findings"] if finding["exit_code"] == 3]
    assert (answer.returncode, len(wrong)) == (3, configurations), answer.stderr
    assert "cheapest first" in wrong[0]["text"]
    assert "planned for L4, not this machine" in answer.stderr


def test_serve_looks_at_its_port_and_its_memory(tmp_path: Path) -> None:
    """One configuration, of the checkpoint that nobody made yet; a port that is taken ends with 4."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        answer = asked(tmp_path, "serve", "demo", "--port", port, "--json")
    document = json.loads(answer.stdout)
    assert answer.returncode == 4, answer.stderr
    assert f"Port {port} on 127.0.0.1 is in use" in " ".join(answer.stderr.split())
    assert [arm["arm"] for arm in document["plan"]["arms"]] == ["awq"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (("bench", "demo", "--gpu", "l4"), "--gpu goes with --dry-run"),
        (("bench", "--calibrate", "--dry-run"), "--dry-run goes with a RECIPE"),
        (("serve", "demo", "--dry-run", "--gpu", "voodoo"), "No GPU of the catalogue is called voodoo"),
    ],
)
def test_wrong_usage(tmp_path: Path, line: tuple[str, ...], said: str) -> None:
    """With code 2, before anything is looked at."""
    answer = awqctl(*line, cwd=tmp_path)
    assert (answer.returncode, said in answer.stderr) == (2, True), answer.stderr


LARGE = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": 8192,
    "intermediate_size": 28672,
    "num_hidden_layers": 80,
    "num_attention_heads": 64,
    "num_key_value_heads": 8,
    "vocab_size": 32000,
    "max_position_embeddings": 8192,
    "tie_word_embeddings": False,
    "torch_dtype": "bfloat16",
}
