"""How often something happens among independent trials: bounds of one rate, and exact tests of one or two."""

import math
from collections.abc import Callable, Iterator

from eval.statistics.normal import quantile
from eval.statistics.repeats import CONFIDENCE, Interval

_HALVINGS = 50
_NEGLIGIBLE = 1e-17
"""Of the sum so far: what comes after it changes no digit."""


def wilson(events: int, trials: int, confidence: float = CONFIDENCE) -> Interval:
    """Return Wilson's score interval of a rate, two-sided (Wilson 1927); from 0 to 1 without any trial.

    Raises:
        ValueError: more events than trials.
    """
    _check(events, trials)
    if trials == 0:
        return 0.0, 1.0
    z = quantile((1 + confidence) / 2)
    share, scale = events / trials, 1 + z * z / trials
    centre = (share + z * z / (2 * trials)) / scale
    half = z / scale * math.sqrt(share * (1 - share) / trials + (z / (2 * trials)) ** 2)
    return (0.0 if events == 0 else max(0.0, centre - half)), (1.0 if events == trials else min(1.0, centre + half))


def rate_bounds(events: int, trials: int, confidence: float = CONFIDENCE) -> Interval:
    """Return one-sided exact bounds of a rate, each with `confidence` (Clopper and Pearson 1934, Biometrika 26)."""
    doubt, rate = 1 - confidence, events / trials
    low = _where(lambda one: binomial_excess(events, trials, one) > doubt, 0.0, rate) if events else 0.0
    others = trials - events
    high = _where(lambda one: binomial_excess(others, trials, 1 - one) <= doubt, rate, 1.0) if others else 1.0
    return low, high


def trials_needed(rate: float, confidence: float = CONFIDENCE) -> int:
    """Return how many trials without a single event show that the rate is at most `rate`."""
    return math.ceil(math.log(1 - confidence) / math.log1p(-rate))


def binomial_excess(events: int, trials: int, rate: float) -> float:
    """Return the probability of so many events or more, were the rate `rate`: exact, one-sided.

    Raises:
        ValueError: more events than trials.
    """
    _check(events, trials)
    if events == 0:
        return 1.0
    if not 0 < rate < 1:
        return float(rate >= 1)
    odds = math.log(rate) - math.log1p(-rate)
    whole = trials * math.log1p(-rate)
    return _tail(whole + _choose(trials, hits) + hits * odds for hits in range(events, trials + 1))


def fisher_excess(events: int, trials: int, other_events: int, other_trials: int) -> float:
    """Return the one-sided p-value of Fisher's exact test that the first rate is not above the other.

    It is the probability of so many of all events or more among the first trials, were events spread by chance.

    Raises:
        ValueError: more events than trials.
    """
    _check(events, trials)
    _check(other_events, other_trials)
    total = events + other_events
    if events == 0 or other_trials == 0:
        return 1.0
    whole = _choose(trials + other_trials, total)
    most = min(trials, total)
    return _tail(
        _choose(trials, hits) + _choose(other_trials, total - hits) - whole
        for hits in range(max(events, total - other_trials), most + 1)
    )


def _where(beyond: Callable[[float], bool], low: float, high: float) -> float:
    """Return the rate between the two from which on a condition holds."""
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if beyond(middle) else (middle, high)
    return high


def _check(events: int, trials: int) -> None:
    if not 0 <= events <= trials:
        raise ValueError(f"{events} events cannot be of {trials} trials")


def _choose(items: int, chosen: int) -> float:
    """Return the logarithm of the binomial coefficient."""
    return math.lgamma(items + 1) - math.lgamma(chosen + 1) - math.lgamma(items - chosen + 1)


def _tail(logarithms: Iterator[float]) -> float:
    """Return the sum of probabilities given as logarithms; it ends where they have fallen to nothing."""
    total, last = 0.0, 0.0
    for logarithm in logarithms:
        part = math.exp(logarithm)
        total += part
        if part < last and part < total * _NEGLIGIBLE:
            break
        last = part
    return min(1.0, total)
