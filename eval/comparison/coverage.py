"""Which of a task's items are in its rows, which of them a metric judges, and how many lm-eval says there were."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from eval.comparison.rows import Row


def has_metric(row: Row, metric: str) -> bool:
    """Return whether a row has a metric, given with its filter."""
    name, _, filter_ = metric.partition(",")
    return name in row.values and (row.filter or filter_ or "none") == (filter_ or "none")


def items_of(rows: Iterable[Row]) -> Counter[str]:
    """Return how many items there are, by subtask; an item has a row for each filter."""
    return Counter(subtask for subtask, _ in {(row.subtask, row.doc_id) for row in rows})


def unjudged(rows: Sequence[Row], metric: str) -> Counter[str]:
    """Return how many items a metric says nothing of, by subtask."""
    found = [row for row in rows if has_metric(row, metric)]
    return Counter() if len(found) == len(rows) else items_of(rows) - items_of(found)


def distinct(rows: Sequence[Row]) -> tuple[list[Row], Counter[str]]:
    """Return the rows without repetition, and how many are left out, by subtask.

    lm-eval appends to a file that is there, and files are put together by hand: an item that a filter saw twice would
    count twice. What was written last holds.
    """
    kept = {(row.subtask, row.filter, row.doc_id): row for row in rows}
    if len(kept) == len(rows):
        return list(rows), Counter()
    return list(kept.values()), Counter(row.subtask for row in rows) - Counter(row.subtask for row in kept.values())


def stated_items(results: Mapping[str, Any], subtask: str) -> int | None:
    """Return how many items lm-eval's results say that a task's score is of; None where they do not."""
    counts, limit = results.get("n-samples", {}).get(subtask, {}), results.get("config", {}).get("limit")
    values: Mapping[str, Any] = results.get("results", {}).get(subtask, {})
    original = counts.get("original")
    if isinstance(limit, float) and 0 < limit < 1 and original is not None:
        return math.ceil(float(original) * limit)  # older versions state for each task what it came to for the last one
    found = (counts.get("effective"), values.get("sample_len"), values.get("samples"), None if limit else original)
    return next((int(count) for count in found if isinstance(count, int | float) and math.isfinite(count)), None)
