"""The calculator of the page: fields for a reader's own inputs, and the report's own figures that they replace.

The figures stand in the page without any script. `calculator.js` computes the same formulas again, in fractions, and
prints them in the same manner, so that what it shows at the report's inputs is what stands there already.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from pipeline.base.results import Origin
from pipeline.report.document import CalculatorLabels, ReportDocument
from pipeline.report.render.calculator_fields import Field, fields_of
from pipeline.report.render.exact_text import NONE, Manner
from pipeline.roi.evaluation import evaluate
from pipeline.roi.model import ModelOption, PricingModel
from pipeline.roi.quantity import weakest

OPTION_PLACES: Mapping[str, int] = {
    "machines": 0,
    "idle_share": 1,
    "monthly": 2,
    "yearly": 2,
    "total": 2,
    "present_value": 2,
    "per_mtok": 4,
}
"""Figures of an option, and their decimal places."""
PAIR_PLACES: Mapping[str, int] = {
    "saving_per_month": 2,
    "saving_per_year": 2,
    "saving_total": 2,
    "net_present_value": 2,
    "payback_months": 1,
    "break_even_requests_per_day": 0,
}
"""Figures of a pair, and their decimal places."""
_MONEY = {*("monthly", "yearly", "total", "present_value", "per_mtok")} | {
    name for name in PAIR_PLACES if name.startswith(("saving", "net"))
}
_PERCENT = 100


@dataclass(frozen=True)
class CalculatorRow:
    """An option or a pair with its figures, printed."""

    title: str
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Calculator:
    """What the template shows, and what the script is given."""

    labels: CalculatorLabels
    currency: str
    origin: Origin
    """The weakest of the inputs."""
    groups: tuple[tuple[str, tuple[Field, ...]], ...]
    options: tuple[CalculatorRow, ...]
    pairs: tuple[CalculatorRow, ...]
    notes: tuple[str, ...]
    data: Mapping[str, Any]
    """Read by the script."""

    def filled(self, text: str) -> str:
        """Return a label with the currency in its place."""
        return text.replace("{currency}", self.currency)


def calculator_of(report: ReportDocument) -> Calculator | None:
    """Return the calculator of a report; None where nothing was priced, or the labels are of before it."""
    model, labels = report.pricing, report.labels.calculator
    if model is None or labels is None or not model.options:
        return None
    manner = Manner(labels.group, labels.point, labels.minus)
    fields = fields_of(model, labels, manner)
    titles = {one.name: option_title(one, labels) for one in model.options}
    options, pairs = figures_of(model, labels)
    against = [_against(labels, titles[one], titles[other]) for one, other in model.pairs]
    stated = [titles[one.name] for one in model.options if one.stated]
    return Calculator(
        labels=labels,
        currency=model.currency,
        origin=weakest(one.origin for one in model.inputs),
        groups=tuple(
            (title, tuple(one for one in fields if one.group == group))
            for group, title in labels.groups.items()
            if any(one.group == group for one in fields)
        ),
        options=tuple(CalculatorRow(*row) for row in zip(titles.values(), options, strict=True)),
        pairs=tuple(CalculatorRow(*row) for row in zip(against, pairs, strict=True)),
        notes=(labels.options_note, *([labels.stated_note.replace("{options}", "; ".join(stated))] if stated else [])),
        data={
            "years": model.years,
            "values": {one.name: one.value for one in model.inputs},
            "options": [one.model_dump() for one in model.options],
            "titles": list(titles.values()),
            "pairs": model.pairs,
            "currency": model.currency,
            "per_usd": model.per_usd,
            "fields": [one.rules for one in fields],
            "option_places": OPTION_PLACES,
            "pair_places": PAIR_PLACES,
            "money": sorted(_MONEY),
            "none": NONE,
            "labels": labels.model_dump(),
        },
    )


def figures_of(
    model: PricingModel, labels: CalculatorLabels
) -> tuple[tuple[tuple[str, ...], ...], tuple[tuple[str, ...], ...]]:
    """Return every figure of the options and of the pairs, printed as the page prints it."""
    manner, rate, found = Manner(labels.group, labels.point, labels.minus), Fraction(model.per_usd), evaluate(model)
    absent = {"payback_months": labels.no_payback, "break_even_requests_per_day": labels.no_break_even}

    def row(costs: object, places: Mapping[str, int]) -> Iterator[str]:
        for name, digits in places.items():
            value = getattr(costs, name)
            if value is None:
                yield absent.get(name, NONE)
                continue
            scale = rate if name in _MONEY else Fraction(_PERCENT if name == "idle_share" else 1)
            yield manner.printed(value * scale, digits)

    options = tuple(tuple(row(costs, OPTION_PLACES)) for costs in found.options.values())
    return options, tuple(tuple(row(costs, PAIR_PLACES)) for costs in found.pairs.values())


def option_title(option: ModelOption, labels: CalculatorLabels) -> str:
    """Return an option as a reader knows it."""
    name = labels.arm_names.get(option.variant, option.variant)
    if option.tenure == "paid per token":
        return name
    return f"{name}, {labels.tenures.get(option.tenure, option.tenure)}"


def _against(labels: CalculatorLabels, option: str, reference: str) -> str:
    before, _, after = labels.against.partition("{reference}")
    return before.replace("{option}", option) + reference + after.replace("{option}", option)
