"""Which inputs a result depends on most: each moved alone from its lower end to its upper one (a tornado)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from pipeline.roi.options import Values
from pipeline.roi.quantity import Quantity

TRIED = Fraction(1, 5)
"""By how much an input is moved for which no range is stated, down and up."""
_FIXED = ("hours_per_month", "machines")
"""Of the calendar, and whole: not moved unless a range is stated."""


@dataclass(frozen=True)
class Swing:
    """What one input does to a result."""

    name: str
    low: Fraction
    high: Fraction
    """The input's ends."""
    at_low: Fraction
    at_high: Fraction
    """The result there."""
    stated: bool
    """Whether the range was stated; otherwise it is `TRIED` around the value."""

    @property
    def width(self) -> Fraction:
        """Return how far the result moves."""
        return abs(self.at_high - self.at_low)


def tornado(inputs: Mapping[str, Quantity], result: Callable[[Values], Fraction], most: int = 5) -> tuple[Swing, ...]:
    """Return the inputs that move a result most, widest first; those that do not move it are left out.

    Inputs that are the same unknown are moved together, under the name of the first.
    """
    middle = {name: quantity.value for name, quantity in inputs.items()}
    moved = {name: quantity for name, quantity in inputs.items() if quantity.ranged or not name.endswith(_FIXED)}
    together: dict[str, list[str]] = {}
    for name, quantity in moved.items():
        together.setdefault(quantity.stream or name, []).append(name)
    swings = [_swing(names, inputs[names[0]], middle, result) for names in together.values()]
    swings.sort(key=lambda swing: (-swing.width, swing.name))
    return tuple(swing for swing in swings[:most] if swing.width)


def _swing(names: list[str], quantity: Quantity, middle: Values, result: Callable[[Values], Fraction]) -> Swing:
    (name, *_), (low, high) = names, quantity.ends
    if not quantity.ranged:
        low, high = sorted((quantity.value * (1 - TRIED), quantity.value * (1 + TRIED)))
        low = max(low, Fraction(1)) if name.endswith((".pue", ".peak_factor")) else low
        high = min(high, Fraction(1)) if name.endswith((".resale_share", "site.load")) else high
    at_low, at_high = (result({**middle, **dict.fromkeys(names, end)}) for end in (low, high))
    return Swing(name, low, high, at_low, at_high, quantity.ranged)
