"""The accuracy verdict on real engines: several arms, a broken checkpoint, the baseline against itself."""

import json
import shutil
from pathlib import Path

import pytest

from tests.e2e.conftest import CONTROLLED, ITEMS, QUESTIONS, Chain, break_layer

pytestmark = pytest.mark.e2e

MARGINS = {"stdlib_next_line": 0.03, "stdlib_bits": 0.05}


def test_awq_is_shown_to_be_within_the_margins(chain: Chain) -> None:
    """A verdict with its bound, not a delta: on every item, paired, AWQ better than plain rounding in bits."""
    for task, margin in MARGINS.items():
        row = chain.row(task, "awq")
        assert (row["verdict"], row["paired"], row["margin"]) == ("pass", True, margin)
        assert row["interval"]["low"] < row["loss"] < row["bounds"]["high"] <= margin
    lines = chain.row("stdlib_next_line", "awq")
    assert lines["items"] == ITEMS
    assert lines["flips_to_wrong"] + lines["flips_to_right"] > 0
    assert len(lines["examples_to_wrong"]) == min(3, lines["flips_to_wrong"])
    assert lines["loss"] == pytest.approx((lines["flips_to_wrong"] - lines["flips_to_right"]) / ITEMS)
    (bits,) = (one for one in chain.result["contrasts"] if one["task"] == "stdlib_bits")
    assert bits["interval"]["high"] < 0


def test_baseline_against_itself_is_inside_its_floor(chain: Chain) -> None:
    """Another server and half the concurrency: no answer flips, or the floor says what chance does."""
    for one in chain.result["noise_floor"]:
        assert one["concurrency"] == [16, 8]
        assert abs(one["delta"]) <= one["floor"]
        assert one["floor"] < 0.1 * MARGINS.get(one["task"], 0.3)
    assert not any(row["floor"] is None for row in chain.result["tasks"])


def test_broken_checkpoint_is_caught_twice(chain: Chain) -> None:
    """Scales of one layer permuted: the alarm says so before its tasks, and the verdict after them."""
    absurd = {one["arm"]: one["absurd"] for one in chain.result["fidelity"]}
    assert absurd == {"rtn": False, "awq": False, "broken": True}
    assert "the arm 'broken' are most likely broken" in " ".join(chain.stderr.split())
    assert [chain.row(task, "broken")["verdict"] for task in MARGINS] == ["fail", "fail"]


def test_own_questions_are_a_task(chain: Chain) -> None:
    """One line in the recipe, a file beside it."""
    assert (chain.row("own", "awq")["items"], chain.row("own", "awq")["metric"]) == (len(QUESTIONS), "acc")


def test_every_figure_is_in_mlflow(chain: Chain) -> None:
    """Bounds, flips, floor and divergence as metrics, the engine's settings as parameters, samples as artifacts."""
    from mlflow import MlflowClient  # noqa: PLC0415 -- seconds

    client = MlflowClient(f"sqlite:///{chain.folder}/mlruns/mlflow.db")
    (experiment,) = (one for one in client.search_experiments() if one.name == "awqctl")
    (nested,) = client.search_runs([experiment.experiment_id], "tags.`awqctl.stage` = 'eval'")
    row = chain.row("stdlib_next_line", "awq")
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


def test_compare_says_the_same_of_the_stored_samples(chain: Chain) -> None:
    """The command on the stage's own sample files: the same figures, and code 3 for the broken arm."""
    folder = chain.out / "eval"
    tasks = ("--task", "stdlib_bits", "--margin", "0.05", "--seed", "1234", "--json")
    good = chain.plain("compare", folder / "baseline", folder / "awq", *tasks)
    bad = chain.plain("compare", folder / "baseline", folder / "broken", *tasks)
    (found,) = json.loads(good.stdout)["tasks"]
    row = chain.row("stdlib_bits", "awq")
    assert (good.returncode, bad.returncode) == (0, 3), good.stderr + bad.stderr
    assert {key: found[key] for key in ("loss", "bounds", "p_difference", "verdict")} == {
        key: row[key] for key in ("loss", "bounds", "p_difference", "verdict")
    }


def test_broken_awq_is_stopped(chain: Chain, tmp_path: Path) -> None:
    """In AWQ's place the broken checkpoint ends with 3 before a task is asked.

    What is said where it is told to go on is tested without another start: by the arm `broken` above, which went on,
    and by the gates' unit tests.
    """
    copy = chain.copy(tmp_path)
    shutil.rmtree(copy.out / "checkpoint")
    digest = break_layer(chain.installed, chain.out / "checkpoint", copy.out / "checkpoint")
    record = json.loads((copy.out / "record.json").read_text())
    record["stages"]["quantize"]["payload"]["checkpoint_digest"] = digest
    (copy.out / "record.json").write_text(json.dumps(record))
    stopped = copy.run("eval", "demo", extra=(CONTROLLED,))
    found = json.loads((copy.out / "eval" / "results.json").read_text())
    broken = {path.parent.name for path in copy.out.glob(".resume/eval/awq-*/responses.jsonl")}
    assert (stopped.returncode, "the arm 'awq' are most likely broken" in stopped.stderr) == (3, True), stopped.stderr
    assert (found["tasks"], len(broken)) == ([], 0)
    assert " ".join(found["stopped"].split()) in " ".join(stopped.stderr.split())
