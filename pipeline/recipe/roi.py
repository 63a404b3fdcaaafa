"""The recipe section `roi`: the prices and the load that costs are computed from."""

from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from pipeline.recipe.prices import Amount, Currency, Engagement, Price, Purchase, Site, check_bounds
from pipeline.recipe.section import NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, Section

_HOURS = 24
RESERVED = ("load", "site", "engagement", "currency")
"""First parts of the names of inputs, which a variant's own inputs would be taken for."""
Ranged = Literal[
    "requests_per_day",
    "input_tokens_per_request",
    "output_tokens_per_request",
    "peak_to_average",
    "growth_per_year",
]


class Load(Section):
    """The load the client has to serve."""

    requests_per_day: PositiveFloat
    output_tokens_per_request: PositiveFloat
    input_tokens_per_request: PositiveFloat | None = None
    """What an API is paid for, too; None: the benchmark's, and said so."""
    peak_to_average: Annotated[float, Field(ge=1)] = 1.0
    """Capacity is sized for the peak."""
    day_curve: tuple[NonNegativeFloat, ...] | None = None
    """Instead of `peak_to_average`: what each of the 24 hours has, in any unit."""
    growth_per_year: Annotated[float, Field(gt=-1, le=100)] = 0.0
    """0.2 for a fifth more each year."""
    ranges: dict[Ranged, tuple[float, float]] = Field(default_factory=dict)
    """The least and the most that numbers above may be: `requests_per_day: [40000, 80000]`."""
    origin: Literal["measured", "quoted", "assumed"]
    source: str

    @model_validator(mode="after")
    def _has_one_peak(self) -> Self:
        curve = self.day_curve
        if curve is None:
            return self
        if self.peak_to_average != 1 or "peak_to_average" in self.ranges:
            raise ValueError("it has both `peak_to_average` and `day_curve`; the curve says what the peak is")
        if len(curve) != _HOURS or not any(curve):
            raise ValueError(f"`day_curve` has {_HOURS} values, one per hour, and one of them above zero")
        return self

    @model_validator(mode="after")
    def _ranges_hold_their_values(self) -> Self:
        least = {"peak_to_average": 1.0, "growth_per_year": -0.99}
        for name, (low, high) in self.ranges.items():
            value = getattr(self, name)
            if value is None:
                raise ValueError(f"`ranges` has {name}, which has no value; give it one")
            if not least.get(name, 0.0) <= low <= value <= high or (name.endswith("request") and low <= 0):
                raise ValueError(f"the range of {name} has to hold its value, {value:g}, and stay possible")
        return self


class Alternative(Section):
    """Another way to serve the load, priced beside the measured arms."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")]
    arm: str | None = None
    """A measured arm, on the machine it was measured on: for other prices of it, such as reserved or spot."""
    gpu: str | None = None
    """A card of `awqctl gpus ls`, whose speed is planned where it is not stated."""
    gpus: PositiveInt = 1
    quantization: str = "none"
    """Of the weights on that card: none, fp8, awq and the others of `awqctl plan --quantization`."""
    hourly: Price | None = None
    """Of one machine with an `arm`, of one GPU with a `gpu`; None: the catalogue's cheapest offer, unless it is
    bought."""
    purchase: Purchase | None = None
    goodput_tokens_per_s: Amount | None = None
    """Output tokens per second of one machine at the service level; None: planned."""
    spares: NonNegativeInt | None = None
    """None: as many as `roi.spares`."""

    @model_validator(mode="after")
    def _is_one_machine(self) -> Self:
        if (self.arm is None) == (self.gpu is None):
            raise ValueError("it has either `arm`, for another price of what was measured, or `gpu`")
        if self.arm is not None and self.goodput_tokens_per_s is not None:
            raise ValueError("an `arm` was measured, so it takes no `goodput_tokens_per_s`")
        if self.arm is not None and self.hourly is None and self.purchase is None:
            raise ValueError("another price of an arm needs `hourly` or `purchase`")
        if self.goodput_tokens_per_s is not None:
            check_bounds("goodput_tokens_per_s", self.goodput_tokens_per_s, above=0)
        return self

    @field_validator("name")
    @classmethod
    def _is_no_other_input_s(cls, name: str) -> str:
        if name in RESERVED:
            raise ValueError(f"'{name}' is what other inputs of the costs are called by; choose another name")
        return name


class Roi(Section):
    """What it costs."""

    machine: str
    """The machine the price is for: one unit of capacity, as measured by `bench`."""
    hourly: Price
    """Price of one such machine for one hour."""
    load: Load
    engagement: Engagement | None = None
    """Price of the quantization project, which AWQ has to earn."""
    hours_per_month: Annotated[float, Field(gt=0, le=744)] = 730.0
    years: Annotated[int, Field(gt=0, le=10)] = 3
    discount_rate: Amount | None = None
    """A year, 0.08 for 8 %; None: future money counts as today's."""
    spares: NonNegativeInt = 0
    """Machines beyond those that the peak takes."""
    purchase: Purchase | None = None
    """Buying the measured machine, priced beside its rent."""
    site: Site | None = None
    """Where bought machines stand; needed for a purchase."""
    alternatives: tuple[Alternative, ...] = ()
    apis: tuple[str, ...] = ()
    """Paid APIs to compare with: keys of `recipes/catalogue/apis.yaml` or of your own file."""
    currency: Currency | None = None
    """None: US dollars."""
    draws: Annotated[int, Field(ge=100, le=100_000)] = 1_000
    """Of the simulation, where a number is a range."""
    seed: NonNegativeInt = 0

    @model_validator(mode="after")
    def _can_be_bought(self) -> Self:
        bought = [one.purchase for one in self.alternatives if one.purchase] + [self.purchase] * bool(self.purchase)
        if bought and self.site is None:
            raise ValueError("what is bought needs a `site`: energy, cooling and staff")
        own = [self.purchase, *(one.purchase for one in self.alternatives if one.arm)]
        if any(one and (one.price is None or one.watts is None) for one in own):
            raise ValueError("the catalogue does not know this machine; give `purchase` its `price` and `watts`")
        return self

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        names = [*(one.name for one in self.alternatives), *self.apis]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"{', '.join(twice)} stands twice in `alternatives` and `apis`; each needs its own name")
        return self
