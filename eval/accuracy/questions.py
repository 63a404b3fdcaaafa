"""The client's own questions as lm-eval tasks: a task file, the data and a loader for each, in a folder for lm-eval.

How they are asked:
- Prompts are used as they are: braces, Jinja and YAML in them mean nothing. Between prompt and answer stands one
  space, unless the texts bring white space of their own; with a chat template there is none.
- Questions with choices are scored by the log-likelihood of each choice: `acc`, and `acc_norm` per character.
- Questions with a reference are answered by greedy decoding, to the end of the line, or of the paragraph where a
  reference has several lines, and up to 256 tokens: `exact_match` (white space around it aside, upper and lower case
  count) and `f1` over words. A prompt should therefore end with a cue, such as `Answer:`. BLEU is not there: it is no
  mean over items.
- No examples are given unless the recipe has `num_fewshot`: then the file's first lines are the examples, the same for
  all, and are not asked.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from eval.accuracy.question_files import Questions, read_questions
from pipeline.base.errors import RecipeError
from pipeline.base.homes import expanded
from pipeline.base.identity import file_identity
from pipeline.recipe.eval import EvalTask

LOADER = "questions_data"
_METRICS = {"choices": ("acc", "acc_norm"), "reference": ("exact_match", "f1")}
_LONGEST_ANSWER_TOKENS = 256
_ENDS = ("\n", "\n\n")
"""Of an answer: the first that no reference contains."""


def write_tasks(tasks: Iterable[EvalTask], recipe_dir: Path, folder: Path) -> dict[str, str]:
    """Write the task files of the recipe's own questions into a folder for lm-eval's `include_path`.

    Returns:
        Task -> the metric that applies where the recipe names none. Empty, and no folder, without such tasks.

    Raises:
        RecipeError: a file cannot be read or has faults, or too few lines for the examples.
    """
    metrics: dict[str, str] = {}
    for earlier in (*folder.glob("questions_*.yaml"), *folder.glob("questions_*.jsonl")):  # of a run that was killed
        earlier.unlink()
    for number, (task, path) in enumerate(_own(tasks, recipe_dir)):
        questions = _read(task, path)
        _write(task.name, questions, task.num_fewshot or 0, folder, f"questions_{number}")
        metrics[task.name] = _METRICS[questions.kind][0]
    return metrics


def check_questions(task: EvalTask, recipe_dir: Path) -> None:
    """Read the questions of a task, where it has a file of its own.

    Raises:
        RecipeError: it cannot be read or has faults, too few lines for the examples, or no such metric.
    """
    for own, path in _own([task], recipe_dir):
        known = _METRICS[_read(own, path).kind]
        if own.metric is not None and own.metric.partition(",")[0] not in known:
            raise RecipeError(
                f"Task '{own.name}' does not report '{own.metric}'; it reports {', '.join(known)}. "
                f"Correct eval.tasks.metric."
            )


def _read(task: EvalTask, path: Path) -> Questions:
    questions, examples = read_questions(path), task.num_fewshot or 0
    if len(questions.rows) <= examples:
        raise RecipeError(
            f"{path} has {len(questions.rows)} questions; with num_fewshot={examples} the first {examples} are "
            f"examples, and none is left to ask. Give more questions, or fewer examples."
        )
    return questions


def questions_identity(tasks: Iterable[EvalTask], recipe_dir: Path) -> str:
    """Return what tells a change of the recipe's own questions: a hash per file; empty without such tasks.

    Raises:
        RecipeError: a file is not there.
    """
    found = []
    for task, path in _own(tasks, recipe_dir):
        if not path.is_file():
            raise RecipeError(f"eval.tasks.questions: there is no file {path}. Paths are relative to the recipe.")
        found.append(f"{task.name}={file_identity(path)}")
    return " ".join(found)


def _own(tasks: Iterable[EvalTask], recipe_dir: Path) -> Iterator[tuple[EvalTask, Path]]:
    for task in tasks:
        if task.questions is not None:
            yield task, Path(os.path.realpath(recipe_dir / expanded(task.questions, "eval.tasks.questions")))


def _write(name: str, questions: Questions, examples: int, folder: Path, stem: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(Path(str(resources.files("eval"))) / "tasks" / f"{LOADER}.py", folder)
    keys = {key for row in questions.rows for key in row}
    lines = [json.dumps({key: row.get(key) for key in sorted(keys)}) for row in questions.rows]
    data = "\n".join(lines) + "\n"
    (folder / f"{stem}.jsonl").write_text(data, encoding="utf-8")
    settings = _settings(name, questions, examples, f"{stem}.jsonl") | {
        "metadata": {"version": 1.0, "sha256": hashlib.sha256(data.encode()).hexdigest()}
    }
    # Values alone come from the client, and `safe_dump` quotes them; tags are lines of our own.
    functions = [f"custom_dataset: !function {LOADER}.load\n"]
    functions += [f"process_results: !function {LOADER}.score\n"] if questions.kind == "reference" else []
    (folder / f"{stem}.yaml").write_text(yaml.safe_dump(settings) + "".join(functions), encoding="utf-8")


def _settings(name: str, questions: Questions, examples: int, file: str) -> dict[str, Any]:
    """Return the task file's content; texts are named by their column, so that lm-eval does not read them as Jinja."""
    settings: dict[str, Any] = {
        "task": name,
        "dataset_kwargs": {"file": file, "examples": examples},
        "test_split": "test",
        "num_fewshot": examples,
        "doc_to_text": "prompt",
        "target_delimiter": questions.delimiter,
        "metric_list": [
            {"metric": metric, "aggregation": "mean", "higher_is_better": True} for metric in _METRICS[questions.kind]
        ],
    }
    if examples:
        settings |= {"fewshot_split": "examples", "fewshot_config": {"sampler": "first_n"}}
    if questions.kind == "choices":
        return settings | {"output_type": "multiple_choice", "doc_to_choice": "choices", "doc_to_target": "answer"}
    references = [reference for row in questions.rows for reference in row["reference"]]
    ends = [end for end in _ENDS if not any(end in reference for reference in references)]
    return settings | {
        "output_type": "generate_until",
        "doc_to_target": "reference",
        "generation_kwargs": {
            "until": ends[:1],
            "do_sample": False,
            "max_gen_toks": _LONGEST_ANSWER_TOKENS,
        },
    }
