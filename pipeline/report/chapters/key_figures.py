"""The few figures on the first page, of what is there."""

from eval.accuracy.result import GATED, EvalResult
from eval.alarm.result import Fidelity
from eval.bench.result import BenchResult
from eval.comparison.wording import margin_text
from pipeline.base.format import change, count, number, plural, ratio, score, share, size, usd
from pipeline.recipe.arms import AWQ, BASELINE
from pipeline.report.comparison import Direction, speed_ratio, weight_memory
from pipeline.report.document import Finding, KeyFigure, Tone
from pipeline.report.inputs import Inputs
from pipeline.report.verdicts import gravest, loss_bound
from pipeline.roi.result import RoiResult


def key_figures(inputs: Inputs, findings: tuple[Finding, ...]) -> tuple[KeyFigure, ...]:
    """Return the figures, in the tones of the findings."""
    say = inputs.say.findings
    tones = {finding.topic: finding.tone for finding in findings}
    return (
        *(_accuracy_figures(inputs, tones[say.accuracy]) if inputs.has(EvalResult) else ()),
        *((_throughput_figure(inputs),) if inputs.has(BenchResult) else ()),
        *((_memory_figure(inputs, tones[say.memory]),) if say.memory in tones else ()),
        *(_cost_figures(inputs, tones[say.cost]) if inputs.has(RoiResult) else ()),
    )


def _throughput_figure(inputs: Inputs) -> KeyFigure:
    baseline, awq = inputs.load.best(BASELINE), inputs.load.best(AWQ)
    faster = awq.output_tokens_per_s / baseline.output_tokens_per_s
    return KeyFigure(
        label=inputs.say.findings.throughput_label,
        text=ratio(faster),
        value=faster,
        detail=inputs.say.findings.throughput_detail(
            number(baseline.output_tokens_per_s), number(awq.output_tokens_per_s)
        ),
        origin="measured",
        evidence=inputs.evidence.of_all((point, "output_tokens_per_s") for point in (baseline, awq)),
        tone=_speed_tone(inputs),
    )


def _memory_figure(inputs: Inputs, tone: Tone) -> KeyFigure:
    memory = weight_memory(inputs.quantize, inputs.load)
    return KeyFigure(
        label=inputs.say.findings.memory_label,
        text=ratio(memory.times_smaller),
        value=memory.times_smaller,
        detail=inputs.say.findings.memory_detail(size(memory.baseline_bytes), size(memory.awq_bytes)),
        origin=memory.origin,
        evidence=inputs.evidence.of_all(memory.found_in),
        tone=tone,
    )


def _cost_figures(inputs: Inputs, tone: Tone) -> tuple[KeyFigure, ...]:
    baseline, awq = inputs.costs.of(BASELINE), inputs.costs.of(AWQ)
    before, after = (cost.usd_per_mtok_full_load.value or 0.0 for cost in (baseline, awq))
    saving = inputs.saving.saving_per_month_usd.value or 0.0
    say = inputs.say.findings
    machines = say.saving_detail(plural(int(baseline.machines.value or 0), "machine"), count(awq.machines.value or 0))
    return (
        KeyFigure(
            label=say.cost_label,
            text=usd(after),
            value=after,
            detail=say.cost_detail(usd(before)),
            origin="modelled",
            evidence=inputs.evidence.of(awq.usd_per_mtok_full_load, "value"),
        ),
        KeyFigure(
            label=say.saving_label,
            text=say.saving_text(usd(saving)),
            value=saving,
            detail=machines,
            origin="modelled",
            evidence=inputs.evidence.of(inputs.saving.saving_per_month_usd, "value"),
            tone=tone,
        ),
    )


def _speed_tone(inputs: Inputs) -> Tone:
    """Judge highest against highest throughput by the repeats' ranges, as each concurrency is."""
    load, baseline, awq = inputs.load, inputs.load.best(BASELINE), inputs.load.best(AWQ)
    tones: dict[Direction, Tone] = {"faster": "good", "slower": "bad"}
    return tones.get(speed_ratio(baseline, awq, load.repeats).direction, "plain")


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
            detail=say.accuracy_detail(task.metric, before, after, bound, margin_text(task)),
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
