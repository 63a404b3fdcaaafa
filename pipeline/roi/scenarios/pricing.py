"""A scenario ready to be computed, and figures that say where they came from."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from pipeline.base.results import Origin
from pipeline.roi.figure import Figure
from pipeline.roi.model import ModelInput, PricingModel, model_option
from pipeline.roi.options import Option, Values
from pipeline.roi.quantity import Quantity, weakest
from pipeline.roi.scenarios.forms import ScenarioFile
from pipeline.roi.scenarios.inputs import Inputs
from pipeline.roi.scenarios.quantities import NOT_STATED


@dataclass(frozen=True)
class Pricing:
    """A scenario ready to be computed."""

    scenario: ScenarioFile
    inputs: Inputs

    @property
    def years(self) -> int:
        """Return how many years are planned."""
        return self.scenario.years

    @property
    def middle(self) -> Values:
        """Return the inputs as stated, of ranges their value."""
        return {name: quantity.value for name, quantity in self.inputs.quantities.items()}

    def model(self, pairs: Iterable[tuple[Option, Option]]) -> PricingModel:
        """Return all that the costs are computed from, as plain data, with who is compared with whom."""
        quantities, currency = self.inputs.quantities, self.scenario.currency
        return PricingModel(
            years=self.years,
            inputs=tuple(
                ModelInput(
                    name=name,
                    value=str(one.value),
                    origin=one.origin,
                    source=one.source,
                    date=str(one.date) if one.date else None,
                )
                for name, one in quantities.items()
            ),
            options=tuple(map(model_option, self.inputs.options)),
            pairs=tuple((option.name, reference.name) for option, reference in pairs),
            currency=currency.code if currency else "USD",
            per_usd=str(quantities["currency.per_usd"].value) if currency else "1",
        )

    def used(self, *options: Option) -> Mapping[str, Quantity]:
        """Return the inputs that the options' costs depend on."""
        names = {name for option in options for name in self.inputs.quantities if uses(option, name)}
        found = {name: self.inputs.quantities[name] for name in self.inputs.quantities if name in names}
        return {name: quantity for name, quantity in found.items() if quantity.source != NOT_STATED}

    def figure(self, value: Fraction | None, unit: str, options: Iterable[Option], ends: "OpenEnds" = None) -> Figure:
        """Return a figure of the options' inputs, whose origin is the weakest of theirs."""
        low, high = ends or (None, None)
        if low == high:
            low = high = None
        return Figure(
            value=_float(value),
            low=_float(low),
            high=_float(high),
            unit=unit,
            origin=self.origin(*options),
        )

    def origin(self, *options: Option) -> Origin:
        """Return the weakest origin of the options' inputs."""
        return weakest(quantity.origin for quantity in self.used(*options).values())

    def countable(self, option: Option) -> bool:
        """Return whether machines can be counted for any load."""
        if self.inputs.missing:
            return False
        return option.tenure == "paid per token" or f"{option.variant}.goodput_tokens_per_s" in self.inputs.quantities


Ends = tuple[Fraction, Fraction] | None
OpenEnds = tuple[Fraction | None, Fraction | None] | None


def uses(option: Option, name: str) -> bool:
    """Return whether what an option costs depends on an input of that name."""
    part, _, key = name.rpartition(".")
    if part == option.variant:
        return _tenure_uses(option, key)
    if part == "load":
        return not option.stated
    if part == "site":
        return option.tenure == "bought" or (key == "staff_usd_per_year" and option.tenure == "rented")
    return name == "hours_per_month" or (part == "engagement" and option.engaged)


def _tenure_uses(option: Option, key: str) -> bool:
    if key in ("goodput_tokens_per_s", "machines"):
        return option.stated == (key == "machines")
    if option.tenure == "bought":
        return key in ("purchase_usd", "resale_share", "watts")
    return key == "hourly_usd" or option.tenure == "paid per token"


def _float(value: Fraction | None) -> float | None:
    return None if value is None else float(value)
