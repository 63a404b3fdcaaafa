"""All sheets of a pricing model, in order."""

from collections.abc import Mapping
from typing import Any

from pipeline.base.results import Origin
from pipeline.report.language.en.pricing_sheets import PricingSheets
from pipeline.report.render.workbook.pricing.break_even import write_break_even
from pipeline.report.render.workbook.pricing.costs import CostSheet
from pipeline.report.render.workbook.pricing.inputs import InputSheet
from pipeline.report.render.workbook.pricing.layout import layout_of
from pipeline.report.render.workbook.pricing.payback import write_payback
from pipeline.report.render.workbook.pricing.years import write_years
from pipeline.report.render.workbook.sheet import Sheet
from pipeline.report.render.workbook.styles import Styles
from pipeline.roi.evaluation import evaluate
from pipeline.roi.model import PricingModel


def pricing_names(model: PricingModel | None, say: PricingSheets) -> tuple[str, ...]:
    """Return the names of the sheets that a model takes; none without one."""
    if model is None:
        return ()
    paybacks = (say.payback_sheet,) if model.pairs else ()
    counted = (say.break_even_sheet,) if layout_of(model, say).loaded else ()
    return (say.inputs_sheet, say.roi_sheet, say.years_sheet, *paybacks, *counted)


def add_pricing(
    book: Any, styles: Styles, model: PricingModel, say: PricingSheets, origins: Mapping[Origin, str]
) -> list[Sheet]:
    """Add the sheets of a model to a workbook, and return them."""
    layout, found = layout_of(model, say), evaluate(model)
    sheets = {name: Sheet(book, styles, name) for name in pricing_names(model, say)}
    InputSheet(book, sheets[say.inputs_sheet], layout, say, origins).write()
    CostSheet(book, sheets[say.roi_sheet], layout, say, origins).write(found)
    write_years(sheets[say.years_sheet], layout, say, found.options)
    if say.payback_sheet in sheets:
        write_payback(sheets[say.payback_sheet], layout, say)
    if say.break_even_sheet in sheets:
        write_break_even(sheets[say.break_even_sheet], layout, say)
    return list(sheets.values())
