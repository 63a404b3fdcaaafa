"""Records of earlier versions. The files in `data/` were written by runs of version 1, paths shortened."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from eval.accuracy.result import EvalResult
from eval.bench.result import BenchResult
from pipeline.base.errors import UsageError
from pipeline.quantize.result import QuantizeResult
from pipeline.recipe.load import load_recipe
from pipeline.record.record import RunRecord, load_record, save_record
from pipeline.run.stages import STAGES, changes, settings_of

DATA = Path(__file__).parent / "data"
BLOCKS = "quantize.calibration.blocks=16"
SETTINGS = (
    *(BLOCKS, "eval.tasks.0.limit=200", "eval.tasks.1.limit=10"),
    "arms=[baseline, awq, rtn]",
)
"""Of the run in `record-1-run.json`, as today's recipe says them."""


def document(name: str) -> dict[str, Any]:
    """Return a record as it was written."""
    found: dict[str, Any] = json.loads((DATA / name).read_text())
    return found


def record(name: str) -> RunRecord:
    """Return a record as this version reads it."""
    found = load_record(DATA / name)
    assert found is not None
    return found


def test_every_result_of_a_run_is_read() -> None:
    """All stages of version 1 have results that today's models accept, but that of prices, which is computed again."""
    found = record("record-1-run.json")
    assert [stage.name for stage in STAGES if found.find(stage.result) is None] == ["profile", "roi"]
    load, before = found.result(BenchResult), document("record-1-run.json")["stages"]
    assert [arm.arm for arm in load.arms] == ["baseline", "awq"]
    assert [arm.kernel for arm in load.arms] == [
        before["bench"]["payload"][arm]["kernel"] for arm in ("baseline", "awq")
    ]
    assert found.result(QuantizeResult).checkpoint_digest == before["quantize"]["payload"]["checkpoint_digest"]


def test_runs_of_a_benchmark_come_along(tmp_path: Path) -> None:
    """Of two runs smallest and largest are both, and the mean is of them; of more than three no single run was kept."""
    old = document("record-1-run.json")
    payload = old["stages"]["bench"]["payload"]
    point = payload["baseline"]["points"][0]
    ends = (point["output_tokens_per_s_min"], point["output_tokens_per_s_max"])
    read = record("record-1-run.json").result(BenchResult).of("baseline").points[0]
    assert payload["repeats"] == len(ends)
    assert read.output_tokens_per_s_runs == ends
    assert read.output_tokens_per_s == pytest.approx((ends[0] * ends[1]) ** 0.5)
    assert read.ttft.p50_ms_runs == ()
    payload["repeats"] = 5
    (tmp_path / "record.json").write_text(json.dumps(old))
    found = load_record(tmp_path / "record.json")
    assert found is not None
    read = found.result(BenchResult).of("baseline").points[0]
    assert (read.output_tokens_per_s_runs, read.output_tokens_per_s) == ((), point["output_tokens_per_s"])


@pytest.mark.parametrize(
    ("requests", "carried"), [(2, []), (60, ["p95_ms"]), (300, ["p95_ms", "p99_ms"])], ids=["few", "p95", "p99"]
)
def test_percentiles_of_too_few_requests_go(tmp_path: Path, requests: int, carried: list[str]) -> None:
    """Version 3 of a benchmark, as a run wrote it: rates and medians stay, tails only where requests carry them."""
    written = document("bench-3.json")
    for arm in written["arms"]:
        arm["points"][0]["requests"] = requests
    save_record(record("record-1-run.json"), tmp_path / "record.json")
    old = json.loads((tmp_path / "record.json").read_text())
    old["stages"]["bench"]["payload"] = written
    (tmp_path / "record.json").write_text(json.dumps(old))
    found = load_record(tmp_path / "record.json")
    assert found is not None
    load = found.result(BenchResult)
    point, before = load.of("awq").points[0], written["arms"][1]["points"][0]
    assert (load.throughput_over, load.calibration, load.void_points) == ("whole run", None, ())
    assert point.output_tokens_per_s_runs == tuple(before["output_tokens_per_s_runs"])
    assert point.ttft.p50_ms_runs == tuple(before["ttft"]["p50_ms_runs"])
    for name in ("p95_ms", "p99_ms"):
        assert getattr(point.ttft, name) == (before["ttft"][name] if name in carried else None)


def test_quantization_and_evaluation_still_hold() -> None:
    """With the same recipe neither runs again: `quantize.control` and `eval.arms` are arms now, and the same."""
    found, recipe = record("record-1-run.json"), load_recipe("demo", SETTINGS).recipe
    for stage in (stage for stage in STAGES if stage.name in ("quantize", "eval")):
        wanted, before = settings_of(stage, recipe), found.stages[stage.name].inputs
        assert changes(wanted, {name: before.get(name) for name in wanted}) == []


def test_another_recipe_is_still_noticed() -> None:
    """Filling in what is new does not hide what differs: a further arm, another limit, no control."""
    found = record("record-1-run.json")
    recipe = load_recipe("demo", [BLOCKS, "eval.tasks.0.limit=100"]).recipe
    quantize, evaluate = STAGES[:2]
    before = found.stages["eval"].inputs
    assert changes(
        settings_of(evaluate, recipe), {name: before.get(name) for name in settings_of(evaluate, recipe)}
    ) == [
        "recipe.arms",
        "recipe.eval.tasks",
    ]
    before = found.stages["quantize"].inputs
    wanted = settings_of(quantize, recipe)
    assert changes(wanted, {name: before.get(name) for name in wanted}) == ["the control"]


