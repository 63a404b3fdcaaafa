"""Arms compared for the same money: what a dollar buys, and how many machines the load takes."""

from pipeline.base.format import count, extent, number, usd
from pipeline.report.cells import numbers, word, words
from pipeline.report.cost_figures import figure_cell
from pipeline.report.document import Cell, Table
from pipeline.report.inputs import Inputs
from pipeline.roi.figure import Figure
from pipeline.roi.result import ArmCost, RoiResult


def money_paragraphs(inputs: Inputs) -> tuple[str, ...]:
    """Return how many machines each arm needs for the load; nothing without prices."""
    if not inputs.has(RoiResult):
        return ()
    say, costs = inputs.say.crossover, inputs.costs
    ranges = [(cost.arm, _range(_machines(cost))) for cost in costs.arms]
    parts = [say.needs(say.name_of(arm), machines, one=machines == count(1)) for arm, machines in ranges]
    useful = any(cost.useful for cost in costs.arms)
    return (say.machines(number(costs.peak_tokens_per_s.value or 0.0), say.listing(parts), say.by[useful]),)


def money_tables(inputs: Inputs) -> tuple[Table, ...]:
    """Return what tokens cost on a busy machine and how many machines the peak takes; no table without prices."""
    if not inputs.has(RoiResult):
        return ()
    say = inputs.say.crossover
    return (
        Table(
            id="same-money",
            title=say.money_table,
            columns=(*words(*say.money_columns[:3]), *numbers(*say.money_columns[3:])),
            rows=tuple(row for cost in inputs.costs.arms for row in _rows(cost, inputs)),
            note=f"{say.same_money} {say.money_note}",
            sources=inputs.sources(RoiResult.STAGE),
        ),
    )


def _rows(cost: ArmCost, inputs: Inputs) -> tuple[tuple[Cell, ...], ...]:
    fastest = (cost.capacity_tokens_per_s, cost.usd_per_mtok_full_load, cost.machines)
    found = [_row(cost, useful=False, concurrency=cost.concurrency, figures=fastest, inputs=inputs)]
    if (one := cost.useful) is not None:
        figures = (one.goodput_tokens_per_s, one.usd_per_mtok_useful, one.machines_useful)
        found.append(_row(cost, useful=True, concurrency=one.concurrency, figures=figures, inputs=inputs))
    return tuple(found)


def _row(
    cost: ArmCost, *, useful: bool, concurrency: int, figures: tuple[Figure, Figure, Figure], inputs: Inputs
) -> tuple[Cell, ...]:
    say = inputs.say.crossover
    forms = (number, usd, count)
    return (
        word(say.title_of(cost.arm)),
        word(say.bases[useful]),
        word(str(concurrency)),
        *(figure_cell(one, form, inputs) for one, form in zip(figures, forms, strict=True)),
    )


def _machines(cost: ArmCost) -> Figure:
    return cost.useful.machines_useful if cost.useful else cost.machines


def _range(machines: Figure) -> str:
    if machines.low is None or machines.high is None:
        return count(machines.value or 0)
    return extent(machines.low, machines.high, count)
