"""A run with a checkpoint that verifies, its 16-bit model and an evaluation: what a release is made of."""

import json
import time
from pathlib import Path

from eval.accuracy.result import EvalResult
from pipeline.base.progress import SilentReporter
from pipeline.base.results import Gate, Metric
from pipeline.hardware.machine import Machine
from pipeline.models.checksums import sum_files
from pipeline.models.manifest import Manifest, ManifestSource, read_manifest, write_manifest
from pipeline.recipe.load import load_recipe
from pipeline.record.context import CHECKPOINT, RunContext
from pipeline.record.environment import Environment
from pipeline.record.record import RECORD, RunRecord, StageResult, save_record
from pipeline.run.stages import settings_of, stage_named, upstream_of
from tests.results import quantize_result

PASSED = Gate(name="accuracy of sums", passed=True, statement="0.1 points lost, 2 allowed.")
FAILED = Gate(name="accuracy of sums", passed=False, verdict="fail", statement="3.1 points lost, 2 allowed.")
CHOICES = (" one", " two", " three")


def run_context(out: Path) -> RunContext:
    """Return the context of a run in that folder, which is made."""
    out.mkdir(parents=True, exist_ok=True)
    return RunContext(out, out.parent / "home", out, "cpu", SilentReporter())


def make_run(out: Path, weights: str = "first", *, day: int = 18, gate: Gate | None = PASSED) -> str:
    """Quantize and evaluate in that folder, as far as files tell; return the checkpoint's digest.

    Args:
        out: of the run; what is there is replaced as a run replaces it.
        weights: that tell this checkpoint from others.
        day: of November 2026 on which it was made.
        gate: of its evaluation; None for none.
    """
    context, source = run_context(out), _source(out.parent / "source")
    with context.staged(CHECKPOINT) as folder:
        (folder / "config.json").write_text("{}", encoding="utf-8")
        (folder / "weights.txt").write_text(weights, encoding="utf-8")
        origin = ManifestSource(reference="org/name", commit=None, licence="mit", files=sum_files(source))
        made_at = f"2026-11-{day}T10:00:00+00:00"
        sums = sum_files(folder)
        write_manifest(Manifest(created_at=made_at, source=origin, quantize={}, versions={}, files=sums), folder)
    digest = read_manifest(out / CHECKPOINT).digest()
    recipe = load_recipe("demo").recipe
    made = quantize_result(checkpoint_digest=digest, source_path=str(source))
    record = RunRecord(
        recipe=recipe.model_dump(mode="json"),
        environment=_environment(),
        recipe_origin="packaged:demo",
        stages={
            "quantize": _stage(
                "quantize",
                inputs=settings_of(stage_named("quantize"), recipe),
                payload=made.model_dump(mode="json"),
            )
        },
    )
    if gate is not None:
        inputs = upstream_of(stage_named("eval"), recipe, record)
        record = record.with_stage(
            _stage(
                "eval",
                status="passed" if gate.passed else "gate_failed",
                inputs=inputs,
                gates=(gate,),
                payload=_evaluated().model_dump(mode="json"),
            )
        )
        _write_samples(out / "eval" / "awq")
    save_record(record.with_stage(_stage("serve", metrics=(_start(),))), out / RECORD)
    return digest


def _source(folder: Path) -> Path:
    if not folder.is_dir():
        folder.mkdir(parents=True)
        (folder / "config.json").write_text("{}", encoding="utf-8")
        (folder / "weights.txt").write_text("16 bit", encoding="utf-8")
    return folder


def _write_samples(folder: Path) -> None:
    """Write items with choices, the first always chosen."""
    folder.mkdir(parents=True, exist_ok=True)
    asked = [["The first number is", choice] for choice in CHOICES]
    scores = [[[-1.0, True]], [[-9.0, False]], [[-9.5, False]]]
    row = {"task": "sums", "doc_id": 0, "doc": {}, "arguments": asked, "resps": scores}
    lines = "".join(json.dumps({**row, "doc_id": number}) + "\n" for number in range(10))
    (folder / "sums.samples.jsonl").write_text(lines, encoding="utf-8")


def _evaluated() -> EvalResult:
    return EvalResult(
        arms=("baseline", "awq"),
        tasks=(),
        lm_eval_version="0.4",
        engine_version="0",
        engine_arguments=(),
        seconds={},
        kernels={},
    )


def _start() -> Metric:
    return Metric(name="serve_start_seconds", value=34.0, origin="measured")


def _stage(name: str, **facts: object) -> StageResult:
    common = {"status": "passed", "inputs": {}, "seconds": 1.0, "environment": _environment()}
    started = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(0))
    return StageResult.model_validate({"stage": name, "started_at": started, **common, **facts})


def _environment() -> Environment:
    return Environment(
        awqctl="0",
        python="3",
        accelerator="cpu",
        machine=Machine(cpu="c", cores=1, memory_bytes=2**30, platform="p"),
        awqctl_commit="unknown",
        recipe_commit=None,
        packages={},
    )
