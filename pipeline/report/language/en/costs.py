"""What the chapter on costs says."""

from collections.abc import Mapping


class Costs:
    """Its tables and charts, and what was left out."""

    title = "Costs"
    absent = "Costs were not calculated: `awqctl roi` was not run."
    baseline = "Baseline"

    def machine(self, priced: str, measured: str) -> str:
        return (
            f"The price is for: {priced}. The throughput was measured on: {measured}. The costs "
            f"hold only where these are the same machine."
        )

    def best(self, arm: str, concurrency: str, ttft: str, e2e: str) -> str:
        return (
            f"{arm} at concurrency {concurrency}, with a p95 TTFT of {ttft} ms and a p95 end-to-end latency of {e2e} ms"
        )

    def capacity(self, arms: str) -> str:
        return (
            f"Capacity is the highest measured output throughput of one machine: {arms}. A limit on latency would "
            f"lower it."
        )

    arms = "Costs per arm"
    arms_columns = ("Item", "Baseline", "AWQ", "Origin", "How it was found")
    arms_note = "Machines run all month, busy or not. No spare machine is included."
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
    capacity_basis = "highest measured output throughput of one machine"

    def both_bases(self, baseline: str, awq: str) -> str:
        return f"baseline: {baseline}; AWQ: {awq}"

    decision = "Saving and break-even"
    decision_columns = ("Item", "Value", "Origin", "How it was found")
    saving = "Saving per month"
    engagement = "Engagement price, once"
    no_engagement = "none"
    no_engagement_basis = "the recipe states none"
    saving_three_years = "Saving in 3 years, engagement deducted"
    payback = "Payback, months"
    never = "never"
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
    limit_other = (
        "Network, storage, staff and taxes are not part of the costs; only the hourly price of the machine is."
    )
    the_price = "the hourly price"
    the_load = "the load"
    the_engagement = "the engagement price"

    def limit_assumption(self, assumed: str) -> str:
        return f"{assumed.capitalize()} is an assumption; the costs move with it."

    def limit_assumptions(self, assumed: str) -> str:
        return f"{assumed.capitalize()} are assumptions; the costs move with them."

    chart = "Cost per million output tokens"
    chart_y = "USD per million output tokens; lower is better"
    chart_caption = "At this load, idle hours are paid for too. Modelled from measured throughput and the hourly price."
    at_load = "At this load"
    always_busy = "Machine always busy"

    def chart_alternative(self, bars: str) -> str:
        return f"Bar chart. {bars}."

    def bar(self, group: str, arm: str, usd: str) -> str:
        return f"{group}, {arm}: {usd}"

    load_chart = "Monthly cost over load"
    load_x = "Requests per day"
    load_y = "USD per month, in whole machines"
    load_unit = "USD/month"
    this_load = "this load"
    the_break_even = "break-even"
    never_reached = "not reached at any load"

    def requests_a_day(self, requests: str) -> str:
        return f"{requests} requests a day"

    def load_caption(self, load: str, break_even: str) -> str:
        return f"This load: {load} requests a day. Break-even: {break_even}. Shaded: AWQ is cheaper. Modelled."

    def load_alternative(self, load: str, arms: str) -> str:
        return f"Step chart of monthly cost over requests per day. At {load} requests a day: baseline {arms}."
