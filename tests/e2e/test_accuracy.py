"""The accuracy verdict on real engines: several arms, a broken checkpoint, a dead engine, an interruption. Minutes.

One quantization of the demo model and one evaluation of it feed the tests of this file.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

pytestmark = pytest.mark.e2e

BREAK = Path(__file__).parent / "scripts" / "break_checkpoint.py"
QUANTIZE = ("quantize.control=rtn",)
ITEMS = 1000
MARGINS = {"stdlib_next_line": 0.03, "stdlib_bits": 0.05}
QUESTIONS = [
    {
        "prompt": f"# Which word is a Python keyword, number {number}?\nkeyword =",
        "choices": ["'def'", "'xyz'"],
        "answer": 0,
    }
    for number in range(40)
]


@dataclass(frozen=True)
class Evaluated:
    """A finished evaluation."""

    folder: Path
    settings: tuple[str, ...]
    result: dict[str, Any]
    stderr: str

    @property
    def out(self) -> Path:
        """Return the output folder."""
        return self.folder / "out" / "demo"

    def row(self, task: str, arm: str) -> dict[str, Any]:
        """Return one task of one arm."""
        return next(row for row in self.result["tasks"] if (row["task"], row["arm"]) == (task, arm))


def line(*arguments: str, settings: tuple[str, ...] = ()) -> list[str]:
    """Return a command line."""
    return [sys.executable, "-m", "pipeline.cli", *arguments, *(part for one in settings for part in ("--set", one))]


def run(folder: Path, *arguments: str, settings: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder."""
    command = line(*arguments, settings=settings)
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=1400)


def results(folder: Path) -> dict[str, Any]:
    """Return what the evaluation in a folder found."""
    found: dict[str, Any] = json.loads((folder / "out" / "demo" / "eval" / "results.json").read_text())
    return found


def break_layer(checkpoint: Path, out: Path) -> str:
    """Permute the scales of the first decoder layer; return the digest of the broken checkpoint."""
    command = [sys.executable, str(BREAK), str(checkpoint), str(out), "--layer", "0"]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    digest: str = json.loads(answer.stdout.splitlines()[-1])["digest"]
    return digest


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory: pytest.TempPathFactory) -> Evaluated:
    """Quantize, then evaluate the baseline twice, AWQ, the control and a broken checkpoint on three tasks."""
    folder = tmp_path_factory.mktemp("accuracy")
    quantized = run(folder, "quantize", "demo", settings=QUANTIZE)
    assert quantized.returncode == 0, quantized.stderr
    break_layer(folder / "out" / "demo" / "checkpoint", folder / "broken")
    (folder / "own.jsonl").write_text("".join(json.dumps(question) + "\n" for question in QUESTIONS))
    tasks = (
        f"{{name: stdlib_next_line, margin: 0.03, limit: {ITEMS}}}",
        "{name: stdlib_bits, metric: bits_per_byte, margin: 0.05}",
        f"{{questions: {folder / 'own.jsonl'}, margin: 0.5}}",
    )
    settings = (
        *QUANTIZE,
        "eval.noise_floor=true",
        f"eval.arms=[{{name: broken, checkpoint: {folder / 'broken'}}}]",
        f"eval.tasks=[{', '.join(tasks)}]",
    )
    answer = run(folder, "eval", "demo", settings=settings)
    assert answer.returncode == 0, answer.stderr
    return Evaluated(folder, settings, results(folder), answer.stderr)


def test_awq_is_shown_to_be_within_the_margins(evaluated: Evaluated) -> None:
    """A verdict with its bound, not a delta: on every item, paired, AWQ better than plain rounding in bits."""
    for task, margin in MARGINS.items():
        row = evaluated.row(task, "awq")
        assert (row["verdict"], row["paired"], row["margin"]) == ("pass", True, margin)
        assert row["interval"]["low"] < row["loss"] < row["bounds"]["high"] <= margin
    lines = evaluated.row("stdlib_next_line", "awq")
    assert lines["items"] == ITEMS
    assert lines["flips_to_wrong"] + lines["flips_to_right"] > 0
    assert len(lines["examples_to_wrong"]) == min(3, lines["flips_to_wrong"])
    assert lines["loss"] == pytest.approx((lines["flips_to_wrong"] - lines["flips_to_right"]) / ITEMS)
    (bits,) = (one for one in evaluated.result["contrasts"] if one["task"] == "stdlib_bits")
    assert bits["interval"]["high"] < 0


