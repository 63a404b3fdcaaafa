"""The chapter on savings: every way against the baseline, and AWQ against every other way."""

from collections.abc import Iterable

from eval.bench.result import BenchResult
from pipeline.base.format import NONE, count, number, usd
from pipeline.recipe.arms import BASELINE
from pipeline.report.cells import numbers, word, words
from pipeline.report.chapter import Chapter
from pipeline.report.chapters.options import has_scenario, whole, years_text
from pipeline.report.cost_figures import figure_cell, figure_keys, ranged
from pipeline.report.document import Cell, Section, Table, Tone
from pipeline.report.inputs import Inputs
from pipeline.report.option_names import option_named
from pipeline.roi.agreement import rented_pair
from pipeline.roi.figure import Decision, Figure
from pipeline.roi.result import RoiResult
from pipeline.roi.scenarios.result import Comparison, OptionCost, ScenarioResult

_TONES: dict[Decision, Tone] = {"pays": "good", "does not pay": "bad", "not decided": "caution"}


def savings_section(inputs: Inputs) -> Section:
    """Return what each way saves against the baseline, and AWQ against all others."""
    scenario, say = whole(inputs), inputs.say.pricing
    base = [one for one in scenario.comparisons if _variant(one.reference, scenario) == BASELINE]
    others = [one for one in scenario.comparisons if one not in base]
    tables = (
        _table("savings-baseline", say.against_baseline, base, scenario, inputs),
        _table("savings-awq", say.against_others, others, scenario, inputs),
    )
    return Section(
        id="savings",
        title=say.savings_title,
        paragraphs=(say.savings_method(years_text(scenario, inputs), _engagement(scenario, inputs)), *_beside(inputs)),
        tables=tuple(table for table in tables if table.rows),
    )


def _variant(option: str, scenario: ScenarioResult) -> str | None:
    return next((one.variant for one in scenario.options if one.name == option), None)


def _engagement(scenario: ScenarioResult, inputs: Inputs) -> str:
    say, once = inputs.say.pricing, inputs.costs.engagement_usd
    monthly = next((one for one in scenario.inputs if one.name == "engagement.monthly_usd"), None)
    said = say.no_engagement if once is None else say.engagement(ranged(once, usd, inputs.say.costs))
    return f"{said} {say.support(usd(monthly.value))}" if monthly else said


def _beside(inputs: Inputs) -> tuple[str, ...]:
    """Return what would save without AWQ, too, or that it was not asked."""
    say, scenario = inputs.say.pricing, whole(inputs)
    cards = [one for one in scenario.options if one.gpu is not None]
    fp8 = _is_there(cards, "fp8") or any(arm.is_fp8 for arm in inputs.recipe.benchmarked)
    return (
        say.whose_saving,
        *(() if _is_there(cards, "none") else (say.no_cheaper_card,)),
        *(() if fp8 else (say.no_fp8,)),
        *(() if any(one.tenure == "paid per token" for one in scenario.options) else (say.no_api,)),
    )


def _is_there(options: Iterable[OptionCost], quantization: str) -> bool:
    return any(one.quantization == quantization for one in options)


def _table(name: str, title: str, comparisons: list[Comparison], scenario: ScenarioResult, inputs: Inputs) -> Table:
    say = inputs.say.pricing
    titles = say.savings_columns(years_text(scenario, inputs))
    drawn = say.savings_note(count(scenario.draws), str(scenario.seed)) if scenario.draws else say.no_ranges
    return Table(
        id=name,
        title=title,
        columns=(*words(*titles[:2]), *numbers(*titles[2:-1]), *words(titles[-1])),
        rows=tuple(_row(one, scenario, inputs) for one in comparisons),
        note=drawn,
        sources=inputs.sources(RoiResult.STAGE),
    )


def _row(one: Comparison, scenario: ScenarioResult, inputs: Inputs) -> tuple[Cell, ...]:
    return (
        word(option_named(one.option, scenario, inputs)),
        word(option_named(one.reference, scenario, inputs)),
        figure_cell(one.saving_per_month_usd, usd, inputs),
        figure_cell(one.saving_per_year_usd, usd, inputs),
        figure_cell(one.saving_total_usd, usd, inputs),
        figure_cell(one.net_present_value_usd, usd, inputs),
        payback_cell(one.payback_months, inputs),
        _break_even(one, scenario, inputs),
        decision_cell(one, inputs),
    )


def payback_cell(one: Figure, inputs: Inputs) -> Cell:
    """Return after how many months what is paid first is back."""
    say = inputs.say.pricing
    if one.value == 0 and one.low in (None, 0) and one.high in (None, 0):
        return _told(say.nothing_to_pay_back, one, inputs)
    if one.value is None and one.low is None:
        return _told(say.never, one, inputs)
    return figure_cell(one, number, inputs)


def decision_cell(one: Comparison, inputs: Inputs) -> Cell:
    """Return whether a way pays; of a saving that is worth nothing once later money is discounted, that."""
    say = inputs.say.pricing
    if one.decision == "pays" and (one.net_present_value_usd.value or 0.0) < 0:
        return word(say.only_undiscounted, "caution")
    return word(say.decisions[one.decision], _TONES[one.decision])


def _told(text: str, one: Figure, inputs: Inputs) -> Cell:
    """Return a figure that is better said in words."""
    return Cell(text=text, origin=one.origin, evidence=figure_keys(one, inputs.evidence))


def _break_even(one: Comparison, scenario: ScenarioResult, inputs: Inputs) -> Cell:
    """Return the first load at which a way costs less; at no load, or not known where none can be counted."""
    say, found = inputs.say.pricing, _agreed(one, inputs) or one.break_even_requests_per_day
    if found.value is None and found.low is None:
        return word(NONE if scenario.missing else say.no_break_even)
    cell = figure_cell(found, count, inputs) if found.value != 1 else _told(say.from_the_first, found, inputs)
    saving, load = one.saving_per_year_usd.value or 0.0, inputs.recipe.roi.load.requests_per_day
    if found.value is None or found.value > load or saving > 0:
        return cell
    return cell.model_copy(update={"text": say.not_here(cell.text) if saving else say.alike})


def _agreed(one: Comparison, inputs: Inputs) -> Figure | None:
    """Return the break-even of two measured arms, rented, as the chapter on costs has it: with its range."""
    for saving in inputs.costs.comparisons:
        if (one.option, one.reference) == rented_pair(saving):
            return saving.break_even_requests_per_day
    return None


SAVINGS = Chapter(
    id="savings",
    write=savings_section,
    needs=(BenchResult, RoiResult),
    stands=lambda inputs: has_scenario(inputs) and bool(whole(inputs).comparisons),
    absent=lambda say: say.pricing.absent,
)
