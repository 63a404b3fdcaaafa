"""What the chapter on costs says."""

from collections.abc import Mapping

from pipeline.base.format import TIMES
from pipeline.report.language.en.words import Words
from pipeline.roi.result import Unpriced


class Costs(Words):
    """Its tables and charts, and what was left out."""

    title = "Costs"
    absent = "Costs were not calculated: `awqctl roi` was not run."
    baseline = "Baseline"

    unpriced: Mapping[Unpriced, str] = {
        "void": "every measurement of its speed is void",
        "overload": "it was measured in overload alone, more requests than its engine serves at once",
        "dummy weights": "its weights were made up",
    }

    def not_priced(self, arm: str, why: Unpriced) -> str:
        return f"{arm} is not priced: {self.unpriced[why]}."

    def machine(self, priced: str, measured: str) -> str:
        return (
            f"The price is for: {priced}. The throughput was measured on: {measured}. The costs "
            f"hold only where these are the same machine."
        )

    def best(self, arm: str, concurrency: str, ttft: str, e2e: str) -> str:
        return f"{arm} at concurrency {concurrency} (p95 in ms: TTFT {ttft}, end-to-end latency {e2e})"

    def capacity(self, arms: str, latency: str) -> str:
        return f"Capacity is the highest measured output throughput of one machine: {arms}. {latency}"

    def in_currency(self, code: str, per_usd: str, source: str) -> str:
        return f"Amounts are computed in US dollars and printed in {code}: 1 USD is {per_usd} {code} ({source})."

    no_service_level = "A limit on latency would lower it."
    service_level = (
        "This does not look at the service level; what tokens and machines cost within it stands in the chapter on the "
        "crossover, under same money."
    )

    arms = "Costs per arm"
    arms_columns = ("Item", "Baseline", "AWQ", "Origin", "How it was found")
    arms_note = "Machines run all month, busy or not. No spare machine is included."

    def whole_note(self, spares: str) -> str:
        return (
            f"As in the chapter on ways to serve the load. Machines run all month, busy or not; spare ones: {spares}. "
            f"In brackets: bounds, beyond which no stated range leads."
        )

    ranges_note = (
        " In brackets: what a figure can be, as far as the repeats of the benchmark tell, with 95 % confidence for all "
        "together."
    )
    no_ranges_note = " The speeds were not repeated, or too few times to tell, so no range of these figures is known."
    items: Mapping[str, str] = {
        "capacity_tokens_per_s": "Capacity of one machine, tokens/s",
        "usd_per_mtok_full_load": "Per million output tokens, machine always busy",
        "usd_per_mtok_at_load": "Per million output tokens, at this load",
        "machines": "Machines needed at the peak",
        "utilisation": "Utilisation at the average load",
        "monthly_usd": "Monthly cost",
        "yearly_usd": "Yearly cost",
        "three_year_usd": "Cost of 3 years",
    }
    """By the field of an arm's costs."""
    bases: Mapping[str, str] = {
        "capacity_tokens_per_s": "highest measured output throughput of one machine",
        "usd_per_mtok_full_load": f"hourly price / (capacity {TIMES} 3,600) {TIMES} 1,000,000; the machine never idles",
        "usd_per_mtok_at_load": "monthly cost / output tokens served in a month",
        "machines": "peak load / capacity, rounded up",
        "utilisation": f"average load / (machines {TIMES} capacity)",
        "monthly_usd": f"machines {TIMES} hourly price {TIMES} hours in a month",
        "yearly_usd": f"12 {TIMES} monthly cost",
        "three_year_usd": f"36 {TIMES} monthly cost, engagement price left out",
        "saving_per_month_usd": "baseline monthly cost - AWQ monthly cost",
        "saving_three_years_usd": f"36 {TIMES} monthly saving - engagement price",
        "payback_months": "engagement price / monthly saving",
        "break_even_requests_per_day": (
            "smallest load at which AWQ costs less over 36 months, the engagement price included: it saves a whole "
            "machine there; somewhat above it the saving can be smaller again"
        ),
        "load_tokens_per_s": f"requests per day {TIMES} output tokens per request / 86,400",
        "peak_tokens_per_s": f"average load {TIMES} peak over average",
    }
    """How a figure is calculated, by its field."""
    whole_bases: Mapping[str, str] = {
        "usd_per_mtok_at_load": "cost of the first year / output tokens served in it",
        "machines": "peak load / output tokens per second within the service level, rounded up, spares added",
        "monthly_usd": "cost of the first year / 12",
        "yearly_usd": f"machines {TIMES} hourly price {TIMES} hours, with staff and support where they are stated",
        "three_year_usd": "cost of 3 years with the growth of the load, engagement price left out",
        "saving_per_month_usd": "(baseline cost - AWQ cost) of the first year / 12",
        "saving_three_years_usd": "baseline cost - AWQ cost of 3 years, engagement price and support included",
        "payback_months": "month in which the savings have earned what is paid first",
        "break_even_requests_per_day": (
            "smallest load at which AWQ costs less in the first year, the engagement price spread over the planned "
            "years"
        ),
    }
    """The same where growth, spares, ranges, support or a service level are stated."""

    def basis(self, formula: str, source: str) -> str:
        return f"{formula}; {source}"

    def with_range(self, figure: str, ends: str) -> str:
        return f"{figure} ({ends})"

    def open_range(self, low: str) -> str:
        return f"{low} or more, or never"

    def machines(self, amount: str, *, one: bool) -> str:
        return f"{amount} machine" if one else f"{amount} machines"

    def pays(self, arm: str, machines: str, instead: str, saving: str, paid: str) -> str:
        return f"{arm} pays at this load: {machines} instead of {instead} saves {saving} a month{paid}."

    def paid_back(self, months: str) -> str:
        return f"; the engagement is paid back after {months} months"

    def not_paid_back(self, arm: str, saving: str, engagement: str, months: str) -> str:
        return (
            f"{arm} does not pay here within three years: it saves {saving} a month, and the engagement price of "
            f"{engagement} is paid back only after {months} months."
        )

    def not_recovered(self, engagement: str) -> str:
        return f", and the engagement price of {engagement} is not recovered"

    def engagement_to_recover(self, engagement: str) -> str:
        return f", and the engagement price of {engagement} has to be recovered"

    def undecided(self, arm: str, saving: str, engagement: str) -> str:
        return (
            f"Whether {arm} pays at this load is not decided: within the range of the measured speeds it saves "
            f"{saving} a month{engagement}."
        )

    def cannot_serve(self, arm: str) -> str:
        return (
            f"Whether AWQ pays is not decided: {arm} is shown to keep the service level at no concurrency, so what it "
            f"takes to serve the load is not known."
        )

    def undecided_without_range(self, arm: str) -> str:
        return (
            f"Whether {arm} pays at this load is not decided: the speeds were not repeated, so the costs have no range."
        )

    def free_machines(self, arm: str) -> str:
        return f"{arm} does not pay here: the machines cost nothing"

    def needs_more(self, arm: str, machines: str, baseline: str) -> str:
        return f"{arm} does not pay here: it needs {machines} where the baseline needs {baseline}"

    def as_many_machines(self, arm: str, machines: str, with_arm: str) -> str:
        if machines == with_arm:
            return f"{arm} does not pay here: this load needs {machines} with either arm, so no machine is saved"
        return f"{arm} does not pay here: this load needs {machines} before and {with_arm} with {arm}"

    def saves_none(self, arm: str) -> str:
        return f"{arm} does not pay here: it saves no machine"

    decision = "Saving and break-even"
    decision_columns = ("Item", "Value", "Origin", "How it was found")
    saving = "Saving per month"
    engagement = "Engagement price, once"
    no_engagement = "none"
    no_engagement_source = "the recipe states none"
    saving_three_years = "Saving in 3 years, engagement deducted"
    payback = "Payback, months"
    break_even = "Break-even load, requests/day"
    not_reached = "not reached"

    assumptions = "Prices and load that the costs rest on"
    assumptions_columns = ("Item", "Value", "Origin", "Source")
    assumptions_note = "Prices and load come from the recipe. Change them there and run `awqctl roi` again."
    hourly = "Price of one machine, per hour"
    requests = "Requests per day"
    tokens = "Output tokens per request"
    peak_to_average = "Peak over average load"
    average = "Average load, output tokens/s"
    peak = "Peak load, output tokens/s"

    limit_spare = (
        "Spare machines, failover and uptime: nothing was switched off during the run, and no spare is priced."
    )
    limit_failover = (
        "Failover and uptime: nothing was switched off during the run; spare machines are priced as stated."
    )
    limit_other = (
        "Network, storage, staff and taxes are not part of the costs; only the hourly price of the machine is."
    )
    limit_other_but_staff = "Network, storage and taxes are not part of the costs."
    the_price = "the hourly price"
    the_load = "the load"
    the_engagement = "the engagement price"

    def limit_assumption(self, assumed: str) -> str:
        return f"{assumed.capitalize()} is an assumption; the costs move with it."

    def limit_assumptions(self, assumed: str) -> str:
        return f"{assumed.capitalize()} are assumptions; the costs move with them."

    chart = "Cost per million output tokens"

    def chart_y(self, currency: str) -> str:
        return f"{currency} per million output tokens; lower is better"

    chart_caption = (
        "At this load, idle hours are paid for too. Lines: what it can be. Modelled from measured throughput and the "
        "hourly price."
    )
    at_load = "At this load"
    always_busy = "Machine always busy"

    def chart_alternative(self, bars: str) -> str:
        return f"Bar chart. {bars}."

    def bar(self, group: str, arm: str, usd: str) -> str:
        return f"{group}, {arm}: {usd}"

    load_chart = "Monthly cost over load"
    load_x = "Requests per day"

    def load_y(self, currency: str) -> str:
        return f"{currency} per month, in whole machines"

    def load_unit(self, currency: str) -> str:
        return f"{currency}/month"

    this_load = "this load"
    the_break_even = "break-even"
    range_not_known = "not known, because the speeds were not repeated"

    def requests_a_day(self, requests: str) -> str:
        return f"{requests} requests a day"

    def load_caption(self, load: str, break_even: str) -> str:
        return (
            f"This load: {load} requests a day. Break-even: {break_even}. Pale: what it can be; shaded: AWQ is cheaper "
            f"all the same. Modelled."
        )

    def load_alternative(self, load: str, arms: str) -> str:
        return f"Step chart of monthly cost over requests per day. At {load} requests a day: baseline {arms}."
