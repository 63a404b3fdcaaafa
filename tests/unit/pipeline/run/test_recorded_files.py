"""Every file that a result rests on has its sum in the result, and `awqctl verify` holds it against that."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from eval.bench.load.endpoint import EndpointLoad, EndpointPoint
from pipeline.base.errors import SourceError
from pipeline.base.token_range import TokenRange
from pipeline.hardware.health.sample import HostSample, Snapshot
from pipeline.hardware.health.summary import summarised
from pipeline.recipe.recipe import Recipe
from pipeline.record.record import RunRecord, StageResult, save_record
from pipeline.run.recorded_files import recorded_sums
from tests.helpers import invoke
from tests.results import quantize_result

RAW = b"what the client wrote"


@pytest.fixture
def run(
    tmp_path: Path,
    make_recipe: Callable[..., Recipe],
    make_stage: Callable[..., StageResult],
    make_record: Callable[..., RunRecord],
) -> Path:
    """Return an output folder with a record and one file that a stage published."""
    raw = tmp_path / "bench" / "awq" / "run.json.gz"
    raw.parent.mkdir(parents=True)
    raw.write_bytes(RAW)
    sums = {"bench/awq/run.json.gz": hashlib.sha256(RAW).hexdigest()}
    stage = make_stage("quantize", quantize_result(), sums=sums)
    save_record(make_record(make_recipe(), quantize=stage), tmp_path / "record.json")
    return tmp_path


HOST = HostSample(cores=2, busy_s=0, ours_s=0, steal_s=0, memory_total_bytes=2**30, memory_available_bytes=2**29)


def test_files_of_a_run_are_verified(run: Path) -> None:
    """All as recorded, then one with another byte, then without it."""
    answer = invoke("verify", run, "--json", "-q")
    assert json.loads(answer.stdout)["recorded_files"] == 1
    assert json.loads(answer.stdout)["intact"]
    raw = run / "bench" / "awq" / "run.json.gz"
    raw.write_bytes(RAW.upper())
    changed = invoke("verify", run, "--json", "-q")
    assert json.loads(changed.stdout)["problems"] == ["bench/awq/run.json.gz is not as it was written"]
    raw.unlink()
    assert invoke("verify", run, "-q").stdout == "bench/awq/run.json.gz is gone\n"


def test_files_of_an_endpoint_are_verified(tmp_path: Path) -> None:
    """The client's own files and the readings of health stand in what was measured; a point that never ran has none."""
    health = summarised((), [Snapshot(at_s=one, phase="before", host=HOST) for one in (0, 1)])
    read = health.model_copy(update={"file": "concurrency-1.health.jsonl.gz", "sha256": "cd"})
    points = (
        EndpointPoint(concurrency=1, requests=8, failed=0, raw_file="concurrency-1.json", raw_sha256="ab", health=read),
        EndpointPoint(concurrency=4, requests=32, failed=0, void=("too few descriptors",)),
    )
    load = EndpointLoad(
        endpoint="http://127.0.0.1:8000",
        model="m",
        route="/v1/completions",
        client="vllm-rs 0",
        client_ceiling_tokens_per_s=None,
        input_tokens=TokenRange.fixed(8),
        output_tokens=TokenRange.fixed(8),
        lengths="natural",
        prompt_tokens_by="words",
        seed=0,
        points=points,
    )
    path = tmp_path / "bench" / "endpoint.json"
    path.parent.mkdir()
    path.write_text(load.model_dump_json())
    assert recorded_sums(tmp_path) == {
        "bench/concurrency-1.json": "ab",
        "bench/concurrency-1.health.jsonl.gz": "cd",
    }
    path.write_text("{}")
    with pytest.raises(SourceError, match="Measure again"):
        recorded_sums(tmp_path)
