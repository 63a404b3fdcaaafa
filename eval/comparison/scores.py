"""One arm on one task: its score, and the per-item values that pair it with another arm."""

import json
import math
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eval.comparison.coverage import has_metric
from eval.comparison.lm_eval_metrics import Contributions, contributions, corpus_score
from eval.comparison.result import Score
from eval.comparison.rows import Row, read_rows
from eval.comparison.validity import disagreement, is_mean, require_all, require_judged, require_numbers
from pipeline.base.errors import RecipeError, SourceError, VoidMeasurementError
from pipeline.base.phrase import phrase
from pipeline.base.results import Phrase
from pipeline.base.sentences.statistics import MethodSentences
from pipeline.base.sentences.stored import ENGLISH

Key = tuple[str, str, int]
"""Of an item: subtask, document hash, and which of the documents with that hash, from 0."""

LOWER_IS_BETTER = frozenset({"bits_per_byte", "byte_perplexity", "word_perplexity", "perplexity", "brier_score", "ter"})
"""For results that do not say it."""
_TOLERANCE = 1e-6
_UNPAIRED = phrase(MethodSentences.no_pairs)


@dataclass(frozen=True)
class TaskScores:
    """One arm on one task."""

    task: str
    metric: str
    """With lm-eval's filter, for example `exact_match,strict-match`."""
    higher_is_better: bool
    score: Score
    items_available: int
    """Of the whole task, as far as it is known."""
    rows: dict[Key, Row]
    contributions: Contributions | None
    """In the order of `rows`; None where the metric cannot be computed from items."""
    equal_subtasks: bool = False
    """Whether each subtask of a group counts the same, however many items it has."""
    unpaired: Phrase | None = None
    """Why items cannot be paired, for a report."""
    contradiction: str = ""
    """What shows that the score of a group is not of these items, in words; nothing can be said of such a score."""
    doubtful: bool = False
    """Whether items that could be added up do not give the score, and the task does not say that they need not."""
    stated: bool = True
    """Whether lm-eval stated the score; otherwise it was computed from the items."""

    @property
    def items(self) -> int:
        """Return how many items were scored."""
        return len(self.rows)

    @cached_property
    def keys(self) -> tuple[Key, ...]:
        """Return the items' keys in order."""
        return tuple(self.rows)

    @property
    def flaw(self) -> str:
        """Return why items cannot be paired, in English; empty where they can."""
        return ENGLISH.text(self.unpaired)

    @property
    def metric_name(self) -> str:
        """Return the metric as reports show it: the filter `none` is not worth a word."""
        return self.metric.removesuffix(",none")


def read_scores(
    results_file: Path, samples_file: Path, task: str, metric: str, *, others: Collection[str] = ()
) -> TaskScores:
    """Return the scores of one task or group as our own worker wrote them.

    Args:
        results_file: lm-eval's results.
        samples_file: the rows of the task, or of all tasks of the group.
        task: the name.
        metric: with or without filter.
        others: tasks that are judged by themselves, so that the metric of a group need not judge them.

    Raises:
        RecipeError: the task does not report that metric, or it says nothing of a task of the group.
        SourceError: a file is damaged.
        VoidMeasurementError: a score or a value is not a number, or the items are not those of the score.
    """
    document = json.loads(results_file.read_text(encoding="utf-8"))
    values = document["results"][task]
    key = metric_key(values, metric)
    if key is None:
        names = ", ".join(sorted({name.partition(",")[0] for name in metric_keys(values)}))
        raise RecipeError(f"Task '{task}' does not report '{metric}'; it reports {names}. Correct eval.tasks.metric.")
    name = key.partition(",")[0]
    rows = read_rows(samples_file, task)
    require_all(document, rows, task)
    require_judged(rows, task, key, others)
    direction = document["higher_is_better"].get(task, {}).get(name)
    found = task_scores(
        rows,
        task=task,
        metric=key,
        stated=stated_score(values, key),
        higher_is_better=name not in LOWER_IS_BETTER if direction is None else bool(direction),
        items_available=sum(counts["original"] for counts in document["n-samples"].values()),
        mean=is_mean(document.get("configs", {}), dict.fromkeys(row.subtask for row in rows), name),
    )
    if found.contradiction:
        raise VoidMeasurementError(
            f"Group '{task}': {found.contradiction}, so nothing can be said of the group. "
            f"Give its tasks as tasks of their own in eval.tasks."
        )
    return found


def metric_keys(values: dict[str, Any]) -> list[str]:
    """Return the metrics of a task in lm-eval's results, with their filters, in lm-eval's order."""
    return [key for key in values if "," in key and "_stderr," not in key]


def metric_key(values: dict[str, Any], metric: str) -> str | None:
    """Return the first of them that has the name, with or without filter; None where none has."""
    return next((key for key in metric_keys(values) if metric in (key, key.partition(",")[0])), None)


def stated_score(values: dict[str, Any], key: str) -> Score:
    """Return what lm-eval computed itself."""
    name, _, filter_ = key.partition(",")
    stderr = values.get(f"{name}_stderr,{filter_}")
    error = float(stderr) if isinstance(stderr, int | float) and 0 <= stderr < math.inf else None
    return Score(value=float(values[key]), stderr=error)


