"""What items add up to, against lm-eval's own scores and hand-computed values."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from eval.comparison.lm_eval_metrics import contributions
from eval.samples.files import find_sample_files
from eval.samples.sets import SampleTask, read_tasks

ADDABLE = [
    ("sized_few", "acc,none"),
    ("even_many", "acc_norm,none"),
    ("sized", "acc,none"),
    ("even", "acc,none"),
    ("labels", "f1,none"),
    ("labels", "mcc,none"),
    ("words", "perplexity,none"),
    ("words", "acc,none"),
    ("pages", "bits_per_byte,none"),
    ("pages", "byte_perplexity,none"),
    ("pages", "word_perplexity,none"),
    ("echo", "bleu,whole"),
    ("echo", "bleu,lower"),
    ("echo", "exact_match,whole"),
]


@pytest.fixture(scope="module")
def tasks(real_runs: dict[str, Path]) -> dict[str, SampleTask]:
    """The tasks and groups of the first model."""
    return read_tasks(find_sample_files(real_runs["baseline"]))


@pytest.mark.parametrize(("task", "metric"), ADDABLE)
def test_items_add_up_to_lm_evals_own_score(tasks: dict[str, SampleTask], task: str, metric: str) -> None:
    """Every kind of metric and both kinds of groups are reproduced from the items that lm-eval wrote."""
    found = tasks[task].scores(metric, higher_is_better=True)
    assert found.flaw == ""
    assert found.contributions is not None
    if not found.equal_subtasks:
        assert found.contributions.value == pytest.approx(found.score.value, rel=1e-9)


def test_a_group_says_whether_its_parts_count_the_same(tasks: dict[str, SampleTask]) -> None:
    """7 and 25 items: lm-eval's two ways to average them differ, and the items tell which it was."""
    sized, even = (tasks[name].scores("acc,none", higher_is_better=True) for name in ("sized", "even"))
    assert sized.score.value != pytest.approx(even.score.value, abs=1e-3)
    assert (sized.equal_subtasks, even.equal_subtasks) == (False, True)


def test_what_cannot_be_added_up_is_not_paired(tasks: dict[str, SampleTask]) -> None:
    """ChrF is none of the known metrics: its score stays, its items are left alone."""
    found = tasks["echo"].scores("chrf,whole", higher_is_better=True)
    assert found.contributions is None
    assert "cannot be paired" in found.flaw
    assert found.score.value > 0


def test_standard_error_of_a_ratio_by_hand() -> None:
    """Bits (2, 4) over bytes (1, 3): ratio 1.5, residuals 0.5 and -0.5, error sqrt(2 / 1 * 0.5) / 4 = 0.25."""
    found = contributions("bits_per_byte", [[-2 * math.log(2), 1], [-4 * math.log(2), 3]])
    assert found is not None
    assert (found.value, found.stderr) == (pytest.approx(1.5), pytest.approx(0.25))


def test_standard_error_of_a_mean_is_lm_evals(tasks: dict[str, SampleTask]) -> None:
    """S / sqrt(n): 4 of 7 right give sqrt(4/7 * 3/7 / 6)."""
    found = contributions("acc", [1, 1, 1, 1, 0, 0, 0])
    assert found is not None
    assert found.stderr == pytest.approx(math.sqrt(12 / 49 / 6))


@pytest.mark.parametrize(
    ("metric", "values"),
    [
        ("acc", [1.0, "yes"]),
        ("acc", [1.0, math.nan]),
        ("f1", [[0, 2], [1, 1]]),
        ("bits_per_byte", [[-1.0, 2, 3]]),
        ("squad", [[1.0, 2.0]]),
    ],
    ids=["text", "not a number", "three labels", "three parts", "unknown pair"],
)
def test_values_of_other_kinds_are_left_alone(metric: str, values: list[Any]) -> None:
    """Nothing is guessed about values whose formula is not known."""
    assert contributions(metric, json.loads(json.dumps(values))) is None


def test_one_item_has_no_standard_error() -> None:
    """A spread cannot be estimated from one item."""
    found = contributions("acc", [1.0])
    assert found is not None
    assert found.stderr is None
