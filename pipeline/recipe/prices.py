"""Prices and other numbers that somebody stated, with where they came from: what the section `roi` is made of."""

import datetime as dt
import math
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from pipeline.recipe.section import NonNegativeFloat, PositiveInt, Section


class Price(Section):
    """A price and where it came from."""

    usd: NonNegativeFloat
    low: NonNegativeFloat | None = None
    """With `high`: what it may be, `usd` the likeliest; None for a price that is certain."""
    high: NonNegativeFloat | None = None
    origin: Literal["quoted", "assumed"]
    source: str
    """Who quoted it and when, or why it was assumed."""
    date: dt.date | None = None
    """Of a quote; one older than 90 days is marked."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        _check_range(self.low, self.usd, self.high, "usd")
        return self


class Amount(Section):
    """A number that is no price, and where it came from."""

    value: NonNegativeFloat
    low: NonNegativeFloat | None = None
    """With `high`: what it may be, `value` the likeliest."""
    high: NonNegativeFloat | None = None
    origin: Literal["measured", "quoted", "assumed"]
    source: str
    date: dt.date | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        _check_range(self.low, self.value, self.high, "value")
        return self


class Engagement(Section):
    """What the quantization project costs: a price or a package of the catalogue, once, and support by the month."""

    usd: NonNegativeFloat | None = None
    """Once."""
    package: str | None = None
    """Instead of `usd`: a package of `recipes/catalogue/engagements.yaml` or of your own file."""
    monthly_usd: NonNegativeFloat | None = None
    """For support."""
    support: str | None = None
    """Instead of `monthly_usd`: a package that is paid by the month."""
    origin: Literal["quoted", "assumed"] | None = None
    """Of the prices that stand here; packages have their own."""
    source: str = ""
    date: dt.date | None = None

    @model_validator(mode="after")
    def _says_each_once(self) -> Self:
        for price, package in (("usd", "package"), ("monthly_usd", "support")):
            if getattr(self, price) is not None and getattr(self, package) is not None:
                raise ValueError(f"it has both `{price}` and `{package}`; keep one")
        stated = self.usd is not None or self.monthly_usd is not None
        if not stated and self.package is None and self.support is None:
            raise ValueError("give `usd` or `package` for what is paid once, `monthly_usd` or `support` by the month")
        if stated and (self.origin is None or not self.source):
            raise ValueError("a price needs its `origin` (quoted or assumed) and its `source`")
        return self


class Purchase(Section):
    """Buying a machine instead of renting it."""

    price: Price | None = None
    """Of one machine; of an alternative on a `gpu` per GPU, and None takes the catalogue's list price."""
    watts: Amount | None = None
    """The same of its power."""
    life_years: PositiveInt = 3
    """After which it is replaced."""
    resale_share: Amount
    """Of the price, at the end of its life."""

    @model_validator(mode="after")
    def _is_possible(self) -> Self:
        check_bounds("resale_share", self.resale_share, most=1)
        return self


class Site(Section):
    """Where bought machines stand."""

    usd_per_kwh: Price
    pue: Amount
    """Energy of the building per energy of the machines; what exceeds 1 is cooling."""
    load: Amount
    """Share of their power that the machines draw on average."""
    staff_usd_per_year: Price | None = None
    """The share of the staff's pay that this deployment takes, also of rented machines."""

    @model_validator(mode="after")
    def _is_possible(self) -> Self:
        check_bounds("pue", self.pue, least=1)
        check_bounds("load", self.load, most=1)
        return self


class Currency(Section):
    """What amounts are shown in, at a stated rate."""

    code: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    per_usd: Amount

    @model_validator(mode="after")
    def _is_possible(self) -> Self:
        check_bounds("per_usd", self.per_usd, above=0)
        return self


def check_bounds(
    name: str, amount: Amount, *, above: float = -math.inf, least: float = -math.inf, most: float = math.inf
) -> None:
    """Refuse an amount that cannot be, its range included.

    Raises:
        ValueError: it is not above `above`, below `least`, or more than `most`.
    """
    low = amount.value if amount.low is None else amount.low
    high = amount.value if amount.high is None else amount.high
    if low <= above:
        raise ValueError(f"`{name}` has to be above {above:g}")
    if low < least or high > most:
        raise ValueError(f"`{name}` has to be {f'at least {least:g}' if low < least else f'at most {most:g}'}")


def _check_range(low: float | None, value: float, high: float | None, name: str) -> None:
    if (low is None) != (high is None):
        raise ValueError("`low` and `high` go together")
    if low is not None and high is not None and not low <= value <= high:
        raise ValueError(f"low, {name} and high have to stand in order")
