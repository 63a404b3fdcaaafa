"""A priced load as plain data: inputs by name, ways to serve it, and who is compared with whom.

The page of a report and its workbook compute from this what `pipeline.roi.evaluation` computes, each by itself.
"""

from fractions import Fraction

from pipeline.base.results import Origin, Result
from pipeline.roi.options import Option, Tenure, Values


class ModelInput(Result):
    """A number that costs depend on."""

    name: str
    """As the formulas know it: `load.output_tokens`, `awq.hourly_usd`."""
    value: str
    """Exact: a whole number, or a fraction `3/2`."""
    origin: Origin
    source: str = ""
    date: str | None = None


class ModelOption(Result):
    """One way to serve the load; the fields are those of `Option`."""

    name: str
    variant: str
    tenure: Tenure
    gpus: int
    stated: bool
    spares: int
    life_years: int
    engaged: bool

    @property
    def option(self) -> Option:
        """Return what the formulas take."""
        return Option(**self.model_dump(exclude={"name"}))


class PricingModel(Result):
    """All that the costs of a load are computed from."""

    years: int
    inputs: tuple[ModelInput, ...]
    """Every one that a formula reads, also where it is zero because nobody stated it."""
    options: tuple[ModelOption, ...]
    pairs: tuple[tuple[str, str], ...]
    """Names of an option and of the reference that it is compared with."""
    currency: str = "USD"
    """Code of the currency that amounts are shown in; all are computed in US dollars."""
    per_usd: str = "1"
    """Its units for one US dollar, exact."""

    @property
    def values(self) -> Values:
        """Return the inputs by name."""
        return {one.name: Fraction(one.value) for one in self.inputs}


def model_option(option: Option) -> ModelOption:
    """Return an option as plain data."""
    return ModelOption(
        name=option.name,
        variant=option.variant,
        tenure=option.tenure,
        gpus=option.gpus,
        stated=option.stated,
        spares=option.spares,
        life_years=option.life_years,
        engaged=option.engaged,
    )
