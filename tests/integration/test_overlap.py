"""Overlap of calibration text and evaluation items: the items as the real lm-eval asks them, and the demo's."""

import json
import random
import sys
from pathlib import Path
from typing import Any

import pytest

from eval.accuracy.overlap import Document, overlap, overlap_warnings, read_documents, words
from eval.accuracy.tasks import task_folders
from pipeline.base.progress import SilentReporter
from pipeline.models import packaged_model
from pipeline.quantize.calibration import build_calibration, calibration_texts, load_tokenizer
from pipeline.recipe.load import load_recipe
from pipeline.runtimes.worker import Worker, worker_script

QUESTIONS = Path(__file__).parents[2] / "eval" / "tasks" / "data" / "stdlib_next_line.jsonl"
ROWS = [
    {"q": "What is one and one?", "answers": ["two", "2"], "options": ["one", "two"], "gold": 1, "start": "A rolling"},
    {"q": "What is not known?", "answers": ["nothing"], "options": ["this", "that"], "gold": -100, "start": "stone"},
]
TASKS = {
    "t_generate": "output_type: generate_until\ndoc_to_text: 'Q: {{q}}'\ndoc_to_target: answers",
    "t_choice": "output_type: multiple_choice\ndoc_to_text: q\ndoc_to_choice: options\ndoc_to_target: gold",
    "t_template": "output_type: multiple_choice\ndoc_to_text: q\ndoc_to_choice: ['no', 'yes']\n"
    "doc_to_target: '{{gold | abs}}'",
    "t_inputs": "output_type: multiple_choice\ndoc_to_text: gold\ndoc_to_choice: options\ndoc_to_target: start",
    "t_likelihood": "output_type: loglikelihood\ndoc_to_text: q\ndoc_to_target: ' {{answers[0]}}'",
    "t_rolling": "output_type: loglikelihood_rolling\ndoc_to_text: ''\ndoc_to_target: start",
}
EXPECTED = {
    "t_generate": ["Q: What is one and one? two 2", "Q: What is not known? nothing"],
    "t_choice": ["What is one and one? two", "What is not known?"],
    "t_template": ["What is one and one? yes", "What is not known?"],
    "t_inputs": ["two A rolling", "stone"],
    "t_likelihood": ["What is one and one?  two", "What is not known?  nothing"],
    "t_rolling": ["A rolling", "stone"],
}


@pytest.fixture(scope="module")
def items(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Document]]:
    """Return the items of the recipe `demo`, of tasks of all kinds and of a group, by task; from one worker."""
    folder = tmp_path_factory.mktemp("tasks")
    (folder / "rows.py").write_text(
        f"from datasets import Dataset, DatasetDict\n\n\ndef rows(**_):\n"
        f"    return DatasetDict(test=Dataset.from_list({ROWS!r}))\n"
    )
    common = "custom_dataset: !function rows.rows\ntest_split: test\nnum_fewshot: 0\nmetric_list: [{metric: acc}]\n"
    for name, lines in TASKS.items():
        (folder / f"{name}.yaml").write_text(f"task: {name}\n{common}{lines}\n")
    (folder / "group.yaml").write_text("group: t_group\ntask: [t_likelihood, t_rolling]\n")
    loaded = load_recipe("demo")
    recipe, path = loaded.recipe, loaded.path
    wanted: list[dict[str, Any]] = [{"name": task.name, "limit": None} for task in recipe.eval.tasks]
    wanted += [{"name": name, "limit": None} for name in TASKS] + [{"name": "t_group", "limit": 1}]
    request = {
        "tasks": wanted,
        "include_path": [*map(str, task_folders(recipe.eval, path.parent)), str(folder)],
        "output": str(folder / "documents.jsonl"),
    }
    with Worker(
        Path(sys.executable), worker_script("lm_eval_scores"), log=folder / "log", reporter=SilentReporter()
    ) as worker:
        written = worker.call("documents", request, "reading the items")["documents"]
    found: dict[str, list[Document]] = {}
    for document in read_documents(folder / "documents.jsonl"):
        found.setdefault(document.task, []).append(document)
    assert written == sum(map(len, found.values()))
    return found


@pytest.mark.parametrize("task", TASKS)
def test_items_are_written_as_asked_with_the_right_answer(task: str, items: dict[str, list[Document]]) -> None:
    """Whatever the kind of task, question and answer are text; an unknown answer is left out."""
    assert [document.text for document in items[task]] == EXPECTED[task]


def test_a_group_gives_the_items_of_its_tasks(items: dict[str, list[Document]]) -> None:
    """Under the group's name, as many of each task as are scored."""
    found = [(document.subtask, document.doc_id, document.text) for document in items["t_group"]]
    assert found == [("t_likelihood", 0, "What is one and one?  two"), ("t_rolling", 0, "A rolling")]


def test_items_of_the_demo_tasks(items: dict[str, list[Document]]) -> None:
    """All rows of the packaged data, in order, context and true line."""
    rows = [json.loads(line) for line in QUESTIONS.read_text(encoding="utf-8").splitlines()]
    expected = [f"{row['context']} {row['choices'][row['answer']]}" for row in rows]
    assert [document.text for document in items["stdlib_next_line"]] == expected
    assert len(items["stdlib_bits"]) == 82


def test_the_demo_does_not_calibrate_on_its_tasks(
    items: dict[str, list[Document]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No item of either task shares a run of 13 words with any of the packaged calibration text.

    It is close: a licence line of 12 words stands in two questions and one document. Three of the 1 500 questions are
    too short to be judged.
    """
    loaded = load_recipe("demo", ["quantize.calibration.blocks=222"])
    recipe, path = loaded.recipe, loaded.path
    tokenizer = load_tokenizer(packaged_model())
    made = build_calibration(recipe.quantize.calibration, path.parent, tokenizer, packaged_model())
    assert (made.facts.blocks, made.facts.warnings()) == (222, [])
    texts, documents = calibration_texts(made, tokenizer), items["stdlib_next_line"] + items["stdlib_bits"]
    result = overlap(texts, documents)
    counts = [(task.task, task.items, task.too_short, task.overlapping) for task in result.tasks]
    assert counts == [("stdlib_next_line", 1500, 3, 0), ("stdlib_bits", 82, 0, 0)]
    assert overlap_warnings(result) == []
    monkeypatch.setattr("eval.accuracy.overlap.RUN_WORDS", 12)
    assert [task.overlapping for task in overlap(texts, documents).tasks] == [2, 1]


def test_calibrating_on_the_demo_tasks_is_noticed(items: dict[str, list[Document]], tmp_path: Path) -> None:
    """Forty questions smuggled into the calibration text, through tokens and back, are all found."""
    chosen = random.Random(0).sample(items["stdlib_next_line"], 40)  # noqa: S311 -- a sample, not a secret
    source = tmp_path / "smuggled.jsonl"
    source.write_text("".join(json.dumps({"text": f"\n\n{document.text}\n\n"}) + "\n" for document in chosen))
    recipe = load_recipe("demo", [f"quantize.calibration={{source: {source}, blocks: 1000, block_tokens: 16}}"]).recipe
    tokenizer = load_tokenizer(packaged_model())
    made = build_calibration(recipe.quantize.calibration, tmp_path, tokenizer, packaged_model())
    texts = calibration_texts(made, tokenizer)
    judged = [document for document in chosen if len(words(document.text)) >= 8]
    assert overlap(texts, chosen).tasks[0].overlapping == len(judged)
    (warning,) = overlap_warnings(overlap(texts, items["stdlib_next_line"]))
    assert "of 1500 items of stdlib_next_line share a run of words" in warning
