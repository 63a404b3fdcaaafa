"""`awqctl plan fit`: learns, writes, tells; and `awqctl plan --corrections` uses it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click import UsageError

from pipeline.recipe.recipe import Recipe
from pipeline.record.record import RECORD, RunRecord, StageResult, save_record
from tests.unit.eval.bench.plans import measured
from tests.unit.pipeline.cli.test_plan import run


@pytest.fixture
def folder(
    tmp_path: Path,
    make_recipe: Callable[..., Recipe],
    make_stage: Callable[..., StageResult],
    make_record: Callable[..., RunRecord],
) -> Path:
    """Return the output folder of a run on an H100 that is slower than planned."""
    record = make_record(make_recipe(), bench=make_stage("bench", measured((0.5, 0.4), beside_gib=1.0)))
    save_record(record, tmp_path / RECORD)
    return tmp_path


def test_what_a_run_taught_is_written_told_and_used(folder: Path) -> None:
    """Into the file that is named, from which a plan of the same GPU and version is calibrated."""
    file = str(folder / "mine.yaml")
    status, output = run("plan", "fit", str(folder), "--corrections", file)
    assert status == 0
    assert "H100 SXM, none, unquantized, vLLM 0.32.0" in output
    assert "by 1 run of meta-llama/Llama-3.1-8B" in output
    assert "one run alone does not tell" in output
    asked = (
        "plan",
        "meta-llama/Llama-3.1-8B",
        "--gpu",
        "h100",
        "--vllm",
        "0.32.0",
        "--max-model-len",
        "8192",
        "--json",
    )
    with_it, without = (json.loads(run(*asked, *more)[1]) for more in (("--corrections", file), ()))
    corrected, plain = with_it["configurations"][0], without["configurations"][0]
    assert (corrected["calibrated"], corrected["calibration"]["runs"], plain["calibrated"]) == (True, 1, False)
    assert corrected["output_tokens_per_s"]["expected"] < plain["output_tokens_per_s"]["expected"]
    assert corrected["kv_cache_gib"] < plain["kv_cache_gib"]


def test_a_run_that_is_named_twice_counts_once(folder: Path) -> None:
    """Its own name twice, or a copy of it: told, and not taken for two runs that agree."""
    file, other = folder / "mine.yaml", folder / "other.yaml"
    once = json.loads(run("plan", "fit", str(folder), "--corrections", str(file), "--json")[1])
    line = ("plan", "fit", str(folder), str(folder / RECORD), "--corrections", str(other), "--json")
    twice = json.loads(run(*line)[1])
    assert twice["lessons"] == once["lessons"]
    assert "once more" in twice["left_out"][0]
    assert other.read_text(encoding="utf-8") == file.read_text(encoding="utf-8")


def test_json_is_one_document(folder: Path) -> None:
    """With the lessons, and the file they were written to."""
    file = folder / "mine.yaml"
    document = json.loads(run("plan", "fit", str(folder), "--corrections", str(file), "--json")[1])
    assert document["file"] == str(file)
    assert document["lessons"][0]["error_in_sample"] < document["lessons"][0]["error"]
    assert document["lessons"][0]["error_left_out"] is None


@pytest.mark.parametrize("arguments", [("fit",), ("fit", "out", "--gpu", "h100"), ("ls", "--corrections", "x.yaml")])
def test_what_does_not_go_together_is_refused(arguments: tuple[str, ...]) -> None:
    """No run, or options of a plan; a list is corrected by nothing."""
    with pytest.raises(UsageError):
        run("plan", *arguments)
