"""`bench` without `eval` and without prices, through the command line: figures, a partial report, a ranking of two."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from pipeline.hardware.machine import probe_machine
from pipeline.models.checksums import sum_files
from pipeline.models.manifest import Manifest, ManifestSource, read_manifest, write_manifest
from pipeline.recipe.load import load_recipe
from pipeline.record.environment import environment_of
from pipeline.record.record import RunRecord, StageResult, save_record
from pipeline.run.stages import settings_of, stage_named
from tests.fakes.loaded_engine import interpreter
from tests.helpers import awqctl
from tests.results import quantize_result

MODEL = Path(__file__).parents[2] / "recipes" / "demo" / "model"
RECIPE = """
schema_version: {version}
name: speed
model: {{source: {model}}}
quantize: {{calibration: {{source: packaged:demo}}}}
engine: {{accelerator: cpu, max_model_len: 512}}
bench:
  {{concurrency: [1, 4], requests_per_concurrency: 3, repeats: 2, warmup_requests: 1, input_tokens: 24,
  output_tokens: 8, limits: {{foreign_cpu_share: null, client_cpu_share: null, ceiling_share: null}}}}
"""
"""Without sections for accuracy, prices and serving."""


@pytest.fixture(scope="module")
def environment(home: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return an environment with a home that has the calibrated load client, and an engine that answers at once."""
    engine = interpreter(tmp_path_factory.mktemp("engine"))
    return os.environ | {"AWQCTL_HOME": str(home), "AWQCTL_RUNTIME_VLLM": str(engine)}


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a recipe that asks for speed alone."""
    path = tmp_path_factory.mktemp("recipe") / "speed.yaml"
    version = load_recipe("demo").recipe.schema_version
    path.write_text(RECIPE.format(version=version, model=MODEL))
    return path


@pytest.fixture(scope="module")
def runs(recipe: Path, environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return the output folder of a benchmark, and a copy of it as from another machine."""
    folder = tmp_path_factory.mktemp("runs")
    here, there = folder / "here", folder / "there"
    quantized(recipe, here)
    answer = awqctl("bench", recipe, "--out", here, "-q", cwd=folder, env=environment)
    assert answer.returncode == 0, answer.stderr
    shutil.copytree(here, there)
    return here, there


def quantized(recipe: Path, out: Path) -> None:
    """Write an output folder as `quantize` leaves it, the model itself as its checkpoint."""
    checkpoint = out / "checkpoint"
    shutil.copytree(MODEL, checkpoint)
    config = json.loads((checkpoint / "config.json").read_text())
    (checkpoint / "config.json").write_text(json.dumps(config | {"quantization_config": {"quant_method": "awq"}}))
    origin = ManifestSource(reference="r", commit=None, licence="l", files={})
    made = Manifest(created_at="t", source=origin, quantize={}, versions={}, files=sum_files(checkpoint))
    write_manifest(made, checkpoint)
    asked = load_recipe(str(recipe)).recipe
    payload = quantize_result(checkpoint_digest=read_manifest(checkpoint).digest(), source_path=str(MODEL))
    environment = environment_of("cpu", probe_machine())
    stage = StageResult(
        stage="quantize",
        status="passed",
        inputs=settings_of(stage_named("quantize"), asked),
        environment=environment,
        started_at="2026-11-29T12:00:00+00:00",
        seconds=1.0,
        payload=payload.model_dump(mode="json"),
    )
    record = RunRecord(recipe=asked.model_dump(mode="json"), environment=environment, stages={"quantize": stage})
    save_record(record, out / "record.json")


def test_report_has_the_chapters_on_speed(runs: tuple[Path, Path], recipe: Path, environment: dict[str, str]) -> None:
    """Neither accuracy nor prices are needed, and that they are missing is said; charts lie beside the report."""
    out = runs[0]
    answer = awqctl("report", recipe, "--out", out, "--json", cwd=out.parent, env=environment)
    assert answer.returncode == 0, answer.stderr
    report = json.loads((out / "report" / "report.json").read_text())
    chapters = [section["id"] for section in report["sections"]]
    assert chapters[:5] == ["speed", "latency", "crossover", "memory", "per-user"]
    missing = "\n".join(next(one for one in report["sections"] if one["id"] == "not-measured")["bullets"])
    assert "Accuracy was not measured" in missing
    assert (out / "report" / "charts" / "chart-throughput.svg").is_file()


def test_raw_files_are_verified(runs: tuple[Path, Path], environment: dict[str, str]) -> None:
    """Every file of the client is among those whose sums the record has."""
    answer = awqctl("verify", runs[1], "--json", "-q", cwd=runs[1], env=environment)
    assert answer.returncode == 0, answer.stderr
    sums = json.loads((runs[1] / "record.json").read_text())["stages"]["bench"]["sums"]
    raw = [path.relative_to(runs[1]).as_posix() for path in (runs[1] / "bench").rglob("*.json.gz")]
    assert len(raw) == 8
    assert set(raw) <= set(sums)
    assert json.loads(answer.stdout)["recorded_files"] >= len(raw)


def test_two_runs_are_ranked(runs: tuple[Path, Path], environment: dict[str, str]) -> None:
    """By tokens per second, and by dollars as soon as there are prices; between equal machines nothing is decided."""
    ranked = awqctl("bench", "rank", *runs, "--json", "--price", "here=1", "--price", "there=9", env=environment)
    assert ranked.returncode == 0, ranked.stderr
    found: dict[str, Any] = json.loads(ranked.stdout)
    by = {one["by"]: one for one in found["rankings"]}
    assert {place["run"] for place in by["output_tokens_per_s"]["places"]} == {"here", "there"}
    assert by["output_tokens_per_usd"]["places"][0]["run"] == "here"
    assert found["alike"]["model"] == "model"
    printed = awqctl("bench", "rank", *runs, env=environment | {"COLUMNS": "60"})
    assert max(map(len, printed.stdout.splitlines())) <= 60
    assert "Output tokens per USD: not ranked, because no price is known" in " ".join(printed.stdout.split())


def test_other_load_is_refused(runs: tuple[Path, Path], environment: dict[str, str], tmp_path: Path) -> None:
    """With what differs, and the code of wrong usage."""
    other = tmp_path / "other"
    other.mkdir()
    record = json.loads((runs[0] / "record.json").read_text())
    record["stages"]["bench"]["inputs"]["recipe.bench"]["output_tokens"] = 6
    (other / "record.json").write_text(json.dumps(record))
    refused = awqctl("bench", "rank", runs[0], other, env=environment)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "output_tokens: 8 (here); 6 (other)" in refused.stderr
