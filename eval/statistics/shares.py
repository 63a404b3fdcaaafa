"""Shares of independent trials: the exact binomial test, and exact bounds."""

import math
from collections.abc import Callable

from eval.statistics.repeats import CONFIDENCE, Interval

_HALVINGS = 50
_NEGLIGIBLE = 1e-17
"""Of a sum so far: what is smaller, and goes on falling, changes no digit of it."""


def at_least(successes: int, trials: int, probability: float) -> float:
    """Return the probability of so many successes or more (the exact binomial test); 1 without trials."""
    total = last = 0.0
    for one in range(successes, trials + 1):
        ways = math.lgamma(trials + 1) - math.lgamma(one + 1) - math.lgamma(trials - one + 1)
        term = math.exp(ways + one * math.log(probability) + (trials - one) * math.log1p(-probability))
        total += term
        if term < last and term < total * _NEGLIGIBLE:
            break
        last = term
    return min(1.0, total)


def share_bounds(found: int, trials: int, confidence: float = CONFIDENCE) -> Interval:
    """Return one-sided exact bounds of a share, each with `confidence` (Clopper and Pearson 1934, Biometrika 26)."""
    doubt = 1 - confidence
    share = found / trials
    low = 0.0 if found == 0 else _where(lambda one: at_least(found, trials, one) > doubt, 0.0, share)
    high = (
        1.0 if found == trials else _where(lambda one: at_least(trials - found, trials, 1 - one) <= doubt, share, 1.0)
    )
    return low, high


def trials_needed(share: float, confidence: float = CONFIDENCE) -> int:
    """Return how many trials without a single one found show that the share is at most `share`."""
    return math.ceil(math.log(1 - confidence) / math.log1p(-share))


def _where(beyond: Callable[[float], bool], low: float, high: float) -> float:
    """Return the share between the two from which on a condition holds."""
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if beyond(middle) else (middle, high)
    return high
