"""Where an input came from, and what it may be."""

from fractions import Fraction

import pytest

from pipeline.roi.quantity import STRENGTH, Quantity, weakest


def test_a_result_is_as_weak_as_its_weakest_input() -> None:
    """Measured before quoted before modelled before assumed; of nothing at all nobody stands for it."""
    assert STRENGTH == ("measured", "quoted", "modelled", "assumed")
    assert weakest(["measured", "quoted"]) == "quoted"
    assert weakest(["modelled", "quoted", "measured"]) == "modelled"
    assert weakest(["assumed", "measured"]) == "assumed"
    assert weakest([]) == "assumed"


def test_a_point_is_always_its_value() -> None:
    """Whatever the probability."""
    point = Quantity(Fraction(5), "quoted")
    assert not point.ranged
    assert point.at(Fraction(1, 3)) == 5


def test_a_uniform_range_is_a_straight_line() -> None:
    """From one end to the other."""
    quantity = Quantity(Fraction(15), "assumed", low=Fraction(10), high=Fraction(20), shape="uniform")
    assert [quantity.at(Fraction(share, 4)) for share in range(5)] == [10, Fraction(25, 2), 15, Fraction(35, 2), 20]


@pytest.mark.parametrize(
    ("share", "expected"), [("0", 0), ("0.125", 2**0.5), ("0.25", 2), ("0.5", 8 - 24**0.5), ("1", 8)]
)
def test_a_triangle_has_its_known_quantiles(share: str, expected: float) -> None:
    """From 0 over 2 to 8: below the mode the root of share x 16, above it 8 less the root of (1 - share) x 48."""
    quantity = Quantity(Fraction(2), "assumed", low=Fraction(0), high=Fraction(8), shape="triangular")
    assert float(quantity.at(Fraction(share))) == pytest.approx(expected, rel=1e-5)
