"""What the numbers of a scenario can be: no price is below nothing, no share above one."""

from collections.abc import Mapping
from fractions import Fraction

from pipeline.base.errors import UsageError
from pipeline.roi.quantity import Quantity

_ABOVE_ZERO = ("load.requests_per_day", "load.output_tokens", ".goodput_tokens_per_s", "per_usd", "hours_per_month")
_LEAST = {"load.peak_factor": Fraction(1), "site.pue": Fraction(1), "load.growth_per_year": Fraction(-1)}
_MOST = {"site.load": Fraction(1), ".resale_share": Fraction(1), "hours_per_month": Fraction(744)}
"""Hours of the longest month."""


def check_quantities(quantities: Mapping[str, Quantity]) -> None:
    """Refuse numbers that no machine, price or load can be.

    Raises:
        UsageError: one is, or its range leads there.
    """
    for name, quantity in quantities.items():
        if allowed := _broken(name, quantity):
            low, high = quantity.ends
            given = f"{float(low):g}" if low == high else f"{float(low):g} to {float(high):g}"
            raise UsageError(f"{name} is {given}, and has to be {allowed}. Correct it.")


def _broken(name: str, quantity: Quantity) -> str | None:
    """Return what a number would have to be; None where it is that."""
    low, high = quantity.ends
    if name.endswith(_ABOVE_ZERO) and low <= 0:
        return "above 0"
    least = _LEAST.get(name, Fraction(0))
    if low < least:
        return f"{float(least):g} or more"
    most = next((most for ending, most in _MOST.items() if name.endswith(ending)), None)
    return f"at most {float(most):g}" if most is not None and high > most else None
