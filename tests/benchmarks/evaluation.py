"""`make bench-eval`: what `awqctl eval` adds to lm-eval's own command, on the same running vLLM server.

One server of the demo model. In each round both score `stdlib_next_line` (1 000 items) and all of `stdlib_bits`, in
turn, which is first alternating, with the same prompts per request, requests in flight, seeds and length:

- by hand: `lm_eval run --model local-completions`, samples logged; its start included.
- awqctl: the worker of the stage with its start, the check of the tasks, the items for the overlap with the
  calibration text, both tasks with a fresh file of responses, the samples read, and compared with the round before.

An evaluation starts the worker, checks and reads the items once for all arms; here they count in full for one.
A first round of both is not counted: afterwards the engine's prefix cache is equally warm for both, which is its
fastest, so that what the client adds shows most. Scores of both are printed, too. Nothing else should run on the
machine.
"""

import argparse
import json
import os
import secrets
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from eval.comparison.comparison import compare
from eval.comparison.scores import TaskScores, read_scores
from pipeline.base.homes import user_home
from pipeline.base.progress import SilentReporter
from pipeline.engines.vllm import VllmServer
from pipeline.hardware.machine import probe_machine
from pipeline.models import packaged_model
from pipeline.recipe.engine import EngineSettings
from pipeline.recipe.load import load_recipe
from pipeline.record.environment import environment_of
from pipeline.runtimes.store import ensure
from pipeline.runtimes.worker import Worker, worker_script

MODEL = "model"
METRICS = {"stdlib_next_line": "acc", "stdlib_bits": "bits_per_byte"}
LIMIT = 1000
SEED = 1234
PROMPTS_PER_REQUEST = 8
"""As in the worker."""
TASKS = str(Path(str(resources.files("eval"))) / "tasks")
Scores = dict[str, TaskScores]


@dataclass(frozen=True)
class Target:
    """The running server and how it is asked."""

    url: str
    key: str
    engine: EngineSettings
    in_flight: int


@dataclass(frozen=True)
class Run:
    """One measured run."""

    what: str
    """`by hand` or `awqctl`."""
    seconds: float
    values: dict[str, float]
    """Score by task."""


def by_hand(target: Target, folder: Path) -> dict[str, float]:
    """Run lm-eval's command; return the scores."""
    settings = {
        "model": MODEL,
        "base_url": f"{target.url}/v1/completions",
        "tokenizer": packaged_model(),
        "tokenizer_backend": "huggingface",
        "num_concurrent": target.in_flight,
        "max_length": target.engine.max_model_len,
        "max_retries": 3,
    }
    command = [str(Path(sys.executable).parent / "lm_eval"), "run", "--model", "local-completions"]
    command += ["--model_args", ",".join(f"{key}={value}" for key, value in settings.items())]
    command += ["--tasks", ",".join(METRICS), "--include_path", TASKS, "--limit", str(LIMIT), "--seed", str(SEED)]
    command += ["--batch_size", str(PROMPTS_PER_REQUEST), "--log_samples", "--output_path", str(folder)]
    offline = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "OPENAI_API_KEY": target.key}
    with (folder / "lm-eval.log").open("w") as log:
        subprocess.run(command, check=True, env=os.environ | offline, stdout=log, stderr=log)
    (results,) = folder.rglob("results_*.json")
    found = json.loads(results.read_text())["results"]
    return {task: float(found[task][f"{metric},none"]) for task, metric in METRICS.items()}


