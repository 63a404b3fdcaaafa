"""The few figures on the first page, of what is there."""

from typing import Literal

from eval.accuracy.result import GATED, EvalResult
from eval.alarm.result import Fidelity
from eval.bench.arm_crossover import capacity_at_service_level
from eval.bench.comparison import SpeedRatio, capacity_ratio, measured, speed_ratios
from eval.bench.result import BenchResult
from pipeline.base.format import change, count, extent, number, ratio, score, share, size, usd
from pipeline.recipe.arms import AWQ, BASELINE
from pipeline.report.cells import interval_text
from pipeline.report.chapters.speed_finding import keys_of, speed_tone
from pipeline.report.chapters.users import users_keys
from pipeline.report.comparison import weight_memory
from pipeline.report.cost_figures import figure_keys, ranged
from pipeline.report.document import Finding, KeyFigure, Tone
from pipeline.report.inputs import Inputs
from pipeline.report.language.en.findings import Findings
from pipeline.report.verdicts import gravest, loss_bound, margin_text
from pipeline.roi.figure import Figure
from pipeline.roi.result import RoiResult


def key_figures(inputs: Inputs, findings: tuple[Finding, ...]) -> tuple[KeyFigure, ...]:
    """Return the figures, in the tones of the findings."""
    say = inputs.say.findings
    tones = {finding.topic: finding.tone for finding in findings}
    return (
        *(_accuracy_figures(inputs, tones[say.accuracy]) if inputs.has(EvalResult) else ()),
        *(_speed_figures(inputs) if inputs.has(BenchResult) else ()),
        *(_memory_figure(inputs, tones[say.memory]) if say.memory in tones else ()),
        *(_cost_figures(inputs, tones[say.cost]) if inputs.has(RoiResult) else ()),
    )


def _throughput_figure(inputs: Inputs) -> tuple[KeyFigure, ...]:
    """Return the highest throughputs compared, in the tone of this comparison alone; none where an arm is void."""
    if not inputs.load.has_points(BASELINE, AWQ):
        return ()
    one, say = capacity_ratio(inputs.load), inputs.say.findings
    before, after = (number(point.output_tokens_per_s) for point in one.points)
    beyond = say.beyond_capacity if any(point.overloaded for point in one.points) else ""
    return (
        KeyFigure(
            label=say.throughput_label,
            text=ratio(one.value),
            value=one.value,
            detail=beyond + say.throughput_detail(before, after, _interval(one, say)),
            origin="measured",
            evidence=keys_of((one,), inputs.evidence),
            tone="caution" if beyond else speed_tone({one.direction}),
        ),
    )


def _speed_figures(inputs: Inputs) -> tuple[KeyFigure, ...]:
    return (
        *_throughput_figure(inputs),
        *_latency_figure("ttft", inputs),
        *_latency_figure("tpot", inputs),
        *_users_figure(inputs),
    )


def _users_figure(inputs: Inputs) -> tuple[KeyFigure, ...]:
    """Return how many users at once keep the service level; none where none was agreed, or none is shown to."""
    say, load = inputs.say.findings, inputs.load
    found = capacity_at_service_level(load, AWQ) if load.has_arms(AWQ) else None
    if found is None or found.kept_at is None:
        return ()
    other = capacity_at_service_level(load, BASELINE) if load.has_arms(BASELINE) else None
    before = say.users_unknown if other is None or other.kept_at is None else count(other.kept_at)
    return (
        KeyFigure(
            label=say.users_label,
            text=count(found.kept_at),
            value=found.kept_at,
            detail=say.users_detail(before),
            origin="measured",
            evidence=users_keys(AWQ, found.kept_at, inputs),
        ),
    )


def _latency_figure(quantity: Literal["ttft", "tpot"], inputs: Inputs) -> tuple[KeyFigure, ...]:
    """Return a latency under the highest load that both arms were measured at."""
    ratios, say = speed_ratios(inputs.load, quantity), inputs.say.findings
    if not ratios:
        return ()
    one = ratios[-1]
    before, after = (number(measured(point, quantity)) for point in one.points)
    return (
        KeyFigure(
            label=say.latency_label(say.latency_names[quantity], str(one.concurrency)),
            text=ratio(one.value),
            value=one.value,
            detail=say.latency_detail(before, after, _interval(one, say)),
            origin="measured",
            evidence=inputs.evidence.of_all((getattr(point, quantity), "p50_ms") for point in one.points),
            tone=speed_tone({one.direction}),
        ),
    )