def task_scores(
    rows: Iterable[Row],
    *,
    task: str,
    metric: str,
    stated: Score | None,
    higher_is_better: bool,
    items_available: int | None = None,
    mean: bool | None = None,
    equal: bool = False,
) -> TaskScores:
    """Return one task or group from its rows.

    Args:
        rows: of the task, or of all subtasks of the group; of any filter.
        task: the name.
        metric: with filter.
        stated: what lm-eval computed, where a results file says it. Items that do not reproduce it are not paired.
        higher_is_better: of the metric.
        items_available: of the whole task.
        mean: whether the score is the mean of the values; None where the task does not say it. tinyBenchmarks estimate
            theirs.
        equal: whether each subtask counts the same, where nothing is stated.

    Raises:
        SourceError: there are no values of the metric, one is missing, or nothing says what the score is.
        VoidMeasurementError: the score or a value is NaN or infinite, or right-or-wrong items contradict the score.
    """
    name = metric.partition(",")[0]
    found = [row for row in rows if has_metric(row, metric)]
    if not found:
        raise SourceError(f"No sample of task '{task}' has the metric '{metric}'. Score the task again, with samples.")
    require_numbers(task, metric, found, stated)
    keyed = _keyed(found)
    parts = contributions(name, [row.values[name] for row in keyed.values()])
    doubtful = False
    if stated is not None:
        equal, unpaired = _check(parts, keyed, stated)
        single = parts is None and len({row.subtask for row in found}) == 1  # of a group it is a mean of its tasks'
        whole = corpus_score(name, [row.values[name] for row in keyed.values()]) if single else None
        if whole is not None and not close(whole, stated.value):
            doubtful, unpaired = True, _not_given(whole, stated)
    else:
        unpaired = None if parts else _UNPAIRED
    contradiction = ""
    if parts is not None and stated is not None and unpaired:
        contradiction = disagreement(found, metric, parts.value, stated.value, mean=mean)
    if contradiction and len({row.subtask for row in found}) == 1:
        raise VoidMeasurementError(
            f"Task '{task}': {contradiction}: they are not of the same evaluation. Score the task again, with samples, "
            f"or put the samples where no results are, to go by the items alone."
        )
    return TaskScores(
        task=task,
        metric=metric,
        higher_is_better=higher_is_better,
        score=stated or _computed(task, metric, _weighted(parts, keyed) if parts and equal else parts),
        items_available=max(items_available or 0, len(keyed)),
        rows=keyed,
        contributions=None if unpaired else parts,
        equal_subtasks=equal,
        unpaired=unpaired,
        contradiction=contradiction,
        doubtful=doubtful or (unpaired is not None and mean is not False and parts is not None and parts.plain),
        stated=stated is not None,
    )


def close(one: float, other: float) -> bool:
    """Return whether two figures are the same but for the rounding of their computation."""
    return math.isclose(one, other, rel_tol=_TOLERANCE, abs_tol=_TOLERANCE)


def _computed(task: str, metric: str, parts: Contributions | None) -> Score:
    if parts is None:
        raise SourceError(
            f"The values of '{metric}' in task '{task}' cannot be added up, and no results file says the score of "
            f"these items. Put lm-eval's results_*.json of the same evaluation into the folder of the samples."
        )
    return Score(value=parts.value, stderr=parts.stderr)


def equal_weights(subtasks: Iterable[str]) -> NDArray[np.float64]:
    """Return a weight per item, 1 on average, that makes all subtasks count the same."""
    names = list(subtasks)
    sizes = Counter(names)
    share = len(names) / len(sizes)
    return np.array([share / sizes[name] for name in names])


def _keyed(rows: list[Row]) -> dict[Key, Row]:
    """Return the rows by key, in the order of subtasks and documents, whatever the order in the file was."""
    seen: Counter[tuple[str, str]] = Counter()
    keyed: dict[Key, Row] = {}
    for row in sorted(rows, key=lambda row: (row.subtask, len(row.doc_id), row.doc_id)):
        item = row.subtask, row.doc_hash
        keyed[(*item, seen[item])] = row
        seen[item] += 1
    return keyed


def _check(parts: Contributions | None, rows: dict[Key, Row], stated: Score) -> tuple[bool, Phrase | None]:
    """Return whether subtasks count the same, and why the items do not make up the score; both are lm-eval's choice."""
    if parts is None:
        return False, _UNPAIRED
    if close(parts.value, stated.value):
        return False, None
    if close(_weighted(parts, rows).value, stated.value):
        return True, None
    return False, _not_given(parts.value, stated)


def _not_given(value: float, stated: Score) -> Phrase:
    return phrase(MethodSentences.items_do_not_give, found=f"{value:.6g}", stated=f"{stated.value:.6g}")


def _weighted(parts: Contributions, rows: dict[Key, Row]) -> Contributions:
    """Return the items with weights that make all subtasks count the same."""
    return Contributions(parts.sums * equal_weights(key[0] for key in rows)[:, None], parts.statistic)
