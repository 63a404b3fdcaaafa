"""Worker: scores a running OpenAI-compatible server with lm-eval.

Runs in awqctl's own environment, as a process of its own because lm-eval is slow to import and logs freely.

`check`: `tasks`, `include_path` -> `unknown` (names that lm-eval does not know).
`score`: `task`, `include_path`, `base_url`, `model`, `tokenizer`, `max_length`, `num_concurrent`, `num_fewshot`,
`limit`, `trust_remote_code`, `seed`, `output` (folder) -> `version`, `results_file`, `samples_file`. The key comes in
`OPENAI_API_KEY`.
`documents`: `tasks` (list of `name`, `limit`), `include_path`, `output` (file) -> `documents` (their number). Writes
the items that `score` would ask, one JSON object a line: `task`, `subtask`, `doc_id`, `text` (as asked, with the right
answer).
"""

import functools
import json
from pathlib import Path
from typing import Any

import worker_protocol
from worker_protocol import Channel

_PROMPTS_PER_REQUEST = 8
"""Several prompts travel in one request: on a small model HTTP costs more than the model."""


def check(request: dict[str, Any], channel: Channel) -> dict[str, Any]:
    """Return the tasks that lm-eval does not know."""
    channel.progress("loading lm-eval")
    manager = _task_manager(request)
    known = set(manager.all_tasks) - set(manager.all_tags)  # a tag is a list of tasks without a score of its own
    return {"unknown": [name for name in request["tasks"] if name not in known]}


def score(request: dict[str, Any], channel: Channel) -> dict[str, Any]:
    """Score one task; write lm-eval's results and per-item samples."""
    from lm_eval import __version__, simple_evaluate
    from lm_eval.models import api_models

    api_models.tqdm_asyncio = _reporting(api_models.tqdm_asyncio, channel, request["task"])
    api_models.tqdm = _reporting(api_models.tqdm, channel, request["task"])
    answer = simple_evaluate(
        model="local-completions",
        model_args={
            "model": request["model"],
            "base_url": f"{request['base_url']}/v1/completions",
            "tokenizer": request["tokenizer"],
            "tokenizer_backend": "huggingface",
            "num_concurrent": request["num_concurrent"],
            "max_length": request["max_length"],
            "max_retries": 3,
            "revision": None,
            "trust_remote_code": request["trust_remote_code"],
        },
        tasks=[request["task"]],
        num_fewshot=request["num_fewshot"],
        limit=request["limit"],
        batch_size=_PROMPTS_PER_REQUEST,
        log_samples=True,
        bootstrap_iters=1000,
        task_manager=_task_manager(request),
        random_seed=request["seed"],
        numpy_random_seed=request["seed"],
        fewshot_random_seed=request["seed"],
    )
    folder = Path(request["output"])
    folder.mkdir(parents=True, exist_ok=True)
    results_file, samples_file = folder / f"{request['task']}.results.json", folder / f"{request['task']}.samples.jsonl"
    samples = answer.pop("samples")
    results_file.write_text(json.dumps(answer, default=str, indent=1))
    with samples_file.open("w") as stream:
        for subtask, rows in samples.items():
            for row in sorted(rows, key=lambda row: row["doc_id"]):
                stream.write(json.dumps({"task": subtask, **row}, default=str) + "\n")
    return {"version": __version__, "results_file": str(results_file), "samples_file": str(samples_file)}


def documents(request: dict[str, Any], channel: Channel) -> dict[str, Any]:
    """Write the items of some tasks as text."""
    channel.progress("loading lm-eval")
    manager = _task_manager(request)
    written = 0
    with Path(request["output"]).open("w", encoding="utf-8") as stream:
        for wanted in request["tasks"]:
            channel.progress(f"reading the items of {wanted['name']}")
            for name, task in manager.load(wanted["name"])["tasks"].items():
                for doc_id, doc in task.doc_iterator(limit=wanted["limit"]):
                    row = {"task": wanted["name"], "subtask": name, "doc_id": doc_id, "text": _item(task, doc)}
                    stream.write(json.dumps(row) + "\n")
                    written += 1
    return {"documents": written}


def _item(task: Any, doc: Any) -> str:
    """Return an item as asked, with the right answer, or with all of them where several are right.

    Question and answer may be given as numbers of choices: `winogrande` asks with choices, most others answer so.
    """
    choices = task.doc_to_choice(doc) if getattr(task.config, "doc_to_choice", None) is not None else []
    question, answers = task.doc_to_text(doc), task.doc_to_target(doc)
    answers = answers if isinstance(answers, list | tuple) else [answers]
    parts = [str(_chosen(part, choices)) for part in (question, *answers)]
    return " ".join(part for part in parts if part)


def _chosen(part: Any, choices: list[Any]) -> Any:
    """Return the choice that a number stands for; a number that is none, such as -100 for "unknown", gives nothing."""
    if isinstance(part, int) and choices:
        return choices[part] if 0 <= part < len(choices) else ""
    return part


def _task_manager(request: dict[str, Any]) -> Any:
    return _task_index(tuple(request["include_path"]))


@functools.cache
def _task_index(include_path: tuple[str, ...]) -> Any:
    """Return lm-eval's index of its thousands of task files, made once per process because that takes seconds."""
    from lm_eval.tasks import TaskManager

    return TaskManager(include_path=list(include_path))


def _reporting(bar: Any, channel: Channel, task: str) -> Any:
    """Return a kind of tqdm bar that reports to the channel instead of drawing."""

    class ReportingBar(bar):  # type: ignore[misc]
        def display(self, *_: Any, **__: Any) -> None:
            channel.progress(f"{task}: requests", done=self.n, total=self.total)

    return ReportingBar


if __name__ == "__main__":
    worker_protocol.serve({"check": check, "score": score, "documents": documents})
