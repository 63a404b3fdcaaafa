"""Whether the values of the items can be used, and are those of the score that lm-eval states."""

import math
import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from eval.comparison.coverage import items_of, stated_items, unjudged
from eval.comparison.result import Score
from eval.comparison.rows import Row
from pipeline.base.commands import command
from pipeline.base.errors import RecipeError, SourceError, VoidMeasurementError

_NAME = re.compile(r"[\w@+.:-]+")
"""What a metric is called; a function that computes one is listed by its source."""
_OF_NUMBERS = frozenset({"bits_per_byte", "byte_perplexity", "word_perplexity"})
"""Metrics whose value for an item is a pair of numbers."""
_OF_LIKELIHOODS = _OF_NUMBERS | {"perplexity", "likelihood", "loglikelihood", "brier_score"}
"""Metrics that are made of the model's probabilities alone: there a value that is not finite is the model's own."""

_LARGEST = 2**1023
"""Integers beyond it are no floating-point numbers."""


def listed_metrics(configs: Mapping[str, Any], tasks: Iterable[str]) -> list[Mapping[str, Any]]:
    """Return the entries of `metric_list` in the configurations of these tasks."""
    return [entry for task in tasks for entry in configs.get(task, {}).get("metric_list") or []]


def is_mean(configs: Mapping[str, Any], tasks: Iterable[str], name: str) -> bool | None:
    """Return whether the score is the mean of a metric's values: True where the results say so, None where not.

    tinyBenchmarks, for example, estimate the score of the whole benchmark, and name a function instead. Of a metric
    that a task reports and does not list lm-eval takes the mean (`lm_eval.evaluator_utils`).
    """
    listed = listed_metrics(configs, tasks)
    said = {entry.get("aggregation") for entry in listed if entry.get("metric") == name}
    named = all(_NAME.fullmatch(str(entry.get("metric"))) for entry in listed)
    if said == {"mean"} or (listed and named and not said):
        return True
    return None if not listed or (said and said <= {"mean", None}) else False


def require_numbers(task: str, metric: str, rows: list[Row], stated: Score | None) -> None:
    """Refuse values that are not finite, such as a log-likelihood that the engine did not find: they are no scores.

    Raises:
        SourceError: a value is missing or a text.
        VoidMeasurementError: the score or a value is NaN or infinite.
    """
    name = metric.partition(",")[0]
    without = next((row for row in rows if _no_number(name, row.values[name])), None)
    if without is not None:
        raise no_number(without, name)
    where = next((row for row in rows if not _finite(row.values[name])), None)
    if where is not None:
        raise VoidMeasurementError(
            f"Task '{task}': {name} of item {where.doc_id} of {where.subtask} in {where.file} is "
            f"{where.values[name]}, not a finite number. {_advice(name)}"
        )
    if stated is not None and not math.isfinite(stated.value):
        raise VoidMeasurementError(
            f"Task '{task}': lm-eval states {name} as {stated.value}, for the items in {rows[0].file}, which is not a "
            f"finite number. {_advice(name)}"
        )


def _advice(name: str) -> str:
    if name in _OF_LIKELIHOODS:
        return "Score the task again; if it stays so, the weights are broken."
    return "Score the task again; if it stays so, the metric has no finite value for some answers: choose another one."


def no_number(row: Row, name: str) -> SourceError:
    """Return the error for an item without a value of a metric."""
    return SourceError(
        f"Item {row.doc_id} of {row.subtask} in {row.file} has no number for {name}. "
        f"Copy the file again, or score the task again."
    )


def _no_number(name: str, value: Any) -> bool:
    """Whether a value is missing or a text; texts in lists are values of metrics such as BLEU."""
    if name in _OF_NUMBERS and isinstance(value, list):
        return not all(isinstance(part, int | float) for part in value)
    return value is None or isinstance(value, str)


def require_all(results: Mapping[str, Any], rows: list[Row], task: str) -> None:
    """Refuse the rows of one evaluation that are not those of the items that its results state.

    Raises:
        VoidMeasurementError: some are missing or too many; names the task with both numbers.
    """
    found = items_of(rows)
    for subtask in dict.fromkeys((*results["n-samples"], *found)):
        stated = stated_items(results, subtask)
        if stated is not None and found[subtask] != stated:
            raise VoidMeasurementError(
                f"Task '{task}': there are samples of {found[subtask]} items of '{subtask}', and lm-eval states a "
                f"score of {stated}. Run `{command('eval', '--force')}`."
            )


def require_judged(rows: list[Row], task: str, metric: str, others: Collection[str]) -> None:
    """Refuse tasks of a group that no metric judges: they may have broken unseen.

    Raises:
        RecipeError: there are some; names their tasks.
    """
    items = items_of(rows)
    unseen = {name: count for name, count in unjudged(rows, metric).items() if count == items[name]}
    unseen = {name: count for name, count in unseen.items() if name not in (*others, task)}
    if unseen:
        listed = ", ".join(f"{name} ({count} items)" for name, count in unseen.items())
        raise RecipeError(
            f"The metric '{metric}' of '{task}' says nothing of {listed}. Give these as tasks of their own in "
            f"eval.tasks, or choose another eval.tasks.metric."
        )


def disagreement(rows: list[Row], metric: str, value: float, stated: float, *, mean: bool | None) -> str:
    """Return a sentence where values that have to make up a score do not: one of both files is another's.

    Those are right-or-wrong values, unless the task says that their score is no mean, and the values of a metric of
    which it says that it is. Others may be added up in other ways.
    """
    name = metric.partition(",")[0]
    made_up = mean is True or (mean is None and all(row.values[name] in (0, 1) for row in rows))
    return (
        f"the items in {rows[0].file} give {name} {value:.6g}, but lm-eval's results state {stated:.6g}"
        if made_up
        else ""
    )


def _finite(value: Any) -> bool:
    """Whether there is no number in it that is NaN or infinite; a value may be a list of numbers or texts."""
    if isinstance(value, list):
        return all(map(_finite, value))
    if isinstance(value, int):
        return abs(value) <= _LARGEST
    return not isinstance(value, float) or math.isfinite(value)
