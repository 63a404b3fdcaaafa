"""The figures of each stage in short: few columns, every ratio and cost with its range."""

from functools import partial

from eval.accuracy.result import GATED, Contrast, EvalResult, TaskScore
from eval.bench.comparison import Quantity, SpeedRatio, measured, speed_ratios
from eval.bench.result import BenchResult
from eval.profile.result import ProfileResult
from eval.statistics.repeats import CONFIDENCE
from pipeline.base.format import certainty, change, count, extent, number, ratio, score, share, size, usd, with_error
from pipeline.quantize.result import QuantizeResult
from pipeline.recipe.arms import AWQ, BASELINE
from pipeline.report.cells import direction_cell, figure, numbers, shown, word, words
from pipeline.report.chapters.acceptance import acceptance_summary
from pipeline.report.chapters.options import years_text
from pipeline.report.chapters.profile import operations_table
from pipeline.report.chapters.savings import decision_cell, payback_cell
from pipeline.report.chapters.speed_finding import ratio_with_interval
from pipeline.report.comparison import against_control, points_of
from pipeline.report.cost_figures import figure_cell
from pipeline.report.document import Cell, Column, Table
from pipeline.report.inputs import Inputs
from pipeline.report.option_names import option_name, option_named
from pipeline.report.verdicts import interval_text, margin_text, metric_text, verdict_cell
from pipeline.roi.figure import Decision, Figure
from pipeline.roi.options import rented
from pipeline.roi.result import RoiResult
from serve.result import ServeResult

_FEW_OPERATIONS = 6
_QUANTITIES: tuple[tuple[Quantity, str], ...] = (("throughput", ""), ("ttft", "p50_ms"), ("tpot", "p50_ms"))


def summary_of(inputs: Inputs) -> tuple[Table, ...]:
    """Return a table per stage that has a result, in the order of a run; the control's after the accuracy."""
    made = (
        (QuantizeResult, _checkpoint),
        (EvalResult, _accuracy),
        (EvalResult, _control),
        (BenchResult, _speed),
        (RoiResult, _costs),
        (RoiResult, _ways),
        (RoiResult, _awq_saves),
        (ServeResult, _endpoint),
    )
    tables = [write(inputs) for kind, write in made if inputs.has(kind)]
    return tuple(table for table in (*tables, *_profiles(inputs), *acceptance_summary(inputs)) if table.rows)


def _profiles(inputs: Inputs) -> tuple[Table, ...]:
    if not inputs.has(ProfileResult):
        return ()
    return tuple(
        operations_table(one, inputs, prefix="summary-profile", most=_FEW_OPERATIONS) for one in inputs.profile.arms
    )


def _table(
    name: str,
    title: str,
    columns: tuple[Column, ...],
    rows: tuple[tuple[Cell, ...], ...],
    inputs: Inputs,
    note: str = "",
) -> Table:
    return Table(
        id=f"summary-{name}",
        title=title,
        columns=columns,
        rows=rows,
        note=note,
        origin="modelled" if name.partition("-")[0] == RoiResult.STAGE else "measured",
        sources=inputs.sources(name.partition("-")[0]),
    )


def _columns(titles: tuple[str, ...], *, last_in_words: bool = True) -> tuple[Column, ...]:
    figures = titles[1:-1] if last_in_words else titles[1:]
    return (*words(titles[0]), *numbers(*figures), *(words(titles[-1]) if last_in_words else ()))


def _checkpoint(inputs: Inputs) -> Table:
    made, say, evidence = inputs.quantize, inputs.say.summary, inputs.evidence
    smaller = made.checkpoint_bytes / made.source_bytes
    sizes = (shown(evidence, made, field, size) for field in ("source_bytes", "checkpoint_bytes"))
    ratio_cell = figure(smaller, ratio, evidence=evidence.of(made, "checkpoint_bytes", "source_bytes"))
    shares = ((say.in_4bit, "share_4bit"), (say.scaled, "share_scaled"))
    rows = (
        (word(say.files), *sizes, ratio_cell),
        *((word(label), word(""), shown(evidence, made.coverage, field, share), word("")) for label, field in shares),
    )
    return _table("quantize", say.checkpoint, _columns(say.checkpoint_columns, last_in_words=False), rows, inputs)


