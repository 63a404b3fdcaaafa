"""Which items of two arms belong together, and how they are paired."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eval.comparison.rows import Row
from eval.comparison.scores import Key, TaskScores, equal_weights
from eval.statistics import Pairs
from pipeline.base.errors import VoidMeasurementError

FEWEST_CLUSTERS = 20
"""Fewer say too little about how groups differ: then items are independent, the groups being those that exist."""
_NEGLIGIBLE = 0.02
"""Design effect of repeated documents that is ignored: it changes a standard error by at most 1 %."""


@dataclass(frozen=True)
class Matched:
    """Two arms on one task, item by item."""

    baseline: TaskScores
    candidate: TaskScores
    keys: tuple[Key, ...]
    """Of the items that both have, in the baseline's order."""
    only_baseline: tuple[Row, ...]
    only_candidate: tuple[Row, ...]

    @property
    def complete(self) -> bool:
        """Whether both arms answered the same items."""
        return not self.only_baseline and not self.only_candidate

    def pairs(self) -> Pairs | None:
        """Return the items' contributions; None where one arm has none, or both differ in the statistic."""
        before, after = self.baseline.contributions, self.candidate.contributions
        if before is None or after is None or before.statistic is not after.statistic or not self.keys:
            return None
        weights = np.ones(len(self.keys))
        if self.baseline.equal_subtasks or self.candidate.equal_subtasks:
            weights = equal_weights(key[0] for key in self.keys)
        groups, copies = clusters(self.keys)
        return Pairs(
            baseline=before.sums[self._positions(self.baseline)] * weights[:, None],
            candidate=after.sums[self._positions(self.candidate)] * weights[:, None],
            statistic=before.statistic,
            clusters=groups,
            copies=copies,
        )

    def _positions(self, arm: TaskScores) -> NDArray[np.int64]:
        if arm.keys == self.keys:
            return np.arange(len(self.keys))
        places = {key: number for number, key in enumerate(arm.keys)}
        return np.array([places[key] for key in self.keys], dtype=np.int64)


def match(baseline: TaskScores, candidate: TaskScores) -> Matched:
    """Return which items both arms answered.

    Raises:
        VoidMeasurementError: the same documents were asked with other prompts or other answers to choose from, or other
            answers count as right.
    """
    before, after = baseline.rows, candidate.rows
    matched = Matched(
        baseline=baseline,
        candidate=candidate,
        keys=tuple(key for key in before if key in after),
        only_baseline=tuple(row for key, row in before.items() if key not in after),
        only_candidate=tuple(row for key, row in after.items() if key not in before),
    )
    prompts = _differing(matched, "prompt_hash")
    if prompts:
        raise VoidMeasurementError(
            f"{_share(prompts, matched)} were asked with another prompt in the other arm, although the document is the "
            f"same. Score both with the same number and choice of few-shot examples, chat template and system prompt."
        )
    answers = _differing(matched, "asked_hash")
    if answers:
        raise VoidMeasurementError(
            f"{_share(answers, matched)} were given other answers to choose from in the other arm, although the "
            f"document is the same. Score both with the same version of the task and the same settings."
        )
    targets = _differing(matched, "target_hash")
    if targets:
        raise VoidMeasurementError(
            f"{_share(targets, matched)} have another right answer in the other arm, although the document is the "
            f"same. Score both with the same version of the task."
        )
    return matched


def _differing(matched: Matched, name: str) -> list[Row]:
    """Return the baseline's rows whose hash of that name is another one than the candidate's, where both are known."""
    before, after = matched.baseline.rows, matched.candidate.rows
    pairs = ((before[key], getattr(before[key], name), getattr(after[key], name)) for key in matched.keys)
    return [row for row, first, second in pairs if first and second and first != second]


def clusters(keys: tuple[Key, ...]) -> tuple[NDArray[np.int64] | None, bool]:
    """Return the group of each item, None where items are independent, and whether its items are copies of one.

    Subjects of a group task such as MMLU's 57 are taken as wholes from 20 subtasks on. Documents that are asked
    several times (repeated prompts) are not independent of themselves: then all questions about one document make a
    group, also where each prompt is a subtask of its own, unless so few are repeated that it does not matter. Subtasks
    of one item each are no groups.
    """
    documents = Counter(key[1] for key in keys)
    repetition = sum(count * count for count in documents.values()) / len(keys) - 1
    subtasks = len({key[0] for key in keys})
    if FEWEST_CLUSTERS <= subtasks < len(keys) and len(documents) > len(keys) / 2:
        return _numbered([key[0] for key in keys]), False
    return (_numbered([key[1] for key in keys]), True) if repetition > _NEGLIGIBLE else (None, False)


def _numbered(names: list[str]) -> NDArray[np.int64]:
    numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
    return np.array([numbers[name] for name in names], dtype=np.int64)


def _share(rows: list[Row], matched: Matched) -> str:
    first = rows[0]
    return (
        f"{len(rows)} of {len(matched.keys)} items of task '{matched.baseline.task}' "
        f"(first: item {first.doc_id} of {first.subtask})"
    )
