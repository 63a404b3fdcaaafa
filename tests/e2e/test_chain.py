"""The real chain on this machine: AutoAWQ, vLLM, lm-eval, vLLM's benchmark, HAProxy, MLflow.

All tests read one run of the packaged recipe with a smaller load; those that change it work on a copy.
"""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.e2e.conftest import ITEMS, QUESTIONS, Chain

pytestmark = pytest.mark.e2e


def test_record_is_what_was_printed(chain: Chain) -> None:
    """`--json` prints the record, and the record is in the folder."""
    assert json.loads((chain.out / "record.json").read_text()) == chain.document
    assert list(chain.document["stages"]) == ["quantize", "eval", "bench", "roi", "serve", "report"]


def test_weights_are_four_bit(chain: Chain) -> None:
    """Group 128 costs 4 + 16/128 + 4/128 bits per weight; the whole file shrinks."""
    result = chain.payload("quantize")
    assert result["bits_per_quantized_weight"] == 4.15625
    assert result["quantized_modules"] == 42
    assert result["checkpoint_bytes"] < 0.5 * result["source_bytes"]


def test_checkpoint_verifies(chain: Chain, tmp_path: Path) -> None:
    """The manifest holds, and a flipped byte is found and refused by the next stage until it is put right."""
    copy = chain.copy(tmp_path)
    checkpoint = copy.out / "checkpoint"
    assert copy.plain("verify", checkpoint).returncode == 0
    path = checkpoint / "generation_config.json"
    original = path.read_bytes()
    path.write_bytes(original.replace(b"{", b"[", 1))
    assert copy.plain("verify", checkpoint).returncode == 3
    answer = copy.run("bench", "demo", "--force")
    assert (answer.returncode, "contents changed" in answer.stderr) == (2, True)
    path.write_bytes(original)
    assert copy.run("bench", "demo").returncode == 0


def test_awq_ran_on_a_quantized_kernel(chain: Chain) -> None:
    """The kernel is read from the engine's own log, in both stages."""
    assert "WNA16" in chain.payload("eval")["kernels"]["awq"]
    assert chain.payload("eval")["kernels"]["baseline"] == "unquantized"
    assert "WNA16" in chain.of("bench", "awq")["kernel"]


def test_accuracy_is_measured_on_the_same_items(chain: Chain) -> None:
    """Both tasks, both variants, paired; the baseline beats chance, AWQ stays near it."""
    tasks = {(task["task"], task["arm"]): task for task in chain.payload("eval")["tasks"]}
    lines, bits = tasks["stdlib_next_line", "awq"], tasks["stdlib_bits", "awq"]
    assert (lines["items"], bits["items"], lines["paired"], bits["paired"]) == (ITEMS, 82, True, True)
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
    result = chain.payload("eval")
    assert result["arms"] == ["baseline", "awq", "rtn", "broken"]
    assert "WNA16" in result["kernels"]["rtn"]
    contrasts = {entry["task"]: entry for entry in result["contrasts"]}
    assert contrasts["stdlib_bits"]["paired"]
    assert "plain rounding" in (chain.out / "report" / "report.md").read_text()


def test_calibration_does_not_hold_the_tasks(chain: Chain) -> None:
    """The packaged calibration text and tasks are of different modules, and the check says so."""
    found = chain.payload("eval")["overlap"]["tasks"]
    assert [(task["task"], task["items"], task["overlapping"]) for task in found] == [
        ("stdlib_next_line", ITEMS, 0),
        ("stdlib_bits", 82, 0),
        ("own", len(QUESTIONS), 0),
    ]


def test_model_card_has_the_measured_accuracy(chain: Chain) -> None:
    """The report has a card with the figures beside it, and the checkpoint is as `quantize` published it."""
    score = chain.row("stdlib_next_line", "awq")["candidate"]["value"]
    assert f"{score:.4f}" in (chain.out / "report" / "model_card.md").read_text()
    assert "Not measured when" in (chain.out / "checkpoint" / "README.md").read_text()
    assert chain.plain("verify", chain.out / "checkpoint").returncode == 0


