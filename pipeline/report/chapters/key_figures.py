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
    tones = {finding.topic: finding.tone for finding in findings}
    return (
        *(_accuracy_figures(inputs, tones["Accuracy"]) if inputs.has(EvalResult) else ()),
        *((_throughput_figure(inputs),) if inputs.has(BenchResult) else ()),
        *((_memory_figure(inputs, tones["Memory"]),) if "Memory" in tones else ()),
        *(_cost_figures(inputs, tones["Cost"]) if inputs.has(RoiResult) else ()),
    )


def _throughput_figure(inputs: Inputs) -> KeyFigure:
    baseline, awq = inputs.load.best(BASELINE), inputs.load.best(AWQ)
    faster = awq.output_tokens_per_s / baseline.output_tokens_per_s
    return KeyFigure(
        label="Highest throughput",
        text=ratio(faster),
        value=faster,
        detail=f"{number(baseline.output_tokens_per_s)} to {number(awq.output_tokens_per_s)} output tokens/s",
        origin="measured",
        evidence=inputs.evidence.of_all((point, "output_tokens_per_s") for point in (baseline, awq)),
        tone=_speed_tone(inputs),
    )


def _memory_figure(inputs: Inputs, tone: Tone) -> KeyFigure:
    memory = weight_memory(inputs.quantize, inputs.load)
    return KeyFigure(
        label="Weights smaller by",
        text=ratio(memory.times_smaller),
        value=memory.times_smaller,
        detail=f"{size(memory.baseline_bytes)} to {size(memory.awq_bytes)}",
        origin="measured",
        evidence=inputs.evidence.of_all(memory.found_in),
        tone=tone,
    )


def _cost_figures(inputs: Inputs, tone: Tone) -> tuple[KeyFigure, ...]:
    baseline, awq = inputs.costs.of(BASELINE), inputs.costs.of(AWQ)
    before, after = (cost.usd_per_mtok_full_load.value or 0.0 for cost in (baseline, awq))
    saving = inputs.saving.saving_per_month_usd.value or 0.0
    machines = (
        f"{plural(int(baseline.machines.value or 0), 'machine')} before, {count(awq.machines.value or 0)} with AWQ"
    )
    return (
        KeyFigure(
            label="Per million output tokens",
            text=usd(after),
            value=after,
            detail=f"baseline {usd(before)}; machine always busy",
            origin="modelled",
            evidence=inputs.evidence.of(awq.usd_per_mtok_full_load, "value"),
        ),
        KeyFigure(
            label="Saving at this load",
            text=f"{usd(saving)}/month",
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
    scores = f"{task.metric} {score(task.baseline.value)} to {score(task.candidate.value)}"
    return (
        KeyFigure(
            label=f"Accuracy, {task.task}",
            text=change(task.delta),
            value=task.delta,
            detail=f"{scores}; {loss_bound(task, inputs.say.verdicts)}, agreed margin {margin_text(task)}",
            origin="measured",
            evidence=inputs.evidence.of(task, "delta"),
            tone=tone,
        ),
    )


def _alarm_figure(awq: Fidelity, inputs: Inputs, tone: Tone) -> KeyFigure:
    return KeyFigure(
        label="Divergence of AWQ",
        text=f"{number(awq.mean_kl_nats, 2)} nats",
        value=awq.mean_kl_nats,
        detail=f"of its token probabilities from the baseline's; {share(awq.top1_agreement)} same most likely token",
        origin="measured",
        evidence=inputs.evidence.of(awq, "mean_kl_nats"),
        tone=tone,
    )
