"""Figures that judge claims on money: rents, savings, packages, and what is paid back when."""

from fractions import Fraction

from pipeline.base.errors import UsageError
from pipeline.base.format import count, percent, plural, usd, usd_as_given
from pipeline.roi.demand import HOURS_PER_DAY, MONTHS_PER_YEAR
from pipeline.roi.exact import ceiling, exact
from pipeline.roi.options import Option, machines_in, year_of
from pipeline.roi.scenarios.outcome import Context, Outcome, answer_of, estimate_of, lacking, number_of, range_of
from pipeline.roi.scenarios.quantities import of_package

_HORIZON = 36


def rent_usd(context: Context, variant: str, months: int = 1) -> Outcome:
    """Return the rent of a variant's machines over months."""
    option = rented(context, variant)
    hourly, hours = context.value(f"{variant}.hourly_usd"), context.value("hours_per_month")
    machines = machines_in(option, context.pricing.middle, 1)
    times = f" x {months} months" if months > 1 else ""
    price, gpus = usd_as_given(float(hourly)), plural(machines * option.gpus, "GPU")
    why = f"{gpus} x {price} an hour x {count(float(hours))} hours a month{times}."
    return number_of(_rent(context, option) * months, "USD", why, context.pricing.origin(option))


def saving_usd(context: Context, variant: str, against: str, months: int = 1) -> Outcome:
    """Return what the rent is lower than another variant's, whatever it takes to get there."""
    cheap, dear = rented(context, variant), rented(context, against)
    monthly = _rent(context, dear) - _rent(context, cheap)
    why = f"{usd(float(_rent(context, dear)))} less {usd(float(_rent(context, cheap)))} of rent a month x {months}."
    return number_of(monthly * months, "USD", why, context.pricing.origin(cheap, dear))


def saving_percent(context: Context, variant: str, against: str) -> Outcome:
    """Return by how many percent the rent is lower than another variant's."""
    cheap, dear = rented(context, variant), rented(context, against)
    share = 1 - _rent(context, cheap) / _rent(context, dear)
    return number_of(share * 100, "%", "Of the rent.", context.pricing.origin(cheap, dear))


def net_saving_usd(context: Context, variant: str, against: str, package: str, months: int = _HORIZON) -> Outcome:
    """Return what is left of the saving in rent after a package is paid."""
    saving, price = saving_usd(context, variant, against, months), of_package(package, monthly=False)
    low, high = price.ends
    total = saving.low or Fraction(0)
    back = _payback(total / months, low, high)
    why = f"The engagement is left out: the package {package} takes {_span(low, high)} of {usd(float(total))}. {back}."
    return range_of(total - high, total - low, "USD", why, saving.origin)


def pays_back(context: Context, variant: str, against: str, package: str, months: int = _HORIZON) -> Outcome:
    """Return whether the saving in rent pays a package within so many months."""
    saving, price = saving_usd(context, variant, against), of_package(package, monthly=False)
    (low, high), monthly = price.ends, saving.low or Fraction(0)
    why = f"{usd(float(monthly))} a month against {_span(low, high)}. {_payback(monthly, low, high)}."
    if high <= monthly * months:
        return answer_of(True, why, saving.origin)  # noqa: FBT003 -- the answer
    if low > monthly * months:
        return answer_of(False, f"{why} Not within {months} months.", saving.origin)  # noqa: FBT003 -- the answer
    return lacking(f"the price that is agreed; up to {usd(float(monthly * months))} is paid back", why)


def covers_support(context: Context, variant: str, against: str, package: str) -> Outcome:
    """Return whether the saving in rent covers a package that is paid by the month."""
    saving, price = saving_usd(context, variant, against), of_package(package, monthly=True)
    (low, high), monthly = price.ends, saving.low or Fraction(0)
    why = f"{usd(float(monthly))} of rent are saved a month, and {package} takes {_span(low, high)} a month."
    if low <= monthly < high:
        return lacking("the price that is agreed", why)
    return answer_of(high <= monthly, why, saving.origin)


