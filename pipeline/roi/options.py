"""Ways to serve a load, and what a year of each costs: rented, bought, or paid per token.

Inputs are looked up by name (`load.output_tokens`, `awq.hourly_usd`), so that one formula serves the stated values, the
ends of ranges and the draws of a simulation. A cost never falls when a price or the load rises, and never rises with
the goodput: `FALLING` names the inputs that work the other way round.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from pipeline.roi.demand import MONTHS_PER_YEAR, Demand, grown
from pipeline.roi.exact import ceiling
from pipeline.roi.sizing import machines_for

Values = Mapping[str, Fraction]
Tenure = Literal["rented", "bought", "paid per token"]
FALLING = ("goodput_tokens_per_s", "resale_share")
"""Last parts of names of inputs that lower a cost when they rise."""
_WATTS_PER_KW = 1000


@dataclass(frozen=True)
class Option:
    """One way to serve the load."""

    variant: str
    """Whose inputs it takes: the first part of their names."""
    tenure: Tenure
    gpus: int = 1
    """Of one machine."""
    stated: bool = False
    """Whether its machines are an input, as somebody claims; otherwise they are counted for the peak."""
    spares: int = 0
    life_years: int = 3
    """After which a bought machine is replaced."""
    engaged: bool = False
    """Whether it takes the engagement, whose price it then carries."""

    @property
    def name(self) -> str:
        """Return what it is called in tables."""
        return self.variant if self.tenure == "paid per token" else f"{self.variant}, {self.tenure}"


def rented(variant: str) -> str:
    """Return what a variant's rented machines are called by in the options of a pricing."""
    return Option(variant, "rented").name


@dataclass(frozen=True)
class Year:
    """What one year costs; a bought machine's price is spread over its life."""

    number: int
    machines: int
    rent: Fraction = Fraction(0)
    depreciation: Fraction = Fraction(0)
    energy: Fraction = Fraction(0)
    cooling: Fraction = Fraction(0)
    staff: Fraction = Fraction(0)
    fees: Fraction = Fraction(0)
    """Of an API, per token."""
    support: Fraction = Fraction(0)
    """Of the engagement, by the month."""

    @property
    def paid(self) -> Fraction:
        """Return what is paid during the year, purchases left out."""
        return self.rent + self.energy + self.cooling + self.staff + self.fees + self.support

    @property
    def cost(self) -> Fraction:
        """Return what the year costs, with its part of the purchases."""
        return self.paid + self.depreciation


def demand_in(values: Values, year: int) -> Demand:
    """Return the load of a year."""
    first = Demand(
        values["load.requests_per_day"],
        values["load.input_tokens"],
        values["load.output_tokens"],
        values["load.peak_factor"],
        values["hours_per_month"],
    )
    return grown(first, values["load.growth_per_year"], year)


def machines_in(option: Option, values: Values, year: int) -> int:
    """Return the machines of a year: as stated, or for the peak; bought ones stay when the load falls."""
    if option.tenure == "paid per token":
        return 0
    if option.stated:
        return ceiling(values[f"{option.variant}.machines"])
    years = range(1, year + 1) if option.tenure == "bought" else (year,)
    goodput = values[f"{option.variant}.goodput_tokens_per_s"]
    return max(machines_for(demand_in(values, each).peak_tokens_per_s, goodput, option.spares) for each in years)


def year_of(option: Option, values: Values, number: int) -> Year:
    """Return what a year of an option costs."""
    support = values["engagement.monthly_usd"] * MONTHS_PER_YEAR if option.engaged else Fraction(0)
    if option.tenure == "paid per token":
        return Year(number, 0, fees=_fees(option, values, number), support=support)
    machines = machines_in(option, values, number)
    hours = values["hours_per_month"] * MONTHS_PER_YEAR
    staff = values["site.staff_usd_per_year"] if machines else Fraction(0)
    if option.tenure == "rented":
        rent = machines * option.gpus * values[f"{option.variant}.hourly_usd"] * hours
        return Year(number, machines, rent=rent, staff=staff, support=support)
    kilowatts = machines * option.gpus * values[f"{option.variant}.watts"] * values["site.load"] / _WATTS_PER_KW
    energy = kilowatts * hours * values["site.usd_per_kwh"]
    return Year(
        number,
        machines,
        depreciation=machines * lost_a_year(option, values),
        energy=energy,
        cooling=energy * (values["site.pue"] - 1),
        staff=staff,
        support=support,
    )


def machine_price(option: Option, values: Values) -> Fraction:
    """Return what one machine is bought for."""
    return option.gpus * values[f"{option.variant}.purchase_usd"]


def lost_a_year(option: Option, values: Values) -> Fraction:
    """Return what one bought machine loses in value a year: in equal parts down to its resale price."""
    kept = values[f"{option.variant}.resale_share"]
    return machine_price(option, values) * (1 - kept) / option.life_years


def total_of(option: Option, values: Values, years: int) -> Fraction:
    """Return what all years cost, the engagement included."""
    once = values["engagement.one_time_usd"] if option.engaged else Fraction(0)
    return once + sum((year_of(option, values, number).cost for number in range(1, years + 1)), Fraction(0))


def _fees(option: Option, values: Values, number: int) -> Fraction:
    load, name = demand_in(values, number), option.variant
    month = load.input_mtok_per_month * values[f"{name}.input_usd_per_mtok"]
    month += load.output_mtok_per_month * values[f"{name}.output_usd_per_mtok"]
    return month * MONTHS_PER_YEAR
