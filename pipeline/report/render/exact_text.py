"""Exact numbers as the page and its script print them: rounded half away from zero, in a language's manner."""

from dataclasses import dataclass
from fractions import Fraction

from pipeline.base.format import NONE
from pipeline.roi.exact import half_up

__all__ = ["NONE", "Manner"]
_MOST_PLACES = 6


@dataclass(frozen=True)
class Manner:
    """How a language writes numbers."""

    group: str
    """Between thousands."""
    point: str
    """Before decimals."""
    minus: str

    def printed(self, value: Fraction, places: int) -> str:
        """Return a number to decimal places, thousands separated."""
        scaled = int(half_up(value, places) * 10**places)
        digits = str(abs(scaled)).rjust(places + 1, "0")
        whole, decimals = digits[: len(digits) - places], digits[len(digits) - places :]
        sign = self.minus if scaled < 0 else ""
        return sign + f"{int(whole):,}".replace(",", self.group) + (self.point + decimals if places else "")

    def entered(self, value: Fraction) -> str:
        """Return a number as it stands in a field: with the decimals that it has, six at most."""
        places = next((some for some in range(_MOST_PLACES) if half_up(value, some) == value), _MOST_PLACES)
        return self.printed(value, places)
