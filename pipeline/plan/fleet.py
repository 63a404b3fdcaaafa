"""Investment plans: purchases in phases, energy, cooling, staff, depreciation; and fleets for a number of users.

Money is decimal and is added before it is rounded, so that no order of additions changes a cent.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from math import ceil, fsum

MONTHS = 12
_CENT = Decimal("0.01")


@dataclass(frozen=True)
class Purchase:
    """Cards of one kind, bought at once."""

    name: str
    count: int
    unit_usd: Decimal
    watts: float
    rent_usd_per_hour: Decimal | None = None
    """Of the same card; None: no price is known."""


@dataclass(frozen=True)
class Phase:
    """What is bought in a month."""

    name: str
    month: int
    purchases: tuple[Purchase, ...]
    other_usd: Decimal = Decimal(0)
    """Machines, network, building."""


@dataclass(frozen=True)
class Running:
    """What running costs."""

    usd_per_kwh: Decimal
    pue: float
    """Power usage effectiveness: energy of the building per energy of the machines; what exceeds 1 is cooling."""
    load: float
    """Share of their power that the cards draw on average."""
    staff_usd_per_year: Decimal
    other_usd_per_year: Decimal
    depreciation_years: int
    hours_per_month: float


@dataclass(frozen=True)
class Year:
    """Costs of one year."""

    number: int
    capital: Decimal
    energy: Decimal
    cooling: Decimal
    staff: Decimal
    other: Decimal
    depreciation: Decimal
    energy_kwh: float

    @property
    def cash(self) -> Decimal:
        """Return what is paid."""
        return self.capital + self.energy + self.cooling + self.staff + self.other


def capital_of(phase: Phase) -> Decimal:
    """Return the price of a phase."""
    return sum((each.unit_usd * each.count for each in phase.purchases), phase.other_usd)


def years(phases: Iterable[Phase], running: Running, count: int) -> tuple[Year, ...]:
    """Return the costs of each year."""
    bought = tuple(phases)
    return tuple(_year(bought, running, number) for number in range(1, count + 1))


@dataclass(frozen=True)
class Renting:
    """What renting the same cards for the same months costs, beside buying them."""

    usd: Decimal
    """Rent and staff of all years; energy, cooling, machines and running costs are the provider's."""
    break_even_month: int | None
    """By whose end buying has cost no more than renting; None: not within the years, or a rent is unknown."""
    unknown: tuple[str, ...]
    """Cards of which no rent is known; they are left out of it, so that renting costs more."""


def renting(phases: Iterable[Phase], running: Running, count: int) -> Renting:
    """Return what renting costs, and when buying has become cheaper, month by month."""
    bought, month_staff = tuple(phases), running.staff_usd_per_year / MONTHS
    paid, rented = Decimal(0), Decimal(0)
    cheaper: int | None = None
    for month in range(count * MONTHS):
        there = [each for phase in bought if phase.month <= month for each in phase.purchases]
        paid += sum((capital_of(phase) for phase in bought if phase.month == month), Decimal(0))
        power = fsum(each.count * each.watts for each in there) / 1000 * running.load * running.hours_per_month
        paid += Decimal(str(power)) * running.usd_per_kwh * Decimal(str(running.pue))
        paid += month_staff + running.other_usd_per_year / MONTHS
        hours = Decimal(str(running.hours_per_month))
        rented += sum((each.count * (each.rent_usd_per_hour or 0) * hours for each in there), month_staff)
        cheaper = (cheaper or month + 1) if paid <= rented else None
    unknown = {each.name for phase in bought for each in phase.purchases if each.rent_usd_per_hour is None}
    return Renting(rented, None if unknown else cheaper, tuple(sorted(unknown)))


def cents(amount: Decimal) -> Decimal:
    """Return an amount rounded to cents, for printing."""
    return amount.quantize(_CENT, ROUND_HALF_UP)


def _year(phases: tuple[Phase, ...], running: Running, number: int) -> Year:
    first, last = (number - 1) * MONTHS, number * MONTHS
    capital = sum((capital_of(phase) for phase in phases if first <= phase.month < last), Decimal(0))
    kwh = fsum(
        each.count * each.watts / 1000 * running.load * running.hours_per_month * max(0, last - max(first, phase.month))
        for phase in phases
        for each in phase.purchases
    )
    energy = Decimal(str(kwh)) * running.usd_per_kwh
    life = running.depreciation_years * MONTHS
    months = (max(0, min(last, phase.month + life) - max(first, phase.month)) for phase in phases)
    written_off = sum((capital_of(phase) * each for phase, each in zip(phases, months, strict=True)), Decimal(0)) / life
    cooling = energy * Decimal(str(running.pue - 1))
    return Year(
        number, capital, energy, cooling, running.staff_usd_per_year, running.other_usd_per_year, written_off, kwh
    )


@dataclass(frozen=True)
class Fleet:
    """What a number of users takes."""

    users: int
    concurrent: int
    replicas: int
    gpus: int
    nodes: int
    bound_by: str
    """`sequences` or `tokens per second`, whichever asks for more replicas."""


def fleet_for(
    users: int,
    *,
    active_share: float,
    tokens_per_s_per_user: float,
    sequences: int,
    tokens_per_s: float,
    gpus: int,
    gpus_per_node: int,
) -> Fleet:
    """Return how many replicas and GPUs a number of users takes.

    Args:
        users: in all.
        active_share: of them that wait for an answer at the same moment.
        tokens_per_s_per_user: output tokens that an active user has to get.
        sequences: that one replica runs at once.
        tokens_per_s: of one replica; the low end of its interval, so that the fleet holds.
        gpus: of one replica.
        gpus_per_node: in a node.
    """
    concurrent = ceil(users * active_share)
    by_sequences, by_tokens = ceil(concurrent / sequences), ceil(concurrent * tokens_per_s_per_user / tokens_per_s)
    replicas = max(1, by_sequences, by_tokens)
    return Fleet(
        users,
        concurrent,
        replicas,
        replicas * gpus,
        ceil(replicas * gpus / gpus_per_node),
        "sequences" if by_sequences >= by_tokens else "tokens per second",
    )
