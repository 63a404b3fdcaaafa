"""The chapter on sensitivity: what moves the saving most, what the simulation says, and every input with its source."""

from collections.abc import Callable

from eval.bench.result import BenchResult
from pipeline.base.format import as_given, count, day, extent, number, shown_amount, usd
from pipeline.report.cells import numbers, origin_cell, shown, word, words
from pipeline.report.chapter import Chapter
from pipeline.report.chapters.options import has_scenario, whole, years_text
from pipeline.report.charts.tornado import tornado_chart
from pipeline.report.document import Cell, Section, Table
from pipeline.report.input_sources import input_name, is_money, source_of
from pipeline.report.inputs import Inputs
from pipeline.report.option_names import option_named
from pipeline.roi.result import RoiResult
from pipeline.roi.scenarios.result import InputFigure, ScenarioResult, Swing


def sensitivity_section(inputs: Inputs) -> Section:
    """Return how the saving moves with its inputs, and where each of these is from."""
    scenario, say = whole(inputs), inputs.say.pricing
    tables = (_tornado(scenario, inputs), _inputs(scenario, inputs))
    return Section(
        id="sensitivity",
        title=say.sensitivity_title,
        paragraphs=_saving(scenario, inputs),
        charts=(tornado_chart(scenario, inputs),) if scenario.tornado else (),
        tables=tuple(table for table in tables if table.rows),
    )


def _saving(scenario: ScenarioResult, inputs: Inputs) -> tuple[str, ...]:
    """Return the saving that the tornado is of, with its interval; nothing where nobody carries an engagement."""
    say = inputs.say.pricing
    found = scenario.tornado_comparison
    if found is None:
        return ()
    option, reference = (option_named(name, scenario, inputs) for name in (found.option, found.reference))
    total = found.saving_total_usd
    said = [say.saving_of(option, reference, years_text(scenario, inputs), usd(total.value or 0.0))]
    if total.low is not None and total.high is not None:
        said.append(say.simulated(count(scenario.draws), str(scenario.seed), extent(total.low, total.high, usd)))
    elif not scenario.draws:
        said.append(say.not_simulated)
    return (*said, *(() if scenario.tornado else (say.nothing_moves,)))


def _tornado(scenario: ScenarioResult, inputs: Inputs) -> Table:
    say = inputs.say.pricing
    titles = say.tornado_columns(years_text(scenario, inputs))
    return Table(
        id="sensitivity-tornado",
        title=say.tornado_table,
        columns=(*words(titles[0]), *numbers(*titles[1:3]), *words(titles[3]), *numbers(*titles[4:])),
        rows=tuple(_swing(one, inputs) for one in scenario.tornado),
        origin="modelled",
        sources=inputs.sources(RoiResult.STAGE),
    )


def _swing(one: Swing, inputs: Inputs) -> tuple[Cell, ...]:
    say, evidence = inputs.say.pricing, inputs.evidence
    return (
        word(input_name(one.input, inputs)),
        *(shown(evidence, one, field, _form(one.input, number)) for field in ("low", "high")),
        word(say.stated if one.stated else say.tried),
        *(shown(evidence, one, field, usd) for field in ("saving_at_low_usd", "saving_at_high_usd")),
    )


def _inputs(scenario: ScenarioResult, inputs: Inputs) -> Table:
    say = inputs.say.pricing
    titles = say.inputs_columns
    named = {input_name(one.name, inputs): one for one in reversed(scenario.inputs)}
    named = dict(reversed(named.items()))
    return Table(
        id="sensitivity-inputs",
        title=say.inputs_table,
        columns=(*words(titles[0]), *numbers(*titles[1:4]), *words(*titles[4:])),
        rows=tuple(_input(one, scenario, inputs) for one in named.values()),
        note=say.inputs_note,
        sources=inputs.sources(RoiResult.STAGE),
    )


def _input(one: InputFigure, scenario: ScenarioResult, inputs: Inputs) -> tuple[Cell, ...]:
    """Return an input with its origin, its source and its date, an old quote marked."""
    say, date = inputs.say.pricing, one.date or ""
    cells = (shown(inputs.evidence, one, field, _form(one.name, _printed)) for field in ("value", "low", "high"))
    return (
        word(input_name(one.name, inputs)),
        *(cell.model_copy(update={"origin": one.origin}) for cell in cells),
        origin_cell(one.origin),
        word(source_of(one, scenario, inputs)),
        word(say.stale(day(date)), "caution") if one.stale else word(day(date)),
    )


def _printed(value: float) -> str:
    """Return an input as it was stated; of a measured one what can be told apart."""
    text = as_given(value)
    written = sum(character not in ".," for character in text) + (not float(value).is_integer())
    return text if written <= _AS_STATED else number(value, 4)


def _form(name: str, form: Callable[[float], str]) -> Callable[[float], str]:
    """Return how an input is printed: of an amount what it is in the currency of the report."""
    return (lambda usd: form(shown_amount(usd))) if is_money(name) else form


_AS_STATED = 8
"""Characters up to which a number is one that somebody wrote."""

SENSITIVITY = Chapter(
    id="sensitivity",
    write=sensitivity_section,
    needs=(BenchResult, RoiResult),
    stands=has_scenario,
    absent=lambda say: say.pricing.absent,
)