def test_load_was_delivered(chain: Chain) -> None:
    """Both variants at each concurrency, agreeing with the server's own counters; raw files beside."""
    result = chain.payload("bench")
    assert result["counter_disagreement"] <= 0.01
    assert result["changed_limits"] == {"foreign_cpu_share": None, "client_cpu_share": None, "ceiling_share": None}
    for arm in ("baseline", "awq"):
        load = chain.of("bench", arm)
        assert [point["concurrency"] for point in load["points"]] == [1, 4]
        assert load["void_points"] == []
        assert all(point["output_tokens_per_s"] > 0 for point in load["points"])
        assert all(point["ttft"]["p95_ms"] is None for point in load["points"])  # of 32 requests at most
        runs = [run for point in load["points"] for run in point["runs"]]
        assert all(run["engine"]["output_tokens"] == run["output_tokens"] for run in runs if run["figures"])
        for run in runs:
            raw = (chain.out / "bench" / run["raw_file"]).read_bytes()
            assert hashlib.sha256(raw).hexdigest() == run["raw_sha256"]
        assert load["memory"]["kv_cache_tokens"] > 1024
        assert len(list((chain.out / "bench" / arm).glob("*.json.gz"))) == len(runs) >= 4


def test_plan_is_what_the_engine_logged(chain: Chain) -> None:
    """The tokens of the KV cache and the requests that it holds, to the last one; the weights within 5 %."""
    for plan in chain.payload("bench")["plans"]:
        logged = chain.of("bench", plan["arm"])["memory"]
        assert plan["figures"]["kv_cache_tokens"] == logged["kv_cache_tokens"]
        assert plan["figures"]["max_concurrency"] == pytest.approx(logged["max_concurrency"], abs=0.01)
        assert plan["figures"]["weights_gib"] == pytest.approx(logged["weights_gib"], rel=0.05)


def test_endpoint_passed_its_checks(chain: Chain) -> None:
    """The real openai client, through HAProxy and TLS."""
    checks = {check["name"]: check["passed"] for check in chain.payload("serve")["checks"]}
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
    """A parent with the figures of all six stages, and a nested run of each that it ran, samples included."""
    from mlflow import MlflowClient  # noqa: PLC0415 -- seconds

    client = MlflowClient(f"sqlite:///{chain.folder}/mlruns/mlflow.db")
    parent = client.get_run(chain.document["mlflow_run_id"])
    nested = client.search_runs([parent.info.experiment_id], f"tags.`mlflow.parentRunId` = '{parent.info.run_id}'")
    by_stage = {run.data.tags["awqctl.stage"]: run for run in nested}
    # The model was quantized by an earlier command, which has a parent of its own.
    assert by_stage.keys() == chain.document["stages"].keys() - {"quantize"}
    assert {f"{stage}_stage_seconds" for stage in chain.document["stages"]} <= parent.data.metrics.keys()
    assert parent.data.tags["awqctl.gates"] == "passed"
    assert "report/report.html" in [file.path for file in client.list_artifacts(parent.info.run_id, "report")]
    assert {run.info.status for run in (*nested, parent)} == {"FINISHED"}
    history = client.get_metric_history(by_stage["bench"].info.run_id, "awq_output_tokens_per_s")
    assert sorted(entry.step for entry in history) == [1, 4]
    names = [file.path for file in client.list_artifacts(by_stage["eval"].info.run_id, "eval/awq")]
    assert "eval/awq/stdlib_next_line.samples.jsonl" in names


def test_second_run_does_nothing(chain: Chain) -> None:
    """All six stages are kept, in seconds."""
    answer = chain.run("run", "demo")
    assert answer.stdout.count("up to date") == 6, answer.stdout + answer.stderr


def test_change_of_price_redoes_costs_and_report_only(chain: Chain, tmp_path: Path) -> None:
    """What depends on the key runs again and says why; nothing else does."""
    copy = chain.copy(tmp_path)
    answer = copy.run("run", "demo", extra=("roi.hourly.usd=0.16",))
    assert "changed: recipe.roi.hourly" in answer.stdout
    assert answer.stdout.count("up to date") == 4, answer.stdout + answer.stderr
    after = replace(copy, document=json.loads((copy.out / "record.json").read_text()))
    before = chain.of("roi", "awq")["monthly_usd"]["value"]
    assert after.of("roi", "awq")["monthly_usd"]["value"] == pytest.approx(2 * before)


def test_unknown_task_is_refused(chain: Chain, tmp_path: Path) -> None:
    """It ends with code 2; the good result of before stays."""
    copy = chain.copy(tmp_path)
    task = copy.run("eval", "demo", extra=("eval.tasks.0.name=no_such_task",))
    assert (task.returncode, "no task named no_such_task" in task.stderr) == (2, True)
    assert (copy.out / "eval" / "results.json").exists()
