"""Whether the values of the items can be used, and are those of the score that lm-eval states."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from eval.comparison.result import Score
from eval.comparison.rows import Row
from pipeline.base.errors import SourceError, VoidMeasurementError

_OF_NUMBERS = frozenset({"bits_per_byte", "byte_perplexity", "word_perplexity"})
"""Metrics whose value for an item is a pair of numbers."""


def listed_metrics(configs: Mapping[str, Any], tasks: Iterable[str]) -> list[Mapping[str, Any]]:
    """Return the entries of `metric_list` in the configurations of these tasks."""
    return [entry for task in tasks for entry in configs.get(task, {}).get("metric_list") or []]


def is_mean(configs: Mapping[str, Any], tasks: Iterable[str], name: str) -> bool:
    """Return whether the score is the mean of a metric's values as far as the results say it.

    tinyBenchmarks, for example, estimate the score of the whole benchmark, and name a function instead.
    """
    listed = listed_metrics(configs, tasks)
    said = [entry.get("aggregation", "mean") for entry in listed if entry.get("metric") == name]
    return all(aggregation == "mean" for aggregation in said) and bool(said or not listed)


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
            f"{where.values[name]}, not a finite number. Score the task again; if it stays so, the weights are broken."
        )
    if stated is not None and not math.isfinite(stated.value):
        raise VoidMeasurementError(
            f"Task '{task}': lm-eval states {name} as {stated.value}, for the items in {rows[0].file}, which is not a "
            f"finite number. Score the task again; if it stays so, the weights are broken."
        )


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


def require_agreement(task: str, metric: str, rows: list[Row], value: float, stated: float) -> None:
    """Refuse a single task's right-or-wrong items that are not those of the score: one of both files is another's.

    The score of a group may be weighted as its maker likes, and other values may be added up in other ways.

    Raises:
        VoidMeasurementError: they are not.
    """
    name = metric.partition(",")[0]
    if len({row.subtask for row in rows}) == 1 and all(row.values[name] in (0, 1) for row in rows):
        raise VoidMeasurementError(
            f"Task '{task}': the items in {rows[0].file} give {name} {value:.6g}, but lm-eval's results state "
            f"{stated:.6g}: they are not of the same evaluation. Score the task again, with samples, or put the "
            f"samples where no results are, to go by the items alone."
        )


def _finite(value: Any) -> bool:
    """Whether there is no number in it that is NaN or infinite; a value may be a list of numbers or texts."""
    if isinstance(value, list):
        return all(map(_finite, value))
    return not isinstance(value, float) or math.isfinite(value)