def _interval(one: SpeedRatio, say: Findings) -> str:
    if one.direction == "not repeated":
        return say.no_interval_detail
    return say.interval_detail(interval_text(one, say))


def _memory_figure(inputs: Inputs, tone: Tone) -> tuple[KeyFigure, ...]:
    memory = weight_memory(inputs.quantize_or_none, inputs.load)
    if memory is None:
        return ()
    return (
        KeyFigure(
            label=inputs.say.findings.memory_label,
            text=ratio(memory.times_smaller),
            value=memory.times_smaller,
            detail=inputs.say.findings.memory_detail(size(memory.baseline_bytes), size(memory.awq_bytes)),
            origin=memory.origin,
            evidence=inputs.evidence.of_all(memory.found_in),
            tone=tone,
        ),
    )


def _cost_figures(inputs: Inputs, tone: Tone) -> tuple[KeyFigure, ...]:
    baseline, awq, say = inputs.costs.of(BASELINE), inputs.costs.of(AWQ), inputs.say.findings
    per_mtok, before = awq.usd_per_mtok_full_load, baseline.usd_per_mtok_full_load
    return (
        KeyFigure(
            label=say.cost_label,
            text=usd(per_mtok.value or 0.0),
            value=per_mtok.value,
            detail=say.cost_detail(_range(per_mtok, inputs), ranged(before, usd, inputs.say.costs)),
            origin=per_mtok.origin,
            evidence=figure_keys(per_mtok, inputs.evidence),
        ),
        _saving_figure(inputs, tone),
    )


def _saving_figure(inputs: Inputs, tone: Tone) -> KeyFigure:
    """Return the saving; where it is not decided whether there is one, only what it can be."""
    saving, say = inputs.saving, inputs.say.findings
    monthly, open_ = saving.saving_per_month_usd, saving.decision == "not decided"
    machines = (ranged(inputs.costs.of(arm).machines, count, inputs.say.costs) for arm in (BASELINE, AWQ))
    return KeyFigure(
        label=say.saving_label,
        text=say.saving_undecided if open_ else say.saving_text(usd(monthly.value or 0.0)),
        value=None if open_ else monthly.value,
        detail=say.saving_detail(_range(monthly, inputs), *machines),
        origin=monthly.origin,
        evidence=figure_keys(monthly, inputs.evidence),
        tone=tone,
    )


def _range(one: Figure, inputs: Inputs) -> str:
    say = inputs.say.findings
    if one.low is None or one.high is None:
        return say.no_range
    return "" if one.low == one.high else say.range(extent(one.low, one.high, usd))


def _accuracy_figures(inputs: Inputs, tone: Tone) -> tuple[KeyFigure, ...]:
    """Return the task that is furthest from a pass; where AWQ was not scored, what the alarm measured."""
    accuracy = inputs.accuracy
    if accuracy.stopped is not None:
        return tuple(_alarm_figure(one, inputs, tone) for one in accuracy.fidelity if one.arm == GATED)
    task = gravest(accuracy.gated)
    say, bound = inputs.say.findings, loss_bound(task, inputs.say.verdicts)
    before, after = score(task.baseline.value), score(task.candidate.value)
    return (
        KeyFigure(
            label=say.accuracy_label(task.task),
            text=change(task.delta),
            value=task.delta,
            detail=say.accuracy_detail(task.metric, before, after, bound, margin_text(task, inputs.say.verdicts)),
            origin="measured",
            evidence=inputs.evidence.of(task, "delta"),
            tone=tone,
        ),
    )


def _alarm_figure(awq: Fidelity, inputs: Inputs, tone: Tone) -> KeyFigure:
    return KeyFigure(
        label=inputs.say.findings.divergence_label,
        text=f"{number(awq.mean_kl_nats, 2)} nats",
        value=awq.mean_kl_nats,
        detail=inputs.say.findings.divergence_detail(share(awq.agreement)),
        origin="measured",
        evidence=inputs.evidence.of(awq, "mean_kl_nats"),
        tone=tone,
    )
