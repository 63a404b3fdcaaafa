"""What the page says around the figures that it computes again from a reader's own inputs."""

from collections.abc import Mapping

from pipeline.report.language.en.words import Words


class Calculator(Words):
    """As `CalculatorLabels` of the document has them; `{…}` is filled in by the page."""

    title = "Try your own inputs"
    """A heading."""
    static = "Amounts in {currency}, at the inputs of this report."
    invitation = (
        "Change an input and the tables and the chart below are computed again, on this page and offline. The report "
        "itself stays as it is; only its own figures are printed."
    )
    groups: Mapping[str, str] = {
        "load": "Load",
        "prices": "Prices",
        "engagement": "Engagement",
        "term": "Time",
    }
    inputs: Mapping[str, str] = {
        "load.requests_per_day": "Requests per day",
        "load.input_tokens": "Input tokens per request",
        "load.output_tokens": "Output tokens per request",
        "load.peak_factor": "Peak over average",
        "load.growth_per_year": "Growth per year, %",
        "hourly_usd": "{variant}: rent per GPU and hour, {currency}",
        "purchase_usd": "{variant}: purchase per GPU, {currency}",
        "input_usd_per_mtok": "{variant}: per million input tokens, {currency}",
        "output_usd_per_mtok": "{variant}: per million output tokens, {currency}",
        "site.usd_per_kwh": "Electricity per kWh, {currency}",
        "site.staff_usd_per_year": "Staff per year, {currency}",
        "engagement.one_time_usd": "One-time price, {currency}",
        "engagement.monthly_usd": "Monthly price, {currency}",
        "discount_rate": "Discount rate per year, %",
        "years": "Years planned",
    }
    tenures: Mapping[str, str] = {"rented": "rented", "bought": "bought", "paid per token": "paid per token"}
    options = "Ways to serve the load"
    options_columns: Mapping[str, str] = {
        "name": "Option",
        "machines": "Machines",
        "idle_share": "Idle, %",
        "monthly": "Per month",
        "yearly": "First year",
        "total": "All years",
        "present_value": "Present value",
        "per_mtok": "Per million output tokens",
    }
    options_note = (
        "Machines, idle share, month, year and cost per million tokens are those of the first year. The one-time price "
        "of the engagement is in all years and in the present value."
    )
    stated_note = "Where somebody stated the machines, they stay as stated whatever the load: {options}."
    pairs = "Saving against a reference"
    pairs_columns: Mapping[str, str] = {
        "name": "Option, against",
        "saving_per_month": "Saved per month",
        "saving_per_year": "Saved in the first year",
        "saving_total": "Saved in all years",
        "net_present_value": "Net present value",
        "payback_months": "Payback, months",
        "break_even_requests_per_day": "Break-even, requests per day",
    }
    pairs_note = "Below zero the option costs more than its reference. Payback is looked for within ten years."
    against = "{option}, against {reference}"
    no_payback = "none"
    no_break_even = "none"
    chart = "Cost per million output tokens over load"
    chart_x = "Requests per day"
    chart_y = "{currency} per million output tokens, logarithmic"
    chart_alternative = "One line per option; the same figures stand in the table below the chart."
    chart_figures = "Figures of the chart"
    reset = "Back to the report's inputs"
    yours = "modelled with your inputs"
    """A label on what was computed again."""
    reported = "report"
    """In front of the report's own figure beside it."""
    unchanged = "All figures here are the report's."
    changed = "Modelled with your inputs, not the report's figures. Changed: {inputs}."
    change = "{input} from {before} to {after}"
    invalid = "Figures are those of the last valid inputs. To be corrected: {inputs}."
    not_a_number = "Write a number such as {example}, with six decimal places at most."
    not_whole = "Write a whole number."
    out_of_bounds = "Write a number from {low} to {high}."
    failed = "These inputs cannot be computed; the figures are those of the last inputs that could."
    group = ","
    """Between thousands."""
    point = "."
    """Before decimals."""
    minus = "\N{MINUS SIGN}"