def awqctl(target: Target, folder: Path, earlier: Scores) -> dict[str, float]:
    """Do what the stage does with one arm; keep what was scored in `earlier`, to compare the next round with."""
    index: dict[str, Any] = {"include_path": [TASKS]}
    limits = [{"name": task, "limit": LIMIT} for task in METRICS]
    environment = {"OPENAI_API_KEY": target.key}
    with Worker(
        Path(sys.executable),
        worker_script("lm_eval_scores"),
        log=folder / "worker.log",
        reporter=SilentReporter(),
        environment=environment,
    ) as worker:
        worker.call("check", index | {"tasks": list(METRICS)}, "checking")
        worker.call("documents", index | {"tasks": limits, "output": str(folder / "items.jsonl")}, "reading")
        found = {task: _score(worker, target, folder, task) for task in METRICS}
    for task, scored in found.items():
        compare(earlier.get(task, scored), scored)
    earlier |= found
    return {task: scored.score.value for task, scored in found.items()}


def _score(worker: Worker, target: Target, folder: Path, task: str) -> TaskScores:
    request = {
        "task": task,
        "include_path": [TASKS],
        "base_url": target.url,
        "model": MODEL,
        "tokenizer": str(packaged_model()),
        "max_length": target.engine.max_model_len,
        "num_concurrent": target.in_flight,
        "num_fewshot": None,
        "limit": LIMIT,
        "trust_remote_code": False,
        "seed": SEED,
        "cache": str(folder / "responses.jsonl"),
        "meta": {"weights": "demo"},
        "output": str(folder),
    }
    answer = worker.call("score", request, task)
    return read_scores(Path(answer["results_file"]), Path(answer["samples_file"]), task, METRICS[task])


def measured(what: str, out: Path, job: Callable[[Path], dict[str, float]]) -> Run:
    """Return one run in a fresh folder."""
    folder = out / what.replace(" ", "-")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    started = time.monotonic()
    values = job(folder)
    return Run(what, time.monotonic() - started, values)


def rounds(target: Target, count: int, out: Path) -> list[Run]:
    """Return the counted runs of both, in turn."""
    earlier: Scores = {}
    jobs: dict[str, Callable[[Path], dict[str, float]]] = {
        "by hand": lambda folder: by_hand(target, folder),
        "awqctl": lambda folder: awqctl(target, folder, earlier),
    }
    runs: list[Run] = []
    for number in range(count + 1):
        for what in list(jobs)[:: 1 if number % 2 else -1]:
            run = measured(what, out, jobs[what])
            print(f"round {number}{' (not counted)' if not number else ''}: {what} {run.seconds:.1f} s {run.values}")
            runs += [run] if number else []
    return runs


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path, default=Path("out") / "bench-eval")
    options = parser.parse_args()
    out = options.out.absolute()
    out.mkdir(parents=True, exist_ok=True)
    recipe = load_recipe("demo").recipe
    server = VllmServer(
        ensure("vllm", "cpu", user_home(), SilentReporter()),
        packaged_model(),
        recipe.engine,
        accelerator="cpu",
        log=out / "vllm.log",
        served_name=MODEL,
        reporter=SilentReporter(),
        api_key=(key := secrets.token_urlsafe(24)),
    )
    with server:
        runs = rounds(Target(server.base_url, key, recipe.engine, recipe.eval.num_concurrent), options.rounds, out)
    document = {
        "environment": environment_of("cpu", probe_machine()).model_dump(mode="json"),
        "limit": LIMIT,
        "prompts_per_request": PROMPTS_PER_REQUEST,
        "requests_in_flight": recipe.eval.num_concurrent,
        "runs": [asdict(run) for run in runs],
    }
    (out / "result.json").write_text(json.dumps(document, indent=1) + "\n")
    _print(runs)


def _print(runs: list[Run]) -> None:
    medians = {}
    for what in ("by hand", "awqctl"):
        seconds = [run.seconds for run in runs if run.what == what]
        medians[what] = statistics.median(seconds)
        print(f"{what:8} median {medians[what]:6.1f} s, {min(seconds):.1f} to {max(seconds):.1f} s, n = {len(seconds)}")
    print(f"awqctl over by hand: {medians['awqctl'] / medians['by hand']:.3f}")


if __name__ == "__main__":
    main()
