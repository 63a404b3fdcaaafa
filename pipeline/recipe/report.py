"""The recipe section `report`: what stands on the cover, and in which language and currency it is written."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from pipeline.recipe.section import PositiveFloat, Section


class Currency(Section):
    """The currency that money is printed in; it is computed in USD."""

    code: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    """ISO 4217, such as EUR."""
    per_usd: PositiveFloat
    """What one USD costs in it."""
    source: str
    """Who says so."""
    date: date
    """When."""


class Report(Section):
    """What stands on the cover of the report, and in which language and currency it is written."""

    title: str = "AWQ deployment report"
    client: str | None = None
    prepared_by: str | None = None
    language: Literal["en", "de"] = "en"
    """Of the report: English or German, numbers and dates in its manner."""
    currency: Currency | None = None
    """None: money is printed in USD."""
