"""The chapter on ways to serve the load: what each costs, what a machine carries, and the cost of tokens over load."""

from collections.abc import Callable

from eval.bench.result import BenchResult
from pipeline.base.format import count, number, percent, usd
from pipeline.report.cells import figure, numbers, origin_cell, shown, word, words
from pipeline.report.chapter import Chapter
from pipeline.report.charts.load_curve import curve_chart
from pipeline.report.cost_figures import figure_cell
from pipeline.report.document import Cell, Section, Table
from pipeline.report.input_sources import measured_point
from pipeline.report.inputs import Inputs
from pipeline.report.option_names import machine_text, option_name, variant_name
from pipeline.roi.demand import SECONDS_PER_DAY
from pipeline.roi.figure import Figure
from pipeline.roi.recipe_scenario import MISSED
from pipeline.roi.result import RoiResult
from pipeline.roi.scenarios.result import OptionCost, ScenarioResult, YearCost

_YEAR = (
    ("rent_usd", usd),
    ("depreciation_usd", usd),
    ("energy_usd", usd),
    ("staff_usd", usd),
    ("fees_usd", usd),
    ("support_usd", usd),
    ("cost_usd", usd),
    ("purchases_usd", usd),
)


def scenario_of(inputs: Inputs) -> ScenarioResult | None:
    """Return the whole pricing; None where the record has none."""
    return inputs.costs.scenario if inputs.has(RoiResult) else None


def has_scenario(inputs: Inputs) -> bool:
    """Return whether the record has a whole pricing."""
    return scenario_of(inputs) is not None


def whole(inputs: Inputs) -> ScenarioResult:
    """Return the whole pricing of a record that has one.

    Raises:
        ValueError: it has none.
    """
    if (found := scenario_of(inputs)) is None:
        raise ValueError("the record has no whole pricing")
    return found


def years_text(scenario: ScenarioResult, inputs: Inputs) -> str:
    """Return how many years are planned."""
    return inputs.say.pricing.years(str(scenario.years_planned), one=scenario.years_planned == 1)


def options_section(inputs: Inputs) -> Section:
    """Return every way to serve the load with its costs."""
    scenario, say = whole(inputs), inputs.say.pricing
    curves = [one for one in scenario.options if one.curve]
    tables = (_costs(scenario, inputs), _capacity(scenario, inputs), *_curve(curves, inputs), _years(scenario, inputs))
    return Section(
        id="options",
        title=say.options_title,
        paragraphs=(*_load(scenario, inputs), *_sizing(inputs), *_impossible(scenario, inputs), *_alone(inputs)),
        charts=(curve_chart(curves, inputs),) if curves else (),
        tables=tuple(table for table in tables if table.rows),
    )


def _load(scenario: ScenarioResult, inputs: Inputs) -> tuple[str, ...]:
    if not scenario.load:
        return ()
    first, last, say = scenario.load[0], scenario.load[-1], inputs.say.pricing
    same = first.peak_tokens_per_s == last.peak_tokens_per_s
    grown = "" if same else say.grown(number(last.peak_tokens_per_s), str(last.year))
    figures = (count(first.requests_per_day), number(first.average_tokens_per_s), number(first.peak_tokens_per_s))
    return (say.load(*figures, grown),)


def _sizing(inputs: Inputs) -> tuple[str, ...]:
    """Return how machines are counted: by which speed, with which prompts, with how many spares."""
    say, roi = inputs.say.pricing, inputs.recipe.roi
    said = [say.by_goodput if inputs.load.service_level else say.by_throughput]
    if roi.load.input_tokens_per_request is None:
        tokens = next((one.value for one in whole(inputs).inputs if one.name == "load.input_tokens"), None)
        said += [] if tokens is None else [say.input_tokens(number(tokens))]
    return (*said, say.spares(count(roi.spares)) if roi.spares else say.no_spares)


def _impossible(scenario: ScenarioResult, inputs: Inputs) -> tuple[str, ...]:
    say = inputs.say.pricing
    return tuple(
        say.impossible(variant_name(one.variant, inputs), say.missed if one.reason == MISSED else one.reason)
        for one in scenario.impossible
    )


def _alone(inputs: Inputs) -> tuple[str, ...]:
    roi = inputs.recipe.roi
    return () if roi.alternatives or roi.apis or roi.purchase else (inputs.say.pricing.no_alternatives,)


def _costs(scenario: ScenarioResult, inputs: Inputs) -> Table:
    say = inputs.say.pricing
    rate = next((one.value for one in scenario.inputs if one.name == "discount_rate"), 0.0)
    titles = say.options_columns(years_text(scenario, inputs))
    return Table(
        id="options-costs",
        title=say.options_table,
        columns=(*words(*titles[:2]), *numbers(*titles[2:-1]), *words(titles[-1])),
        rows=tuple(_option(one, inputs) for one in scenario.options),
        note=say.options_note(say.discounted(percent(rate)) if rate else say.not_discounted),
        sources=inputs.sources(RoiResult.STAGE),
    )


def _option(one: OptionCost, inputs: Inputs) -> tuple[Cell, ...]:
    tokens = one.tenure == "paid per token"
    return (
        word(option_name(one, inputs)),
        word(machine_text(one, inputs)),
        word("") if tokens else _cell(one.machines, count, inputs),
        _cell(one.idle_share, percent, inputs),
        _cell(one.monthly_usd, usd, inputs),
        _cell(one.yearly_usd, usd, inputs),
        _cell(one.total_usd, usd, inputs),
        _cell(one.present_value_usd, usd, inputs),
        _cell(one.usd_per_mtok_useful, usd, inputs),
        origin_cell(one.total_usd.origin),
    )


