"""What has to be known before the first engine starts: which tasks there are, how they are scored, how many items."""

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from eval.accuracy.questions import check_questions, write_tasks
from eval.accuracy.resolution import TaskItems
from eval.accuracy.tasks import check_chat_template, check_tasks, task_folders
from eval.alarm.probe import alarm_file
from eval.comparison.chance import guessed
from pipeline.base.errors import AwqctlError, SourceError, refuse
from pipeline.base.homes import user_home
from pipeline.models import local_folder
from pipeline.recipe.arms import Arm, of_kind
from pipeline.recipe.eval import Eval
from pipeline.recipe.model import ModelSource
from pipeline.recipe.recipe import Recipe
from pipeline.record.context import RunContext
from pipeline.runtimes.logs import new_log
from pipeline.runtimes.worker import Worker, worker_script

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


@dataclass(frozen=True)
class Prepared:
    """The tasks of a recipe as lm-eval knows them."""

    include_path: tuple[str, ...]
    """Folders of task files, those made from the client's own questions among them."""
    metrics: dict[str, str]
    """By task."""
    counted: tuple[TaskItems, ...]
    documents: Path
    """The items' text, one JSON object a line."""
    lm_eval: str
    """Its version."""


def lm_eval_worker(context: RunContext, api_key: str = "none") -> Worker:
    """Return the process that lm-eval runs in, for a `with` block."""
    return Worker(
        Path(sys.executable),
        worker_script("lm_eval_scores"),
        log=new_log(context.logs / "eval-lm-eval.log"),
        reporter=context.reporter,
        environment=_environment(api_key),
    )


def _environment(api_key: str) -> dict[str, str]:
    """Return lm-eval's environment: unlike the engine it may reach the hub, where tasks keep their data."""
    from huggingface_hub import get_token  # noqa: PLC0415 -- finds the token where the hub's own tools do

    hub = {name: os.environ[name] for name in _FOR_THE_HUB if name in os.environ}
    hub |= {"HF_TOKEN": token} if (token := get_token()) else {}
    unproxied = ",".join(filter(None, (os.environ.get("NO_PROXY"), "127.0.0.1")))
    index = str(user_home() / "lm-eval-tasks.json")
    return _ONLINE | hub | {"OPENAI_API_KEY": api_key, "NO_PROXY": unproxied, "AWQCTL_TASK_INDEX": index}


def prepare(worker: Worker, recipe: Recipe, context: RunContext, tokenizer: Path | None, folder: Path) -> Prepared:
    """Return the tasks, refusing what cannot be scored.

    Args:
        worker: lm-eval's.
        recipe: as resolved.
        context: of the run.
        tokenizer: the source model's folder, needed for a chat template.
        folder: for files that the worker reads and writes, until the evaluation ends.

    Raises:
        RecipeError: a task, a metric or a file of questions is not usable, or a task executes code that the recipe
            does not allow.
        SourceError: the tokenizer has no chat template, and the recipe asks for it; or the folder of an arm is missing.
    """
    settings = recipe.eval
    refuse(file_problems(recipe, context.recipe_dir))
    if settings.chat_template and tokenizer is not None:
        check_chat_template(tokenizer)
    known = ask_for_tasks(worker, settings, context.recipe_dir, folder)
    check_tasks(settings, known.metrics, known.answer)
    documents = folder / "items.jsonl"
    request: dict[str, Any] = {
        "include_path": known.include_path,
        "tasks": [{"name": task.name, "limit": task.limit} for task in settings.all_tasks],
        "output": str(documents),
        "unsafe_code": settings.unsafe_code,
    }
    counted = worker.call("documents", request, "reading the items")["tasks"]
    return Prepared(
        include_path=known.include_path,
        metrics=known.metrics,
        counted=tuple(_counted(name, entry) for name, entry in counted.items()),
        documents=documents,
        lm_eval=version("lm_eval"),
    )


def _counted(name: str, entry: dict[str, Any]) -> TaskItems:
    choices = [int(offered) for offered, items in entry["choices"].items() for _ in range(items)]
    return TaskItems(name, entry["items"], entry["available"], guessed(choices))


@dataclass(frozen=True)
class KnownTasks:
    """What lm-eval says of a recipe's tasks, without their data."""

    include_path: tuple[str, ...]
    """Folders of task files, those made from the client's own questions among them."""
    metrics: dict[str, str]
    """By task."""
    answer: dict[str, Any]
    """Of the worker's call `check`."""


def ask_for_tasks(worker: Worker, settings: Eval, recipe_dir: Path, folder: Path) -> KnownTasks:
    """Ask lm-eval about the tasks; those from the client's own questions are written into `folder` first.

    Raises:
        RecipeError: a file of questions, or the folder of task files, is not usable.
    """
    own = folder / "questions"
    defaults = write_tasks(settings.all_tasks, recipe_dir, own)
    folders = [*task_folders(settings, recipe_dir), *([own] if defaults else [])]
    include_path = tuple(map(str, folders))
    metrics = {task.name: task.metric or defaults[task.name] for task in settings.all_tasks}
    asked = {"tasks": list(metrics), "include_path": include_path, "questions": str(own) if defaults else None}
    return KnownTasks(include_path, metrics, worker.call("check", asked, "loading lm-eval"))


def file_problems(recipe: Recipe, recipe_dir: Path) -> Iterator[AwqctlError]:
    """Yield what is wrong with files that the recipe names, some of which are needed late."""
    alarm, settings = recipe.eval.alarm, recipe.eval
    looks: list[Callable[[], object]] = [lambda: task_folders(settings, recipe_dir)]
    looks += [partial(check_questions, task, recipe_dir) for task in settings.all_tasks]
    if alarm.enabled and alarm.text is not None:
        looks.append(partial(alarm_file, alarm.text, recipe_dir))
    looks += [partial(_find_arm, arm, recipe_dir) for arm in of_kind(recipe.arms, "checkpoint")]
    for look in looks:
        try:
            look()
        except AwqctlError as problem:
            yield problem


def _find_arm(arm: Arm, recipe_dir: Path) -> None:
    try:
        local_folder(ModelSource(source=str(arm.checkpoint), revision=arm.revision), recipe_dir)
    except SourceError as problem:
        raise SourceError(f"arms, {arm.name}: {problem.message.removeprefix('model.source: ')}") from None