def _accuracy(inputs: Inputs) -> Table:
    say, tasks = inputs.say.summary, inputs.accuracy.tasks
    sure = certainty(tasks[0].confidence) if tasks else ""
    rows = tuple(_task(row, inputs) for row in tasks)
    others = any(row.arm != GATED for row in tasks)
    note = say.accuracy_note if others else ""
    return _table("eval", say.accuracy, _columns(say.accuracy_columns(sure)), rows, inputs, note)


def _task(row: TaskScore, inputs: Inputs) -> tuple[Cell, ...]:
    say, evidence, verdicts = inputs.say.summary, inputs.evidence, inputs.say.verdicts
    names = (row.task, metric_text(row, verdicts), *(() if row.arm == GATED else (say.name_of(row.arm),)))
    verdict = verdict_cell(row, verdicts)
    if row.arm != GATED:
        verdict = word(say.no_gate)
    elif row.margin is not None:
        verdict = verdict.model_copy(update={"text": say.verdict(verdict.text, margin_text(row, verdicts))})
    interval = "" if row.interval is None else inputs.say.findings.interval(interval_text(row, verdicts))
    return (
        word(say.row(*names)),
        shown(evidence, row.baseline, "value", score),
        shown(evidence, row.candidate, "value", score),
        shown(evidence, row, "loss", lambda loss: f"{change(loss)}{interval}"),
        verdict,
    )


def _control(inputs: Inputs) -> Table:
    accuracy, say, evidence = inputs.accuracy, inputs.say.summary, inputs.evidence
    rows = tuple(
        (
            word(say.row(awq.task, metric_text(awq, inputs.say.verdicts))),
            shown(evidence, control.candidate, "value", score),
            shown(evidence, awq.candidate, "value", score),
            figure(one.delta, partial(_with_error, one), evidence=evidence.of(one, "delta")),
            word(inputs.say.control.words[against_control(one)]),
        )
        for awq, control, one in zip(accuracy.gated, accuracy.control, accuracy.contrasts, strict=False)
    )
    return _table("eval-control", say.control, _columns(say.control_columns), rows, inputs)


def _with_error(one: Contrast, delta: float) -> str:
    return with_error(change(delta), one.delta_stderr)


def _speed(inputs: Inputs) -> Table:
    say = inputs.say.summary
    if not inputs.load.has_arms(BASELINE, AWQ):
        return _speed_of_each(inputs)
    names = {"throughput": say.throughput, "ttft": say.ttft, "tpot": say.tpot}
    rows = tuple(
        _ratio(one, quantity, field, names[quantity], inputs)
        for quantity, field in _QUANTITIES
        for one in speed_ratios(inputs.load, quantity)
    )
    note = f"{_load(inputs)}{say.speed_note(certainty(CONFIDENCE))}"
    return _table("bench", say.speed, _columns(say.speed_columns), rows, inputs, note)


def _load(inputs: Inputs) -> str:
    """Return how long prompts and answers were; nothing of a client's own prompts, which the method names."""
    load, say = inputs.load, inputs.say.summary
    return "" if load.prompts is not None else say.load(str(load.input_tokens), str(load.output_tokens))


def _speed_of_each(inputs: Inputs) -> Table:
    """Return the speed of every arm by itself, where baseline and AWQ were not both measured."""
    say, evidence = inputs.say.summary, inputs.evidence
    rows = tuple(
        (
            word(say.at(str(point.concurrency), say.title_of(arm))),
            shown(evidence, point, "output_tokens_per_s"),
            *(shown(evidence, latency, "p50_ms") for latency in (point.ttft, point.tpot)),
        )
        for arm, point in points_of(inputs.load)
    )
    columns = (say.speed_columns[0], say.throughput, say.ttft, say.tpot)
    return _table("bench", say.speed, _columns(columns, last_in_words=False), rows, inputs, say.uncompared)