def _cell(one: Figure | None, form: Callable[[float], str], inputs: Inputs) -> Cell:
    return word("") if one is None else figure_cell(one, form, inputs)


def _capacity(scenario: ScenarioResult, inputs: Inputs) -> Table:
    say = inputs.say.pricing
    titles = say.capacity_columns
    return Table(
        id="options-capacity",
        title=say.capacity_table,
        columns=(*words(titles[0]), *numbers(*titles[1:-1]), *words(titles[-1])),
        rows=tuple(
            _carries(one, one.goodput_tokens_per_s, scenario, inputs)
            for one in _variants(scenario)
            if one.goodput_tokens_per_s
        ),
        note=say.capacity_note,
        sources=inputs.sources(RoiResult.STAGE),
    )


def _variants(scenario: ScenarioResult) -> tuple[OptionCost, ...]:
    """Return one option of each variant: a bought machine carries what a rented one does."""
    return tuple({one.variant: one for one in reversed(scenario.options)}.values())[::-1]


def _carries(one: OptionCost, speed: Figure, scenario: ScenarioResult, inputs: Inputs) -> tuple[Cell, ...]:
    """Return a machine's speed at the service level and the requests a day that it carries at the peak."""
    evidence, stated = inputs.evidence, {each.name: each for each in scenario.inputs}
    tokens, peak = stated["load.output_tokens"], stated["load.peak_factor"]
    requests = (speed.value or 0.0) * SECONDS_PER_DAY / (tokens.value * peak.value)
    keys = evidence.of_all([(speed, "value"), (tokens, "value"), (peak, "value")])
    return (
        word(variant_name(one.variant, inputs)),
        _at_a_time(one, inputs),
        figure_cell(speed, number, inputs),
        figure(requests, count, evidence=keys, origin=speed.origin),
        origin_cell(speed.origin),
    )


def _at_a_time(one: OptionCost, inputs: Inputs) -> Cell:
    """Return how many requests a machine has under way at that speed, as planned or as measured."""
    if one.concurrency is not None:
        return figure(one.concurrency, count, evidence=inputs.evidence.of(one, "concurrency"), origin="modelled")
    point = measured_point(one.variant, inputs)
    if point is None:
        return word("")
    return figure(point.concurrency, count, evidence=inputs.evidence.of(point, "concurrency"), origin="measured")


def _curve(curves: list[OptionCost], inputs: Inputs) -> tuple[Table, ...]:
    if not curves:
        return ()
    say, evidence = inputs.say.pricing, inputs.evidence
    rows = tuple(
        (
            shown(evidence, curves[0].curve[place], "requests_per_day", count),
            *(shown(evidence, one.curve[place], "usd_per_mtok", usd) for one in curves),
        )
        for place in range(len(curves[0].curve))
    )
    return (
        Table(
            id="options-curve",
            title=say.curve_table,
            columns=numbers(say.curve_load, *(option_name(one, inputs) for one in curves)),
            rows=rows,
            origin="modelled",
            note=say.curve_note,
            sources=inputs.sources(RoiResult.STAGE),
            folded=True,
        ),
    )


def _years(scenario: ScenarioResult, inputs: Inputs) -> Table:
    say = inputs.say.pricing
    rows = [(word(option_name(one, inputs)), *_year(year, inputs)) for one in scenario.options for year in one.years]
    columns = (*words(*say.years_columns[:2]), *numbers(*say.years_columns[2:]))
    kept = [place for place in range(len(columns)) if any(row[place].value != 0 for row in rows)]
    return Table(
        id="options-years",
        title=say.years_table,
        columns=tuple(columns[place] for place in kept),
        rows=tuple(tuple(row[place] for place in kept) for row in rows),
        origin="modelled",
        note=say.years_note,
        sources=inputs.sources(RoiResult.STAGE),
        folded=True,
    )


def _year(year: YearCost, inputs: Inputs) -> tuple[Cell, ...]:
    evidence = inputs.evidence
    cells = {field: shown(evidence, year, field, form) for field, form in _YEAR}
    power = evidence.of(year, "energy_usd", "cooling_usd")
    cells["energy_usd"] = figure(year.energy_usd + year.cooling_usd, usd, evidence=power)
    return (word(str(year.year)), shown(evidence, year, "machines", count), *cells.values())


def options_limits(inputs: Inputs) -> tuple[str, ...]:
    """Return what the prices of other ways leave open."""
    say, scenario = inputs.say.pricing, whole(inputs)
    planned = any(
        one.goodput_tokens_per_s and one.goodput_tokens_per_s.origin == "modelled" for one in scenario.options
    )
    return (
        say.planned_limit if planned else "",
        say.api_limit if any(one.tenure == "paid per token" for one in scenario.options) else "",
        say.old_prices if any(one.stale for one in scenario.inputs) else "",
    )


OPTIONS = Chapter(
    id="options",
    write=options_section,
    needs=(BenchResult, RoiResult),
    stands=has_scenario,
    limits=options_limits,
    absent=lambda say: say.pricing.absent,
)
