"""Exact numbers, and the one rounding."""

import math
from decimal import Decimal
from fractions import Fraction

import pytest

from pipeline.roi.exact import ceiling, cents, exact, half_up, places_of


def test_a_float_is_the_decimal_that_was_written() -> None:
    """A tenth is a tenth, not the binary number beside it; whole numbers stay what they are."""
    assert exact(0.1) == Fraction(1, 10)
    assert exact(1e-05) == Fraction(1, 100_000)
    assert exact(7) == 7


@pytest.mark.parametrize("value", [math.inf, math.nan])
def test_what_is_no_number_is_refused(value: float) -> None:
    """Infinity has no fraction."""
    with pytest.raises(ValueError, match="Fraction"):
        exact(value)


def test_half_a_cent_goes_away_from_zero() -> None:
    """As accountants round, of losses too."""
    assert cents(exact(0.125)) == Decimal("0.13")
    assert cents(exact(-0.125)) == Decimal("-0.13")
    assert cents(exact(1460)) == Decimal("1460.00")
    assert half_up(Fraction(2, 3), 0) == 1
    assert half_up(Fraction(-1, 3), 1) == Fraction(-3, 10)


def test_places_are_those_that_a_number_is_written_with() -> None:
    """Zeros at the end do not count."""
    assert [places_of(value) for value in (1460, 61.41, 10.80, 0.0007, 1e14)] == [0, 2, 1, 4, 0]


def test_ceiling_of_a_whole_number_is_itself() -> None:
    """Three thirds are one machine; a little more takes two."""
    assert ceiling(3 * Fraction(1, 3)) == 1
    assert ceiling(1 + Fraction(1, 10**30)) == 2
    assert ceiling(Fraction(-1, 2)) == 0
