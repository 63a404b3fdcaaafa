"""Sample files of two models: made up row by row, or written by the installed lm-eval with a model that guesses."""

import hashlib
import json
import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from eval.comparison.rows import read_rows
from eval.comparison.scores import TaskScores, task_scores

STAMP = "2026-11-01T12-00-00.000000"
_FEW = {"output_type": "multiple_choice", "custom_dataset": "few", "metrics": ["acc", "acc_norm"]}
_MANY = {**_FEW, "custom_dataset": "many"}
_TASKS: dict[str, dict[str, Any]] = {
    "sized_few": _FEW,
    "sized_many": _MANY,
    "even_few": _FEW,
    "even_many": _MANY,
    "labels": {"output_type": "multiple_choice", "custom_dataset": "many", "metrics": ["f1", "mcc"]},
    "words": {"output_type": "loglikelihood", "custom_dataset": "sentences", "metrics": ["perplexity", "acc"]},
    "pages": {
        "output_type": "loglikelihood_rolling",
        "custom_dataset": "sentences",
        "metrics": ["bits_per_byte", "byte_perplexity", "word_perplexity"],
    },
    "echo": {
        "output_type": "generate_until",
        "custom_dataset": "sentences",
        "metrics": ["bleu", "chrf", "exact_match"],
        "generation_kwargs": {"until": ["\n"]},
        "filter_list": [
            {"name": "whole", "filter": [{"function": "take_first"}]},
            {"name": "lower", "filter": [{"function": "lowercase"}, {"function": "take_first"}]},
        ],
    },
}
_DATA = """
from datasets import Dataset, DatasetDict

WORDS = "the model of a small house stands near one river and its old bridge".split()


def _test(rows):
    return DatasetDict(test=Dataset.from_list(rows))


def few(**_):
    return _test([{"text": f"Question {i}:", "choices": ["yes", "perhaps not"], "target": i % 2} for i in range(7)])


def many(**_):
    return _test([{"text": f"Item {i}:", "choices": ["no", "certainly"], "target": i % 3 % 2} for i in range(25)])


def sentences(**_):
    rows = [" ".join(WORDS[(i * k) % len(WORDS)] for k in range(1, 8)) for i in range(1, 13)]
    return _test([{"text": f"Say: {row}", "target": row} for row in rows])
"""


@pytest.fixture(scope="session")
def sample() -> Callable[..., dict[str, Any]]:
    """Return a function that makes one line of a sample file as lm-eval 0.4.13 writes it."""
    return _sample


def _sample(number: int, values: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    """Make a question with four choices, of which the second is right; `values` are those of the metrics."""
    right = any(value in (1, 1.0, True) for value in values.values() if not isinstance(value, list))
    likelihoods = [["-4.0", "False"], ["-2.0" if right else "-6.0", "False"]]
    likelihoods += [["-9.0", "False"], ["-9.5", "False"]]
    return {
        "doc_id": number,
        "doc": {"question": f"question {number}"},
        "target": "1",
        "arguments": {
            f"gen_args_{place}": {"arg_0": f"Question {number}?", "arg_1": f" {choice}"}
            for place, choice in enumerate(("wrong", "right", "neither", "both"))
        },
        "resps": [[likelihood] for likelihood in likelihoods],
        "filtered_resps": likelihoods,
        "filter": "none",
        "metrics": list(values),
        "doc_hash": f"document {number}",
        "prompt_hash": f"prompt {number}",
        "target_hash": f"target {number}",
        **values,
        **changes,
    }


@pytest.fixture(scope="session")
def write_run() -> Callable[..., Path]:
    """Return a function that writes one model's samples and results as lm-eval's command does."""
    return _write_run


def _write_run(
    folder: Path,
    tasks: Mapping[str, Sequence[Mapping[str, Any]]],
    *,
    results: Mapping[str, Any] | None = None,
    stamp: str = STAMP,
) -> Path:
    """Write a file per task, and the results where they are given."""
    folder.mkdir(parents=True, exist_ok=True)
    for task, rows in tasks.items():
        text = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / f"samples_{task}_{stamp}.jsonl").write_text(text)
    if results is not None:
        (folder / f"results_{stamp}.json").write_text(json.dumps(results))
    return folder


@pytest.fixture(scope="session")
def write_evaluation(write_run: Callable[..., Path]) -> Callable[..., Path]:
    """Return a function that writes samples and the results that belong to them, of right-or-wrong tasks and groups."""

    def write(
        folder: Path,
        tasks: Mapping[str, Sequence[float]],
        groups: Mapping[str, Sequence[str]] | None = None,
        *,
        metrics: Mapping[str, str] | None = None,
        scores: Mapping[str, float] | None = None,
        stamp: str = STAMP,
        **more: Any,
    ) -> Path:
        """Write one evaluation; `metrics` are those of tasks that have not acc, `scores` those that are not means."""
        keys = {name: (metrics or {}).get(name, "acc,none") for name in tasks}
        rows = {name: _rows(name, values, keys[name]) for name, values in tasks.items()}
        results = {name: {keys[name]: sum(values) / len(values)} for name, values in tasks.items()}
        for name, parts in (groups or {}).items():
            leaves = [leaf for part in parts for leaf in (groups or {}).get(part, [part])]
            items = [value for leaf in leaves if keys[leaf] == "acc,none" for value in tasks[leaf]]
            results[name] = {"acc,none": sum(items) / len(items), "acc_stderr,none": 0.01} if items else {}
        for name, value in (scores or {}).items():
            results[name]["acc,none"] = value
        document = {
            "results": results,
            "group_subtasks": {**{name: [] for name in tasks}, **(groups or {})},
            "n-samples": {name: {"original": len(rows), "effective": len(rows)} for name, rows in tasks.items()},
        }
        return write_run(folder, rows, results=document | more, stamp=stamp)

    return write


