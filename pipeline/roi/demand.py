"""What has to be served: requests and tokens on average, at the peak, and year by year."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

HOURS_PER_DAY = 24
SECONDS_PER_DAY = 86_400
MONTHS_PER_YEAR = 12
MTOK = 1_000_000


@dataclass(frozen=True)
class Demand:
    """A load in one year."""

    requests_per_day: Fraction
    input_tokens: Fraction
    """Per request."""
    output_tokens: Fraction
    """Per request."""
    peak_factor: Fraction
    """The busiest hour over the average of the day."""
    hours_per_month: Fraction

    @property
    def average_tokens_per_s(self) -> Fraction:
        """Return output tokens per second over the day."""
        return self.requests_per_day * self.output_tokens / SECONDS_PER_DAY

    @property
    def peak_tokens_per_s(self) -> Fraction:
        """Return output tokens per second in the busiest hour: what machines are counted for."""
        return self.average_tokens_per_s * self.peak_factor

    @property
    def requests_per_month(self) -> Fraction:
        """Return requests in a month of `hours_per_month`."""
        return self.requests_per_day * self.hours_per_month / HOURS_PER_DAY

    @property
    def output_mtok_per_month(self) -> Fraction:
        """Return output tokens a month in millions."""
        return self.requests_per_month * self.output_tokens / MTOK

    @property
    def input_mtok_per_month(self) -> Fraction:
        """Return input tokens a month in millions."""
        return self.requests_per_month * self.input_tokens / MTOK


def peak_of(curve: Sequence[Fraction]) -> Fraction:
    """Return the busiest hour of a day over the day's average, from what each of 24 hours has.

    Raises:
        ValueError: there are not 24 values, one is negative, or all are zero.
    """
    if len(curve) != HOURS_PER_DAY:
        raise ValueError(f"a day's curve has 24 values, one per hour, and {len(curve)} are given")
    if min(curve) < 0 or not any(curve):
        raise ValueError("a day's curve has no negative values, and one above zero")
    return max(curve) * HOURS_PER_DAY / sum(curve, Fraction(0))


def grown(demand: Demand, growth_per_year: Fraction, year: int) -> Demand:
    """Return the load of a year, the first being 1; it grows by a step at the beginning of each."""
    factor = (1 + growth_per_year) ** (year - 1)
    return Demand(
        demand.requests_per_day * factor,
        demand.input_tokens,
        demand.output_tokens,
        demand.peak_factor,
        demand.hours_per_month,
    )
