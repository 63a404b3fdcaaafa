"""Runs one backend's worker on a source model and returns what it answered; weights and scales are left in `work`."""

import hashlib
import json
import shutil
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.base.errors import WorkerError
from pipeline.base.results import Result
from pipeline.models import SourceModel
from pipeline.models.tensors import read_file
from pipeline.quantize.backends import Backend
from pipeline.quantize.model_config import readable_view
from pipeline.recipe.quantize import Quantize
from pipeline.record.context import RunContext
from pipeline.runtimes.logs import new_log, newest_log
from pipeline.runtimes.worker import Worker, worker_script


class Scaling(Result):
    """Linear layers whose input columns AWQ multiplied by scales, and the module before, which it divided by them."""

    previous: str
    layers: tuple[str, ...]
    error_rounded: float
    """Mean squared error of the output on the calibration data, with plain rounding."""
    error_scaled: float
    """The same with the scales that were chosen."""


class Answer(Result):
    """What a quantizing worker answers."""

    quantization_config: dict[str, Any]
    scalings: tuple[Scaling, ...]
    recalled: int
    equivalence: float
    versions: dict[str, str]
    peak_memory_gib: float
    peak_gpu_memory_gib: float | None


@dataclass(frozen=True)
class Quantized:
    """A finished run of a backend."""

    answer: Answer
    weights: Path
    """Folder with the safetensors files."""
    scales: dict[str, NDArray[np.float32]]
    """By the module before."""
    seconds: float


def log_of(context: RunContext, backend: Backend) -> Path:
    """Return the log file of a backend's latest worker."""
    return newest_log(_log_link(context, backend))


def _log_link(context: RunContext, backend: Backend) -> Path:
    return context.logs / f"quantize-{backend.name}.log"


def quantize_with(
    backend: Backend,
    source: SourceModel,
    blocks: Sequence[Sequence[int]],
    settings: Quantize,
    leave: Iterable[str],
    context: RunContext,
    work: Path,
) -> Quantized:
    """Run the backend in its own environment.

    Results of its searches are kept in the output folder until the stage has succeeded, so that a run that was
    killed, or died on its last layer, goes on where it was.

    Raises:
        WorkerError: the backend failed; names the root cause.
    """
    runtime = context.runtime(backend.engine)
    model = readable_view(source, work / "source", transformers_4=backend.reads_transformers_4)
    (work / "weights").mkdir(parents=True)
    request: dict[str, Any] = {
        "model": str(model),
        "blocks": [list(block) for block in blocks],
        "group_size": settings.group,
        "zero_point": settings.zero_point,
        "leave": sorted(leave),
        "n_parallel_calib_samples": settings.n_parallel_calib_samples,
        "trust_remote_code": source.trust_remote_code,
    }
    key = _key(request, source, backend.name, runtime.digest)
    places = {
        "output": str(work / "weights"),
        "scales": str(work / "scales.safetensors"),
        "resume": str(_searches(context, key)),
    }
    log = new_log(_log_link(context, backend))
    started = time.monotonic()
    with Worker(runtime.python, worker_script(backend.worker), log=log, reporter=context.reporter) as worker:
        answer = Answer.model_validate(worker.call("quantize", request | places, "quantizing"))
    if not answer.scalings:
        raise WorkerError(
            f"{backend.name} ended without scaling a single layer: it does not know this architecture. "
            f"Set quantize.backend to another one.",
            log=log,
        )
    scales = {name: tensor.read() for name, tensor in read_file(work / "scales.safetensors").items()}
    return Quantized(answer, work / "weights", scales, time.monotonic() - started)


def file_states(folder: Path) -> dict[str, tuple[int, ...]]:
    """Return size, modification time (ns) and inode of the files of a source: what changes when they do."""
    states = {path.name: path.stat() for path in sorted(folder.iterdir()) if path.is_file()}
    return {name: (state.st_size, state.st_mtime_ns, state.st_ino) for name, state in states.items()}


def _searches(context: RunContext, key: str) -> Path:
    """Return the folder of what searches for this very request found; those for others are dropped."""
    folder = context.resume("quantize")
    for other in folder.iterdir():
        if other.name != key:
            shutil.rmtree(other, ignore_errors=True)
    return folder / key


def _key(request: Mapping[str, Any], source: SourceModel, *names: str) -> str:
    """Return what names a request, the files it works on and our workers; any change starts the search anew."""
    files = {name: state[:2] for name, state in file_states(source.path).items()}
    workers = [script.read_text(encoding="utf-8") for script in sorted(worker_script("awq_facts").parent.glob("*.py"))]
    relevant = {name: value for name, value in request.items() if name != "model"}
    text = json.dumps([relevant, str(source.path), files, workers, *names], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
