"""What a model scores that knows nothing: guessed answers, or the worst that a metric can say."""

from collections.abc import Collection
from statistics import fmean
from typing import Any

from eval.comparison.rows import Row

_OF_CHOICES = frozenset({"acc", "acc_norm", "acc_bytes", "acc_mutual_info", "exact_match", "em", "mc1"})
"""Metrics that are 1 for the right answer: one of n choices is right by chance 1 / n times, a free answer never."""
_OF_BYTES = {"bits_per_byte": 8.0, "byte_perplexity": 256.0}
"""Of a model that finds all 256 bytes equally likely."""
_HALF = 0.5


def chance_level(metric: str, rows: Collection[Row], *, higher_is_better: bool) -> float | None:
    """Return the score of answers that are guessed, in the metric's unit; None where nobody knows it.

    Args:
        metric: with or without filter.
        rows: the items.
        higher_is_better: of the metric.
    """
    name = metric.partition(",")[0]
    if not higher_is_better:
        return _of_brier([row.values[name] for row in rows]) if name == "brier_score" else _OF_BYTES.get(name)
    if name in _OF_CHOICES:
        return guessed([row.choices for row in rows])
    values = [row.values[name] for row in rows]
    if name == "f1" and values and all(isinstance(value, list) for value in values):
        return _of_f1(values)
    bounded = all(isinstance(value, list) or (isinstance(value, int | float) and value >= 0) for value in values)
    return 0.0 if bounded else None


def _of_brier(values: Collection[Any]) -> float | None:
    """Return the score of a model that finds all of n classes equally likely: (1 - 1/n)^2 + (n - 1) / n^2 = 1 - 1/n."""
    whole = all(isinstance(value, list) and len(value) == 2 and isinstance(value[1], list) for value in values)  # noqa: PLR2004
    return 1 - fmean(1 / max(len(value[1]), 1) for value in values) if values and whole else None


def _of_f1(values: Collection[Any]) -> float:
    """Return what tossing a coin gets: its precision is the share p of positives, its recall 1/2, so p / (p + 1/2)."""
    share = fmean(bool(value and value[0]) for value in values)
    return share / (share + _HALF)


def guessed(choices: Collection[int]) -> float | None:
    """Return the share of items that guesses get right; None without items.

    Args:
        choices: how many answers each item can be given; 0 or 1 where the answer is free.
    """
    return fmean(1 / number if number > 1 else 0.0 for number in choices) if choices else None
