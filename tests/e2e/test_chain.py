"""The real chain on this machine: AutoAWQ, vLLM, lm-eval, vLLM's benchmark, HAProxy, MLflow. Minutes.

One run of the packaged recipe with a smaller load feeds all tests of this file.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

pytestmark = pytest.mark.e2e

SMALLER = (
    "eval.tasks.0.limit=200",
    "eval.tasks.1.limit=10",
    "bench.concurrency=[1,4]",
    "bench.requests_per_concurrency=4",
    "bench.repeats=2",
    "quantize.calibration.blocks=16",
    "quantize.control=rtn",
    "serve.port=0",
)


@dataclass(frozen=True)
class Chain:
    """A finished run."""

    folder: Path
    document: dict[str, Any]

    @property
    def out(self) -> Path:
        """Return the output folder."""
        return self.folder / "out" / "demo"


def command(*arguments: str, extra: tuple[str, ...] = ()) -> list[str]:
    """Return the command line with the smaller load."""
    settings = [part for value in (*SMALLER, *extra) for part in ("--set", value)]
    return [sys.executable, "-m", "pipeline.cli", *arguments, *settings]


def run(folder: Path, *arguments: str, extra: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    """Run a command of the chain in a folder."""
    return subprocess.run(
        command(*arguments, extra=extra), cwd=folder, capture_output=True, text=True, check=False, timeout=1400
    )


def strays(folder: Path) -> list[str]:
    """Return processes that still work in `folder`: every engine inherits the folder its command was started in."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.status() != psutil.STATUS_ZOMBIE and Path(process.cwd()).is_relative_to(folder):
                found.append(" ".join(process.cmdline()) or process.name())
    return found


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Chain:
    """Run every stage once, in an empty folder."""
    folder = tmp_path_factory.mktemp("chain")
    answer = run(folder, "run", "demo", "--json")
    assert answer.returncode in (0, 3), answer.stderr
    return Chain(folder, json.loads(answer.stdout))


def payload(chain: Chain, stage: str) -> dict[str, Any]:
    """Return what a stage reported."""
    found: dict[str, Any] = chain.document["stages"][stage]["payload"]
    return found


def test_record_is_what_was_printed(chain: Chain) -> None:
    """`--json` prints the record, and the record is in the folder."""
    assert json.loads((chain.out / "record.json").read_text()) == chain.document
    assert list(chain.document["stages"]) == ["quantize", "eval", "bench", "roi", "serve", "report"]


def test_weights_are_four_bit(chain: Chain) -> None:
    """Group 128 costs 4 + 16/128 + 4/128 bits per weight; the whole file shrinks."""
    result = payload(chain, "quantize")
    assert result["bits_per_quantized_weight"] == 4.15625
    assert result["quantized_modules"] == 42
    assert result["checkpoint_bytes"] < 0.5 * result["source_bytes"]


def test_checkpoint_verifies(chain: Chain) -> None:
    """The manifest holds, and a flipped byte is found and refused by the next stage."""
    checkpoint = chain.out / "checkpoint"
    assert run_plain(chain.folder, "verify", str(checkpoint)).returncode == 0
    path = checkpoint / "generation_config.json"
    original = path.read_bytes()
    path.write_bytes(original.replace(b"{", b"[", 1))
    try:
        assert run_plain(chain.folder, "verify", str(checkpoint)).returncode == 3
        answer = run(chain.folder, "bench", "demo", "--force")
        assert (answer.returncode, "contents changed" in answer.stderr) == (2, True)
    finally:
        path.write_bytes(original)
    assert run(chain.folder, "bench", "demo").returncode == 0


