"""Cost arithmetic: tokens per second, hours and prices in, machines, money and months out.

Machines are whole, because nobody rents a third of one. Money is in USD and never rounded here.
"""

import math
from fractions import Fraction

SECONDS_PER_HOUR = 3600.0
SECONDS_PER_DAY = 86400.0
MONTHS_PER_YEAR = 12
MONTHS_IN_THREE_YEARS = 36
TOKENS_PER_MTOK = 1e6
_TOLERANCE = 1e-9
"""Relative. A load of 3 x 0.1 on a capacity of 0.1 needs 3 machines, whatever binary fractions say."""


def usd_per_mtok(hourly_usd: float, tokens_per_s: float) -> float:
    """Return the price of a million tokens on one machine that is always busy.

    `hourly_usd` / (`tokens_per_s` x 3600) x 10^6.

    Raises:
        ValueError: the throughput is not above zero.
    """
    _require_positive(tokens_per_s, "throughput")
    return hourly_usd / (tokens_per_s * SECONDS_PER_HOUR) * TOKENS_PER_MTOK


def usd_per_mtok_served(monthly_usd: float, tokens_per_s: float, hours_per_month: float) -> float:
    """Return what a million tokens cost when the machines are paid by the month, busy or not.

    `tokens_per_s` is the average that is really served; `monthly_usd` the price of all machines together.

    Raises:
        ValueError: the load or the month is not above zero.
    """
    _require_positive(tokens_per_s * hours_per_month, "load")
    return monthly_usd / (tokens_per_s * SECONDS_PER_HOUR * hours_per_month) * TOKENS_PER_MTOK


def load_tokens_per_s(requests_per_day: float, tokens_per_request: float) -> float:
    """Return the average output tokens per second of a daily load."""
    return requests_per_day * tokens_per_request / SECONDS_PER_DAY


def machines_needed(peak_tokens_per_s: float, capacity_tokens_per_s: float) -> int:
    """Return the whole machines that carry a peak, 0 for no load at all.

    A load equal to the capacity of n machines needs n of them.

    Raises:
        ValueError: the capacity is not above zero, or the load is negative.
    """
    _require_positive(capacity_tokens_per_s, "capacity")
    if peak_tokens_per_s < 0:
        raise ValueError(f"a load of {peak_tokens_per_s} tokens/s is negative")
    if peak_tokens_per_s == 0:
        return 0
    ratio = peak_tokens_per_s / capacity_tokens_per_s
    return max(1, math.ceil(ratio * (1 - _TOLERANCE)))


def monthly_usd(machines: int, hourly_usd: float, hours_per_month: float) -> float:
    """Return the price of `machines` that run all month."""
    return machines * hourly_usd * hours_per_month


def yearly_usd(monthly: float) -> float:
    """Return twelve months of `monthly` USD."""
    return monthly * MONTHS_PER_YEAR


def three_year_usd(monthly: float) -> float:
    """Return 36 months of `monthly` USD, neither discounted nor inflated."""
    return monthly * MONTHS_IN_THREE_YEARS


def utilisation(load_average_tokens_per_s: float, machines: int, capacity_tokens_per_s: float) -> float:
    """Return the average load over the capacity of all machines, 0..1; 0 without machines."""
    return load_average_tokens_per_s / (machines * capacity_tokens_per_s) if machines else 0.0


def payback_months(engagement_usd: float, monthly_saving_usd: float) -> float | None:
    """Return the months after which savings equal a one-time price: 0 without one, None when nothing is saved."""
    if engagement_usd <= 0:
        return 0.0
    return engagement_usd / monthly_saving_usd if monthly_saving_usd > 0 else None


def break_even_tokens_per_s(
    *,
    baseline_tokens_per_s: float,
    arm_tokens_per_s: float,
    machine_monthly_usd: float,
    engagement_usd: float,
) -> float | None:
    """Return the peak load just above which AWQ costs less over 36 months, the engagement included.

    With k machines to be saved, k = floor(engagement / (36 x monthly price of one machine)) + 1, the
    difference of the whole-machine counts rises only where the baseline needs one more, at m x baseline
    capacity. Just above it the baseline takes m + 1 and AWQ floor(m x r) + 1, r = baseline / AWQ capacity.
    The smallest m with m - floor(m x r) >= k is floor((k - 1) / (1 - r)) + 1.

    None when AWQ's capacity is not higher, or when machines cost nothing.

    Raises:
        ValueError: a capacity is not above zero.
    """
    _require_positive(baseline_tokens_per_s, "capacity")
    _require_positive(arm_tokens_per_s, "capacity")
    if arm_tokens_per_s <= baseline_tokens_per_s or machine_monthly_usd <= 0:
        return None
    to_save = math.floor(engagement_usd / three_year_usd(machine_monthly_usd) * (1 + _TOLERANCE)) + 1
    ratio = Fraction(baseline_tokens_per_s) / Fraction(arm_tokens_per_s)
    filled = math.floor((to_save - 1) / (1 - ratio)) + 1
    return filled * baseline_tokens_per_s


def break_even_requests_per_day(
    peak_tokens_per_s: float | None, tokens_per_request: float, peak_to_average: float
) -> int | None:
    """Return the first whole number of requests a day whose peak lies above `peak_tokens_per_s`."""
    if peak_tokens_per_s is None:
        return None
    edge = peak_tokens_per_s * SECONDS_PER_DAY / (tokens_per_request * peak_to_average)
    return math.floor(edge * (1 + _TOLERANCE)) + 1


def _require_positive(value: float, what: str) -> None:
    if not value > 0:
        raise ValueError(f"a {what} of {value} has no cost per token: it must be above zero")
