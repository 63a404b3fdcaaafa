"""The chapter on costs."""

from collections.abc import Callable, Sequence

from eval.bench.result import BenchResult
from pipeline.base.format import as_given, count, day, number, percent, usd, usd_as_given
from pipeline.recipe.arms import AWQ, BASELINE
from pipeline.report.cells import few_or, figure, numbers, origin_cell, word, words
from pipeline.report.chapter import Chapter
from pipeline.report.chapters.cost_finding import cost_sentence
from pipeline.report.chapters.savings import payback_cell
from pipeline.report.charts.costs import cost_chart, load_chart
from pipeline.report.cost_figures import figure_cell
from pipeline.report.document import Cell, Column, Section, Table
from pipeline.report.evidence import in_recipe
from pipeline.report.inputs import Inputs
from pipeline.roi.agreement import is_plain
from pipeline.roi.figure import Figure
from pipeline.roi.result import ArmCost, RoiResult

_PER_ARM = (
    ("capacity_tokens_per_s", number),
    ("usd_per_mtok_full_load", usd),
    ("usd_per_mtok_at_load", usd),
    ("machines", count),
    ("utilisation", percent),
    ("monthly_usd", usd),
    ("yearly_usd", usd),
    ("three_year_usd", usd),
)


def costs_section(inputs: Inputs) -> Section:
    """Return costs at the recipe's load in whole machines, saving, payback and break-even."""
    costs, say = inputs.costs, inputs.say.costs
    return Section(
        id="costs",
        title=say.title,
        paragraphs=(
            *(cost_sentence(costs, one, say) for one in costs.comparisons),
            *_in_currency(inputs),
            say.machine(costs.machine, inputs.hardware),
            _capacity_sentence(inputs),
            *(say.not_priced(say.title_of(arm), why) for arm, why in costs.not_priced.items()),
        ),
        charts=(cost_chart(inputs), load_chart(inputs)),
        tables=(_arms(inputs), _decision(inputs), _assumptions(inputs)),
    )


def _in_currency(inputs: Inputs) -> tuple[str, ...]:
    """Return at which rate money is printed, where it is not printed in USD."""
    money = inputs.currency
    if money is None:
        return ()
    stated = ", ".join(filter(None, (money.source, day(money.date or ""))))
    return (inputs.say.costs.in_currency(money.code, as_given(money.per_usd), stated),)


def _capacity_sentence(inputs: Inputs) -> str:
    say, load = inputs.say.costs, inputs.load
    where = [
        say.best(name, str(best.concurrency), few_or(best.ttft.p95_ms, say), few_or(best.e2e.p95_ms, say))
        for name, best in ((say.baseline, load.best(BASELINE)), (say.name_of(AWQ), load.best(AWQ)))
    ]
    return say.capacity("; ".join(where), say.service_level if load.service_level else say.no_service_level)


def _arms(inputs: Inputs) -> Table:
    costs, say = inputs.costs, inputs.say.costs
    rows = []
    for field, form in _PER_ARM:
        baseline, awq = (_figure_of(cost, field) for cost in (costs.of(BASELINE), costs.of(AWQ)))
        cells = (figure_cell(one, form, inputs) for one in (baseline, awq))
        rows.append((word(say.items[field]), *cells, origin_cell(baseline.origin), word(_basis(field, inputs))))
    known = costs.of(AWQ).capacity_tokens_per_s.low is not None
    return Table(
        id="costs-arms",
        title=say.arms,
        columns=_columns(say.arms_columns, figures=2),
        rows=tuple(rows),
        note=say.arms_note + (say.ranges_note if known else say.no_ranges_note)
        if _is_plain(inputs)
        else say.whole_note(str(inputs.recipe.roi.spares)),
        sources=inputs.sources("roi"),
    )


def _is_plain(inputs: Inputs) -> bool:
    """Return whether costs are of rent alone, at the highest throughput; otherwise they are the whole pricing's."""
    return inputs.costs.scenario is None or is_plain(inputs.recipe.roi, inputs.load)


def _basis(field: str, inputs: Inputs) -> str:
    """Return how a figure is calculated; nothing where that is plain."""
    say = inputs.say.costs
    whole = {} if _is_plain(inputs) else say.whole_bases
    return whole.get(field) or say.bases.get(field, "")


