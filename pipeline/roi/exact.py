"""Exact numbers: money is a fraction until it is printed.

Why fractions, and neither decimals nor whole cents: prices per hour, per million tokens and per kilowatt hour are
divided (by tokens, by months, by machines), which a decimal rounds after each division, so that the order of additions
could move a cent; and 0.05 USD per million tokens is no whole number of cents. A fraction is exact under all four
operations, so any order gives the same number, and it is rounded once, when it is shown. What came in as a binary
float is taken as the decimal that was written: 0.1 is a tenth.
"""

from decimal import Decimal
from fractions import Fraction

CENT = 2
"""Decimal places of money that is shown."""


def exact(value: float) -> Fraction:
    """Return a number as it is written in decimal.

    Raises:
        ValueError: it is infinite or not a number.
    """
    return Fraction(repr(value)) if isinstance(value, float) else Fraction(value)


def half_up(value: Fraction, places: int) -> Fraction:
    """Return a number rounded to decimal places as accountants do, half away from zero."""
    scaled = abs(value) * 10**places + Fraction(1, 2)
    rounded = Fraction(scaled.numerator // scaled.denominator, 10**places)
    return -rounded if value < 0 else rounded


def cents(amount: Fraction) -> Decimal:
    """Return an amount rounded once, to cents."""
    rounded = half_up(amount, CENT)
    return (Decimal(rounded.numerator) / Decimal(rounded.denominator)).quantize(Decimal("0.01"))


def places_of(value: float) -> int:
    """Return the decimal places that a number is written with: 2 of 61.41, none of 1460."""
    exponent = Decimal(repr(value)).normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def ceiling(value: Fraction) -> int:
    """Return the smallest whole number that is not below a fraction."""
    return -(-value.numerator // value.denominator)
