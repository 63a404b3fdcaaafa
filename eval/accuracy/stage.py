"""The stage `eval`: the recipe's lm-eval tasks on the baseline and every other arm, with the same engine settings."""

import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval.accuracy.overlap import OverlapResult, overlap, overlap_warnings, read_documents
from eval.accuracy.result import BASELINE, CONTROL, GATED, Contrast, EvalResult, TaskScore
from eval.accuracy.samples import Scored, pair, read_scored
from eval.accuracy.tasks import task_folders
from pipeline.context import RunContext
from pipeline.errors import EngineError, RecipeError, WorkerError
from pipeline.quantize.calibration import calibration_texts, load_tokenizer, read_calibration
from pipeline.quantize.card_refresh import refresh_card
from pipeline.recipe.models import EvalTask, Recipe
from pipeline.record import Gate, Metric, RunRecord, StageOutcome
from pipeline.runtimes.worker import Worker, worker_script
from serve.engine import VllmServer, engine_arguments
from serve.variants import SERVED_NAME, Bed, arms_of, measurement_bed

_ONLINE = {
    "HF_HUB_OFFLINE": "0",
    "TRANSFORMERS_OFFLINE": "0",
    "HF_DATASETS_OFFLINE": "0",
    "HF_HUB_DISABLE_IMPLICIT_TOKEN": "0",
}
_FOR_THE_HUB = (
    *("HF_HOME", "HF_HUB_CACHE", "HF_DATASETS_CACHE", "HF_ENDPOINT"),
    *("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"),
)


def run(recipe: Recipe, context: RunContext, record: RunRecord) -> StageOutcome:
    """Score every arm on every task and judge AWQ's loss against the recipe's margins."""
    arms = arms_of(recipe)
    bed = measurement_bed(recipe, context, record, arms)
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
        found = evaluation.overlap_with_calibration()
        result = result_of(recipe, {arm: evaluation.measure(arm) for arm in arms}, found)
        (folder / "results.json").write_text(result.model_dump_json(indent=2) + "\n")
    refresh_card(context, record, result)
    return StageOutcome(
        metrics=metrics_of(result),
        gates=gates_of(result),
        artifacts={"results": "eval/results.json"} | {f"{arm} samples": f"eval/{arm}" for arm in arms},
        payload=result.model_dump(mode="json"),
    )


def _environment(bed: Bed) -> dict[str, str]:
    """Return lm-eval's environment: unlike the engine it may reach the hub, where tasks keep their data."""
    from huggingface_hub import get_token  # noqa: PLC0415 -- finds the token where the hub's own tools do

    hub = {name: os.environ[name] for name in _FOR_THE_HUB if name in os.environ}
    hub |= {"HF_TOKEN": token} if (token := get_token()) else {}
    return (
        _ONLINE
        | hub
        | {"OPENAI_API_KEY": bed.api_key, "NO_PROXY": ",".join(filter(None, (os.environ.get("NO_PROXY"), "127.0.0.1")))}
    )


@dataclass(frozen=True)
class Measured:
    """Everything measured on one arm."""

    scores: dict[str, Scored]
    """By task."""
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

    def overlap_with_calibration(self) -> OverlapResult:
        """Return which items stand in the calibration text; say so before hours are spent on them."""
        items = self.context.scratch / "items.jsonl"
        tasks = [{"name": task.name, "limit": task.limit} for task in self.recipe.eval.tasks]
        request = {"tasks": tasks, "include_path": self._include_path(), "output": str(items)}
        self.worker.call("documents", request, "reading the items")
        stored = read_calibration(self.context.out / "quantize" / "calibration.json")
        tokenizer = load_tokenizer(self.bed.paths[BASELINE], trust_remote_code=self.bed.trust_remote_code)
        found = overlap(calibration_texts(stored, tokenizer), read_documents(items))
        items.unlink()
        for text in overlap_warnings(found):
            self.context.reporter.warn(text)
        return found

    def measure(self, arm: str) -> Measured:
        """Return the scores of one arm on all tasks."""
        scores: dict[str, Scored] = {}
        version = ""
        with self.bed.server(arm, "eval", self.context) as server:
            kernel = server.report().kernel
            check_kernel(arm, kernel)
            started = time.monotonic()
            for task in self.recipe.eval.tasks:
                answer = self._score(server, self._request(task, arm, server), f"{arm}: {task.name}")
                files = Path(answer["results_file"]), Path(answer["samples_file"])
                scores[task.name] = read_scored(*files, task.name, task.metric)
                version = answer["version"]
            seconds = time.monotonic() - started
            return Measured(scores, seconds, kernel, version, f"{self.bed.runtime.name} {server.version()}")

    def _score(self, server: VllmServer, request: dict[str, Any], text: str) -> dict[str, Any]:
        try:
            return self.worker.call("score", request, text)
        except WorkerError:
            if not server.running():
                raise server.failure() from None
            raise

    def _request(self, task: EvalTask, arm: str, server: VllmServer) -> dict[str, Any]:
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
            "trust_remote_code": self.bed.trust_remote_code,
            "seed": self.recipe.eval.seed,
            "output": str(self.folder / arm),
        }

    def _include_path(self) -> list[str]:
        return [str(folder) for folder in task_folders(self.recipe.eval, self.context.recipe_dir)]


