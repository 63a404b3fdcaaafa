"""Words that gate, report and terminal share; what `awqctl compare` shows of an undecided task."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from rich.console import Console

from eval.accuracy.result import TaskScore
from eval.comparison.wording import shortfall, undecided_because, verdict_sentence
from eval.samples.comparison import CompareResult, TaskComparison
from pipeline.cli.compare_table import print_comparison

Task = Callable[..., TaskScore]


@pytest.mark.parametrize(
    ("changes", "why", "cell"),
    [
        ({"stderr": None}, "no standard error", "no standard"),
        ({}, "too near the margin", "no number of"),
        ({"more_items": 350}, "too few items", "350 more"),
    ],
)
def test_undecided_is_explained_alike_everywhere(make_task: Task, changes: dict[str, Any], why: str, cell: str) -> None:
    """Where no number of items is given, either no number would do or there is no standard error: not the same."""
    row = make_task("lines", 0.9, 0.88, 0.02, **changes)
    facts = row.model_dump(exclude={"arm", "reference", "items_available", "floor"})
    task = TaskComparison(**facts, only_baseline=0, only_candidate=0, unmatched_examples=())
    stated = {"baseline": "a", "candidate": "b", "confidence": 0.95, "draws": 10, "seed": 0, "notes": ()}
    screen = Console(file=io.StringIO(), width=80)
    print_comparison(CompareResult(tasks=(task,), complete=True, passed=False, **stated), screen)
    printed = screen.file.getvalue()

    assert row.verdict == "inconclusive"
    assert undecided_because(row) == why
    assert cell in printed
    assert [text for text in ("no standard", "no number of", "more") if text in printed] == [cell.removeprefix("350 ")]


def test_few_words_for_what_is_missing(make_task: Task) -> None:
    """One item is one item; thousands are separated."""
    said = [shortfall(make_task("a", 0.9, 0.88, 0.02, more_items=more)) for more in (1, 12_000)]

    assert said == ["1 more item needed", "12,000 more items needed"]


def test_verdict_names_the_bound_that_decides(make_task: Task) -> None:
    """Upper for a pass, lower for a fail: 0.01 + 1.645 x 0.004 and 0.2 - 1.645 x 0.004."""
    passed, failed = (verdict_sentence(make_task("a", 0.9, 0.9 - loss, 0.02)) for loss in (0.01, 0.2))

    assert passed == "pass: with 95 % confidence the loss is at most 0.0166, within the margin of 0.0200."
    assert failed == "fail: with 95 % confidence the loss is at least 0.1934, beyond the margin of 0.0200."
