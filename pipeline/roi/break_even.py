"""The smallest load at which one way to serve it costs less than another: machines are whole, tokens are not.

Costs rise in steps, so there may be larger loads at which the other is cheaper again; the first is what is asked for.
The load is that of the first year, without growth, and the engagement is spread over the planned months.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from pipeline.roi.exact import ceiling

_MOST_STEPS = 2_000
"""At which one of both takes a machine more, after which it is given up."""


@dataclass(frozen=True)
class Steps:
    """What a month costs at a load in requests a day: a price per request, and per machine that has to be there."""

    fixed: Fraction
    """Whatever the load: staff, engagement, support."""
    per_machine: Fraction = Fraction(0)
    per_machine_load: Fraction = Fraction(0)
    """Requests a day that one machine carries at the peak; 0: it takes no machines."""
    per_request: Fraction = Fraction(0)
    """Of one request a day, every day of the month."""
    spares: int = 0

    def at(self, load: Fraction) -> Fraction:
        """Return what a month costs at a load above zero."""
        machines = ceiling(load / self.per_machine_load) + self.spares if self.per_machine_load else 0
        return self.fixed + machines * self.per_machine + load * self.per_request


@lru_cache(maxsize=256)  # it is asked for by the evaluation of a model, and by each format that computes from it
def break_even(option: Steps, reference: Steps) -> Fraction | None:
    """Return the load in requests a day just above which the option first costs less; None where there is none.

    To cost the same is no saving: of two ways that need one machine each, neither is better. Between two steps the
    difference is a straight line. It is looked at just above each step, where the one or the other takes a machine
    more, and where the line crosses zero.
    """
    edge, slope = Fraction(0), option.per_request - reference.per_request
    for end in _edges(option, reference):
        at_end = option.at(end) - reference.at(end)
        at_edge = at_end - slope * (end - edge)
        if at_edge < 0:
            return edge
        if at_end < 0:
            return edge - at_edge / slope
        edge = end
    return None


def first_whole(load: Fraction) -> int:
    """Return the first whole number of requests a day above a step."""
    return load.numerator // load.denominator + 1


def _edges(option: Steps, reference: Steps) -> Iterator[Fraction]:
    """Yield the loads at which one of both takes a machine more, in order, as long as the answer can still come."""
    sizes = [steps.per_machine_load for steps in (option, reference) if steps.per_machine_load]
    if not sizes:
        yield Fraction(10**12)
        return
    counts = dict.fromkeys(sizes, 1)
    for _ in range(_MOST_STEPS):
        edge = min(size * count for size, count in counts.items())
        yield edge
        for size, count in counts.items():
            if size * count == edge:
                counts[size] = count + 1
