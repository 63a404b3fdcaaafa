"""What the tasks ask, in plain sentences."""

from collections.abc import Callable

from eval.accuracy.result import EvalResult, TaskScore
from pipeline.recipe.recipe import Recipe
from pipeline.recipe.suites import SUITES
from pipeline.record.record import RunRecord
from pipeline.report.document import Section
from pipeline.report.language.en.tasks import Tasks


def test_every_task_of_the_suites_has_a_sentence() -> None:
    """And every metric that the suites use."""
    tasks = [task for suite in SUITES.values() for task in suite]

    assert {str(task["name"]) for task in tasks} <= set(Tasks.meanings)
    assert {str(task["metric"]).partition(",")[0] for task in tasks} <= set(Tasks.metrics)


def test_own_and_unknown_tasks(
    make_run: Callable[..., RunRecord],
    make_recipe: Callable[..., Recipe],
    make_accuracy: Callable[..., EvalResult],
    make_task: Callable[..., TaskScore],
    section_of: Callable[[RunRecord, str], Section],
    cells_of: Callable[[Section, str], list[list[str]]],
) -> None:
    """Own questions are called so, by the file's name; a task that nobody described here is said to be one."""
    tasks = [
        {"name": "gsm8k", "metric": "exact_match,strict-match", "margin": 0.02},
        {"questions": "../files/support.jsonl", "margin": 0.02},
        {"name": "another", "margin": 0.02},
    ]
    scores = make_accuracy(*(make_task(name, 0.933, 0.928, 0.02) for name in ("gsm8k", "support", "another")))
    record = make_run(recipe=make_recipe(eval={"tasks": tasks}), accuracy=scores)
    rows = {row[0]: row[1:] for row in cells_of(section_of(record, "accuracy"), "accuracy-tasks")}

    assert rows["gsm8k"][0].startswith("Sums in words of primary school")
    assert rows["support"][0] == "Questions of your own, from support.jsonl."
    assert rows["another"][0].startswith("This report has no plain sentence for it")
    assert rows["gsm8k"][1] == "share of items answered right"
