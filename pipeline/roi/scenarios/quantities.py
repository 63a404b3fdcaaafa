"""Numbers of a scenario's file and of the catalogue, as quantities with their origin."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from pipeline.base.errors import UsageError
from pipeline.catalogue.engagements import find_package
from pipeline.catalogue.gpu_entry import Figure
from pipeline.catalogue.sources import Source
from pipeline.roi.exact import exact
from pipeline.roi.quantity import Quantity, Shape
from pipeline.roi.scenarios.forms import InputForm

NOT_STATED = "not in the scenario"
_NONE = Quantity(Fraction(0), "assumed", NOT_STATED)


@dataclass(frozen=True)
class Reader:
    """Turns inputs of the file into quantities, sources by their names."""

    sources: Mapping[str, Source]

    def read(self, form: InputForm | None, default: Quantity = _NONE) -> Quantity:
        """Return an input as a quantity; the default where the file has none.

        Raises:
            UsageError: it quotes a source that the file does not describe.
        """
        if form is None:
            return default
        origin, said = form.origin
        source = self._source(said) if origin == "quoted" else None
        low, high = (None if end is None else exact(end) for end in (form.low, form.high))
        middle = low if low is None or high is None else (low + high) / 2
        value = (middle or Fraction(0)) if form.value is None else exact(form.value)
        return Quantity(
            value,
            origin,
            source.title if source else said,
            source.date if source else None,
            bool(source and source.stale),
            low,
            high,
            _shape(form),
            form.same_as,
        )

    def _source(self, name: str) -> Source:
        if name not in self.sources:
            raise UsageError(f"The scenario quotes '{name}', which is none of its `sources`. Describe it there.")
        return self.sources[name]


def _shape(form: InputForm) -> Shape:
    if form.low is None:
        return "point"
    return form.shape or ("uniform" if form.value is None else "triangular")


def of_package(key: str, *, monthly: bool) -> Quantity:
    """Return a package's price as a range in which nothing is likelier than anything else."""
    package = find_package(key, monthly=monthly)
    low, high = exact(package.low_usd), exact(package.high_usd)
    source = package.source
    return Quantity((low + high) / 2, "quoted", source.title, source.date, source.stale, low, high, "uniform")


def of_catalogue(figure: Figure, whose: str = "", *, price: bool = True) -> Quantity:
    """Return a figure of the catalogue, and whose it is; only prices grow old."""
    source = figure.source
    said = f"{whose}: {source.title}" if whose else source.title
    return Quantity(exact(figure.value), "quoted", said, source.date, price and source.stale)
