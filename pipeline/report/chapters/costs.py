"""The chapter on costs."""

from collections.abc import Callable

from eval.bench.result import BenchResult
from pipeline.base.format import count, listed, number, percent, usd, usd_as_given
from pipeline.recipe.arms import AWQ, BASELINE
from pipeline.report.cells import figure, numbers, origin_cell, shown, word, words
from pipeline.report.chapter import Chapter
from pipeline.report.charts.costs import cost_chart, load_chart
from pipeline.report.document import Cell, Section, Table
from pipeline.report.evidence import in_recipe
from pipeline.report.inputs import Inputs
from pipeline.roi.result import ArmCost, Figure, RoiResult

_PER_ARM = (
    ("capacity_tokens_per_s", "Capacity of one machine, tokens/s", number),
    ("usd_per_mtok_full_load", "Per million output tokens, machine always busy", usd),
    ("usd_per_mtok_at_load", "Per million output tokens, at this load", usd),
    ("machines", "Machines needed at the peak", count),
    ("utilisation", "Utilisation at the average load", percent),
    ("monthly_usd", "Monthly cost", usd),
    ("yearly_usd", "Yearly cost", usd),
    ("three_year_usd", "Cost of 3 years", usd),
)
_NO_PRICE = Figure(value=None, unit="USD", origin="assumed", basis="the recipe states none")


def costs_section(inputs: Inputs) -> Section:
    """Return costs at the recipe's load in whole machines, saving, payback and break-even."""
    costs = inputs.costs
    return Section(
        id="costs",
        title="Costs",
        paragraphs=(
            *(one.verdict for one in costs.comparisons),
            (
                f"The price is for: {costs.machine}. The throughput was measured on: {inputs.hardware}. The costs "
                f"hold only where these are the same machine."
            ),
            _capacity_sentence(inputs),
        ),
        charts=(cost_chart(inputs), load_chart(inputs)),
        tables=(_arms(inputs), _decision(inputs), _assumptions(inputs)),
    )


def _capacity_sentence(inputs: Inputs) -> str:
    where = [
        f"{name} at concurrency {best.concurrency}, with a p95 TTFT of {number(best.ttft.p95_ms)} ms and a p95 "
        f"end-to-end latency of {number(best.e2e.p95_ms)} ms"
        for name, best in (("Baseline", inputs.load.best(BASELINE)), ("AWQ", inputs.load.best(AWQ)))
    ]
    return (
        f"Capacity is the highest measured output throughput of one machine: {'; '.join(where)}. A limit on "
        f"latency would lower it."
    )


def _arms(inputs: Inputs) -> Table:
    costs = inputs.costs
    rows = []
    for field, label, form in _PER_ARM:
        baseline, awq = (_figure_of(cost, field) for cost in (costs.of(BASELINE), costs.of(AWQ)))
        cells = (_value(one, form, inputs) for one in (baseline, awq))
        rows.append((word(label), *cells, origin_cell(baseline.origin), word(_basis(field, baseline, awq))))
    return Table(
        id="costs-arms",
        title="Costs per arm",
        columns=(*words("Item"), *numbers("Baseline", "AWQ"), *words("Origin", "How it was found")),
        rows=tuple(rows),
        note="Machines run all month, busy or not. No spare machine is included.",
        sources=inputs.sources("roi"),
    )


def _figure_of(cost: ArmCost, field: str) -> Figure:
    found: Figure = getattr(cost, field)
    return found


def _basis(field: str, baseline: Figure, awq: Figure) -> str:
    if field == "capacity_tokens_per_s":
        return "highest measured output throughput of one machine"
    return baseline.basis if baseline.basis == awq.basis else f"baseline: {baseline.basis}; AWQ: {awq.basis}"


def _decision(inputs: Inputs) -> Table:
    saving = inputs.saving
    rows = (
        _row("Saving per month", saving.saving_per_month_usd, usd, inputs),
        _row("Engagement price, once", inputs.costs.engagement_usd or _NO_PRICE, usd_as_given, inputs, missing="none"),
        _row("Saving in 3 years, engagement deducted", saving.saving_three_years_usd, usd, inputs),
        _row("Payback, months", saving.payback_months, number, inputs, missing="never"),
        _row("Break-even load, requests/day", saving.break_even_requests_per_day, count, inputs, missing="not reached"),
    )
    return Table(
        id="costs-decision",
        title="Saving and break-even",
        columns=(*words("Item"), *numbers("Value"), *words("Origin", "How it was found")),
        rows=rows,
        sources=inputs.sources("roi"),
    )


def _assumptions(inputs: Inputs) -> Table:
    costs = inputs.costs
    rows = (
        _row("Price of one machine, per hour", costs.hourly_usd, usd_as_given, inputs),
        _load_row("Requests per day", "requests_per_day", inputs),
        _load_row("Output tokens per request", "output_tokens_per_request", inputs),
        _load_row("Peak over average load", "peak_to_average", inputs),
        _row("Average load, output tokens/s", costs.load_tokens_per_s, number, inputs),
        _row("Peak load, output tokens/s", costs.peak_tokens_per_s, number, inputs),
    )
    return Table(
        id="costs-inputs",
        title="Prices and load that the costs rest on",
        columns=(*words("Item"), *numbers("Value"), *words("Origin", "Source")),
        rows=rows,
        note="Prices and load come from the recipe. Change them there and run `awqctl roi` again.",
        sources=("record.json (recipe.roi)",),
    )


def _load_row(label: str, field: str, inputs: Inputs) -> tuple[Cell, ...]:
    load = inputs.recipe.roi.load
    cell = figure(getattr(load, field), evidence=in_recipe("roi", "load", field), origin=load.origin)
    return (word(label), cell, origin_cell(load.origin), word(load.source))


def _row(
    label: str, one: Figure, form: Callable[[float], str], inputs: Inputs, *, missing: str = ""
) -> tuple[Cell, ...]:
    value = word(missing) if one.value is None else _value(one, form, inputs)
    return (word(label), value, origin_cell(one.origin), word(one.basis))


def _value(one: Figure, form: Callable[[float], str], inputs: Inputs) -> Cell:
    return shown(inputs.evidence, one, "value", form).model_copy(update={"origin": one.origin})


def costs_limits(inputs: Inputs) -> tuple[str, ...]:
    """Return what the costs leave out, and which of their figures are assumptions."""
    return (
        "Spare machines, failover and uptime: nothing was switched off during the run, and no spare is priced.",
        "Network, storage, staff and taxes are not part of the costs; only the hourly price of the machine is.",
        _quality_of_prices(inputs),
    )


def _quality_of_prices(inputs: Inputs) -> str:
    roi = inputs.recipe.roi
    assumed = [
        name
        for name, origin in (("the hourly price", roi.hourly.origin), ("the load", roi.load.origin))
        if origin == "assumed"
    ]
    if roi.engagement and roi.engagement.origin == "assumed":
        assumed.append("the engagement price")
    if not assumed:
        return ""
    verb = "is an assumption" if len(assumed) == 1 else "are assumptions"
    return f"{listed(assumed).capitalize()} {verb}; the costs move with {'it' if len(assumed) == 1 else 'them'}."


COSTS = Chapter(
    id="costs",
    write=costs_section,
    needs=(BenchResult, RoiResult),
    limits=costs_limits,
    absent=lambda _say: "Costs were not calculated: `awqctl roi` was not run.",
)