def check_kernel(arm: str, kernel: str) -> None:
    """Refuse to score quantized weights that the engine multiplies as 16-bit ones.

    Raises:
        EngineError: it does, on an arm that is not the baseline.
    """
    if arm != BASELINE and kernel == "unquantized":
        raise EngineError(
            f"vLLM loaded the checkpoint of the arm '{arm}' without a quantized kernel, so its scores would not be "
            f"those of 4-bit weights. Read why in logs/eval-vllm-{arm}.log, or choose the other quantize.backend."
        )


def result_of(recipe: Recipe, measured: dict[str, Measured], found: OverlapResult | None = None) -> EvalResult:
    """Return every arm against the baseline, and AWQ against the control where there is one.

    Raises:
        VoidMeasurementError: two arms did not answer the same items.
    """
    tasks, scores = recipe.eval.tasks, {arm: entry.scores for arm, entry in measured.items()}
    candidates = [arm for arm in measured if arm != BASELINE]
    control = scores.get(CONTROL)
    return EvalResult(
        arms=tuple(measured),
        tasks=tuple(
            _task_score(task, arm, scores[BASELINE][task.name], scores[arm][task.name])
            for task in tasks
            for arm in candidates
        ),
        contrasts=tuple(_contrast(task, control[task.name], scores[GATED][task.name]) for task in tasks)
        if control
        else (),
        lm_eval_version=measured[GATED].lm_eval,
        engine_version=measured[GATED].engine,
        engine_arguments=engine_arguments(recipe.engine),
        overlap=found,
        seconds={arm: entry.seconds for arm, entry in measured.items()},
        kernels={arm: entry.kernel for arm, entry in measured.items()},
    )


def _task_score(task: EvalTask, arm: str, baseline: Scored, candidate: Scored) -> TaskScore:
    estimate, paired, flipped = pair(baseline, candidate)
    loss = -estimate.delta if baseline.higher_is_better else estimate.delta
    return TaskScore(
        task=task.name,
        arm=arm,
        metric=_metric(baseline),
        higher_is_better=baseline.higher_is_better,
        items=baseline.items,
        items_available=baseline.items_available,
        baseline=baseline.score,
        candidate=candidate.score,
        delta=estimate.delta,
        delta_stderr=estimate.stderr,
        paired=paired,
        margin=task.margin,
        loss=loss,
        passed=loss <= task.margin,
        flips_to_wrong=flipped[0] if flipped else None,
        flips_to_right=flipped[1] if flipped else None,
    )


def _contrast(task: EvalTask, control: Scored, awq: Scored) -> Contrast:
    estimate, paired, _ = pair(control, awq)
    return Contrast(
        task=task.name,
        metric=_metric(control),
        delta=estimate.delta,
        delta_stderr=estimate.stderr,
        paired=paired,
        gain=estimate.delta if control.higher_is_better else -estimate.delta,
    )


def _metric(scored: Scored) -> str:
    return scored.metric.removesuffix(",none")


def gates_of(result: EvalResult) -> tuple[Gate, ...]:
    """Return one gate per task, for AWQ alone: other arms are information."""
    return tuple(_gate(task) for task in result.gated)


def _gate(task: TaskScore) -> Gate:
    relation = "within" if task.passed else "beyond"
    return Gate(
        name=f"accuracy {task.task}",
        passed=task.passed,
        statement=f"{task.task}: {task.metric} {task.baseline.value:.4f} -> {task.candidate.value:.4f}, "
        f"a loss of {task.loss:+.4f}, {relation} the margin of {task.margin:g}.",
    )


def metrics_of(result: EvalResult) -> tuple[Metric, ...]:
    """Return every score and difference; AWQ's difference is `_delta`, that of another arm `_delta_<arm>`."""
    metrics: list[Metric] = []
    for task in result.tasks:
        stem = f"{task.task}_{task.metric.replace(',', '_')}"
        if task.arm == GATED:
            metrics += _figures(f"{stem}_{BASELINE}", task.baseline.value, task.baseline.stderr)
        metrics += _figures(f"{stem}_{task.arm}", task.candidate.value, task.candidate.stderr)
        name = "delta" if task.arm == GATED else f"delta_{task.arm}"
        metrics += _figures(f"{stem}_{name}", task.delta, task.delta_stderr)
    for one in result.contrasts:
        stem = f"{one.task}_{one.metric.replace(',', '_')}"
        metrics += _figures(f"{stem}_{GATED}_minus_{CONTROL}", one.delta, one.delta_stderr)
    return tuple(metrics)


def _figures(name: str, value: float, stderr: float | None) -> list[Metric]:
    error = [] if stderr is None else [Metric(name=f"{name}_stderr", value=stderr)]
    return [Metric(name=name, value=value), *error]
