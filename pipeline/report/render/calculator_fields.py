"""The fields of the page's calculator: which inputs a reader can change, in which unit, and within which bounds."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from pipeline.base.results import Origin
from pipeline.report.document import CalculatorLabels
from pipeline.report.render.exact_text import Manner
from pipeline.roi.model import ModelInput, PricingModel
from pipeline.roi.options import Tenure, Values

_PERCENT = 100
_LARGEST_LOAD = 10**9
_LARGEST_REQUEST = 10**7
_LARGEST_PRICE = 10**9
_LONGEST_YEARS = 10
_PRICES: Mapping[Tenure, tuple[str, ...]] = {
    "rented": ("hourly_usd",),
    "bought": ("purchase_usd",),
    "paid per token": ("input_usd_per_mtok", "output_usd_per_mtok"),
}


@dataclass(frozen=True)
class Bounds:
    """The least and the most that a field takes, in the unit that it is shown in."""

    low: Fraction
    high: Fraction
    whole: bool = False


_BOUNDS: Mapping[str, Bounds] = {
    "load.requests_per_day": Bounds(Fraction(1), Fraction(_LARGEST_LOAD)),
    "load.input_tokens": Bounds(Fraction(0), Fraction(_LARGEST_REQUEST)),
    "load.output_tokens": Bounds(Fraction(1), Fraction(_LARGEST_REQUEST)),
    "load.peak_factor": Bounds(Fraction(1), Fraction(1000)),
    "load.growth_per_year": Bounds(Fraction(-_PERCENT), Fraction(1000)),
    "discount_rate": Bounds(Fraction(0), Fraction(_PERCENT)),
    "years": Bounds(Fraction(1), Fraction(_LONGEST_YEARS), whole=True),
}
_PRICE = Bounds(Fraction(0), Fraction(_LARGEST_PRICE))


@dataclass(frozen=True)
class Field:
    """One input that a reader can change."""

    name: str
    """As the model has it, or `years`."""
    group: str
    title: str
    text: str
    """The report's own, printed."""
    scale: Fraction
    """What is shown, over what is computed with: percent and currencies."""
    bounds: Bounds
    low: str
    high: str
    origin: Origin | None = None
    source: str = ""

    @property
    def rules(self) -> Mapping[str, object]:
        """Return what the script needs of it; the rest stands in the page."""
        bounds = self.bounds
        return {
            "name": self.name,
            "title": self.title,
            "scale": str(self.scale),
            "low": [str(bounds.low), self.low],
            "high": [str(bounds.high), self.high],
            "whole": bounds.whole,
        }


def fields_of(model: PricingModel, labels: CalculatorLabels, manner: Manner) -> tuple[Field, ...]:
    """Return the fields of a model, those of a group together."""
    known = {one.name: one for one in model.inputs}
    found = []
    for group, name in _names(model):
        if name in known:
            found.append(_field(group, known[name], model, labels, manner))
    low, high = (manner.entered(end) for end in (_BOUNDS["years"].low, _BOUNDS["years"].high))
    years = Field(
        "years", "term", labels.inputs["years"], manner.entered(Fraction(model.years)), Fraction(1), _BOUNDS["years"],
        low, high,
    )  # fmt: skip
    return (*found, years)


def _names(model: PricingModel) -> Iterator[tuple[str, str]]:
    """Yield groups and names of what may be changed; a load that nobody stated cannot be."""
    tenures = {one.tenure for one in model.options}
    if _load_stated(model.values):
        yield from (("load", name) for name in _BOUNDS if name.startswith("load."))
    prices = [f"{one.variant}.{key}" for one in model.options for key in _PRICES[one.tenure]]
    yield from (("prices", name) for name in dict.fromkeys(prices))
    if "bought" in tenures:
        yield "prices", "site.usd_per_kwh"
    if tenures - {"paid per token"}:
        yield "prices", "site.staff_usd_per_year"
    if any(one.engaged for one in model.options):
        yield from (("engagement", f"engagement.{key}_usd") for key in ("one_time", "monthly"))
    yield "term", "discount_rate"


def _load_stated(values: Values) -> bool:
    above_zero = ("load.requests_per_day", "load.output_tokens", "load.peak_factor")
    return all(values.get(name) for name in above_zero) and "load.input_tokens" in values


def _field(group: str, one: ModelInput, model: PricingModel, labels: CalculatorLabels, manner: Manner) -> Field:
    variant, _, key = one.name.rpartition(".")
    label = labels.inputs.get(one.name) or labels.inputs[key]
    before, there, after = label.partition("{variant}")
    title = before + labels.arm_names.get(variant, variant) + after if there else label
    scale = Fraction(1)
    if one.name in ("load.growth_per_year", "discount_rate"):
        scale = Fraction(_PERCENT)
    elif "usd" in key:
        scale = Fraction(model.per_usd)
    bounds = _BOUNDS.get(one.name, _PRICE)
    return Field(
        name=one.name,
        group=group,
        title=title.replace("{currency}", model.currency),
        text=manner.entered(Fraction(one.value) * scale),
        scale=scale,
        bounds=bounds,
        low=manner.entered(bounds.low),
        high=manner.entered(bounds.high),
        origin=one.origin,
        source=one.source,
    )
