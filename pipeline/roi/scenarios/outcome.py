"""What was computed to judge a claim."""

from dataclasses import dataclass
from fractions import Fraction

from pipeline.base.results import Origin
from pipeline.roi.demand import Demand
from pipeline.roi.options import demand_in
from pipeline.roi.scenarios.pricing import Pricing


@dataclass(frozen=True)
class Outcome:
    """A number, a range or an answer, with how it came about; or what is missing for one."""

    why: str
    """How it was computed, in a sentence or two."""
    unit: str = ""
    low: Fraction | None = None
    high: Fraction | None = None
    """Equal for a number."""
    holds: bool | None = None
    """Of what is so or not."""
    exact: bool = True
    """Whether a range is the answer; otherwise the answer lies somewhere in it."""
    missing: str = ""
    """What has to be known first; empty: it is decided."""
    origin: Origin | None = None
    """None: it is arithmetic on the claim's own numbers."""


@dataclass(frozen=True)
class Context:
    """What figures are computed from."""

    pricing: Pricing

    @property
    def demand(self) -> Demand:
        """Return the load of the first year."""
        return demand_in(self.pricing.middle, 1)

    def value(self, name: str) -> Fraction:
        """Return an input's value."""
        return self.pricing.inputs.quantities[name].value


def number_of(value: Fraction, unit: str, why: str, origin: Origin | None = None) -> Outcome:
    """Return a number."""
    return Outcome(why, unit, value, value, origin=origin)


def range_of(low: Fraction, high: Fraction, unit: str, why: str, origin: Origin | None = None) -> Outcome:
    """Return a range that is the answer: a price from one figure to another."""
    return Outcome(why, unit, low, high, origin=origin)


def estimate_of(low: Fraction, high: Fraction, unit: str, why: str) -> Outcome:
    """Return a range that holds the answer: what a plan says of a speed."""
    return Outcome(why, unit, low, high, exact=False, origin="modelled")


def answer_of(holds: bool, why: str, origin: Origin | None = None) -> Outcome:  # noqa: FBT001 -- the answer itself
    """Return an answer."""
    return Outcome(why, holds=holds, origin=origin)


def lacking(missing: str, why: str = "") -> Outcome:
    """Return that it is not decidable, and what is missing."""
    return Outcome(why, missing=missing)
