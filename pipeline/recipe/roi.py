"""The recipe section `roi`: the prices and the load that costs are computed from."""

from typing import Annotated, Literal

from pydantic import Field

from pipeline.recipe.section import NonNegativeFloat, PositiveFloat, Section


class Price(Section):
    """A price and where it came from."""

    usd: NonNegativeFloat
    origin: Literal["quoted", "assumed"]
    source: str
    """Who quoted it and when, or why it was assumed."""


class Load(Section):
    """The load the client has to serve."""

    requests_per_day: PositiveFloat
    output_tokens_per_request: PositiveFloat
    peak_to_average: Annotated[float, Field(ge=1)] = 1.0
    """Capacity is sized for the peak."""
    origin: Literal["measured", "quoted", "assumed"]
    source: str


class Roi(Section):
    """What it costs."""

    machine: str
    """The machine the price is for: one unit of capacity, as measured by `bench`."""
    hourly: Price
    """Price of one such machine for one hour."""
    load: Load
    engagement: Price | None = None
    """One-time price of the quantization project."""
    hours_per_month: PositiveFloat = 730.0
