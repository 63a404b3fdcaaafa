"""Which items of two arms belong together."""

from collections.abc import Callable

import numpy as np
import pytest

from eval.comparison.matching import clusters, match
from eval.comparison.scores import TaskScores
from eval.statistics import mean
from pipeline.base.errors import VoidMeasurementError

ScoreOf = Callable[..., TaskScores]


def keys(subtasks: int, documents: int, repeats: int = 1) -> tuple[tuple[str, str, int], ...]:
    """Return keys of a group task, each document asked several times."""
    return tuple(
        (f"subtask {subtask}", f"document {subtask} {document}", repeat)
        for subtask in range(subtasks)
        for document in range(documents)
        for repeat in range(repeats)
    )


def test_items_are_paired_by_document_whatever_their_order(score: ScoreOf) -> None:
    """The candidate's file lists other items, in another order of documents."""
    before = score([1.0, 0.0, 1.0])
    after = score([0.0, 0.0, 1.0, 1.0])
    matched = match(before, after)
    pairs = matched.pairs()
    assert pairs is not None
    assert pairs.baseline[:, 0].tolist() == [1, 0, 1]
    assert pairs.candidate[:, 0].tolist() == [0, 0, 1]
    assert [row.doc_id for row in matched.only_candidate] == ["3"]
    assert (matched.only_baseline, matched.complete) == ((), False)
    assert pairs.flips(higher_is_better=True) == (1, 0)


def test_other_prompts_are_refused(score: ScoreOf) -> None:
    """The same document with other few-shot examples is another question."""
    with pytest.raises(VoidMeasurementError, match=r"2 of 2 items of task 'task' \(first: item 0.*few-shot"):
        match(score([1.0, 0.0]), score([1.0, 0.0], changes={"prompt_hash": "other"}))


def test_other_right_answers_are_refused(score: ScoreOf) -> None:
    """Two versions of a task may disagree about what is right."""
    with pytest.raises(VoidMeasurementError, match="another right answer"):
        match(score([1.0]), score([1.0], changes={"target_hash": "other"}))


def test_unequal_subtasks_get_equal_weights(score: ScoreOf) -> None:
    """One item of `a` weighs as much as three of `b`; the weights are 1 on average, over the matched items."""
    subtasks = ["a", "b", "b", "b"]
    stated = score([1.0, 0.0, 0.0, 0.0], subtasks=subtasks).score.model_copy(update={"value": 0.5})
    before = score([1.0, 0.0, 0.0, 0.0], subtasks=subtasks, stated=stated)
    pairs = match(before, score([1.0, 1.0, 0.0, 0.0], subtasks=subtasks)).pairs()
    assert pairs is not None
    assert pairs.baseline[:, 1] == pytest.approx([2, 2 / 3, 2 / 3, 2 / 3])
    assert mean(pairs.candidate.sum(axis=0)) == pytest.approx((1 + 1 / 3) / 2)


def test_different_kinds_of_values_are_not_paired(score: ScoreOf) -> None:
    """One arm has numbers, the other has pairs of them."""
    assert match(score([[0, 1]], "f1"), score([1.0], "f1")).pairs() is None


def test_flips_of_a_metric_that_is_better_when_low(score: ScoreOf) -> None:
    """A 1 is an error there: from 0 to 1 is from right to wrong."""
    before, after = (score(values, higher_is_better=False) for values in ([0.0, 0.0, 1.0], [1.0, 1.0, 0.0]))
    pairs = match(before, after).pairs()
    assert pairs is not None
    assert pairs.flips(higher_is_better=False) == (2, 1)


def test_many_subtasks_are_resampled_as_wholes() -> None:
    """From 20 on; fewer are those that exist, not a sample of others. With one item each they are the items."""
    found, copies = clusters(keys(subtasks=20, documents=3))
    assert found is not None
    assert not copies
    assert np.bincount(found).tolist() == [3] * 20
    assert clusters(keys(subtasks=19, documents=3)) == (None, False)
    assert clusters(keys(subtasks=57, documents=1)) == (None, False)


def test_repeated_documents_are_resampled_as_wholes() -> None:
    """Five prompts about each of 30 documents are 30 independent things."""
    found, copies = clusters(keys(subtasks=1, documents=30, repeats=5))
    assert found is not None
    assert copies
    assert np.bincount(found).tolist() == [5] * 30


def test_prompts_that_are_subtasks_are_grouped_by_document() -> None:
    """25 prompt variants of the same documents: the documents are what varies."""
    asked = tuple((f"prompt {prompt}", f"document {item}", 0) for prompt in range(25) for item in range(40))
    found, copies = clusters(asked)
    assert found is not None
    assert copies
    assert np.bincount(found).tolist() == [25] * 40


def test_a_few_repeated_documents_change_nothing() -> None:
    """One duplicate among 200 documents is no reason to leave the exact methods."""
    assert clusters((*keys(subtasks=1, documents=199), ("subtask 0", "document 0 0", 1))) == (None, False)
