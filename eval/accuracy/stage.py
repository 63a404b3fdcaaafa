"""The stage `eval`: the recipe's lm-eval tasks on the baseline and on AWQ, with the same engine settings."""

import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval.accuracy.result import EvalResult, TaskScore
from eval.accuracy.samples import Scored, pair, read_scored
from eval.accuracy.tasks import task_folders
from pipeline.context import RunContext
from pipeline.errors import EngineError, RecipeError, WorkerError
from pipeline.recipe.models import EvalTask, Recipe
from pipeline.record import Gate, Metric, RunRecord, StageOutcome
from pipeline.runtimes.worker import Worker, worker_script
from serve.engine import VllmServer, engine_arguments
from serve.variants import SERVED_NAME, VARIANTS, Bed, measurement_bed

_ONLINE = {"HF_HUB_OFFLINE": "0", "TRANSFORMERS_OFFLINE": "0", "HF_DATASETS_OFFLINE": "0"}
_FOR_THE_HUB = (
    *("HF_TOKEN", "HF_HOME", "HF_HUB_CACHE", "HF_DATASETS_CACHE", "HF_ENDPOINT"),
    *("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"),
)


def run(recipe: Recipe, context: RunContext, record: RunRecord) -> StageOutcome:
    """Score both variants on every task and judge the loss against the recipe's margins."""
    bed = measurement_bed(recipe, context, record)
    log = context.logs / "eval-lm-eval.log"
    log.unlink(missing_ok=True)
    with (
        context.staged("eval") as folder,
        Worker(
            Path(sys.executable),
            worker_script("lm_eval_scores"),
            log=log,
            reporter=context.reporter,
            environment=_environment(bed),
        ) as worker,
    ):
        evaluation = _Evaluation(worker, bed, recipe, context, folder)
        evaluation.check_tasks()
        measured = {variant: evaluation.measure(variant) for variant in VARIANTS}
        result = _result(recipe, bed, measured)
        (folder / "results.json").write_text(result.model_dump_json(indent=2) + "\n")
    return StageOutcome(
        metrics=_metrics(result),
        gates=tuple(_gate(task) for task in result.tasks),
        artifacts={"results": "eval/results.json", "baseline samples": "eval/baseline", "awq samples": "eval/awq"},
        payload=result.model_dump(mode="json"),
    )


def _environment(bed: Bed) -> dict[str, str]:
    """Return lm-eval's environment: unlike the engine it may reach the hub, where tasks keep their data."""
    hub = {name: os.environ[name] for name in _FOR_THE_HUB if name in os.environ}
    return (
        _ONLINE
        | hub
        | {"OPENAI_API_KEY": bed.api_key, "NO_PROXY": ",".join(filter(None, (os.environ.get("NO_PROXY"), "127.0.0.1")))}
    )


@dataclass(frozen=True)
class _Measured:
    """Everything measured on one variant."""

    scores: dict[str, Scored]
    seconds: float
    kernel: str
    lm_eval: str
    engine: str