def _rows(task: str, values: Sequence[float], key: str) -> list[dict[str, Any]]:
    name, _, variant = key.partition(",")
    hashes = [{"doc_hash": f"{task} {number}", "filter": variant} for number in range(len(values))]
    return [_sample(number, {name: value}, **hashes[number]) for number, value in enumerate(values)]


@pytest.fixture
def score(tmp_path: Path) -> Callable[..., TaskScores]:
    """Return a function that scores made-up values of one metric."""

    def scored_values(values: Sequence[Any], kind: str = "acc", **options: Any) -> TaskScores:
        subtasks = options.pop("subtasks", ["task"] * len(values))
        changes = options.pop("changes", {})
        name = f"{len(list(tmp_path.iterdir()))}.jsonl"
        rows = [
            _sample(number, {kind: value}, task=subtask, **changes)
            for number, (value, subtask) in enumerate(zip(values, subtasks, strict=True))
        ]
        (tmp_path / name).write_text("".join(json.dumps(row) + "\n" for row in rows))
        settings = {"task": "task", "metric": f"{kind},none", "stated": None, "higher_is_better": True}
        return task_scores(read_rows(tmp_path / name), **{**settings, **options})

    return scored_values


@pytest.fixture(scope="session")
def real_runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two models' output folders as the installed lm-eval writes them, for tasks of every kind and two groups."""
    folder = tmp_path_factory.mktemp("lm_eval")
    tasks = folder / "tasks"
    tasks.mkdir()
    (tasks / "data.py").write_text(_DATA)
    for name, settings in _TASKS.items():
        (tasks / f"{name}.yaml").write_text(_task_file(name, settings))
    for name, by_size in (("sized", "true"), ("even", "false")):
        listed = f"[{{metric: acc, aggregation: mean, weight_by_size: {by_size}}}]"
        (tasks / f"{name}.yaml").write_text(
            f"group: {name}\ntask: [{name}_few, {name}_many]\naggregate_metric_list: {listed}\n"
        )
    return {name: _evaluate(folder, name) for name in ("baseline", "candidate")}


def _task_file(name: str, settings: Mapping[str, Any]) -> str:
    fields = {key: value for key, value in settings.items() if key not in ("metrics", "custom_dataset")}
    choices = {"doc_to_choice": "choices"} if "multiple" in settings["output_type"] else {}
    whole = {"task": name, "test_split": "test", "doc_to_text": "text", "doc_to_target": "target", **fields, **choices}
    whole["metric_list"] = [{"metric": metric} for metric in settings["metrics"]]
    lines = [f"{key}: {json.dumps(value)}" for key, value in whole.items()]
    return "\n".join([*lines, f"custom_dataset: !function data.{settings['custom_dataset']}", ""])


def _evaluate(folder: Path, name: str) -> Path:
    """Score a model that guesses, and let lm-eval write its files."""
    from lm_eval import simple_evaluate  # noqa: PLC0415 -- slow to import
    from lm_eval.api.model import LM  # noqa: PLC0415
    from lm_eval.loggers import EvaluationTracker  # noqa: PLC0415
    from lm_eval.tasks import TaskManager  # noqa: PLC0415

    class Guessing(LM):
        """Answers by the hash of the question and its own name."""

        def _luck(self, text: str) -> random.Random:
            return random.Random(hashlib.sha256(f"{name} {text}".encode()).digest())  # noqa: S311

        def loglikelihood(self, requests: list[Any]) -> list[tuple[float, bool]]:
            """Return about -1 nat per character."""
            return [(-len(str(one.args)) * self._luck(str(one.args)).random(), False) for one in requests]

        def loglikelihood_rolling(self, requests: list[Any]) -> list[float]:
            """Return the same for a whole document."""
            return [-len(one.args[0]) * self._luck(one.args[0]).random() for one in requests]

        def generate_until(self, requests: list[Any]) -> list[str]:
            """Repeat the sentence, with words left out."""
            return [self._repeated(one.args[0]) for one in requests]

        def _repeated(self, prompt: str) -> str:
            luck = self._luck(prompt)
            return " ".join(word for word in prompt.removeprefix("Say: ").split() if luck.random() < 0.9)

    tracker = EvaluationTracker(output_path=str(folder / name))
    tracker.general_config_tracker.log_experiment_args(
        model_source="guess",
        model_args="pretrained=org/model",
        system_instruction=None,
        chat_template=None,
        fewshot_as_multiturn=False,
    )
    answer = simple_evaluate(
        model=Guessing(),
        tasks=["sized", "even", "labels", "words", "pages", "echo"],
        task_manager=TaskManager(include_path=str(folder / "tasks"), include_defaults=False),
        bootstrap_iters=0,
    )
    samples = answer.pop("samples")
    tracker.save_results_aggregated(results=answer, samples=samples)
    for task, rows in samples.items():
        tracker.save_results_samples(task_name=task, samples=rows)
    return folder / name
