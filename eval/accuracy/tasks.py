"""Where lm-eval finds tasks beside its own, and which evaluations are refused before the first token."""

import json
import os
from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from pipeline.base.errors import RecipeError, SourceError, refuse
from pipeline.base.homes import expanded
from pipeline.recipe.eval import Eval


def task_folders(settings: Eval, recipe_dir: Path) -> list[Path]:
    """Return the folder of the packaged tasks and the recipe's `include_path`.

    Raises:
        RecipeError: the recipe's folder is not there.
    """
    folders = [Path(str(resources.files("eval"))) / "tasks"]
    if settings.include_path:
        folder = Path(os.path.realpath(recipe_dir / expanded(settings.include_path, "eval.include_path")))
        if not folder.is_dir():
            raise RecipeError(
                f"eval.include_path: there is no folder {folder}. Paths are relative to the recipe's folder."
            )
        folders.append(folder)
    return folders


def check_tasks(settings: Eval, metrics: Mapping[str, str], answer: Mapping[str, Any]) -> None:
    """Refuse tasks that cannot be measured as the recipe asks, before hours are spent on the others.

    Raises:
        AwqctlError: see `task_problems`.
    """
    refuse(task_problems(settings, metrics, answer))


def task_problems(settings: Eval, metrics: Mapping[str, str], answer: Mapping[str, Any]) -> Iterator[RecipeError]:
    """Yield why tasks cannot be measured as the recipe asks.

    A task is not known, executes code without the recipe's consent, does not report its metric, or takes no few-shot
    examples; or questions of the client's own are called as another task.

    Args:
        settings: the recipe's section.
        metrics: the metric by task, as it will be read.
        answer: of the lm-eval worker's call `check`.
    """
    if answer["taken"]:
        yield RecipeError(
            f"eval.tasks.questions: {', '.join(answer['taken'])}: another task has this name already, and your "
            f"questions would be asked in its place. Give them a `name` of their own."
        )
    if answer["unknown"]:
        yield RecipeError(
            f"lm-eval knows no task named {', '.join(answer['unknown'])}. "
            f"Correct eval.tasks, or give the folder with the task's YAML in eval.include_path."
        )
    if answer["unsafe"] and not settings.unsafe_code:
        yield RecipeError(
            f"{', '.join(answer['unsafe'])}: this executes code written by the model on this machine, without a "
            f"sandbox. Set eval.unsafe_code=true when that is what you want, or leave it out."
        )
    refused = {*answer["taken"], *answer["unknown"], *([] if settings.unsafe_code else answer["unsafe"])}
    for task in settings.all_tasks:
        if task.name in refused:
            continue
        said = answer["tasks"][task.name]
        yield from _metric_problems(task.name, metrics[task.name], said)
        if task.num_fewshot and said["no_fewshot"]:
            yield RecipeError(
                f"{task.name}: its task file fixes few-shot examples at none, and lm-eval ignores num_fewshot="
                f"{task.num_fewshot}. Leave eval.tasks.num_fewshot out."
            )


def _metric_problems(task: str, metric: str, said: Mapping[str, Any]) -> Iterator[RecipeError]:
    if said["complete"] and said["metrics"] and metric not in said["metrics"]:
        known = [name for name in said["metrics"] if not name.endswith(",none")]
        yield RecipeError(
            f"Task '{task}' does not report '{metric}'; it reports {', '.join(known)}. Correct eval.tasks.metric."
        )


def check_chat_template(tokenizer_folder: Path) -> None:
    """Refuse to ask through a chat template that the tokenizer does not have.

    Raises:
        SourceError: there is none in the folder, or its settings are damaged.
    """
    if any((tokenizer_folder / name).is_file() for name in ("chat_template.jinja", "chat_template.json")):
        return
    settings = tokenizer_folder / "tokenizer_config.json"
    if not settings.is_file() or not _read_settings(settings).get("chat_template"):
        raise SourceError(
            f"The tokenizer in {tokenizer_folder} has no chat template. "
            f"Set eval.chat_template=false, or use an instruct model."
        )


def _read_settings(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as problem:
        raise SourceError(f"{path} is damaged: {problem}. Download or copy the model again.") from None
    if not isinstance(found, dict):
        raise SourceError(f"{path} is damaged: it is no JSON object. Download or copy the model again.")
    return found
