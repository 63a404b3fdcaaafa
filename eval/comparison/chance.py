"""What a model scores that knows nothing: guessed answers, or the worst that a metric can say."""

from collections.abc import Collection
from statistics import fmean

from eval.comparison.rows import Row

_OF_CHOICES = frozenset({"acc", "acc_norm", "acc_bytes", "acc_mutual_info", "exact_match", "em", "mc1"})
"""Metrics that are 1 for the right answer: one of n choices is right by chance 1 / n times, a free answer never."""
_OF_BYTES = {"bits_per_byte": 8.0, "byte_perplexity": 256.0}
"""Of a model that finds all 256 bytes equally likely."""


def chance_level(metric: str, rows: Collection[Row], *, higher_is_better: bool) -> float | None:
    """Return the score of answers that are guessed, in the metric's unit; None where nobody knows it.

    Args:
        metric: with or without filter.
        rows: the items.
        higher_is_better: of the metric.
    """
    name = metric.partition(",")[0]
    if not higher_is_better:
        return _OF_BYTES.get(name)
    if name in _OF_CHOICES:
        return guessed([row.choices for row in rows])
    values = [row.values[name] for row in rows]
    bounded = all(isinstance(value, list) or (isinstance(value, int | float) and value >= 0) for value in values)
    return 0.0 if bounded else None


def guessed(choices: Collection[int]) -> float | None:
    """Return the share of items that guesses get right; None without items.

    Args:
        choices: how many answers each item can be given; 0 or 1 where the answer is free.
    """
    return fmean(1 / number if number > 1 else 0.0 for number in choices) if choices else None
