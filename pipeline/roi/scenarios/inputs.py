"""From a scenario's file to the inputs of the arithmetic: named quantities, and the ways to serve the load."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction

from pipeline.base.errors import UsageError
from pipeline.catalogue.apis import find_api
from pipeline.catalogue.gpu_entry import Figure
from pipeline.catalogue.gpus import find_gpu
from pipeline.catalogue.sources import Source
from pipeline.roi.demand import peak_of
from pipeline.roi.exact import ceiling, exact
from pipeline.roi.options import Option
from pipeline.roi.quantity import Quantity
from pipeline.roi.scenarios.forms import InputForm, LoadForm, PurchaseForm, ScenarioFile, VariantForm
from pipeline.roi.scenarios.limits import check_quantities
from pipeline.roi.scenarios.plans import Planned, planned
from pipeline.roi.scenarios.quantities import Reader, of_catalogue, of_package

HOURS_PER_MONTH = 730
CALENDAR = "the calendar: 8,760 hours a year"
NO_PEAK = "no peak stated"
DAY_CURVE = "the day's curve"
Measured = Mapping[str, Quantity | str]
"""Goodput of a machine by variant, or why it cannot serve the load; a variant that is not there is planned."""


@dataclass
class Inputs:
    """What a scenario is priced with."""

    quantities: dict[str, Quantity]
    options: list[Option] = field(default_factory=list)
    plans: dict[str, Planned] = field(default_factory=dict)
    """By variant; those whose goodput was stated have none."""
    impossible: dict[str, str] = field(default_factory=dict)
    """Why a variant cannot serve the load, by its name."""
    missing: list[str] = field(default_factory=list)
    """What the scenario does not say, without which no machines can be counted."""


def inputs_of(scenario: ScenarioFile, sources: Mapping[str, Source], measured: Measured) -> Inputs:
    """Return the inputs of a scenario, planned where nothing was measured or stated.

    Raises:
        UsageError: a source, a GPU, a package or an API is not known, a price is missing, or a number cannot be.
    """
    reader = Reader(sources)
    found = Inputs(_general(scenario, reader), missing=_missing(scenario))
    check_quantities(found.quantities)  # before anything is planned for them
    for variant in scenario.variants:
        _add_variant(found, variant, scenario, reader, measured.get(variant.name))
    for key in scenario.apis:
        price = find_api(key)
        whose = f"{price.provider} {price.model}"
        found.quantities[f"{key}.input_usd_per_mtok"] = of_catalogue(price.input_usd_per_mtok, whose)
        found.quantities[f"{key}.output_usd_per_mtok"] = of_catalogue(price.output_usd_per_mtok, whose)
        if not found.missing:
            found.options.append(Option(key, "paid per token"))
    check_quantities(found.quantities)
    return found


def _general(scenario: ScenarioFile, reader: Reader) -> dict[str, Quantity]:
    site = scenario.site
    hours = Quantity(Fraction(HOURS_PER_MONTH), "quoted", CALENDAR)
    return {
        "hours_per_month": reader.read(scenario.hours_per_month, hours),
        "discount_rate": reader.read(scenario.discount_rate),
        **_engagement(scenario, reader),
        **(_load(scenario.load, reader) if scenario.load else {}),
        **({"currency.per_usd": reader.read(scenario.currency.per_usd)} if scenario.currency else {}),
        "site.staff_usd_per_year": reader.read(site.staff_usd_per_year if site else None),
        **({f"site.{key}": reader.read(getattr(site, key)) for key in ("usd_per_kwh", "pue", "load")} if site else {}),
    }


def _load(load: LoadForm, reader: Reader) -> dict[str, Quantity]:
    one = Quantity(Fraction(1), "assumed", NO_PEAK)
    peak = reader.read(load.peak_factor, one)
    if load.day_curve is not None:
        try:
            factor = peak_of([exact(value) for value in load.day_curve])
        except ValueError as problem:
            raise UsageError(f"load.day_curve: {problem}. Correct it.") from None
        peak = Quantity(factor, reader.read(load.requests_per_day).origin, DAY_CURVE)
    found = {
        "load.requests_per_day": reader.read(load.requests_per_day),
        "load.peak_factor": peak,
        "load.growth_per_year": reader.read(load.growth_per_year),
    }
    tokens = {"load.input_tokens": load.input_tokens, "load.output_tokens": load.output_tokens}
    return found | {name: reader.read(form) for name, form in tokens.items() if form is not None}


def _engagement(scenario: ScenarioFile, reader: Reader) -> dict[str, Quantity]:
    asked = scenario.engagement
    once, monthly = (asked.one_time_usd, asked.monthly_usd) if asked else (None, None)
    found = {"engagement.one_time_usd": reader.read(once), "engagement.monthly_usd": reader.read(monthly)}
    if asked and asked.package:
        found["engagement.one_time_usd"] = of_package(asked.package, monthly=False)
    if asked and asked.support:
        found["engagement.monthly_usd"] = of_package(asked.support, monthly=True)
    return found


def _missing(scenario: ScenarioFile) -> list[str]:
    if scenario.load is None:
        return ["load"]
    tokens = {
        "input tokens per request": scenario.load.input_tokens,
        "output tokens per request": scenario.load.output_tokens,
    }
    return [name for name, form in tokens.items() if form is None]


def _add_variant(
    found: Inputs, variant: VariantForm, scenario: ScenarioFile, reader: Reader, measured: Quantity | str | None
) -> None:
    name = variant.name
    if measured is None:
        goodput, reason = _goodput(found, variant, scenario, reader)
    else:
        goodput, reason = (None, measured) if isinstance(measured, str) else (measured, "")
    if reason:
        found.impossible[name] = reason
        return
    if goodput is not None and not found.missing:
        found.quantities[f"{name}.goodput_tokens_per_s"] = goodput
    if isinstance(variant.machines, InputForm):
        found.quantities[f"{name}.machines"] = reader.read(variant.machines)
    elif variant.machines == "planned":
        found.quantities[f"{name}.machines"] = _carrying_the_same(found, variant, scenario)
    if variant.machines is not None or (goodput is not None and not found.missing):
        _add_options(found, variant, reader)


def _goodput(
    found: Inputs, variant: VariantForm, scenario: ScenarioFile, reader: Reader
) -> tuple[Quantity | None, str]:
    """Return what one machine serves, stated, measured or planned; or why it cannot serve the load."""
    if variant.goodput_tokens_per_s is not None:
        return reader.read(variant.goodput_tokens_per_s), ""
    if variant.run is not None:
        from pipeline.roi.scenarios.runs import measured_goodput  # noqa: PLC0415 -- only a run needs it

        goodput = measured_goodput(variant, variant.run)
        missed = f"{variant.run.out} shows it to keep its service level at no concurrency."
        return goodput, "" if goodput else missed
    if scenario.model is not None and variant.gpu is not None:
        plan = planned(variant, scenario, found.quantities)
        found.plans[variant.name] = plan
        return plan.goodput, plan.reason
    if variant.machines is None:
        raise UsageError(
            f"Nothing says what {variant.name} serves. Give the scenario a `model` to plan it, or the variant its "
            f"`goodput_tokens_per_s`, `run` or `machines`."
        )
    return None, ""


def _carrying_the_same(found: Inputs, variant: VariantForm, scenario: ScenarioFile) -> Quantity:
    """Return the most machines that a variant needs for what the stated machines of the others carry, as planned.

    All of these are said to carry the load, so it is at most what the weakest of them can.
    """
    most = None
    for other in scenario.variants:
        plan, count = found.plans.get(other.name), found.quantities.get(f"{other.name}.machines")
        if plan and plan.goodput and count and isinstance(other.machines, InputForm):
            carried = count.value * plan.goodput.value
            most = carried if most is None else min(most, carried)
    own = found.plans[variant.name].goodput if variant.name in found.plans else None
    if most is None or own is None:
        raise UsageError(
            f"{variant.name} has `machines: planned`, and no variant above it has stated ones. State them."
        )
    return Quantity(Fraction(ceiling(most / own.value)), "modelled", "at most, for what the stated machines carry")


def _add_options(found: Inputs, variant: VariantForm, reader: Reader) -> None:
    name = variant.name
    option = Option(
        name,
        "rented",
        gpus=variant.gpus,
        stated=variant.machines is not None,
        spares=variant.spares,
        engaged=variant.is_engaged,
    )
    if variant.hourly_usd is not None or variant.purchase is None:
        found.quantities[f"{name}.hourly_usd"] = _rent(variant, reader)
        found.options.append(option)
    if variant.purchase is not None:
        found.quantities |= _purchase(variant, variant.purchase, reader)
        found.options.append(replace(option, tenure="bought", life_years=variant.purchase.life_years))


def _rent(variant: VariantForm, reader: Reader) -> Quantity:
    if variant.hourly_usd is not None:
        return reader.read(variant.hourly_usd)
    offer = find_gpu(str(variant.gpu)).cheapest
    if offer is None:
        raise UsageError(f"No rent of {variant.gpu} is known. Give `hourly_usd` of {variant.name}.")
    return of_catalogue(Figure(offer.usd_per_hour, offer.source), offer.provider)


def _purchase(variant: VariantForm, purchase: PurchaseForm, reader: Reader) -> dict[str, Quantity]:
    name, gpu = variant.name, variant.gpu
    figures = find_gpu(gpu).figures if gpu else {}
    stated = {"purchase_usd": ("list_usd", purchase.usd), "watts": ("watts", purchase.watts)}
    found = {f"{name}.resale_share": reader.read(purchase.resale_share)}
    for key, (entry, form) in stated.items():
        if form is None and entry not in figures:
            raise UsageError(f"The catalogue has no {entry} of {gpu}. Give it under `purchase` of {name}.")
        price = key == "purchase_usd"
        found[f"{name}.{key}"] = reader.read(form) if form else of_catalogue(figures[entry], price=price)
    return found
