"""The sheet of break-evens: what a month costs over the load, and the first load at which an option costs less."""

from fractions import Fraction

from pipeline.base.format import NONE
from pipeline.report.language.en.pricing_sheets import PricingSheets
from pipeline.report.render.workbook.pricing.layout import Layout, Pair
from pipeline.report.render.workbook.pricing.money import AMOUNT, DECIMAL, EXACT, WHOLE, said
from pipeline.report.render.workbook.pricing.search_formulas import MOST_STEPS, SearchFormulas
from pipeline.report.render.workbook.sheet import Sheet
from pipeline.report.render.workbook.styles import number_format
from pipeline.roi.break_even import Steps, break_even
from pipeline.roi.demand import MONTHS_PER_YEAR
from pipeline.roi.model import ModelOption
from pipeline.roi.steps import steps_of

_SEARCHED = number_format(f'[>{MOST_STEPS}]"{NONE}";#,##0')
"""A step; a dash for the number after the last, which stands for none."""
_LOOKS = {
    "carries": DECIMAL,
    "spares": WHOLE,
    "common": _SEARCHED,
    "step": _SEARCHED,
    "load": DECIMAL,
    "request": EXACT,
}


def write_break_even(sheet: Sheet, layout: Layout, say: PricingSheets) -> None:
    """Write the steps of every option that can be counted, and the search of every comparison."""
    grid = layout.steps
    sheet.title(say.break_even_title)
    sheet.row = grid.first_row - 1
    sheet.header(grid.columns.values(), [name != "option" for name in grid.columns])
    sheet.freeze(1)
    for option in layout.model.options:
        sheet.text(0, option.name)
        for name, (formula, cached) in _steps(layout, option).items() if layout.countable(option.name) else ():
            sheet.formula(grid.column(name), formula, cached, _LOOKS.get(name, AMOUNT))
            sheet.width(grid.column(name), 14)
        sheet.row += 1
    if layout.model.pairs:
        _write_search(sheet, layout, say)
    sheet.row += 1
    sheet.note(say.break_even_note)


def break_even_formula(layout: Layout, pair: Pair, say: PricingSheets) -> str | None:
    """Return the formula of the first whole load that breaks even; None where machines cannot be counted."""
    if not all(map(layout.countable, pair)):
        return None
    load = layout.search.at(pair, "load")
    found = f"IF(ISNUMBER({load}),INT(ROUND({load},6))+1,{said(say.at_no_load)})"
    return f"=IF({layout.stated},{found},{said(say.not_counted)})"


def _write_search(sheet: Sheet, layout: Layout, say: PricingSheets) -> None:
    grid = layout.search
    sheet.row = grid.first_row - 1
    sheet.header(grid.columns.values(), [name not in ("option", "reference") for name in grid.columns])
    for pair in layout.model.pairs:
        sheet.text(0, pair[0])
        sheet.text(1, pair[1])
        if all(map(layout.countable, pair)):
            cached = _cached(layout, pair, say)
            for name, formula in SearchFormulas(layout, say, pair).all().items():
                sheet.formula(grid.column(name), formula, cached[name], _LOOKS.get(name, AMOUNT))
        sheet.row += 1


def _steps(layout: Layout, option: ModelOption) -> dict[str, tuple[str, Fraction | None]]:
    """Return the formulas of what `pipeline.roi.steps` gives of an option, with what they come to."""
    names, found = layout.names, _steps_of(layout, option.name)
    fixed = []
    if option.engaged:
        once = f"{names['engagement.one_time_usd']}/{layout.model.years * MONTHS_PER_YEAR}"
        fixed = [once, names["engagement.monthly_usd"]]
    if option.tenure == "paid per token":
        tokens = "+".join(
            f"{names[f'load.{kind}_tokens']}*{layout.of(option, f'{kind}_usd_per_mtok')}"
            for kind in ("input", "output")
        )
        return {
            "fixed": (f"={'+'.join(fixed) or 0}", found.fixed if found else None),
            "request": (f"=({tokens})*{names['hours_per_month']}/24/1000000", found.per_request if found else None),
        }
    fixed.append(f"{names['site.staff_usd_per_year']}/12")
    tokens = f"({names['load.output_tokens']}*{names['load.peak_factor']})"
    carried = f"{layout.of(option, 'goodput_tokens_per_s')}*86400/{tokens}"
    return {
        "fixed": (f"={'+'.join(fixed)}", found.fixed if found else None),
        "machine": (f"={_per_machine(layout, option)}", found.per_machine if found else None),
        "carries": (f"={carried}", found.per_machine_load if found else None),
        "spares": (f"={layout.of(option, 'spares')}", Fraction(option.spares)),
    }


def _per_machine(layout: Layout, option: ModelOption) -> str:
    """Return what one machine costs a month, staff left out."""
    names, gpus = layout.names, layout.of(option, "gpus")
    if option.tenure == "rented":
        return f"{gpus}*{layout.of(option, 'hourly_usd')}*{names['hours_per_month']}"
    kept, life = layout.of(option, "resale_share"), layout.of(option, "life_years")
    lost = f"{layout.of(option, 'purchase_usd')}*(1-{kept})/{life}/12"
    kilowatts = f"{layout.of(option, 'watts')}*{names['site.load']}/1000"
    energy = f"{kilowatts}*{names['hours_per_month']}*{names['site.usd_per_kwh']}*{names['site.pue']}"
    return f"{gpus}*({lost}+{energy})"


def _steps_of(layout: Layout, name: str) -> Steps | None:
    """Return the steps of an option that can be counted; None where there are no tokens to count for."""
    values = layout.model.values
    if not (values["load.requests_per_day"] and values["load.output_tokens"]):
        return None
    return steps_of(layout.by_name[name].option, values, layout.model.years)


def _cached(layout: Layout, pair: Pair, say: PricingSheets) -> dict[str, Fraction | int | str | None]:
    """Return what the formulas of a comparison come to."""
    option, reference = (_steps_of(layout, name) for name in pair)
    if option is None or reference is None:
        return dict.fromkeys(layout.search.columns)
    load = break_even(option, reference)
    found: dict[str, Fraction | int | str | None] = {"load": say.no_step if load is None else load}
    fixed = option.fixed - reference.fixed
    spares = option.spares * option.per_machine - reference.spares * reference.per_machine
    if not (option.per_machine_load or reference.per_machine_load):
        return {**found, "base": fixed, "slope": option.per_request - reference.per_request}
    if not (option.per_machine_load and reference.per_machine_load):
        size = option.per_machine_load or reference.per_machine_load
        paid = (reference.per_request if option.per_machine_load else option.per_request) * size
        slope = option.per_machine - reference.per_machine + (paid if reference.per_machine_load else -paid)
        base = fixed + spares - (paid if reference.per_machine_load else 0)
        return {**found, "base": base, "slope": slope, "step": say.no_step if load is None else load // size + 1}
    times = reference.per_machine_load / option.per_machine_load
    step = MOST_STEPS + 1 if load is None else load // reference.per_machine_load
    common = times.denominator if times.denominator < MOST_STEPS else MOST_STEPS + 1
    return {**found, "base": fixed + spares, "common": common, "step": step}
