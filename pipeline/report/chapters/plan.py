"""The chapter on the plan: what it had said, and what was measured."""

import math
from collections.abc import Callable, Mapping

from eval.bench.plan_errors import MEMORY, PlanError, Quantity, plan_errors
from eval.bench.result import BenchResult
from pipeline.base.format import NONE, count, decimal, drift, extent, number
from pipeline.report.cells import figure, is_long, numbers, word, words
from pipeline.report.chapter import Chapter
from pipeline.report.document import Cell, Section, Table
from pipeline.report.inputs import Inputs


def _gib(value: float) -> str:
    """Return a size to 0.01 GiB, as engines state it; of small models to three digits."""
    return decimal(value, 2) if value >= 1 else number(value)


_FORMS: Mapping[Quantity, Callable[[float], str]] = {
    "weights_gib": _gib,
    "kv_cache_gib": _gib,
    "kv_cache_tokens": count,
    "knee": count,
}


def plan_section(inputs: Inputs) -> Section:
    """Return the plan of every arm, figure by figure, with its error or why there is none."""
    say, errors = inputs.say.plan, plan_errors(inputs.load)
    tables = (_memory(errors, inputs), _speed(errors, inputs))
    return Section(
        id="plan",
        title=say.title,
        paragraphs=(say.method, *_calibration(inputs), *_within(errors, inputs)),
        tables=tuple(table for table in tables if table.rows),
    )


def _calibration(inputs: Inputs) -> tuple[str, ...]:
    """Return by what each plan was corrected; arms of which the same is to be said together."""
    say = inputs.say.plan
    said: dict[tuple[int, bool, str | None], list[str]] = {}
    for plan in inputs.load.plans:
        if plan.figures:
            why = say.mismatches[plan.mismatch.what] if plan.mismatch else None
            said.setdefault((plan.calibration_runs, plan.in_sample, why), []).append(say.title_of(plan.arm))
    found = [say.refused(say.title_of(plan.arm), plan.said) for plan in inputs.load.plans if plan.why_not == "refused"]
    for (runs, in_sample, why), names in said.items():
        arms = say.listing(names)
        if runs:
            found.append(say.calibrated(arms, say.amount(runs, "run")))
        else:
            found.append(say.uncalibrated(arms, on_cpu=inputs.on_cpu, why=why))
        found += [say.in_sample(arms)] if in_sample else []
    return tuple(found)


def _within(errors: tuple[PlanError, ...], inputs: Inputs) -> tuple[str, ...]:
    told = [one.inside for one in errors if one.inside is not None and one.reason is None]
    return (inputs.say.plan.within(str(sum(told)), str(len(told))),) if told else ()


def _memory(errors: tuple[PlanError, ...], inputs: Inputs) -> Table:
    say = inputs.say.plan
    rows = tuple(
        (
            word(say.names[one.quantity]),
            word(say.title_of(one.arm)),
            _planned(one, inputs),
            _measured(one, inputs),
            _error(one, inputs),
            *(_uncorrected(one, inputs) if _corrected(inputs) else ()),
        )
        for quantity in MEMORY
        for one in errors
        if one.quantity == quantity
    )
    first, last = say.memory_columns[:2], say.memory_columns[2 : None if _corrected(inputs) else -1]
    return Table(
        id="plan-memory",
        title=say.memory_table,
        columns=(*words(*first), *numbers(*last)),
        rows=rows,
        note=say.files_note,
        sources=inputs.sources(BenchResult.STAGE),
    )


def _speed(errors: tuple[PlanError, ...], inputs: Inputs) -> Table:
    say = inputs.say.plan
    rows = tuple(
        (
            word(NONE if one.concurrency is None else str(one.concurrency)),
            word(say.names[one.quantity]),
            word(say.title_of(one.arm)),
            _planned(one, inputs),
            _interval(one, inputs),
            _measured(one, inputs),
            _error(one, inputs),
            word(NONE if one.inside is None else say.inside[one.inside], "caution" if one.inside is False else "plain"),
            *(_uncorrected(one, inputs) if _corrected(inputs) else ()),
        )
        for one in sorted(errors, key=lambda one: one.concurrency or math.inf)
        if one.quantity not in MEMORY
    )
    titles = say.speed_columns[: None if _corrected(inputs) else -1]
    return Table(
        id="plan-speed",
        title=say.speed_table,
        columns=(*words(*titles[:3]), *numbers(*titles[3:7]), *words(titles[7]), *numbers(*titles[8:])),
        rows=rows,
        note=say.speed_note,
        sources=inputs.sources(BenchResult.STAGE),
        folded=is_long(rows),
    )


def _corrected(inputs: Inputs) -> bool:
    return any(plan.calibration_runs for plan in inputs.load.plans)


def _planned(one: PlanError, inputs: Inputs) -> Cell:
    evidence = inputs.evidence.of_all(one.planned_at)
    return figure(one.planned, _FORMS.get(one.quantity, number), evidence=evidence, origin="modelled")


def _measured(one: PlanError, inputs: Inputs) -> Cell:
    evidence = inputs.evidence.of_all(one.measured_at)
    return figure(one.measured, _FORMS.get(one.quantity, number), evidence=evidence, origin="measured")


def _interval(one: PlanError, inputs: Inputs) -> Cell:
    if one.low is None or one.high is None:
        return word(NONE)
    return word(extent(one.low, one.high, number), evidence=inputs.evidence.of_all(one.interval_at))


def _error(one: PlanError, inputs: Inputs) -> Cell:
    """Return the error, or why there is none."""
    if one.reason is not None:
        return word(inputs.say.plan.reasons[one.reason])
    evidence = inputs.evidence.of_all((*one.planned_at, *one.measured_at))
    return figure(one.share, drift, evidence=evidence, origin="modelled")


def _uncorrected(one: PlanError, inputs: Inputs) -> tuple[Cell, ...]:
    """Return the error that the plan has without corrections."""
    share = None if one.reason else one.uncorrected_share
    evidence = inputs.evidence.of_all((*one.uncorrected_at, *one.measured_at))
    return (figure(share, drift, evidence=evidence, origin="modelled"),)


PLAN = Chapter(
    id="plan",
    write=plan_section,
    needs=(BenchResult,),
    stands=lambda inputs: bool(inputs.load.plans),
    absent=lambda say: say.plan.absent,
)