def test_arms_of_the_recipe_s_own_come_along() -> None:
    """A checkpoint of one's own, the control and the noise floor, with every comparison naming both arms."""
    found = record("record-1-arms.json")
    result = found.result(EvalResult)
    assert result.arms == ("baseline", "awq", "rtn", "broken")
    assert {(row.arm, row.reference) for row in result.tasks} == {(arm, "baseline") for arm in result.arms[1:]}
    assert {(one.arm, one.reference) for one in result.contrasts} == {("awq", "rtn")}
    arms = found.stages["eval"].inputs["recipe.arms"]
    assert [(arm["name"], arm["kind"], arm["checkpoint"]) for arm in arms] == [
        ("baseline", "baseline", None),
        ("awq", "awq", None),
        ("rtn", "rtn", None),
        ("broken", "checkpoint", "/srv/awq/broken"),
    ]


def test_the_recipe_stays_as_it_was_written(tmp_path: Path) -> None:
    """What is read and saved again keeps the recipe's own keys, those that are gone today among them."""
    found = record("record-1-arms.json")
    save_record(found, tmp_path / "record.json")
    again = load_record(tmp_path / "record.json")
    assert again == found
    assert found.recipe == document("record-1-arms.json")["recipe"]
    assert found.recipe["quantize"]["control"] == "rtn"


def test_a_removed_key_makes_nothing_unreadable(tmp_path: Path) -> None:
    """A recipe with keys that no version knows costs no hours of quantization."""
    old = document("record-1-run.json")
    old["recipe"]["quantize"]["was_removed"] = 1
    old["stages"]["quantize"]["inputs"]["recipe.quantize"]["was_removed"] = 1
    (tmp_path / "record.json").write_text(json.dumps(old))
    found = load_record(tmp_path / "record.json")
    assert found is not None
    assert found.stages["quantize"].inputs == record("record-1-run.json").stages["quantize"].inputs


def test_arms_have_the_keys_of_today(tmp_path: Path) -> None:
    """An arm's new key gets its default and a removed one is left out, so that nothing is measured again for them."""
    save_record(record("record-1-run.json"), tmp_path / "record.json")
    old = json.loads((tmp_path / "record.json").read_text())
    for stage in ("eval", "bench"):
        for arm in old["stages"][stage]["inputs"]["recipe.arms"]:
            del arm["revision"]
            arm["was_removed"] = 1
    (tmp_path / "record.json").write_text(json.dumps(old))
    found = load_record(tmp_path / "record.json")
    assert found is not None
    for stage in ("eval", "bench"):
        assert found.stages[stage].inputs == record("record-1-run.json").stages[stage].inputs


def test_a_result_in_a_form_nobody_reads_runs_again(tmp_path: Path) -> None:
    """One stage is lost then, not the record."""
    old = document("record-1-run.json")
    old["stages"]["serve"]["payload"] = {"schema_version": 9}
    (tmp_path / "record.json").write_text(json.dumps(old))
    found = load_record(tmp_path / "record.json")
    assert found is not None
    assert [stage.name for stage in STAGES if found.find(stage.result) is None] == ["profile", "roi", "serve"]


def test_failed_attempts_and_the_machine_come_along(tmp_path: Path) -> None:
    """An attempt without a payload, and GPUs of which version 1 kept names and one driver."""
    old = document("record-1-run.json")
    attempt = copy.deepcopy(old["stages"]["bench"])
    attempt |= {"payload": {}, "status": "failed", "error": "it broke."}
    attempt["environment"] |= {"gpus": ["NVIDIA H200"], "driver": "580.1", "accelerator": "cuda"}
    old["failed_attempts"] = {"bench": attempt}
    (tmp_path / "record.json").write_text(json.dumps(old))
    found = load_record(tmp_path / "record.json")
    assert found is not None
    machine = found.failed_attempts["bench"].environment.machine
    assert [(gpu.vendor, gpu.name, gpu.driver, gpu.memory_bytes) for gpu in machine.gpus] == [
        ("nvidia", "NVIDIA H200", "580.1", None)
    ]
    assert machine.memory_gib == pytest.approx(attempt["environment"]["memory_gib"])


@pytest.mark.parametrize("text", ['{"schema_version": 99}', "{}", "[]", '{"schema_version": 1}', "not JSON"])
def test_what_is_no_record_is_refused(tmp_path: Path, text: str) -> None:
    """A later version's, or something else: a sentence with a way out."""
    (tmp_path / "record.json").write_text(text)
    with pytest.raises(UsageError, match=r"is not a record this version reads .* Move it away or use --out"):
        load_record(tmp_path / "record.json")


def test_the_commit_of_any_folder_is_not_carried_over(tmp_path: Path) -> None:
    """Version 2 kept the commit of the folder that the command ran in; it is neither awqctl's nor the recipe's."""
    path = tmp_path / "record.json"
    written = json.loads(record("record-1-run.json").model_dump_json()) | {"schema_version": 2}
    for environment in (written["environment"], *(stage["environment"] for stage in written["stages"].values())):
        del environment["awqctl_commit"], environment["recipe_commit"]
        environment["git_commit"] = "0123456789abcdef0123456789abcdef01234567"
    path.write_text(json.dumps(written))
    found = load_record(path)
    assert found is not None
    assert {(stage.environment.awqctl_commit, stage.environment.recipe_commit) for stage in found.stages.values()} == {
        ("unknown", None)
    }
