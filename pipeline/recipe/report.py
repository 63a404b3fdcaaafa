"""The recipe section `report`: what stands on the cover, how the report looks, and which files it comes as."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from pipeline.recipe.section import PositiveFloat, Section

Format = Literal["html", "pdf", "pptx", "xlsx", "md", "csv", "json"]
DEFAULT_FORMATS: tuple[Format, ...] = ("html", "md", "json")


class Brand(Section):
    """Whose report it looks like."""

    name: str | None = None
    """In running heads and on the cover."""
    logo: str | None = None
    """A PNG, JPEG or SVG file of at most 256 KiB; relative to the recipe's folder."""
    colour: Annotated[str, Field(pattern=r"^#[0-9A-Fa-f]{6}$")] | None = None
    """Of headings and lines, as `#0067a3`. Where its contrast on white is below 4.5:1, a darker shade is taken."""


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
    """What stands on the cover of the report, how it looks, and which files it comes as."""

    title: str = "AWQ deployment report"
    client: str | None = None
    prepared_by: str | None = None
    formats: Annotated[tuple[Format, ...], Field(min_length=1)] = DEFAULT_FORMATS
    """The files `report/report.FORMAT`."""
    language: Literal["en", "de"] = "en"
    """Of the report: English or German, numbers and dates in its manner."""
    currency: Currency | None = None
    """None: money is printed in USD."""
    brand: Brand = Brand()
    pptx_template: str | None = None
    """A PowerPoint file (.pptx or .potx) whose master and layouts the slides take; relative to the recipe's folder."""
