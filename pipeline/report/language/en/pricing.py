"""What the chapters on ways to serve the load, on savings and on sensitivity say."""

from collections.abc import Mapping

from pipeline.base.format import TIMES
from pipeline.report.language.en.words import Words
from pipeline.roi.figure import Decision
from pipeline.roi.options import Tenure


class PricingSentences(Words):
    """Options, curve over load, savings, tornado, inputs."""

    absent = (
        "Ways to serve the load, their savings and what these depend on were not priced: run `awqctl roi`, with the "
        "baseline among `bench.arms`."
    )
    tenures: Mapping[Tenure, str] = {"rented": "rented", "bought": "bought", "paid per token": "paid per token"}

    def option(self, variant: str, tenure: Tenure) -> str:
        return variant if tenure == "paid per token" else f"{variant}, {self.tenures[tenure]}"

    def years(self, amount: str, *, one: bool) -> str:
        return f"{amount} year" if one else f"{amount} years"

    # Ways to serve the load

    options_title = "Ways to serve the load"

    def load(self, requests: str, average: str, peak: str, grown: str) -> str:
        return (
            f"The load is {requests} requests a day, on average {average} output tokens per second and {peak} in the "
            f"busiest hour{grown}. Every way to serve it is priced with whole machines that carry that hour."
        )

    def grown(self, peak: str, year: str) -> str:
        return f", {peak} in year {year}"

    by_goodput = (
        "Machines of measured arms are counted by the output tokens per second that keep the service level, as shown "
        "by all repeats; a plan is held against the same limits, of its mean rather than of a share of requests."
    )
    by_throughput = (
        "No service level was agreed, so machines of measured arms are counted by their highest throughput, whatever "
        "the latency there. `bench.service_level` counts them by the tokens that are in time."
    )

    def input_tokens(self, tokens: str) -> str:
        return f"Prompts of {tokens} tokens are assumed, as in the benchmark: the recipe states no input tokens."

    def spares(self, amount: str) -> str:
        return f"Spare machines included: {amount} beyond what the peak takes."

    no_spares = "No spare machine is included; `roi.spares` adds some."

    def impossible(self, variant: str, reason: str) -> str:
        return f"{variant} cannot serve the load. {reason}"

    missed = "It is shown to keep the service level at no concurrency."
    no_alternatives = (
        "No other way is priced beside the measured arms: `roi.alternatives` adds 16 bit on a cheaper card, FP8, and "
        "reserved or spot prices, `roi.apis` paid APIs, `roi.purchase` buying."
    )
    options_table = "Cost of each way"

    def options_columns(self, years: str) -> tuple[str, ...]:
        return (
            *("Way", "Machine", "Machines", "Idle", "Month", "Year", years, "Present value", "Per million tokens"),
            "Origin",
        )

    def options_note(self, spread: str) -> str:
        return (
            f"Month and year are the first year's, without the engagement's one-time price; all years include it for "
            f"AWQ. Per million useful output tokens. In brackets: bounds, beyond which no stated range leads.{spread}"
        )

    def discounted(self, rate: str) -> str:
        return f" Present values discount by {rate} a year."

    not_discounted = " No discount rate is stated, so future money counts as today's."

    def gpus(self, amount: str, gpu: str, quantization: str) -> str:
        return f"{amount} {TIMES} {gpu}, {quantization}"

    formats: Mapping[str, str] = {"none": "16 bit", "awq": "AWQ", "fp8": "FP8", "gptq": "GPTQ", "int8": "INT8"}
    paid_api = "paid API"
    capacity_table = "What one machine carries"
    capacity_columns = ("Way", "Requests at a time", "Useful output tokens/s", "Requests a day at this peak", "Origin")
    capacity_note = "Requests a day: a machine's tokens over those of a request, with the busiest hour allowed for."
    years_table = "Year by year"
    years_columns = (
        *("Way", "Year", "Machines", "Rent", "Value lost", "Energy and cooling", "Staff", "API fees", "Support"),
        *("Cost of the year", "Purchases"),
    )
    years_note = "Purchases are paid at the beginning of the year, resales taken off; their value lost is in the cost."
    curve_table = "Cost per million useful output tokens over load"
    curve_load = "Requests a day"
    curve_note = "From an eighth of the load to eight times it, in the first year; the engagement's price is left out."
    curve_x = "Requests per day"
    curve_caption = "Machines are whole: a busy one makes cheap tokens, an idle one dear ones; an API has one price."
    curve_left_out = " The table has the ways that are left out."

    def curve_y(self, currency: str) -> str:
        return f"{currency} per million useful output tokens; lower is better"

    def curve_unit(self, currency: str) -> str:
        return f"{currency}/Mtok"

    def curve_alternative(self, load: str, ways: str) -> str:
        return f"Line chart of cost per million output tokens over requests per day. At {load} requests a day: {ways}."

    def way(self, name: str, figure: str) -> str:
        return f"{name} {figure}"

    # Savings

    savings_title = "Savings"
    decisions: Mapping[Decision, str] = {
        "pays": "pays",
        "does not pay": "does not pay",
        "not decided": "not decided",
    }

    def savings_method(self, years: str, engagement: str) -> str:
        return (
            f"What each way saves against another over {years}. {engagement} Payback counts what is paid at the "
            f"beginning, a purchase as well as the engagement. Break-even is the smallest load at which it costs "
            f"less, in the first year; at a larger one it may cost more again."
        )

    def engagement(self, price: str) -> str:
        return f"AWQ has to earn the engagement's price of {price}."

    def support(self, price: str) -> str:
        return f"Support costs {price} a month."

    no_engagement = "No price of an engagement is stated, so AWQ has nothing to earn back."
    against_baseline = "Saved against the baseline"
    against_others = "Saved by AWQ against every other way"

    def savings_columns(self, years: str) -> tuple[str, ...]:
        money = ("Month", "Year", years, "Net present value")
        return ("Way", "Against", *money, "Payback, months", "Break-even, requests/day", "Verdict")

    def savings_note(self, draws: str, seed: str) -> str:
        return (
            f"In brackets: the middle 95 % of {draws} draws of all inputs that are ranges (seed {seed}). A verdict is "
            f"given only where all of that has the same sign and the speeds were repeated."
        )

    no_ranges = "No input is a range, so nothing is drawn: the figures are as certain as their inputs."
    nothing_to_pay_back = "nothing to pay back"
    never = "not within 10 years"
    no_break_even = "at no load"
    from_the_first = "from the first request"

    def not_here(self, break_even: str) -> str:
        return f"{break_even}, yet not at this load"

    alike = "costs the same here"
    only_undiscounted = "only before discounting"
    whose_saving = (
        "What buying, a lower price or a cheaper card saves is no saving of AWQ's: the rows between ways that are paid "
        "for alike and differ in AWQ alone say what AWQ saves, in whole machines."
    )
    no_cheaper_card = (
        "Whether 16 bit on a cheaper card saves the same is not priced: name the card in `roi.alternatives`."
    )
    no_fp8 = "Whether FP8 saves the same is not priced: measure it as an arm, or name it in `roi.alternatives`."
    no_api = "A paid API is not priced: name some in `roi.apis`."

    # Sensitivity

    sensitivity_title = "What the saving depends on"

    def saving_of(self, option: str, reference: str, years: str, saving: str) -> str:
        return f"What {option} saves against {reference} over {years}, the engagement's price deducted: {saving}."

    def simulated(self, draws: str, seed: str, extent: str) -> str:
        return (
            f"In {draws} draws of all inputs that are ranges (seed {seed}) the middle 95 % of the saving is {extent}."
        )

    not_simulated = "No input is a range, so no interval is known; the chart moves each input by 20 % instead."
    nothing_moves = "No input moves the saving: it is the same whatever they are within 20 %."
    tornado_table = "The inputs that move the saving most"

    def tornado_columns(self, years: str) -> tuple[str, ...]:
        return ("Input", "From", "To", "Range", f"Saving in {years} at the lower end", "At the upper end")

    stated = "as stated"
    tried = "20 % tried"
    tornado = "Saving over the ends of each input"
    tornado_caption = "Each input alone, the others as stated. The line is the saving as stated."
    at_low = "at the lower end"
    at_high = "at the upper end"
    as_stated = "as stated"

    def tornado_y(self, currency: str) -> str:
        return f"{currency} saved"

    def tornado_alternative(self, bars: str) -> str:
        return f"Bar chart of the saving as one input moves. {bars}."

    def bar(self, name: str, low: str, high: str) -> str:
        return f"{name}: {low} to {high}"

    inputs_table = "Every input of the costs"
    inputs_columns = ("Input", "Value", "From", "To", "Origin", "Source", "Date")
    inputs_note = (
        "A result has the weakest origin of its inputs: measured, quoted, modelled, assumed. Quotes older than 90 days "
        "are marked."
    )

    def stale(self, date: str) -> str:
        return f"{date}, older than 90 days"

    inputs: Mapping[str, str] = {
        "hours_per_month": "Hours of a month",
        "discount_rate": "Discount rate, a year",
        "engagement.one_time_usd": "Engagement, once, {currency}",
        "engagement.monthly_usd": "Support, {currency} a month",
        "load.requests_per_day": "Requests per day",
        "load.input_tokens": "Input tokens per request",
        "load.output_tokens": "Output tokens per request",
        "load.peak_factor": "Busiest hour over average",
        "load.growth_per_year": "Growth of the load, a year",
        "site.usd_per_kwh": "Electricity, {currency}/kWh",
        "site.pue": "Energy of the building per energy of the machines",
        "site.load": "Share of their power that machines draw",
        "site.staff_usd_per_year": "Staff, {currency} a year",
        "currency.per_usd": "Exchange rate, per USD",
    }
    inputs_of_variants: Mapping[str, str] = {
        "goodput_tokens_per_s": "useful output tokens/s of a machine",
        "hourly_usd": "rent, {currency}/h",
        "purchase_usd": "purchase price, {currency}",
        "resale_share": "resale, of the price",
        "watts": "power, W",
        "machines": "machines",
        "input_usd_per_mtok": "{currency} per million input tokens",
        "output_usd_per_mtok": "{currency} per million output tokens",
    }

    measured_machine = "Measured machine"

    def input_of(self, variant: str, what: str) -> str:
        return f"{variant}: {what}"

    calendar = "the calendar: 8,760 hours a year"
    in_recipe = "the recipe"
    not_stated = "not stated"
    no_peak = "no peak stated"
    day_curve = "the day's curve"
    benchmark_prompts = "the benchmark's prompts, because the recipe states none"

    def highest(self, arm: str, concurrency: str, tokens: str) -> str:
        return f"highest throughput of {arm}, at {concurrency} requests of {tokens} tokens; no service level agreed"

    def goodput(self, arm: str, concurrency: str, tokens: str) -> str:
        return f"{arm} within the service level, at {concurrency} requests of {tokens} tokens"

    def tokens(self, inputs: str, outputs: str) -> str:
        return f"{inputs} + {outputs}"

    def planned(self, concurrency: str) -> str:
        return f"planned at {concurrency} requests under way"

    old_prices = "A quoted price is older than 90 days: the inputs of the costs mark it."
    api_limit = "Whether a paid API answers as well as this model was not measured."
    planned_limit = "The speed of ways that were not measured is planned, within the plan's band."
