"""What a number of items can show, before anything is measured."""

import math
from bisect import bisect_right

import numpy as np
from numpy.typing import NDArray

from eval.statistics import normal
from eval.statistics.proportions import difference_score, difference_variance, log_factorials

_NEGLIGIBLE = 1e-12
"""Probability of one discordant count below which exact sums leave it out."""


def smallest_difference_paired(
    items: int, discordance: float, *, confidence: float = 0.95, power: float = 0.8
) -> float:
    """Return the smallest difference of paired proportions that McNemar's test sees with `power`, two-sided.

    (z_a + z_b) sqrt(discordance / n), the large-sample formula (Miettinen 1968, Biometrics 24, 339-352; Connor 1987,
    Biometrics 43, 207-211, whose formula differs by the square of the difference). The exact test asks for some more
    where few items flip: `power_difference` tells how much.
    """
    return smallest_difference_spread(items, math.sqrt(discordance), confidence=confidence, power=power)


def smallest_difference_unpaired(items: int, accuracy: float, *, confidence: float = 0.95, power: float = 0.8) -> float:
    """Return the smallest difference that two independent samples of that size show, both near `accuracy`."""
    spread = math.sqrt(2 * accuracy * (1 - accuracy))
    return smallest_difference_spread(items, spread, confidence=confidence, power=power)


def smallest_difference_spread(items: int, spread: float, *, confidence: float = 0.95, power: float = 0.8) -> float:
    """Return the smallest mean difference seen with `power`, two-sided.

    `spread` is the standard deviation of one item's difference.
    """
    return (normal.quantile((1 + confidence) / 2) + normal.quantile(power)) * spread / math.sqrt(items)


def items_needed(
    margin: float,
    *,
    discordance: float | None = None,
    spread: float | None = None,
    effect: float = 1.0,
    confidence: float = 0.95,
    power: float = 0.8,
) -> int | None:
    """Return how many items show with `power` that a candidate without any loss is within the margin.

    One-sided at `confidence`. Give `discordance` for right or wrong (of effective items, if each takes `effect`
    items), else `spread`. None for a margin of 0, which no number of items can show.
    """
    needed = items_for(margin, 0.0, spread=spread, discordance=discordance, confidence=confidence, power=power)
    return None if math.isinf(needed) else math.ceil(effect * needed)


def effective_discordance(spread: float, effect: float, items: int, loss: float) -> float:
    """Return the share of effective items that flip, from what `items` items were measured to spread and to lose.

    Items that count differently flip in another share of the weight than of the number.
    """
    return spread**2 / effect * (items - 1) / items + loss**2


def items_for(
    margin: float,
    loss: float,
    *,
    spread: float | None,
    discordance: float | None,
    confidence: float,
    power: float,
) -> float:
    """Return the items that tell a true `loss` from the margin, on whichever side it lies; infinite at the margin.

    n = ((z_a s0 + z_b s1) / (margin - loss))^2 with the spread of one item's loss at the margin, s0, and as it is, s1.
    For proportions s0 is that of Tango's test (Nam 1997, Biometrics 53, 1422-1430); otherwise both are `spread`.
    """
    if margin == loss:
        return math.inf
    if discordance is not None:
        actual, at_margin = math.sqrt(max(0.0, discordance - loss**2)), _spread_at(margin, loss, discordance)
    elif spread is not None:
        actual = at_margin = spread
    else:
        raise ValueError("the items depend on discordance or spread; give one of both")
    weighted = normal.quantile(confidence) * at_margin + normal.quantile(power) * actual
    return (weighted / (margin - loss)) ** 2


def _spread_at(margin: float, loss: float, discordance: float) -> float:
    """Return the spread of one item's loss when it is the margin, as Tango's test estimates it from such data.

    A loss takes at least as many flips; where rounding says otherwise, it takes exactly those.
    """
    if margin >= 1:
        return 0.0
    worse, better = max(0.0, discordance + loss) / 2, max(0.0, discordance - loss) / 2
    return math.sqrt(difference_variance(1.0, worse, better, margin))


def power_difference(items: int, discordance: float, difference: float, *, confidence: float = 0.95) -> float:
    """Return the probability that the exact McNemar test sees a true `difference`, two-sided; summed exactly."""
    share = _share_worse(discordance, difference)
    total = 0.0
    for discordant, probability in _discordant_counts(items, discordance):
        tails = np.cumsum(_binomial(discordant, 0.5)[::-1])
        extreme = int(np.searchsorted(tails, (1 - confidence) / 2, "right"))
        chances = _binomial(discordant, share)
        total += probability * float(chances[:extreme].sum() + chances[len(chances) - extreme :].sum())
    return total


def power_noninferiority(
    items: int, discordance: float, margin: float, loss: float = 0.0, *, confidence: float = 0.95
) -> float:
    """Return the probability that the gate passes when the true loss is `loss`; summed exactly over Tango's test."""
    share = _share_worse(discordance, loss)
    z = normal.quantile(confidence)
    total = 0.0
    for discordant, probability in _discordant_counts(items, discordance):
        passing = _tables_passed(items, discordant, margin, z)
        total += probability * float(_binomial(discordant, share)[:passing].sum())
    return total


def _tables_passed(items: int, discordant: int, margin: float, z: float) -> int:
    """Return how many of the tables with 0, 1, 2, ... losses among the discordant items are within the margin."""

    def score(worse: int) -> float:
        return difference_score(items, worse, discordant - worse, margin)

    return bisect_right(range(discordant + 1), -z, key=score)


def _share_worse(discordance: float, loss: float) -> float:
    """Return the share of flips that are losses.

    Raises:
        ValueError: such a loss is not possible with so few flips.
    """
    if not abs(loss) <= discordance <= 1:
        raise ValueError(f"a loss of {loss} needs at least as many flips, and no more than all; not {discordance}")
    return (1 + loss / discordance) / 2 if discordance else 0.5


def _discordant_counts(items: int, discordance: float) -> list[tuple[int, float]]:
    """Return the likely counts of discordant items with their probabilities."""
    chances = _binomial(items, discordance)
    return [(int(count), float(chances[count])) for count in np.flatnonzero(chances > _NEGLIGIBLE)]


def _binomial(trials: int, share: float) -> NDArray[np.float64]:
    """Return the binomial probabilities of 0 to `trials`."""
    counts = np.arange(trials + 1)
    if share in {0.0, 1.0}:
        return np.asarray(counts == trials * share, dtype=np.float64)
    factorials = log_factorials(trials)
    logs = factorials[trials] - factorials - factorials[::-1]
    result: NDArray[np.float64] = np.exp(logs + counts * math.log(share) + (trials - counts) * math.log1p(-share))
    return result
