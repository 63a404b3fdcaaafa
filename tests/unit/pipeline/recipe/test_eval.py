"""The recipe section `eval`: tasks, suites, own questions and agreed losses."""

from typing import Any

import pytest
from pydantic import ValidationError

from pipeline.recipe.eval import Eval
from pipeline.recipe.suites import SUITES


def section(**keys: Any) -> Eval:
    """Return a section with one task and a margin, and other keys."""
    return Eval.model_validate({"tasks": [{"name": "gsm8k"}], "margin": 0.01} | keys)


def test_suite_and_own_tasks_are_completed() -> None:
    """The suite's tasks come first; name, metric and agreed loss are filled in where the recipe has none."""
    tasks = section(
        suite="smoke",
        tasks=[
            {"name": "gsm8k", "metric": "exact_match", "min_recovery": 0.99},
            {"questions": "data/our questions.jsonl", "margin": 0.02},
            {"name": "arc_easy"},
        ],
    ).all_tasks
    assert [(task.name, task.metric, task.margin, task.min_recovery) for task in tasks] == [
        ("stdlib_next_line", "acc", 0.01, None),
        ("stdlib_bits", "bits_per_byte", 0.01, None),
        ("gsm8k", "exact_match", None, 0.99),
        ("our_questions", None, 0.02, None),
        ("arc_easy", "acc", 0.01, None),
    ]


@pytest.mark.parametrize("suite", list(SUITES))
def test_every_suite_is_valid(suite: str) -> None:
    """A suite alone is an evaluation, with one agreed recovery for all of it."""
    settings = section(suite=suite, tasks=[], margin=None, min_recovery=0.98, unsafe_code=True)
    assert [task.name for task in settings.all_tasks] == [entry["name"] for entry in SUITES[suite]]  # type: ignore[index]
    assert {task.min_recovery for task in settings.all_tasks} == {0.98}


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        ({"tasks": []}, "give `suite`, `tasks` or both"),
        ({"tasks": [{}]}, "give `name` .* or `questions`"),
        ({"tasks": [{"name": "a b"}]}, "name may have letters, digits"),
        ({"tasks": [{"name": "../a"}]}, "name may have letters, digits"),
        ({"tasks": [{"name": "a"}, {"name": "a"}]}, "each task may appear once; give a one entry"),
        (
            {"tasks": [{"questions": "x/a.jsonl"}, {"questions": "y/a.jsonl"}]},
            "each task may appear once; give a one entry",
        ),
        ({"margin": float("inf")}, "finite number"),
        ({"tasks": [{"name": "a", "margin": float("nan")}]}, "finite number"),
        ({"alarm": {"max_kl": float("inf")}}, "finite number"),
        ({"margin": None}, "task 'gsm8k' has no agreed loss"),
        ({"min_recovery": 0.99}, "either `margin` or `min_recovery`"),
        ({"tasks": [{"name": "a", "margin": 0.1, "min_recovery": 0.9}]}, "either `margin` or `min_recovery`"),
        ({"suite": "code"}, "executes code written by the model .* `unsafe_code: true`"),
        ({"suite": "all"}, "'smoke', 'quick', 'standard', 'code' or 'wikitext'"),
        ({"system_instruction": "Be brief."}, "needs `chat_template: true`"),
        ({"confidence": 95}, "less than 1"),
    ],
)
def test_refusals(keys: dict[str, Any], reason: str) -> None:
    """What cannot be measured or judged is refused with what to write instead."""
    with pytest.raises(ValidationError, match=reason):
        section(**keys)


def test_a_task_of_ones_own_changes_the_suites() -> None:
    """Its keys replace the suite's, in the suite's place; what it does not say stays."""
    settings = section(suite="quick", tasks=[{"name": "gsm8k", "limit": 1000, "margin": 0.05}, {"name": "extra"}])
    gsm8k = settings.all_tasks[3]

    assert [task.name for task in settings.all_tasks][2:] == ["winogrande", "gsm8k", "extra"]
    assert (gsm8k.limit, gsm8k.margin, gsm8k.num_fewshot, gsm8k.metric) == (1000, 0.05, 5, "exact_match,strict-match")
