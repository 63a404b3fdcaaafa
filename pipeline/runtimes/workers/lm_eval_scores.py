"""Worker: scores a running OpenAI-compatible server with lm-eval.

Runs in awqctl's own environment, as a process of its own because lm-eval is slow to import and logs freely.

`check`: `tasks`, `include_path`, optionally `questions` (which of these folders has the client's own questions) ->
`unknown` (names that lm-eval does not know), `unsafe` (those that execute code the model wrote), `taken` (names of the
client's own questions that another task has), `tasks` (by name what `lm_eval_tasks.facts` says).
`score`: `task`, `include_path`, `base_url`, `model`, `tokenizer`, `max_length`, `num_concurrent`, `num_fewshot`,
`limit`, `trust_remote_code`, `seed`, `output` (folder), and optionally `cache` (file of this arm's responses), `meta`
(what these depend on; with another one, they are asked again), `chat_template`, `system_instruction`, `unsafe_code` ->
`version`, `missing` (0), `results_file`, `samples_file`, `recalled` (responses kept from before), `asked`, `cut`
(prompts that lost their beginning because the context was too short). Without `base_url` nothing is asked: where a
response is not stored the answer is `missing`, their number, alone. The key comes in `OPENAI_API_KEY`. Code that the
model wrote is executed in children of this process; before that, secrets are taken out of its environment.
`documents`: `tasks` (list of `name`, `limit`), `include_path`, `output` (file), optionally `unsafe_code` ->
`documents` (their number), `tasks` (by name: `items` that `score` would ask, `available` in the whole task, `choices`:
how many of the items have how many answers to choose from, 0 for a free one). Writes
the items, one JSON object a line: `task`, `subtask`, `doc_id`, `text` (as asked, with the right answer).
"""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import worker_protocol
from lm_eval_responses import Responses
from lm_eval_tasks import choices_of, code_execution, facts, forget_secrets, item_text, names_taken, task_index
from worker_protocol import Channel

_MODEL = "local-completions"
_NOBODY = "http://stored.invalid"
"""Stands in results that needed no server."""
_PROMPTS_PER_REQUEST = 8
"""Several prompts travel in one request: on a small model HTTP costs more than the model."""


def check(request: dict[str, Any], _channel: Channel) -> dict[str, Any]:
    """Return the tasks that lm-eval does not know, and what it says of those it knows."""
    manager = _manager(request)
    # A tag is a list of tasks without a score of its own.
    names = {name for name, entry in manager.task_index.items() if entry.kind.name != "TAG"}
    found = {name: facts(manager, name) for name in request["tasks"] if name in names}
    return {
        "unknown": [name for name in request["tasks"] if name not in names],
        "unsafe": [name for name, said in found.items() if said["unsafe"]],
        "taken": names_taken(own, request["include_path"]) if (own := request.get("questions")) else [],
        "tasks": found,
    }


def score(request: dict[str, Any], channel: Channel) -> dict[str, Any]:
    """Score one task; write lm-eval's results and per-item samples."""
    from lm_eval import __version__, simple_evaluate
    from lm_eval_client import Completions, NotStoredError

    _report_preparation(channel)
    settings = _model_settings(request)
    depends = {**(request.get("meta") or {}), "lm_eval": __version__, "max_length": request["max_length"]}
    cache = request.get("cache")
    responses = Responses(Path(cache) if cache else None, depends, channel.progress)
    chat, unsafe = bool(request.get("chat_template")), bool(request.get("unsafe_code"))
    model = Completions(
        **settings,
        batch_size=_PROMPTS_PER_REQUEST,
        responses=responses,
        report=_requests(channel),
        ask=request["base_url"] is not None,
        before_asking=forget_secrets if unsafe else lambda: None,  # the data, which may need a token, are there by then
    )
    try:
        with code_execution(allowed=unsafe):
            answer = simple_evaluate(
                model=model,
                model_args=settings,
                tasks=[request["task"]],
                num_fewshot=request["num_fewshot"],
                limit=request["limit"],
                batch_size=_PROMPTS_PER_REQUEST,
                log_samples=True,
                bootstrap_iters=1000,
                task_manager=_manager(request),
                random_seed=request["seed"],
                numpy_random_seed=request["seed"],
                fewshot_random_seed=request["seed"],
                apply_chat_template=chat,
                fewshot_as_multiturn=chat,
                system_instruction=request.get("system_instruction"),
                confirm_run_unsafe_code=unsafe,
            )
    except NotStoredError as problem:
        return {"missing": problem.missing}
    finally:
        responses.close()
    answer |= _circumstances(request, settings, model, answer["samples"])
    files = _write(answer, Path(request["output"]), request["task"])
    return {
        "version": __version__,
        "missing": 0,
        **files,
        "recalled": model.recalled,
        "asked": model.asked,
        "cut": model.cut,
    }


