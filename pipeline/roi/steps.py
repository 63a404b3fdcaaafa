"""An option's month over the load, as the break-even takes it: machines are counted, not as stated."""

from dataclasses import replace
from fractions import Fraction

from pipeline.roi.break_even import Steps
from pipeline.roi.demand import HOURS_PER_DAY, MONTHS_PER_YEAR, MTOK, SECONDS_PER_DAY
from pipeline.roi.options import Option, Values, demand_in, year_of


def steps_of(option: Option, values: Values, years: int) -> Steps:
    """Return what a month of the first year costs at a load; the engagement is spread over all planned months."""
    bare = replace(option, engaged=False, stated=True)
    engagement = Fraction(0)
    if option.engaged:
        once = values["engagement.one_time_usd"] / (years * MONTHS_PER_YEAR)
        engagement = once + values["engagement.monthly_usd"]
    if option.tenure == "paid per token":
        month = values["hours_per_month"] / HOURS_PER_DAY
        tokens = sum(
            (
                values[f"load.{kind}_tokens"] * values[f"{option.variant}.{kind}_usd_per_mtok"]
                for kind in ("input", "output")
            ),
            Fraction(0),
        )
        return Steps(fixed=engagement, per_request=tokens / MTOK * month)
    one = year_of(bare, {**values, f"{option.variant}.machines": Fraction(1)}, 1)
    demand = demand_in(values, 1)
    return Steps(
        fixed=engagement + one.staff / MONTHS_PER_YEAR,
        per_machine=(one.cost - one.staff) / MONTHS_PER_YEAR,
        per_machine_load=values[f"{option.variant}.goodput_tokens_per_s"]
        * SECONDS_PER_DAY
        / (demand.output_tokens * demand.peak_factor),
        spares=option.spares,
    )
