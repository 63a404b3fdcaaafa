"""lm-eval's metrics: what each item adds to the sums that one is computed from, as in `lm_eval.api.metrics`.

The functions of the sums are in `eval.statistics.metrics`.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eval.statistics import Statistic, bleu, exp_mean, f1, mcc, mean

_Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Contributions:
    """One row of sums per item, and the function from their total to the metric."""

    sums: _Floats
    statistic: Statistic

    @property
    def value(self) -> float:
        """Return the metric over all items."""
        return float(self.statistic(self.sums.sum(axis=0)))

    @property
    def plain(self) -> bool:
        """Return whether the metric is the mean of one number per item."""
        return self.statistic is mean and bool((self.sums[:, 1] == 1).all())

    @property
    def stderr(self) -> float | None:
        """Return the standard error over the items, linearised; None for other metrics than means, or one item.

        sqrt(n / (n - 1) * sum((x_i - r w_i)^2)) / sum(w) (Cochran, Sampling Techniques, 3rd ed., 6.4), for a plain
        mean s / sqrt(n) as lm-eval has it; times the value for the exponential of a mean.
        """
        count = len(self.sums)
        if count < 2 or self.statistic not in (mean, exp_mean):  # noqa: PLR2004 -- a spread needs two
            return None
        values, weights = self.sums[:, 0], self.sums[:, 1]
        ratio = values.sum() / weights.sum()
        error = math.sqrt(count / (count - 1) * np.square(values - ratio * weights).sum()) / weights.sum()
        return float(error * math.exp(ratio)) if self.statistic is exp_mean else float(error)


def contributions(metric: str, values: Sequence[Any]) -> Contributions | None:
    """Return what the items add up to; None for values that cannot be added up, such as those of chrF.

    Args:
        metric: lm-eval's name without the filter.
        values: the metric's own value of each item.
    """
    found: Contributions | None = None
    if all(isinstance(value, int | float) for value in values):
        found = _perplexity(values) if metric == "perplexity" else _mean(values)
    elif metric in _OF_PAIRS and all(isinstance(value, list) and len(value) == 2 for value in values):  # noqa: PLR2004
        found = _OF_PAIRS[metric](values)
    return found if found is not None and np.isfinite(found.sums).all() else None


def _table(*columns: Sequence[Any] | _Floats) -> _Floats:
    return np.column_stack([np.asarray(column, dtype=np.float64) for column in columns])


def _mean(values: Sequence[Any]) -> Contributions:
    return Contributions(_table(values, np.ones(len(values))), mean)


def _perplexity(values: Sequence[Any]) -> Contributions:
    return Contributions(_table(-np.asarray(values, dtype=np.float64), np.ones(len(values))), exp_mean)


def _bits(values: Sequence[Any]) -> Contributions:
    """Natural log-likelihood and bytes become bits and bytes."""
    likelihoods, sizes = np.asarray(values, dtype=np.float64).T
    return Contributions(_table(-likelihoods / math.log(2), sizes), mean)


def _weighted_perplexity(values: Sequence[Any]) -> Contributions:
    likelihoods, sizes = np.asarray(values, dtype=np.float64).T
    return Contributions(_table(-likelihoods, sizes), exp_mean)


def _confusion(values: Sequence[Any]) -> _Floats | None:
    """Return tp, fp, fn, tn per item; None where labels are not 0 and 1."""
    if any(label not in (0, 1) for pair in values for label in pair):
        return None
    gold, predicted = np.asarray(values, dtype=bool).T
    return _table(gold & predicted, ~gold & predicted, gold & ~predicted, ~gold & ~predicted)


def _f1(values: Sequence[Any]) -> Contributions | None:
    counts = _confusion(values)
    return None if counts is None else Contributions(counts[:, :3], f1)


def _mcc(values: Sequence[Any]) -> Contributions | None:
    counts = _confusion(values)
    return None if counts is None else Contributions(counts, mcc)


def _brier(values: Sequence[Any]) -> Contributions | None:
    """Squared distance of the probabilities from the right answer, `(number of the right one, probabilities)` each."""
    found = []
    for gold, shares in values:
        if not isinstance(shares, list) or not isinstance(gold, int) or not 0 <= gold < len(shares):
            return None
        found.append(sum((share - (place == gold)) ** 2 for place, share in enumerate(shares)))
    return _mean(found)


def corpus_score(metric: str, values: Sequence[Any]) -> float | None:
    """Return chrF or TER of all items as lm-eval computes it with sacrebleu; None for other metrics and values."""
    if metric not in ("chrf", "ter") or not all(isinstance(value, list) and len(value) == 2 for value in values):  # noqa: PLR2004
        return None
    from sacrebleu import corpus_chrf, corpus_ter  # noqa: PLC0415 -- slow to import, and most tasks have neither

    references = [given if isinstance(given, list) else [given] for given, _ in values]
    predictions = [given[0] if isinstance(given, list) and given else given for _, given in values]
    texts = (*predictions, *(text for one in references for text in one))
    if not all(isinstance(text, str) for text in texts) or len({len(one) for one in references}) != 1:
        return None
    score = corpus_chrf if metric == "chrf" else corpus_ter
    return float(score(predictions, [list(column) for column in zip(*references, strict=True)]).score)


def _bleu(values: Sequence[Any]) -> Contributions | None:
    """Count n-grams as sacrebleu does for its corpus score, `(reference or references, prediction)` per item."""
    from sacrebleu.metrics.bleu import BLEU  # noqa: PLC0415 -- slow to import, and most tasks have no BLEU

    # The order matters for a sentence's score alone; it only keeps sacrebleu from warning about it.
    scorer, rows = BLEU(effective_order=True), []
    for references, prediction in values:
        hypothesis = prediction[0] if isinstance(prediction, list) else prediction
        found = scorer.sentence_score(hypothesis, references if isinstance(references, list) else [references])
        rows.append([*found.counts, *found.totals, found.sys_len, found.ref_len])
    return Contributions(np.asarray(rows, dtype=np.float64), bleu)


_OF_PAIRS: dict[str, Callable[[Sequence[Any]], Contributions | None]] = {
    "bits_per_byte": _bits,
    "byte_perplexity": _weighted_perplexity,
    "word_perplexity": _weighted_perplexity,
    "f1": _f1,
    "mcc": _mcc,
    "bleu": _bleu,
    "brier_score": _brier,
}
"""Metrics whose value for an item is a pair of numbers or texts, or of a number and a list."""
