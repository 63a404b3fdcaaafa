"""An input with its range and where it came from; and what that makes of a result."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from math import sqrt
from typing import Literal

from pipeline.base.results import Origin
from pipeline.roi.exact import exact

STRENGTH: tuple[Origin, ...] = ("measured", "quoted", "modelled", "assumed")
"""Strongest first. Measured: seen on the machine. Quoted: somebody else stands for it, with a date. Modelled: our own
formulas, which may be off by their band. Assumed: nobody stands for it."""
Shape = Literal["point", "uniform", "triangular"]
_DIGITS = 6
"""Significant digits of a draw: more than any input has, and few enough to stay quick as fractions."""


def weakest(origins: Iterable[Origin]) -> Origin:
    """Return the weakest of the origins of a result's inputs, which is the result's; of no inputs: assumed."""
    return max(origins, key=STRENGTH.index, default="assumed")


@dataclass(frozen=True)
class Quantity:
    """A number that a price, a load or a speed is."""

    value: Fraction
    origin: Origin
    source: str = ""
    """Who says so, or why it was assumed."""
    date: dt.date | None = None
    """Of a quote."""
    stale: bool = False
    """A quote older than a price may be."""
    low: Fraction | None = None
    high: Fraction | None = None
    """Both ends of what it may be; None: only the value."""
    shape: Shape = "point"
    stream: str = ""
    """Name that it is drawn by, where other inputs are the same unknown; empty: its own."""

    @property
    def ends(self) -> tuple[Fraction, Fraction]:
        """Return the lowest and the highest that it may be."""
        low, high = self.low, self.high
        return (self.value, self.value) if low is None or high is None else (low, high)

    @property
    def ranged(self) -> bool:
        """Return whether it may be several numbers."""
        low, high = self.ends
        return low < high

    def at(self, share: Fraction) -> Fraction:
        """Return what is not exceeded with a probability of `share`, from 0 to 1: the inverse of its distribution.

        Uniform between both ends, or triangular with its mode at the value (Johnson 1997, The Statistician 46, 387).
        """
        low, high = self.ends
        if self.shape != "triangular" or low == high:
            return low + share * (high - low)
        if share in (0, 1):
            return high if share else low
        rising, width = self.value - low, high - low
        if share * width < rising:
            return low + _root(share * width * rising)
        return high - _root((1 - share) * width * (high - self.value))


def _root(square: Fraction) -> Fraction:
    return exact(float(f"{sqrt(square):.{_DIGITS}g}"))