@dataclass(frozen=True)
class _Evaluation:
    """One evaluation: the lm-eval worker, the servers it scores, and where its files go."""

    worker: Worker
    bed: Bed
    recipe: Recipe
    context: RunContext
    folder: Path

    def check_tasks(self) -> None:
        request = {"tasks": [task.name for task in self.recipe.eval.tasks], "include_path": self._include_path()}
        unknown = self.worker.call("check", request, "loading lm-eval")["unknown"]
        if unknown:
            raise RecipeError(
                f"lm-eval knows no task named {', '.join(unknown)}. "
                f"Correct eval.tasks, or give the folder with the task's YAML in eval.include_path."
            )

    def measure(self, variant: str) -> _Measured:
        """Return the scores of one variant on all tasks."""
        scores: dict[str, Scored] = {}
        version = ""
        with self.bed.server(variant, "eval", self.context) as server:
            kernel = server.report().kernel
            if variant == "awq" and kernel == "unquantized":
                raise EngineError(
                    "vLLM loaded the AWQ checkpoint without a quantized kernel; its scores would not be AWQ's."
                )
            started = time.monotonic()
            for task in self.recipe.eval.tasks:
                answer = self._score(server, self._request(task, variant, server), f"{variant}: {task.name}")
                files = Path(answer["results_file"]), Path(answer["samples_file"])
                scores[task.name] = read_scored(*files, task.name, task.metric)
                version = answer["version"]
            seconds = time.monotonic() - started
            return _Measured(scores, seconds, kernel, version, server.version())

    def _score(self, server: VllmServer, request: dict[str, Any], text: str) -> dict[str, Any]:
        try:
            return self.worker.call("score", request, text)
        except WorkerError:
            if not server.running():
                raise server.failure() from None
            raise

    def _request(self, task: EvalTask, variant: str, server: VllmServer) -> dict[str, Any]:
        return {
            "task": task.name,
            "include_path": self._include_path(),
            "base_url": server.base_url,
            "model": SERVED_NAME,
            "tokenizer": str(self.bed.paths["baseline"]),
            "max_length": self.recipe.eval.max_length or self.recipe.engine.max_model_len,
            "num_concurrent": self.recipe.eval.num_concurrent,
            "num_fewshot": task.num_fewshot,
            "limit": task.limit,
            "seed": self.recipe.eval.seed,
            "output": str(self.folder / variant),
        }

    def _include_path(self) -> list[str]:
        return [str(folder) for folder in task_folders(self.recipe.eval, self.context.recipe_dir)]


def _result(recipe: Recipe, bed: Bed, measured: dict[str, _Measured]) -> EvalResult:
    baseline, awq = measured["baseline"], measured["awq"]
    return EvalResult(
        tasks=tuple(_task_score(task, baseline.scores[task.name], awq.scores[task.name]) for task in recipe.eval.tasks),
        lm_eval_version=awq.lm_eval,
        engine_version=f"{bed.runtime.name} {awq.engine}",
        engine_arguments=engine_arguments(recipe.engine),
        seconds={name: entry.seconds for name, entry in measured.items()},
        kernels={name: entry.kernel for name, entry in measured.items()},
    )


def _task_score(task: EvalTask, baseline: Scored, awq: Scored) -> TaskScore:
    estimate, paired, flipped = pair(baseline, awq)
    loss = -estimate.delta if baseline.higher_is_better else estimate.delta
    return TaskScore(
        task=task.name,
        metric=baseline.metric.removesuffix(",none"),
        higher_is_better=baseline.higher_is_better,
        items=baseline.items,
        items_available=baseline.items_available,
        baseline=baseline.score,
        awq=awq.score,
        delta=estimate.delta,
        delta_stderr=estimate.stderr,
        paired=paired,
        margin=task.margin,
        loss=loss,
        passed=loss <= task.margin,
        flips_to_wrong=flipped[0] if flipped else None,
        flips_to_right=flipped[1] if flipped else None,
    )


def _gate(task: TaskScore) -> Gate:
    relation = "within" if task.passed else "beyond"
    return Gate(
        name=f"accuracy {task.task}",
        passed=task.passed,
        statement=f"{task.task}: {task.metric} {task.baseline.value:.4f} -> {task.awq.value:.4f}, "
        f"a loss of {task.loss:+.4f}, {relation} the margin of {task.margin:g}.",
    )


def _metrics(result: EvalResult) -> tuple[Metric, ...]:
    metrics = []
    for task in result.tasks:
        stem = f"{task.task}_{task.metric.replace(',', '_')}"
        values = {"baseline": task.baseline.value, "awq": task.awq.value, "delta": task.delta}
        errors = {"baseline": task.baseline.stderr, "awq": task.awq.stderr, "delta": task.delta_stderr}
        metrics += [Metric(name=f"{stem}_{name}", value=value) for name, value in values.items()]
        metrics += [
            Metric(name=f"{stem}_{name}_stderr", value=value) for name, value in errors.items() if value is not None
        ]
    return tuple(metrics)