def _ratio(one: SpeedRatio, quantity: Quantity, field: str, name: str, inputs: Inputs) -> tuple[Cell, ...]:
    evidence, say = inputs.evidence, inputs.say
    parts = [(getattr(point, quantity), field) if field else (point, "output_tokens_per_s") for point in one.points]
    keys = [evidence.of(part, key) for part, key in parts]
    return (
        word(say.summary.at(str(one.concurrency), name)),
        *(figure(measured(point, quantity), number, evidence=key) for point, key in zip(one.points, keys, strict=True)),
        figure(one.value, lambda _: ratio_with_interval(one, say.findings), evidence=evidence.of_all(parts)),
        direction_cell(one, say.throughput),
    )


def _costs(inputs: Inputs) -> Table:
    costs, saving, say = inputs.costs, inputs.saving, inputs.say.summary
    arms = (costs.of(BASELINE), costs.of(AWQ))
    fields = (
        (say.per_mtok_at_load, "usd_per_mtok_at_load", usd),
        (say.per_mtok_busy, "usd_per_mtok_full_load", usd),
        (say.machines, "machines", count),
        (say.monthly, "monthly_usd", usd),
    )
    compared = tuple(
        (word(label), *(figure_cell(getattr(arm, field), form, inputs) for arm in arms))
        for label, field, form in fields
    )
    even = figure_cell(saving.break_even_requests_per_day, count, inputs)
    rows = (
        *compared,
        (word(say.saving), word(""), _saving(saving.saving_per_month_usd, saving.decision, inputs)),
        (word(say.break_even), word(""), even),
    )
    note = say.costs_note if arms[0].machines.low is not None else say.no_ranges
    return _table("roi", say.costs, _columns(say.costs_columns, last_in_words=False), rows, inputs, note)


def _ways(inputs: Inputs) -> Table:
    """Return every way to serve the load in short, where there are more than the measured arms, rented."""
    scenario, say = inputs.costs.scenario, inputs.say.summary
    ways = scenario.options if scenario and len(scenario.options) > len(inputs.costs.arms) else ()
    years = years_text(scenario, inputs) if scenario else ""
    rows = tuple(
        (
            word(option_name(one, inputs)),
            *(figure_cell(cost, usd, inputs) for cost in (one.monthly_usd, one.total_usd)),
            word("") if one.usd_per_mtok_useful is None else figure_cell(one.usd_per_mtok_useful, usd, inputs),
            word(one.total_usd.origin),
        )
        for one in ways
    )
    return _table("roi-options", say.ways, _columns(say.ways_columns(years)), rows, inputs, say.ways_note)


def _awq_saves(inputs: Inputs) -> Table:
    """Return what AWQ saves, rented, against every other way, with its net present value and payback."""
    scenario, say = inputs.costs.scenario, inputs.say.summary
    pairs = scenario.comparisons if scenario and len(scenario.options) > len(inputs.costs.arms) else ()
    years = years_text(scenario, inputs) if scenario else ""
    rows = tuple(
        (
            word(option_named(one.reference, scenario, inputs)),
            figure_cell(one.saving_total_usd, usd, inputs),
            figure_cell(one.net_present_value_usd, usd, inputs),
            payback_cell(one.payback_months, inputs),
            decision_cell(one, inputs),
        )
        for one in pairs
        if scenario and one.option == rented(AWQ)
    )
    return _table("roi-savings", say.awq_saves, _columns(say.awq_saves_columns(years)), rows, inputs)


def _saving(monthly: Figure, decision: Decision, inputs: Inputs) -> Cell:
    """Return the saving; of one that is not decided, that, and what it can be."""
    cell, say = figure_cell(monthly, usd, inputs), inputs.say
    if decision != "not decided":
        return cell
    if monthly.low is None or monthly.high is None:
        return word(say.findings.saving_undecided)
    ends = extent(monthly.low, monthly.high, usd)
    text = say.costs.with_range(say.findings.saving_undecided, ends)
    return cell.model_copy(update={"text": text, "value": None})


def _endpoint(inputs: Inputs) -> Table:
    say, evidence = inputs.say.summary, inputs.evidence
    rows = tuple(
        (
            word(inputs.say.stored.check_name(check.name)),
            word(
                *((say.passed, "good") if check.passed else (say.failed, "bad")), evidence=evidence.of(check, "passed")
            ),
        )
        for check in inputs.endpoint.checks
    )
    return _table("serve", say.endpoint, words(*say.endpoint_columns), rows, inputs)
