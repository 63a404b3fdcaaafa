"""The sheet of years: what each option takes and costs in each."""

from collections.abc import Mapping
from fractions import Fraction

from pipeline.report.language.en.pricing_sheets import PricingSheets
from pipeline.report.render.workbook.pricing.layout import Layout
from pipeline.report.render.workbook.pricing.money import AMOUNT, WHOLE
from pipeline.report.render.workbook.pricing.year_formulas import YearFormulas
from pipeline.report.render.workbook.sheet import Sheet
from pipeline.roi.cashflow import cash_years, course_of
from pipeline.roi.evaluation import OptionCosts
from pipeline.roi.model import ModelOption

_COUNTS = ("machines", "added")
_PARTS = ("rent", "depreciation", "energy", "cooling", "staff", "fees", "support", "paid", "cost")


def write_years(sheet: Sheet, layout: Layout, say: PricingSheets, costs: Mapping[str, OptionCosts]) -> None:
    """Write the table of all years."""
    grid = layout.years
    sheet.title(say.years_title)
    sheet.row = grid.first_row - 1
    sheet.header(grid.columns.values(), [name != "option" for name in grid.columns])
    sheet.freeze(2)
    for option in layout.model.options:
        cached = _cached(option, layout, costs[option.name])
        for year in range(1, layout.model.years + 1):
            sheet.text(0, option.name)
            sheet.number(1, year, WHOLE)
            formulas = YearFormulas(layout, option, year)
            for name in list(grid.columns)[2:]:
                look = WHOLE if name in _COUNTS else AMOUNT
                sheet.formula(grid.column(name), getattr(formulas, name)(), cached[year - 1][name], look)
                sheet.width(grid.column(name), 12)
            sheet.row += 1
    sheet.row += 1
    sheet.note(say.years_note)


def _cached(option: ModelOption, layout: Layout, costs: OptionCosts) -> list[dict[str, Fraction | int]]:
    """Return what the formulas of each year come to."""
    values, years = layout.model.values, layout.model.years
    flows, course = cash_years(option.option, values, years), course_of(option.option, values, years)
    rate, before = 1 + values["discount_rate"], 0
    found = []
    for year, flow, outlay in zip(costs.years, flows, course.outlays, strict=True):
        parts: dict[str, Fraction | int] = {name: getattr(year, name) for name in _PARTS}
        found.append(
            {
                **parts,
                "machines": year.machines,
                "added": year.machines - before,
                "outlay": outlay,
                "left": year.paid - flow.at_end,
                "present_value": flow.at_start / rate ** (year.number - 1) + flow.at_end / rate**year.number,
            }
        )
        before = year.machines
    return found