def package_usd(context: Context, package: str, monthly: bool = False) -> Outcome:  # noqa: FBT001, FBT002 -- named in files
    """Return a package's price as the catalogue has it."""
    del context
    price = of_package(package, monthly=monthly)
    low, high = price.ends
    return range_of(low, high, "USD a month" if monthly else "USD", f"{price.source}, {price.date}.", "quoted")


def requests_can_be_served(
    context: Context, per_day: float, per_hour: float, machines: int = 1, what: str = "request"
) -> Outcome:
    """Return whether a rate per hour carries a day's requests."""
    del context
    most = exact(per_hour) * HOURS_PER_DAY
    why = f"{plural(int(per_hour), what)} an hour are {count(float(most))} in 24 hours, and {count(per_day)} come."
    if most < exact(per_day) <= most * machines and machines > 1:
        why += f" Meant per GPU, {machines} would do {count(float(most * machines))}: the client has to say which."
    return answer_of(exact(per_day) <= most, why)


def usd_per_request(
    context: Context, variant: str, per_day: float, per_hour: float | None = None, what: str = "request"
) -> Outcome:
    """Return the rent per request, of as many as can be served where a rate per hour is given."""
    option = rented(context, variant)
    rent, days = _rent(context, option), context.value("hours_per_month") / HOURS_PER_DAY
    most = exact(per_day) if per_hour is None else min(exact(per_day), exact(per_hour) * HOURS_PER_DAY)
    why = f"{usd(float(rent))} a month over {count(float(most))} a day."
    if most < exact(per_day):
        asked = usd(float(rent / days / exact(per_day)))
        why += f" Only {count(per_day)} a day, which cannot be served, would make it {asked} a {what}."
    return number_of(rent / days / most, f"USD a {what}", why, context.pricing.origin(option))


def cheaper_card_percent(context: Context, variant: str, against: str, sixteen_bit: str) -> Outcome:
    """Return how much of the saving 16 bit on the cheaper card has, too: at least this, as planned."""
    pricing, inputs = context.pricing, context.pricing.inputs
    if sixteen_bit in inputs.impossible:
        return number_of(Fraction(0), "%", f"16 bit does not run there: {inputs.impossible[sixteen_bit]}", "modelled")
    plain, dear, cheap = (rented(context, name) for name in (sixteen_bit, against, variant))
    here, there = (inputs.plans[name].goodput for name in (sixteen_bit, variant))
    needed = machines_in(plain, pricing.middle, 1)
    saved, total = (_rent(context, dear) - _rent(context, option) for option in (plain, cheap))
    if here is None or there is None or total <= 0:
        return lacking("a saving, and the speed of both, which cannot be planned")
    share = max(Fraction(0), min(Fraction(1), saved / total))
    why = (
        f"16 bit fits on {inputs.plans[sixteen_bit].plan.gpu.name} and is planned at "
        f"{percent(float(here.value / there.value))} of AWQ's speed there: at most {plural(needed, 'machine')} for the "
        f"same load. That saves {usd(float(saved))} of {usd(float(total))} a month without quantizing."
    )
    return estimate_of(share * 100, Fraction(100), "%", why)


def rented(context: Context, variant: str) -> Option:
    """Return a variant's rented option.

    Raises:
        UsageError: the scenario rents no such variant.
    """
    for option in context.pricing.inputs.options:
        if option.variant == variant and option.tenure == "rented":
            return option
    raise UsageError(f"A claim is computed of the variant '{variant}', which the scenario does not rent. Correct it.")


def _rent(context: Context, option: Option) -> Fraction:
    return year_of(option, context.pricing.middle, 1).rent / MONTHS_PER_YEAR


def _payback(monthly: Fraction, low: Fraction, high: Fraction) -> str:
    if monthly <= 0:
        return "Nothing is saved, so it is never paid back"
    first, last = ceiling(low / monthly), ceiling(high / monthly)
    return (
        f"Paid back after {count(first)} to {count(last)} months"
        if first < last
        else f"Paid back after {count(first)} months"
    )


def _span(low: Fraction, high: Fraction) -> str:
    return usd(float(low)) if low == high else f"{count(float(low))} to {usd(float(high))}"
