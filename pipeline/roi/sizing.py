"""Whole machines for a peak, and how much of what is paid for stands idle."""

from fractions import Fraction

from pipeline.roi.exact import ceiling


def machines_for(peak_tokens_per_s: Fraction, goodput_tokens_per_s: Fraction, spares: int = 0) -> int:
    """Return the machines that carry a peak at the service level, spares added; 0 for no load.

    A peak equal to the goodput of n machines needs n: fractions are exact, so no tolerance is wanted.

    Raises:
        ValueError: the goodput is not above zero, or the peak is negative.
    """
    if goodput_tokens_per_s <= 0:
        raise ValueError("a machine without goodput serves no load")
    if peak_tokens_per_s < 0:
        raise ValueError("a load is not negative")
    needed = ceiling(peak_tokens_per_s / goodput_tokens_per_s)
    return needed + spares if needed else 0


def idle_share(average_tokens_per_s: Fraction, machines: int, goodput_tokens_per_s: Fraction) -> Fraction:
    """Return the share of the machines' goodput that nobody uses on average, spares included."""
    if not machines:
        return Fraction(0)
    return 1 - average_tokens_per_s / (machines * goodput_tokens_per_s)
