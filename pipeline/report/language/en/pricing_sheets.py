"""The sheets of the workbook that compute what a load costs."""

from collections.abc import Mapping

from pipeline.report.language.en.words import Words


class PricingSheets(Words):
    """Headings, units and notes of the inputs, of the costs and of the steps between them."""

    inputs_sheet = "Inputs"
    roi_sheet = "ROI"
    years_sheet = "Years"
    payback_sheet = "Payback"
    break_even_sheet = "Break-even"

    inputs_title = "Inputs: change the framed cells, and every sheet after this one follows"
    inputs_columns = ("Input", "Meaning", "Value", "Unit", "Origin", "Source", "Date", "Reported value")
    inputs_note = (
        "Origins say where the reported values come from. A value that you change is yours: it is bold until "
        "it equals the reported one. Where an input is a range, the workbook computes with its value; what "
        "the range makes of the results stands in the report."
    )
    input_refused = "Not a possible value"
    at_least_zero = "Give a number that is not below 0."
    above_zero = "Give a number above 0."
    above_minus_one = "Give a number above -1: -0.2 is a load that falls by a fifth each year."
    whole_from_one = "Give a whole number, 1 or more."
    whole_from_zero = "Give a whole number, 0 or more."
    share = "Give a share between 0 and 1."
    stated_here = "this report"

    gpus = "GPUs of one machine"
    spares = "Spare machines"
    life_years = "Years until a bought machine is replaced"
    meanings: Mapping[str, tuple[str, str]] = {
        "hours_per_month": ("Hours of a month", "hours"),
        "discount_rate": ("What money costs a year", "share per year"),
        "requests_per_day": ("Requests on an average day of the first year", "requests/day"),
        "input_tokens": ("Input tokens of a request", "tokens"),
        "output_tokens": ("Output tokens of a request", "tokens"),
        "peak_factor": ("Busiest hour over the average of the day", "factor"),
        "growth_per_year": ("Growth of the load", "share per year"),
        "staff_usd_per_year": ("Staff, where there are machines", "USD/year"),
        "usd_per_kwh": ("Price of energy", "USD/kWh"),
        "pue": ("Energy of the building over that of the machines (PUE)", "factor"),
        "load": ("Average draw of a card over its rated one", "share"),
        "one_time_usd": ("Engagement, paid once", "USD"),
        "monthly_usd": ("Engagement, support by the month", "USD/month"),
        "per_usd": ("Units of the shown currency for one US dollar", "per USD"),
        "hourly_usd": ("Rent of one GPU", "USD/hour"),
        "goodput_tokens_per_s": ("Output tokens of one machine at the service level", "tokens/s"),
        "machines": ("Machines, as stated", "machines"),
        "purchase_usd": ("Price of one GPU with its part of a server", "USD"),
        "resale_share": ("Part of the price that is left when it is replaced", "share"),
        "watts": ("Rated power of one GPU", "W"),
        "input_usd_per_mtok": ("Price of a million input tokens", "USD"),
        "output_usd_per_mtok": ("Price of a million output tokens", "USD"),
    }
    """Meaning and unit of an input, by the last part of its name."""

    roi_title = "Costs and savings: formulas of the inputs"
    amounts_note = "Amounts are in US dollars. Every figure is a formula: change an input, and it follows."

    def planned(self, years: str) -> str:
        """Return over how many years totals run."""
        return f"Planned years: {years}. Totals, present values and savings run over all of them."

    options_title = "Ways to serve the load"
    options_columns: Mapping[str, str] = {
        "option": "Option",
        "machines": "Machines, first year",
        "idle": "Idle share, first year",
        "monthly": "Cost per month, first year",
        "yearly": "Cost, first year",
        "total": "Total of all years",
        "present_value": "Present value",
        "per_mtok": "Per million output tokens",
        "origin": "Origin",
    }
    options_note = (
        "Origin: the weakest of the inputs that a row depends on. The total includes the engagement's one-time price."
    )
    pairs_title = "Savings"
    pairs_columns: Mapping[str, str] = {
        "option": "Option",
        "reference": "Against",
        "month": "Saving per month, first year",
        "year": "Saving, first year",
        "total": "Saving of all years",
        "net_present_value": "Net present value",
        "payback": "Payback, months",
        "even": "Break-even, requests/day",
        "origin": "Origin",
    }
    pairs_note = (
        "A negative saving is a loss. Break-even: the first load of the first year, without growth, at "
        "which the option costs less; machines are counted for it, also where they are stated."
    )
    totals_title = "Total of all years, USD"
    totals_alternative = "What each option costs over all years, as the first table says."
    load_title = "Load of each year"
    load_columns: Mapping[str, str] = {
        "year": "Year",
        "requests": "Requests/day",
        "average": "Output tokens/s, average",
        "peak": "Output tokens/s, peak",
        "input_mtok": "Million input tokens/month",
        "output_mtok": "Million output tokens/month",
    }

    def in_currency(self, title: str, currency: str) -> str:
        """Return the title of a table whose amounts are shown in another currency."""
        return f"{title}, in {currency}"

    years_title = "Every year of every option, in US dollars"
    years_columns: Mapping[str, str] = {
        "option": "Option",
        "year": "Year",
        "machines": "Machines",
        "rent": "Rent",
        "depreciation": "Depreciation",
        "energy": "Energy",
        "cooling": "Cooling",
        "staff": "Staff",
        "fees": "API fees",
        "support": "Support",
        "paid": "Paid in the year",
        "cost": "Cost of the year",
        "added": "Machines added",
        "outlay": "Paid at its beginning",
        "left": "Left at the end",
        "present_value": "Present value",
    }
    years_note = (
        "Machines: the peak over what one machine serves, rounded up, plus spares; bought ones stay when the "
        "load falls. The quotient is rounded to nine decimals before it is rounded up, so that a peak that is"
        " just what n machines serve takes n whatever the last binary digit is. Depreciation: the price less "
        "the resale value in equal parts over the life. Paid at its beginning: purchases, replacements less "
        "resale, and the engagement. Left at the end: what purchases are still worth after the last year."
    )

    payback_title = "Payback of every comparison, year by year, in US dollars"
    payback_columns: Mapping[str, str] = {
        "option": "Option",
        "reference": "Against",
        "year": "Year",
        "balance": "Balance after purchases",
        "saved": "Saved in the year",
        "after": "Balance at the end",
        "months": "Paid back after months",
    }
    payback_note = (
        "Looked for over ten years; beyond the planned years the load of the last one goes on. Balances count as zero "
        "below a millionth of a dollar."
    )
    no_payback = "not within 10 years"

    break_even_title = "Break-even: what a month of the first year costs over the load"
    steps_columns: Mapping[str, str] = {
        "option": "Option",
        "fixed": "Fixed, USD/month",
        "machine": "Per machine, USD/month",
        "carries": "One machine carries, requests/day",
        "request": "Per daily request, USD/month",
        "spares": "Spares",
    }
    search_columns: Mapping[str, str] = {
        "option": "Option",
        "reference": "Against",
        "base": "Difference before the first step",
        "slope": "Change with each step",
        "common": "Steps until both rise together",
        "step": "Found at step",
        "load": "Just above requests/day",
    }
    break_even_note = (
        "Costs rise in steps, with every machine. Against an API, or between APIs, the first load is found by"
        " division; between two kinds of machines every step of the reference is tried. Looked for over the "
        "first 2,000 steps of both, and between APIs up to a million million requests a day: beyond them "
        "nothing is said."
    )
    no_step = "none"
    at_no_load = "at no load"
    not_counted = "not counted"
    not_stated = "not stated"