def test_baseline_against_itself_is_inside_its_floor(evaluated: Evaluated) -> None:
    """Another server and half the concurrency: no answer flips, or the floor says what chance does."""
    for one in evaluated.result["noise_floor"]:
        assert one["concurrency"] == [16, 8]
        assert abs(one["delta"]) <= one["floor"]
        assert one["floor"] < 0.1 * MARGINS.get(one["task"], 0.5)
    assert not any(row["floor"] is None for row in evaluated.result["tasks"])


def test_broken_checkpoint_is_caught_twice(evaluated: Evaluated) -> None:
    """Scales of one layer permuted: the alarm says so before its tasks, and the verdict after them."""
    absurd = {one["arm"]: one["absurd"] for one in evaluated.result["fidelity"]}
    assert absurd == {"rtn": False, "awq": False, "broken": True}
    assert "the arm 'broken' are most likely broken" in " ".join(evaluated.stderr.split())
    assert [evaluated.row(task, "broken")["verdict"] for task in MARGINS] == ["fail", "fail"]


def test_own_questions_are_a_task(evaluated: Evaluated) -> None:
    """One line in the recipe, a file beside it."""
    assert (evaluated.row("own", "awq")["items"], evaluated.row("own", "awq")["metric"]) == (len(QUESTIONS), "acc")


def test_every_figure_is_in_mlflow(evaluated: Evaluated) -> None:
    """Bounds, flips, floor and divergence as metrics, the engine's settings as parameters, samples as artifacts."""
    from mlflow import MlflowClient  # noqa: PLC0415 -- seconds

    client = MlflowClient(f"sqlite:///{evaluated.folder}/mlruns/mlflow.db")
    (experiment,) = (one for one in client.search_experiments() if one.name == "awqctl")
    (nested,) = client.search_runs([experiment.experiment_id], "tags.`awqctl.stage` = 'eval'")
    row = evaluated.row("stdlib_next_line", "awq")
    assert nested.data.metrics["stdlib_next_line_acc_loss_at_most"] == pytest.approx(row["bounds"]["high"])
    assert nested.data.metrics["stdlib_next_line_acc_flips_to_wrong"] == row["flips_to_wrong"]
    assert {
        "stdlib_bits_bits_per_byte_noise_floor",
        "kl_nats_awq",
        "top1_agreement_arm_broken",
    } <= nested.data.metrics.keys()
    assert nested.data.params["engine.dtype"] == "torch.bfloat16"
    folders = {file.path for file in client.list_artifacts(nested.info.run_id, "eval")}
    assert {"eval/awq", "eval/again", "eval/broken", "eval/results.json"} <= folders


def test_compare_says_the_same_of_the_stored_samples(evaluated: Evaluated) -> None:
    """The command on the stage's own sample files: the same figures, and code 3 for the broken arm."""
    folder = evaluated.out / "eval"
    tasks = ("--task", "stdlib_bits", "--margin", "0.05", "--seed", "1234", "--json")
    good = run(evaluated.folder, "compare", str(folder / "baseline"), str(folder / "awq"), *tasks)
    bad = run(evaluated.folder, "compare", str(folder / "baseline"), str(folder / "broken"), *tasks)
    (found,) = json.loads(good.stdout)["tasks"]
    row = evaluated.row("stdlib_bits", "awq")
    assert (good.returncode, bad.returncode) == (0, 3), good.stderr + bad.stderr
    assert {key: found[key] for key in ("loss", "bounds", "p_difference", "verdict")} == {
        key: row[key] for key in ("loss", "bounds", "p_difference", "verdict")
    }


