"""Figures that judge claims on hardware: sums, what a dollar buys, the catalogue's entries, and what running costs."""

from fractions import Fraction
from typing import Annotated

from pydantic import Field

from pipeline.base.format import count, number, span, usd, usd_as_given
from pipeline.catalogue.gpu_entry import Rent
from pipeline.catalogue.gpus import find_gpu
from pipeline.roi.demand import MONTHS_PER_YEAR
from pipeline.roi.exact import exact
from pipeline.roi.scenarios.inputs import HOURS_PER_MONTH
from pipeline.roi.scenarios.outcome import Context, Outcome, answer_of, estimate_of, lacking, number_of, range_of

Bought = tuple[Annotated[int, Field(gt=0)], float]
"""How many, and the price of one."""
Range = tuple[float, float]
DECK = "client's deck"


def sum_usd(context: Context, bought: tuple[Bought, ...] = (), other: float = 0) -> Outcome:
    """Return the price of cards and of what comes with them."""
    del context
    parts = [f"{amount} x {usd(price)}" for amount, price in bought] + ([usd(other)] if other else [])
    total = sum((exact(price) * amount for amount, price in bought), exact(other))
    return number_of(total, "USD", f"{' + '.join(parts)}.")


def times_usd(context: Context, number_of_gpus: int, each: Range) -> Outcome:
    """Return the price of several, from what one costs at the least to the most."""
    del context
    low, high = (exact(end) * number_of_gpus for end in each)
    return range_of(low, high, "USD an hour", f"{number_of_gpus} x {span(*each)} USD.")


def tflops_per_1000_usd(context: Context, tflops: float, usd_each: float) -> Outcome:
    """Return what a thousand dollars buy of a rate."""
    del context
    value = exact(tflops) * 1000 / exact(usd_each)
    return number_of(value, "TFLOPS per 1,000 USD", f"{tflops:g} x 1,000 / {usd_each:g}.")


def bandwidth_gb_s(context: Context, gpu: str) -> Outcome:
    """Return a GPU's memory bandwidth as the catalogue has it."""
    del context
    entry = find_gpu(gpu)
    figure = entry.figures["bandwidth_gb_s"]
    why = f"{entry.name}: {figure.source.title}, {figure.source.date}."
    return number_of(exact(figure.value), "GB/s", why, "quoted")


def offered(context: Context, gpu: str, low: float, high: float) -> Outcome:
    """Return whether somebody but the deck offers a GPU at such a price per hour."""
    del context
    entry = find_gpu(gpu)
    others = [rent for rent in entry.rents if rent.provider != DECK]
    within = [rent for rent in others if low <= rent.usd_per_hour <= high]
    shown = ", ".join(_offer(rent) for rent in within or others)
    if within:
        return answer_of(True, f"{entry.name}: {shown}.", "quoted")  # noqa: FBT003 -- the answer
    known = f"Known of {entry.name}: {shown}." if shown else f"No offer of {entry.name} is in the catalogue."
    return lacking("an offer at that price, with its date", known)


def _offer(rent: Rent) -> str:
    old = ", older than 90 days" if rent.source.stale else ""
    return f"{usd_as_given(rent.usd_per_hour)} ({rent.provider}, {rent.source.date}{old})"


def energy_usd_per_year(
    context: Context,
    cards: tuple[tuple[int, str], ...],
    load: Range,
    pue: Range,
    usd_per_kwh: Range,
) -> Outcome:
    """Return what energy and cooling of cards cost a year, between the ends of what is assumed."""
    del context
    watts = Fraction(0)
    for amount, gpu in cards:
        figure = find_gpu(gpu).figures.get("watts")
        if figure is None:
            return lacking(f"the power of {gpu}")
        watts += amount * exact(figure.value)
    kwh = watts / 1000 * HOURS_PER_MONTH * MONTHS_PER_YEAR
    low, high = (kwh * exact(load[end]) * exact(pue[end]) * exact(usd_per_kwh[end]) for end in (0, 1))
    why = (
        f"{number(float(watts / 1000))} kW of cards at {load[0]:g} to {load[1]:g} of their power, PUE {pue[0]:g} to "
        f"{pue[1]:g}, {usd_per_kwh[0]:g} to {usd_per_kwh[1]:g} USD/kWh, up to {count(float(kwh))} kWh a year; staff is "
        f"not in it."
    )
    return estimate_of(low, high, "USD a year", why)