def _model_settings(request: dict[str, Any]) -> dict[str, Any]:
    from lm_eval_client import begins_with_bos
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(request["tokenizer"], trust_remote_code=request["trust_remote_code"])
    return {
        "model": request["model"],
        "base_url": f"{request['base_url'] or _NOBODY}/v1/completions",
        "tokenizer": request["tokenizer"],
        "tokenizer_backend": "huggingface",
        "num_concurrent": request["num_concurrent"],
        "max_length": request["max_length"],
        "revision": None,
        "trust_remote_code": request["trust_remote_code"],
        "add_bos_token": not request.get("chat_template") and begins_with_bos(tokenizer),
    }


def _circumstances(
    request: dict[str, Any], settings: dict[str, Any], model: Any, samples: dict[str, Any]
) -> dict[str, Any]:
    """Return what lm-eval's command adds to its results: chat template, system prompt, hashes of the items."""
    from lm_eval.loggers.evaluation_tracker import GeneralConfigTracker
    from lm_eval.utils import hash_string

    chat, tracker = bool(request.get("chat_template")), GeneralConfigTracker()
    tracker.log_experiment_args(
        model_source=_MODEL,
        model_args=settings,
        system_instruction=request.get("system_instruction"),
        chat_template=model.chat_template(chat) if chat else None,  # lm-eval warns when asked for none
        fewshot_as_multiturn=chat,
    )
    hashes = {
        task: hash_string("".join(row["doc_hash"] + row["prompt_hash"] + row["target_hash"] for row in rows))
        for task, rows in samples.items()
    }
    return {"task_hashes": hashes, **asdict(tracker)}


def _write(answer: dict[str, Any], folder: Path, task: str) -> dict[str, str]:
    """Write results and samples as lm-eval's command would: numpy's numbers are numbers."""
    from lm_eval.utils import handle_non_serializable

    folder.mkdir(parents=True, exist_ok=True)
    results_file, samples_file = folder / f"{task}.results.json", folder / f"{task}.samples.jsonl"
    samples = answer.pop("samples")
    answer["config"]["model"] = _MODEL
    results_file.write_text(json.dumps(answer, default=handle_non_serializable, indent=1), encoding="utf-8")
    with samples_file.open("w", encoding="utf-8") as stream:
        for subtask, rows in samples.items():
            for row in sorted(rows, key=lambda row: row["doc_id"]):
                stream.write(json.dumps({"task": subtask, **row}, default=handle_non_serializable) + "\n")
    return {"results_file": str(results_file), "samples_file": str(samples_file)}


def documents(request: dict[str, Any], channel: Channel) -> dict[str, Any]:
    """Write the items of some tasks as text."""
    manager = _manager(request)
    counts: dict[str, dict[str, Any]] = {}
    with (
        code_execution(allowed=bool(request.get("unsafe_code"))),
        Path(request["output"]).open("w", encoding="utf-8") as stream,
    ):
        for wanted in request["tasks"]:
            channel.progress(str(wanted["name"]))
            count = counts.setdefault(wanted["name"], {"items": 0, "available": 0, "choices": {}})
            for name, task in manager.load(wanted["name"])["tasks"].items():
                count["available"] += len(task.eval_docs)
                for doc_id, doc in task.doc_iterator(limit=wanted["limit"]):
                    row = {"task": wanted["name"], "subtask": name, "doc_id": doc_id, "text": item_text(task, doc)}
                    stream.write(json.dumps(row) + "\n")
                    count["items"] += 1
                    offered = str(choices_of(task, doc))
                    count["choices"][offered] = count["choices"].get(offered, 0) + 1
    return {"documents": sum(count["items"] for count in counts.values()), "tasks": counts}


def _manager(request: dict[str, Any]) -> Any:
    return task_index(tuple(request["include_path"]))


def _requests(channel: Channel) -> Callable[[int, int], None]:
    return lambda done, total: channel.progress("requests", done=done, total=total)


def _report_preparation(channel: Channel) -> None:
    """Report on the channel what lm-eval would draw as a bar while it turns prompts into tokens."""
    from lm_eval.api import model
    from tqdm import tqdm

    class ReportingBar(tqdm):  # type: ignore[misc]
        def display(self, *_: Any, **__: Any) -> None:
            channel.progress("preparing", done=self.n, total=self.total)

    model.tqdm = ReportingBar


if __name__ == "__main__":
    worker_protocol.serve({"check": check, "score": score, "documents": documents})
