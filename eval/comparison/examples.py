"""Items that one arm got right and the other wrong, in words a reader can follow."""

from collections import Counter
from collections.abc import Sequence

from eval.comparison.answers import answered
from eval.comparison.matching import Matched
from eval.comparison.result import FlippedItem
from eval.comparison.rows import read_document, readable
from eval.comparison.scores import Key

EXAMPLES = 3
"""In each direction."""
QUESTION_LENGTH, ANSWER_LENGTH = 400, 200
"""Characters that a report has room for."""


def examples_of(matched: Matched) -> tuple[tuple[FlippedItem, ...], tuple[FlippedItem, ...]]:
    """Return the first items that went from right to wrong, and from wrong to right, spread over the subtasks.

    Only for metrics that are 0 or 1 per item. The samples are read from their files again, so that the prompts of a
    whole task need not be kept in memory.
    """
    metric = matched.baseline.metric.partition(",")[0]
    to_wrong: list[Key] = []
    to_right: list[Key] = []
    for key in matched.keys:
        before, after = (arm.rows[key].values[metric] for arm in (matched.baseline, matched.candidate))
        if before != after:
            (to_wrong if (before > after) == matched.baseline.higher_is_better else to_right).append(key)
    return _items(matched, to_wrong, metric), _items(matched, to_right, metric)


def _items(matched: Matched, keys: Sequence[Key], metric: str) -> tuple[FlippedItem, ...]:
    return tuple(_item(matched, key, metric) for key in _spread(keys))


def _spread(keys: Sequence[Key]) -> list[Key]:
    """Return the first of each subtask, then the second of each, and so on, as many as a report shows."""
    seen: Counter[str] = Counter()
    turns = []
    for place, key in enumerate(keys):
        turns.append((seen[key[0]], place))
        seen[key[0]] += 1
    return [keys[place] for _, place in sorted(turns)[:EXAMPLES]]


def _item(matched: Matched, key: Key, metric: str) -> FlippedItem:
    row = matched.baseline.rows[key]
    before = answered(read_document(row), metric)
    after = answered(read_document(matched.candidate.rows[key]), metric)
    return FlippedItem(
        subtask=row.subtask,
        doc_id=row.doc_id,
        question=_end(before.question),
        expected=_start(before.target or after.target),
        baseline_answer=_start(before.answer),
        candidate_answer=_start(after.answer),
    )


def _start(text: str) -> str:
    text = readable(text)
    return text if len(text) <= ANSWER_LENGTH else text[: ANSWER_LENGTH - 1].rstrip() + "…"


def _end(text: str) -> str:
    text = readable(text)
    return text if len(text) <= QUESTION_LENGTH else "…" + text[1 - QUESTION_LENGTH :].lstrip()
