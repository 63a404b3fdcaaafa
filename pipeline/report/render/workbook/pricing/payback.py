"""The sheet of paybacks: what a comparison still owes at the beginning and at the end of each of ten years."""

from collections.abc import Sequence
from fractions import Fraction

from pipeline.report.language.en.pricing_sheets import PricingSheets
from pipeline.report.render.workbook.pricing.layout import PAYBACK_YEARS, Layout, Pair
from pipeline.report.render.workbook.pricing.money import AMOUNT, DECIMAL, WHOLE, said
from pipeline.report.render.workbook.sheet import Sheet
from pipeline.roi.cashflow import course_of


def write_payback(sheet: Sheet, layout: Layout, say: PricingSheets) -> None:
    """Write the table of all comparisons."""
    grid = layout.payback
    sheet.title(say.payback_title)
    sheet.row = grid.first_row - 1
    sheet.header(grid.columns.values(), [name not in ("option", "reference") for name in grid.columns])
    sheet.freeze(3)
    for pair in layout.model.pairs:
        for place, cached in enumerate(_cached(pair, layout), start=1):
            sheet.text(0, pair[0])
            sheet.text(1, pair[1])
            sheet.number(2, place, WHOLE)
            for (name, formula), value in zip(_formulas(layout, pair, place).items(), cached, strict=True):
                sheet.formula(grid.column(name), formula, value, DECIMAL if name == "months" else AMOUNT)
                sheet.width(grid.column(name), 14)
            sheet.row += 1
    sheet.row += 1
    sheet.note(say.payback_note)


def payback_formula(layout: Layout, pair: Pair, otherwise: str) -> str:
    """Return the formula of the months after which a comparison is paid back."""
    months = layout.payback.span((*pair, 1), (*pair, PAYBACK_YEARS), "months")
    return f"=IF(COUNT({months})=0,{said(otherwise)},MIN({months}))"


def _formulas(layout: Layout, pair: Pair, place: int) -> dict[str, str]:
    """Return the formulas of one year, as `pipeline.roi.cashflow.payback_months` goes through it."""
    option, reference = pair
    grid, years, last = layout.payback, layout.years, layout.model.years
    key, planned = (*pair, place), min(place, last)
    before = grid.at((*pair, place - 1), "after") if place > 1 else "0"
    bought = ""
    if place <= last:
        bought = f"+{years.at((reference, place), 'outlay')}-{years.at((option, place), 'outlay')}"
    balance, saved = grid.at(key, "balance"), grid.at(key, "saved")
    owed, paid_back = f"ROUND({balance},6)<0", f"ROUND({balance}+{saved},6)>=0"
    months = f'IF(AND({owed},{paid_back}),{(place - 1) * 12}-{balance}*12/{saved},"")'
    return {
        "balance": f"={before}{bought}",
        "saved": f"={years.at((reference, planned), 'paid')}-{years.at((option, planned), 'paid')}",
        "after": f"={balance}+{saved}",
        "months": f"=IF({owed},{months},0)" if place == 1 else f"={months}",
    }


def _cached(pair: Pair, layout: Layout) -> Sequence[tuple[Fraction | None, ...]]:
    """Return what the formulas of each year come to."""
    values, last = layout.model.values, layout.model.years
    option, reference = (course_of(layout.by_name[name].option, values, last) for name in pair)
    balance, found = Fraction(0), []
    for place in range(PAYBACK_YEARS):
        if place < last:
            balance += reference.outlays[place] - option.outlays[place]
        planned = min(place, last - 1)
        saved = reference.paid[planned] - option.paid[planned]
        months = None
        if balance < 0 <= balance + saved:
            months = place * 12 - balance * 12 / saved
        elif place == 0 and balance >= 0:
            months = Fraction(0)
        found.append((balance, saved, balance + saved, months))
        balance += saved
    return found
