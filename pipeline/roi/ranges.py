"""What costs can be, as far as the repeats of the benchmark tell: pure arithmetic over ranges of two capacities.

A saving depends on both capacities, and machines are whole. The capacities that are possible are those within their own
intervals whose ratio lies within its interval, too: two arms that may be equally fast are then never said to differ,
and an arm that is shown to be faster is never said to need more machines.
"""

import math
from dataclasses import dataclass

from eval.statistics.repeats import Interval
from pipeline.roi.arithmetic import break_even_tokens_per_s, machines_needed, utilisation

_MOST_TRIED = 10_000
"""Counts of machines."""


@dataclass(frozen=True)
class Capacities:
    """Output tokens per second of one machine, of the baseline and of an arm, and the arm's over the baseline's."""

    baseline: Interval
    arm: Interval
    ratio: Interval


def machines_range(peak_tokens_per_s: float, capacity: Interval) -> tuple[int, int]:
    """Return the fewest and the most machines that a peak may need."""
    return machines_needed(peak_tokens_per_s, capacity[1]), machines_needed(peak_tokens_per_s, capacity[0])


def utilisation_range(average_tokens_per_s: float, peak_tokens_per_s: float, capacity: Interval) -> Interval:
    """Return the least and the most that the machines may be used: it jumps where one machine more is needed."""
    fewest, most = machines_range(peak_tokens_per_s, capacity)
    used = [utilisation(average_tokens_per_s, machines_needed(peak_tokens_per_s, end), end) for end in capacity]
    if 0 < fewest < most:  # of all jumps the first is the deepest: one machine more is the largest part of so few
        edge = peak_tokens_per_s / fewest
        used += [utilisation(average_tokens_per_s, machines, edge) for machines in (fewest, fewest + 1)]
    return min(used), max(used)


def machines_saved(peak_tokens_per_s: float, possible: Capacities) -> tuple[int, int]:
    """Return the fewest and the most machines that the arm may save; negative where it needs more.

    Every count of the baseline is tried. Where these are too many, bounds are given that one machine more or less does
    not change: whole counts differ from quotients by less than one.
    """
    fewest, most = machines_range(peak_tokens_per_s, possible.baseline)
    if most - fewest > _MOST_TRIED:
        return _saved_at_most(peak_tokens_per_s, possible)
    saved = [_saved(peak_tokens_per_s, machines, possible) for machines in range(fewest, most + 1)]
    return min(low for low, _ in saved), max(high for _, high in saved)


def _saved_at_most(peak: float, possible: Capacities) -> tuple[int, int]:
    """Return bounds of what is saved: the quotients are extreme where both baseline and arm are at an end."""
    saved = [
        peak / baseline - peak / arm
        for baseline in possible.baseline
        for arm in (
            max(possible.arm[0], possible.ratio[0] * baseline),
            min(possible.arm[1], possible.ratio[1] * baseline),
        )
    ]
    saved += [
        peak / (arm / ratio) - peak / arm
        for arm in possible.arm
        for ratio in possible.ratio
        if possible.baseline[0] <= arm / ratio <= possible.baseline[1]
    ]
    return math.floor(min(saved)) - 1, math.ceil(max(saved)) + 1


def _saved(peak: float, machines: int, possible: Capacities) -> tuple[int, int]:
    """Return what is saved where the baseline needs so many machines, which bounds its capacity."""
    slowest = max(possible.baseline[0], peak / machines) if machines else possible.baseline[0]
    fastest = min(possible.baseline[1], peak / (machines - 1)) if machines > 1 else possible.baseline[1]
    arm = (
        max(possible.arm[0], possible.ratio[0] * slowest),
        min(possible.arm[1], possible.ratio[1] * fastest),
    )
    fewest, most = machines_range(peak, (min(arm), max(arm)))
    return machines - most, machines - fewest


def break_even_range(
    possible: Capacities, *, machine_monthly_usd: float, engagement_usd: float
) -> tuple[float | None, float | None]:
    """Return the peak loads between which the break-even lies, as `break_even_tokens_per_s` finds it.

    The second is None where it may never be reached, both where it is not reached at all.
    """
    (low, high), (least, most) = possible.baseline, possible.ratio

    def edge(baseline: float, ratio: float) -> float | None:
        return break_even_tokens_per_s(
            baseline_tokens_per_s=baseline,
            arm_tokens_per_s=baseline * ratio,
            machine_monthly_usd=machine_monthly_usd,
            engagement_usd=engagement_usd,
        )

    return edge(low, most), edge(high, least)
