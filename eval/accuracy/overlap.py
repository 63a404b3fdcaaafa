"""Does the calibration text contain items of the evaluation? Pure computation, and the worker's file read.

The field's usual measure: an item overlaps when it shares a run of 13 words with the text, words being lower-case and
without punctuation, split at white space (Brown et al. 2020, "Language Models are Few-Shot Learners", appendix C). An
item of 8 to 12 words overlaps when all of it stands in the text as one run. Shorter ones are not judged.
"""

import json
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.base.results import Result

RUN_WORDS = 13
SHORTEST_ITEM_WORDS = 8
EXAMPLES = 3


@dataclass(frozen=True)
class Document:
    """One item of a task."""

    task: str
    """As in the recipe; a group where the recipe names one."""
    subtask: str
    """The task of the group that the item belongs to; `task` itself where there is no group."""
    doc_id: int
    """lm-eval's number, from 0."""
    text: str
    """As asked, with the right answer."""


class OverlapExample(Result):
    """One item that stands in the calibration text."""

    subtask: str
    doc_id: int
    run: str
    """The first words that both have in common, as compared."""


class TaskOverlap(Result):
    """One task of the recipe against the calibration text."""

    task: str
    items: int
    too_short: int
    """Items of fewer than 8 words, which are not judged. A language written without spaces has many."""
    overlapping: int
    examples: tuple[OverlapExample, ...]
    """The first three."""


class OverlapResult(Result):
    """All tasks of the recipe against the calibration text."""

    run_words: int = RUN_WORDS
    calibration_words: int
    tasks: tuple[TaskOverlap, ...]


def words(text: str) -> list[str]:
    """Return the words of a text as they are compared: lower case, without punctuation and symbols."""
    lowered = text.lower()
    dropped = {ord(sign): None for sign in set(lowered) if unicodedata.category(sign)[0] in "PS"}
    return lowered.translate(dropped).split()


class Runs:
    """The runs of words of some texts, kept as hashes."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._texts = [words(text) for text in texts]
        self._hashes: dict[int, set[int]] = {}

    @property
    def words(self) -> int:
        """Return how many words there are."""
        return sum(map(len, self._texts))

    def shared_with(self, item: list[str]) -> str | None:
        """Return the first run of an item's words that the texts contain, None where there is none."""
        length = min(RUN_WORDS, len(item))
        known = self._of_length(length)
        return next((" ".join(run) for run in _runs(item, length) if hash(run) in known), None)

    def _of_length(self, length: int) -> set[int]:
        if length not in self._hashes:
            self._hashes[length] = {hash(run) for text in self._texts for run in _runs(text, length)}
        return self._hashes[length]


def _runs(sequence: list[str], length: int) -> Iterator[tuple[str, ...]]:
    return zip(*(sequence[start:] for start in range(length)), strict=False)


@dataclass
class _Counts:
    items: int = 0
    too_short: int = 0
    overlapping: int = 0
    examples: list[OverlapExample] = field(default_factory=list)


def overlap(calibration_texts: Iterable[str], documents: Iterable[Document]) -> OverlapResult:
    """Return how many items of each task stand in the calibration text.

    Args:
        calibration_texts: one per source, its blocks joined, so that no run is lost at a cut.
        documents: the items, of one task after the other or mixed; they are read once.
    """
    runs, counts_of = Runs(calibration_texts), dict[str, _Counts]()
    for document in documents:
        counts = counts_of.setdefault(document.task, _Counts())
        counts.items += 1
        item = words(document.text)
        if len(item) < SHORTEST_ITEM_WORDS:
            counts.too_short += 1
            continue
        shared = runs.shared_with(item)
        if shared is not None:
            counts.overlapping += 1
            if len(counts.examples) < EXAMPLES:
                counts.examples.append(OverlapExample(subtask=document.subtask, doc_id=document.doc_id, run=shared))
    return OverlapResult(
        calibration_words=runs.words,
        tasks=tuple(
            TaskOverlap(
                task=task,
                items=counts.items,
                too_short=counts.too_short,
                overlapping=counts.overlapping,
                examples=tuple(counts.examples),
            )
            for task, counts in counts_of.items()
        ),
    )


def overlap_warnings(result: OverlapResult) -> list[str]:
    """Return a sentence for each task whose items stand in the calibration text; empty where none does."""
    return [_warning(task) for task in result.tasks if task.overlapping]


def _warning(task: TaskOverlap) -> str:
    first = task.examples[0]
    return (
        f"{task.overlapping} of {task.items} items of {task.task} share a run of words with the calibration text, "
        f"first item {first.doc_id} of {first.subtask}: '{first.run}'. Quantized models may score better there than on "
        f"text they were not calibrated on; use other calibration text, or discount the task"
    )


def read_documents(path: Path) -> Iterator[Document]:
    """Yield the items that the lm-eval worker wrote (call `documents`)."""
    with path.open(encoding="utf-8") as stream:
        for line in stream:
            yield Document(**json.loads(line))