def test_interrupted_evaluation_asks_only_what_is_missing(evaluated: Evaluated) -> None:
    """Ctrl-C while AWQ answers, then its engine is killed: no answer is asked twice, and the figures are the same."""
    shutil.rmtree(evaluated.out / ".resume" / "eval")
    with subprocess.Popen(
        line("eval", "demo", "--force", settings=evaluated.settings),
        cwd=evaluated.folder,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        wait_for(lambda: answers(evaluated, "awq") >= 400)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=120)
    kept = answers(evaluated, "awq")
    assert (process.returncode, kept < 4 * ITEMS) == (130, True)
    with subprocess.Popen(
        line("eval", "demo", settings=evaluated.settings), cwd=evaluated.folder, stderr=subprocess.PIPE, text=True
    ) as process:
        wait_for(lambda: answers(evaluated, "awq") >= kept + 400)
        os.kill(engine_of(process.pid), signal.SIGKILL)
        _, stderr = process.communicate(timeout=1400)
    again = results(evaluated.folder)
    assert (process.returncode, "It is started again" in " ".join(stderr.split())) == (0, True), stderr
    assert (again["restarts"]["awq"], again["restarts"]["baseline"]) == (1, 0)
    assert again["recalled"]["awq"] >= kept
    assert again["recalled"]["baseline"] == 0
    for before, after in zip(evaluated.result["tasks"], again["tasks"], strict=True):
        # Batches differ, so the seventh digit may; no verdict does.
        assert after["candidate"]["value"] == pytest.approx(before["candidate"]["value"], abs=0.002)
        assert after["verdict"] == before["verdict"]


def test_a_larger_limit_asks_only_the_new_items(evaluated: Evaluated) -> None:
    """After `inconclusive`, more items are added to those that were answered."""
    settings = tuple(one.replace(f"limit: {ITEMS}", f"limit: {ITEMS + 100}") for one in evaluated.settings)
    answer = run(evaluated.folder, "eval", "demo", settings=settings)
    assert answer.returncode == 0, answer.stderr
    found = results(evaluated.folder)
    assert set(found["recalled"].values()) == {4 * ITEMS + 82 + 2 * len(QUESTIONS)}
    assert {row["items"] for row in found["tasks"] if row["task"] == "stdlib_next_line"} == {ITEMS + 100}


def test_broken_awq_is_stopped_and_fails(evaluated: Evaluated, tmp_path: Path) -> None:
    """In AWQ's place the broken checkpoint ends with 3 before a task is asked; told to go on, the gate fails."""
    out = Path(shutil.copytree(evaluated.out, tmp_path / "out" / "demo"))
    shutil.rmtree(out / "checkpoint")
    digest = break_layer(evaluated.out / "checkpoint", out / "checkpoint")
    record = json.loads((out / "record.json").read_text())
    record["stages"]["quantize"]["payload"]["checkpoint_digest"] = digest
    (out / "record.json").write_text(json.dumps(record))
    settings = tuple(one for one in evaluated.settings if "arms" not in one and "noise_floor" not in one)
    stopped = run(tmp_path, "eval", "demo", settings=settings)
    assert (stopped.returncode, "the arm 'awq' are most likely broken" in stopped.stderr) == (3, True), stopped.stderr
    assert (results(tmp_path)["tasks"], list(out.glob(".resume/eval/awq-*/responses.jsonl"))) == ([], [])
    assert " ".join(results(tmp_path)["stopped"].split()) in " ".join(stopped.stderr.split())
    judged = run(tmp_path, "eval", "demo", settings=(*settings, "eval.alarm.stop=false"))
    assert judged.returncode == 3, judged.stderr
    verdicts = {row["task"]: row["verdict"] for row in results(tmp_path)["tasks"] if row["arm"] == "awq"}
    assert [verdicts[task] for task in MARGINS] == ["fail", "fail"]


def answers(evaluated: Evaluated, arm: str) -> int:
    """Return how many answers of an arm are stored."""
    files = (evaluated.out / ".resume" / "eval").glob(f"{arm}-*/responses.jsonl")
    return sum(len(path.read_bytes().splitlines()) for path in files)


def engine_of(pid: int) -> int:
    """Return vLLM's engine process below a command; the API server in front of it notices that it dies."""
    for child in psutil.Process(pid).children(recursive=True):
        if any("EngineCore" in part for part in child.cmdline()):
            return child.pid
    raise AssertionError("no engine runs")


def wait_for(condition: Callable[[], bool], seconds: float = 900) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.2)
