"""What a result can be where inputs are ranges: its bounds, and the interval that a seeded simulation finds.

Bounds are exact: a cost rises or falls with each input, so it lies between the two corners at which all inputs are
cheapest and dearest; they never narrow when an input's range does not. The simulation (Monte Carlo) draws all inputs
independently and says what is likely; its interval lies within the bounds. As machines are whole, a wider input may
make the usual count more likely and this interval narrower: what must not be exceeded is the bound.
"""

import random
from collections.abc import Callable, Mapping
from fractions import Fraction

from pipeline.roi.options import FALLING, Values
from pipeline.roi.quantity import Quantity

CONFIDENCE = Fraction(95, 100)
_GRID = 1_000
"""Steps of a draw's probability, so that fractions stay short."""


def corners(inputs: Mapping[str, Quantity]) -> tuple[Values, Values]:
    """Return the inputs at which a cost is lowest, and those at which it is highest."""
    cheap, dear = {}, {}
    for name, quantity in inputs.items():
        low, high = quantity.ends
        cheap[name], dear[name] = (high, low) if name.endswith(FALLING) else (low, high)
    return cheap, dear


def bounds(inputs: Mapping[str, Quantity], cost: Callable[[Values], Fraction]) -> tuple[Fraction, Fraction]:
    """Return the least and the most that a cost can be."""
    cheap, dear = corners(inputs)
    return cost(cheap), cost(dear)


def draws(inputs: Mapping[str, Quantity], count: int, seed: int) -> list[Values]:
    """Return so many draws of all inputs; each unknown has its own stream, so that another one changes none of them."""
    columns = {name: _column(name, quantity, count, seed) for name, quantity in inputs.items()}
    return [{name: column[number] for name, column in columns.items()} for number in range(count)]


def interval(results: list[Fraction], confidence: Fraction = CONFIDENCE) -> tuple[Fraction, Fraction]:
    """Return the middle part of the results with so much of them, from the first to the last one in it."""
    ordered = sorted(results)
    outside = int(len(ordered) * (1 - confidence) / 2)
    return ordered[outside], ordered[-1 - outside]


def _column(name: str, quantity: Quantity, count: int, seed: int) -> list[Fraction]:
    if not quantity.ranged:
        return [quantity.value] * count
    source = random.Random(f"{seed}:{quantity.stream or name}")  # noqa: S311 -- a simulation is no secret
    return [quantity.at(Fraction(source.randint(0, _GRID), _GRID)) for _ in range(count)]