def run_plain(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command that takes no recipe."""
    line = [sys.executable, "-m", "pipeline.cli", *arguments]
    return subprocess.run(line, cwd=folder, capture_output=True, text=True, check=False, timeout=300)


def test_awq_ran_on_a_quantized_kernel(chain: Chain) -> None:
    """The kernel is read from the engine's own log, in both stages."""
    assert "WNA16" in payload(chain, "eval")["kernels"]["awq"]
    assert payload(chain, "eval")["kernels"]["baseline"] == "unquantized"
    assert "WNA16" in payload(chain, "bench")["awq"]["kernel"]


def test_accuracy_is_measured_on_the_same_items(chain: Chain) -> None:
    """Both tasks, both variants, paired; the baseline beats chance, AWQ stays near it."""
    tasks = {(task["task"], task["arm"]): task for task in payload(chain, "eval")["tasks"]}
    lines, bits = tasks["stdlib_next_line", "awq"], tasks["stdlib_bits", "awq"]
    assert (lines["items"], bits["items"], lines["paired"], bits["paired"]) == (200, 10, True, True)
    assert lines["baseline"]["value"] > 0.35
    assert bits["baseline"]["value"] < 1.8
    assert abs(lines["delta"]) < 0.1
    # Round-to-nearest costs this model about 0.01; AutoAWQ's unmended search on the CPU costs 1.2.
    assert 0 < bits["delta"] < 0.05
    samples = (chain.out / "eval" / "awq" / "stdlib_next_line.samples.jsonl").read_text().splitlines()
    right = [json.loads(row)["acc"] for row in samples]
    assert sum(right) / len(right) == pytest.approx(lines["candidate"]["value"])


def test_control_is_measured_beside_awq(chain: Chain) -> None:
    """The rounded model is a third arm on a quantized kernel, and AWQ is compared with it on the same items."""
    result = payload(chain, "eval")
    assert result["arms"] == ["baseline", "awq", "rtn"]
    assert "WNA16" in result["kernels"]["rtn"]
    contrasts = {entry["task"]: entry for entry in result["contrasts"]}
    assert contrasts["stdlib_bits"]["paired"]
    assert "plain rounding" in (chain.out / "report" / "report.md").read_text()


def test_calibration_does_not_hold_the_tasks(chain: Chain) -> None:
    """The packaged calibration text and tasks are of different modules, and the check says so."""
    found = payload(chain, "eval")["overlap"]["tasks"]
    assert [(task["task"], task["items"], task["overlapping"]) for task in found] == [
        ("stdlib_next_line", 200, 0),
        ("stdlib_bits", 10, 0),
    ]


def test_model_card_has_the_measured_accuracy(chain: Chain) -> None:
    """The report has a card with the figures beside it, and the checkpoint is as `quantize` published it."""
    score = {task["arm"]: task for task in payload(chain, "eval")["tasks"]}["awq"]["candidate"]["value"]
    assert f"{score:.4f}" in (chain.out / "report" / "model_card.md").read_text()
    assert "Not measured when" in (chain.out / "checkpoint" / "README.md").read_text()
    assert run_plain(chain.folder, "verify", str(chain.out / "checkpoint")).returncode == 0


def test_broken_off_quantization_goes_on(chain: Chain, tmp_path: Path) -> None:
    """Killed in the middle, the search is not done again from the start, and the bytes are the same."""
    out = tmp_path / "out"
    line = command("quantize", "demo", "--out", str(out))
    with subprocess.Popen(line, cwd=tmp_path, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as process:
        wait_for(lambda: len(list(out.glob(".resume/quantize/*/*.safetensors"))) >= 6, 600)
        process.kill()
    wait_for(lambda: not strays(tmp_path), 30)
    assert not (out / "checkpoint").exists()
    answer = run(tmp_path, "quantize", "demo", "--out", str(out), "--json")
    result = json.loads(answer.stdout)["payload"]
    assert result["recalled"] >= 6
    assert result["checkpoint_digest"] == payload(chain, "quantize")["checkpoint_digest"]
    assert list(out.glob(".resume/*")) == []


def test_load_was_delivered(chain: Chain) -> None:
    """Both variants at each concurrency, agreeing with the server's own counters; raw files beside."""
    result = payload(chain, "bench")
    assert result["counter_disagreement"] <= 0.02
    for variant in ("baseline", "awq"):
        assert [point["concurrency"] for point in result[variant]["points"]] == [1, 4]
        assert all(point["output_tokens_per_s"] > 0 for point in result[variant]["points"])
        assert result[variant]["memory"]["kv_cache_tokens"] > 1024
        assert len(list((chain.out / "bench" / variant).glob("*.json.gz"))) == 4


def test_endpoint_passed_its_checks(chain: Chain) -> None:
    """The real openai client, through HAProxy and TLS."""
    checks = {check["name"]: check["passed"] for check in payload(chain, "serve")["checks"]}
    assert len(checks) >= 6
    assert all(checks.values()), checks


def test_report_has_all_figures(chain: Chain) -> None:
    """Three forms, nothing fetched from a network."""
    html = (chain.out / "report" / "report.html").read_text()
    assert 'src="http' not in html
    assert "stdlib_next_line" in html
    assert json.loads((chain.out / "report" / "report.json").read_text())
    markdown = (chain.out / "report" / "report.md").read_text()
    assert r"stdlib\_next\_line" in markdown  # escaped, or Markdown would print it in italics


def test_everything_is_in_mlflow(chain: Chain) -> None:
    """One parent and six nested runs, all ended; per-item samples and raw benchmark files among the artifacts."""
    from mlflow import MlflowClient  # noqa: PLC0415 -- seconds

    client = MlflowClient(f"sqlite:///{chain.folder}/mlruns/mlflow.db")
    parent = client.get_run(chain.document["mlflow_run_id"])
    nested = client.search_runs([parent.info.experiment_id], f"tags.`mlflow.parentRunId` = '{parent.info.run_id}'")
    by_stage = {run.data.tags["awqctl.stage"]: run for run in nested}
    assert by_stage.keys() == chain.document["stages"].keys()
    assert {run.info.status for run in (*nested, parent)} == {"FINISHED"}
    history = client.get_metric_history(by_stage["bench"].info.run_id, "awq_output_tokens_per_s")
    assert sorted(entry.step for entry in history) == [1, 4]
    names = [file.path for file in client.list_artifacts(by_stage["eval"].info.run_id, "eval/awq")]
    assert "eval/awq/stdlib_next_line.samples.jsonl" in names


def test_second_run_does_nothing(chain: Chain) -> None:
    """All six stages are kept, in seconds."""
    answer = run(chain.folder, "run", "demo")
    assert answer.stdout.count("up to date") == 6, answer.stdout + answer.stderr


def test_change_of_price_redoes_costs_and_report_only(chain: Chain) -> None:
    """What depends on the key runs again and says why; nothing else does."""
    answer = run(chain.folder, "run", "demo", extra=("roi.hourly.usd=0.16",))
    assert "changed: recipe.roi.hourly" in answer.stdout
    assert answer.stdout.count("up to date") == 4, answer.stdout + answer.stderr
    record = json.loads((chain.out / "record.json").read_text())
    before = payload(chain, "roi")["awq"]["monthly_usd"]["value"]
    assert record["stages"]["roi"]["payload"]["awq"]["monthly_usd"]["value"] == pytest.approx(2 * before)


def test_unknown_task_and_metric_are_refused(chain: Chain) -> None:
    """Both end with code 2; the good result of before stays."""
    task = run(chain.folder, "eval", "demo", extra=("eval.tasks.0.name=no_such_task",))
    assert (task.returncode, "no task named no_such_task" in task.stderr) == (2, True)
    assert (chain.out / "eval" / "results.json").exists()


def test_engine_failure_is_one_sentence(chain: Chain) -> None:
    """An engine that cannot start is explained by its own root cause, with the log's path."""
    answer = run(chain.folder, "bench", "demo", extra=("engine.extra_args=['--no-such-flag']",))
    assert answer.returncode == 4
    assert "no-such-flag" in answer.stderr
    assert "Details:" in answer.stderr
    assert "Traceback" not in answer.stderr
    assert strays(chain.folder) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name)
def test_stopped_run_leaves_nothing(chain: Chain, tmp_path: Path, number: signal.Signals) -> None:
    """Stopped while vLLM runs: the code of the contract, no process, nothing half-written, and the next run works."""
    out = tmp_path / "out"
    for name in ("checkpoint", "control", "quantize"):
        (out / name).mkdir(parents=True)
        for path in (chain.out / name).iterdir():
            (out / name / path.name).write_bytes(path.read_bytes())
    (out / "record.json").write_bytes((chain.out / "record.json").read_bytes())
    line = command("eval", "demo", "--force", "--out", str(out))
    with subprocess.Popen(line, cwd=tmp_path, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        log = out / "logs" / "eval-vllm-alarm-baseline.log"
        wait_for(lambda: log.exists() and "Starting to load model" in log.read_text(errors="replace"), 300)
        assert any("vllm" in line.lower() for line in strays(tmp_path))
        os.kill(process.pid, number)
        _, errors = process.communicate(timeout=120)
    expected = {signal.SIGINT: 130, signal.SIGTERM: 130, signal.SIGKILL: -9}[number]
    assert process.returncode == expected, errors
    assert "Traceback" not in errors
    wait_for(lambda: not strays(tmp_path), 30)
    assert not (out / "eval").exists()
    if number != signal.SIGKILL:
        record = json.loads((out / "record.json").read_text())
        assert record["failed_attempts"]["eval"]["status"] == "interrupted"
        assert record["stages"]["eval"] == chain.document["stages"]["eval"]
        assert list((out / ".partial").iterdir()) == []


def test_serve_in_the_foreground(chain: Chain) -> None:
    """`awqctl serve`: prints how to use it, answers with a key, refuses without, stops on SIGTERM, leaves nothing."""
    key = json.loads(run_plain(chain.folder, "keys", "add", f"e2e-{os.getpid()}", "--json").stdout)["key"]
    line = command("serve", "demo", "--json")
    with subprocess.Popen(line, cwd=chain.folder, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        text = ""
        while not text.rstrip().endswith("}"):
            received = process.stdout.readline()
            assert received, process.stderr.read() if process.stderr else ""
            text += received
        serving = json.loads(text)
        import ssl  # noqa: PLC0415

        trusted = ssl.create_default_context(cafile=serving["ca_certificate"])
        with httpx.Client(verify=trusted, timeout=60) as client:
            body = {"model": serving["model"], "prompt": "def ", "max_tokens": 4}
            url = f"{serving['base_url']}/completions"
            allowed = client.post(url, json=body, headers={"Authorization": f"Bearer {key}"})
            refused = client.post(url, json=body)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    run_plain(chain.folder, "keys", "revoke", f"e2e-{os.getpid()}")
    assert (allowed.status_code, refused.status_code, process.returncode) == (200, 401, 0)
    assert allowed.json()["usage"]["completion_tokens"] == 4
    assert strays(chain.folder) == []


def wait_for(condition: Any, seconds: float) -> None:
    """Wait until the condition holds; fail when it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "timed out"
        time.sleep(0.1)
