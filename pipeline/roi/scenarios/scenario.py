"""A scenario from its file to its result."""

from collections.abc import Mapping
from pathlib import Path

from pipeline.base.commands import command
from pipeline.catalogue.apis import find_api
from pipeline.catalogue.sources import Source, read_sources
from pipeline.roi.options import demand_in
from pipeline.roi.quantity import Quantity
from pipeline.roi.scenarios.claims import judged
from pipeline.roi.scenarios.comparisons import compared, pairs, simulate, swings
from pipeline.roi.scenarios.costs import cost_of
from pipeline.roi.scenarios.files import read_scenario
from pipeline.roi.scenarios.forms import ScenarioFile
from pipeline.roi.scenarios.inputs import Inputs, Measured, inputs_of
from pipeline.roi.scenarios.pricing import Pricing
from pipeline.roi.scenarios.quantities import NOT_STATED
from pipeline.roi.scenarios.result import Impossible, InputFigure, ScenarioResult, Shown, YearLoad


def scenario_result(path: Path) -> ScenarioResult:
    """Return a scenario, priced and judged.

    Raises:
        UsageError: the file is not valid, or names what is not known.
        SourceError: the model is not known.
    """
    scenario = read_scenario(path)
    return result_of(scenario, path.name)


def result_of(scenario: ScenarioFile, name: str) -> ScenarioResult:
    """Return a scenario that was read from a file of that name, priced and judged."""
    return priced(scenario, read_sources(name, scenario.sources), {})


def priced(scenario: ScenarioFile, sources: Mapping[str, Source], measured: Measured) -> ScenarioResult:
    """Return a scenario with what was measured for its variants, priced and judged."""
    inputs = inputs_of(scenario, sources, measured)
    pricing = Pricing(scenario, inputs)
    simulation, chosen = simulate(pricing), pairs(pricing)
    engaged = [pair for pair in chosen if pair[0].engaged][:1]
    return ScenarioResult(
        scenario=scenario.scenario,
        title=scenario.title,
        about=scenario.about,
        model=scenario.model,
        currency=_shown(scenario, inputs),
        years_planned=scenario.years,
        missing=tuple(inputs.missing) if scenario.variants else (),
        load=_load(pricing),
        options=tuple(cost_of(pricing, option) for option in inputs.options),
        impossible=tuple(
            Impossible(variant=each.name, role=each.role, reason=inputs.impossible[each.name])
            for each in scenario.variants
            if each.name in inputs.impossible
        ),
        comparisons=tuple(compared(pricing, simulation, *pair) for pair in chosen),
        tornado_of=" against ".join(option.name for option in engaged[0]) if engaged else None,
        tornado=swings(pricing, *engaged[0]) if engaged else (),
        draws=simulation.count,
        seed=scenario.seed,
        claims=judged(pricing),
        inputs=tuple(
            _input(key, quantity) for key, quantity in inputs.quantities.items() if quantity.source != NOT_STATED
        ),
        notes=_notes(pricing),
        pricing=pricing.model(chosen),
    )


def _load(pricing: Pricing) -> tuple[YearLoad, ...]:
    if pricing.inputs.missing:
        return ()
    years = [(number, demand_in(pricing.middle, number)) for number in range(1, pricing.years + 1)]
    return tuple(
        YearLoad(
            year=number,
            requests_per_day=float(load.requests_per_day),
            average_tokens_per_s=float(load.average_tokens_per_s),
            peak_tokens_per_s=float(load.peak_tokens_per_s),
        )
        for number, load in years
    )


def _notes(pricing: Pricing) -> tuple[str, ...]:
    notes = []
    quantities, options = pricing.inputs.quantities, pricing.inputs.options
    if any(plan.goodput for plan in pricing.inputs.plans.values()) and not pricing.inputs.missing:
        notes.append(f"No speed was measured: planned, with the band of the plan. `{command('bench')}` measures it.")
    stale = sorted({quantity.source for quantity in quantities.values() if quantity.stale})
    notes += [f"A price is older than 90 days: {source}." for source in stale]
    notes += [f"{key}: {find_api(key).note}." for key in pricing.scenario.apis if find_api(key).note]
    if any(option.stated for option in options):
        notes.append("Machines are as stated in the scenario, not counted for a load.")
    return tuple(notes)


def _input(name: str, quantity: Quantity) -> InputFigure:
    low, high = quantity.ends if quantity.ranged else (None, None)
    return InputFigure(
        name=name,
        value=float(quantity.value),
        low=None if low is None else float(low),
        high=None if high is None else float(high),
        shape=quantity.shape,
        origin=quantity.origin,
        source=quantity.source,
        date=str(quantity.date) if quantity.date else None,
        stale=quantity.stale,
    )


def _shown(scenario: ScenarioFile, inputs: Inputs) -> Shown:
    if scenario.currency is None:
        return Shown(code="USD", per_usd=1.0, source="", date=None)
    rate = inputs.quantities["currency.per_usd"]
    return Shown(
        code=scenario.currency.code,
        per_usd=float(rate.value),
        source=rate.source,
        date=str(rate.date) if rate.date else None,
    )