def _columns(titles: Sequence[str], *, figures: int) -> tuple[Column, ...]:
    """Return the name of a row, its figures, and the two columns that say where they are from."""
    return (*words(titles[0]), *numbers(*titles[1 : 1 + figures]), *words(*titles[1 + figures :]))


def _figure_of(cost: ArmCost, field: str) -> Figure:
    found: Figure = getattr(cost, field)
    return found


def _decision(inputs: Inputs) -> Table:
    saving, say = inputs.saving, inputs.say.costs
    none = Figure(value=None, unit="USD", origin="assumed", source=say.no_engagement_source)
    engagement = inputs.costs.engagement_usd or none
    label, _, *found = _row(say.payback, saving.payback_months, number, inputs, "payback_months")
    payback = payback_cell(saving.payback_months, inputs)
    rows = (
        _row(say.saving, saving.saving_per_month_usd, usd, inputs, "saving_per_month_usd"),
        _row(say.engagement, engagement, usd_as_given, inputs, missing=say.no_engagement),
        _row(say.saving_three_years, saving.saving_three_years_usd, usd, inputs, "saving_three_years_usd"),
        (label, payback, *found),
        _row(
            say.break_even,
            saving.break_even_requests_per_day,
            count,
            inputs,
            "break_even_requests_per_day",
            missing=say.not_reached,
        ),
    )
    return Table(
        id="costs-decision",
        title=say.decision,
        columns=_columns(say.decision_columns, figures=1),
        rows=rows,
        sources=inputs.sources("roi"),
    )


def _assumptions(inputs: Inputs) -> Table:
    costs, say = inputs.costs, inputs.say.costs
    rows = (
        _row(say.hourly, costs.hourly_usd, usd_as_given, inputs),
        _load_row(say.requests, "requests_per_day", inputs),
        _load_row(say.tokens, "output_tokens_per_request", inputs),
        _load_row(say.peak_to_average, "peak_to_average", inputs),
        _row(say.average, costs.load_tokens_per_s, number, inputs, "load_tokens_per_s"),
        _row(say.peak, costs.peak_tokens_per_s, number, inputs, "peak_tokens_per_s"),
    )
    return Table(
        id="costs-inputs",
        title=say.assumptions,
        columns=_columns(say.assumptions_columns, figures=1),
        rows=rows,
        note=say.assumptions_note,
        sources=("record.json (recipe.roi)",),
    )


def _load_row(label: str, field: str, inputs: Inputs) -> tuple[Cell, ...]:
    load = inputs.recipe.roi.load
    cell = figure(getattr(load, field), evidence=in_recipe("roi", "load", field), origin=load.origin)
    return (word(label), cell, origin_cell(load.origin), word(load.source))


def _row(
    label: str,
    one: Figure,
    form: Callable[[float], str],
    inputs: Inputs,
    field: str = "",
    *,
    missing: str = "",
) -> tuple[Cell, ...]:
    """Return a figure with its origin and how it was found: the formula of its field, and who stated it."""
    say = inputs.say.costs
    value = word(missing) if one.value is None and one.low is None else figure_cell(one, form, inputs)
    formula = _basis(field, inputs)
    basis = say.basis(formula, one.source) if formula and one.source else formula or one.source
    return (word(label), value, origin_cell(one.origin), word(basis))


def costs_limits(inputs: Inputs) -> tuple[str, ...]:
    """Return what the costs leave out, and which of their figures are assumptions."""
    say = inputs.say.costs
    roi = inputs.recipe.roi
    return (
        say.limit_failover if roi.spares else say.limit_spare,
        say.limit_other_but_staff if roi.site else say.limit_other,
        _quality_of_prices(inputs),
    )


def _quality_of_prices(inputs: Inputs) -> str:
    roi, say = inputs.recipe.roi, inputs.say.costs
    origins: dict[str, str] = {say.the_price: roi.hourly.origin, say.the_load: roi.load.origin}
    if inputs.costs.engagement_usd:
        origins[say.the_engagement] = inputs.costs.engagement_usd.origin
    assumed = [name for name, origin in origins.items() if origin == "assumed"]
    if not assumed:
        return ""
    return say.limit_assumption(assumed[0]) if len(assumed) == 1 else say.limit_assumptions(say.listing(assumed))


COSTS = Chapter(
    id="costs",
    write=costs_section,
    needs=(BenchResult, RoiResult),
    limits=costs_limits,
    absent=lambda say: say.costs.absent,
)
