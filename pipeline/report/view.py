"""The report of a record: one immutable document for HTML, Markdown and JSON, so that they cannot disagree."""

from eval.accuracy.result import GATED, EvalResult
from eval.alarm.result import Fidelity
from eval.comparison.wording import margin_text
from pipeline.base.format import change, count, number, plural, ratio, score, share, size, usd
from pipeline.recipe.arms import AWQ, BASELINE
from pipeline.recipe.recipe import Recipe
from pipeline.record.record import RunRecord
from pipeline.report.chapters.accuracy import accuracy_section
from pipeline.report.chapters.background import endpoint_section, environment_section, files_section, method_section
from pipeline.report.chapters.checkpoint import checkpoint_section
from pipeline.report.chapters.costs import costs_section
from pipeline.report.chapters.findings import findings_of
from pipeline.report.chapters.not_measured import not_measured_section
from pipeline.report.chapters.recommendation import next_steps, recommendation
from pipeline.report.chapters.speed import latency_section, memory_section, speed_section
from pipeline.report.comparison import Direction, speed_ratio, weight_memory
from pipeline.report.document import Cover, Fact, Finding, KeyFigure, OriginMeaning, ReportDocument, Tone
from pipeline.report.inputs import Inputs, inputs_of
from pipeline.report.verdicts import gravest, loss_bound

LEGEND = (
    OriginMeaning(origin="measured", meaning="observed in this run"),
    OriginMeaning(origin="modelled", meaning="calculated from other figures, at least one of them not measured"),
    OriginMeaning(origin="quoted", meaning="stated by a named source"),
    OriginMeaning(origin="assumed", meaning="chosen for this report, not confirmed"),
)


def report_of(recipe: Recipe, record: RunRecord) -> ReportDocument:
    """Return the report of a record.

    Raises:
        MissingStageError: quantize, eval, bench or roi has no result.
    """
    inputs = inputs_of(recipe, record)
    findings = findings_of(inputs)
    endpoint = inputs.endpoint
    return ReportDocument(
        cover=_cover(inputs),
        findings=findings,
        key_figures=_key_figures(inputs, findings),
        recommendation=recommendation(inputs),
        next_steps=next_steps(inputs),
        legend=LEGEND,
        sections=(
            accuracy_section(inputs),
            speed_section(inputs),
            latency_section(inputs),
            memory_section(inputs),
            costs_section(inputs),
            *((endpoint_section(endpoint, inputs.sources("serve")),) if endpoint else ()),
            checkpoint_section(inputs),
            method_section(inputs),
            environment_section(inputs),
            not_measured_section(inputs),
            files_section(inputs),
        ),
        signatures=(
            Fact(label="For the client", text=inputs.recipe.report.client or ""),
            Fact(label="For the consultant", text=inputs.recipe.report.prepared_by or ""),
        ),
    )


def _cover(inputs: Inputs) -> Cover:
    report = inputs.recipe.report
    return Cover(
        title=report.title,
        client=report.client,
        prepared_by=report.prepared_by,
        facts=(
            Fact(label="Date", text=inputs.date),
            Fact(label="Model", text=inputs.quantize.source),
            Fact(label="Recipe", text=inputs.recipe.name),
            Fact(label="Measured on", text=inputs.hardware),
        ),
    )


def _key_figures(inputs: Inputs, findings: tuple[Finding, ...]) -> tuple[KeyFigure, ...]:
    tones = {finding.topic: finding.tone for finding in findings}
    memory = weight_memory(inputs.quantize, inputs.load)
    baseline, awq = inputs.load.best(BASELINE), inputs.load.best(AWQ)
    faster = awq.output_tokens_per_s / baseline.output_tokens_per_s
    costs = inputs.costs
    per_mtok = [cost.usd_per_mtok_full_load.value or 0.0 for cost in (costs.of(BASELINE), costs.of(AWQ))]
    machines = [int(cost.machines.value or 0) for cost in (costs.of(BASELINE), costs.of(AWQ))]
    saving = inputs.saving.saving_per_month_usd.value or 0.0
    return (
        *_accuracy_figure(inputs.accuracy, tones["Accuracy"]),
        KeyFigure(
            label="Highest throughput",
            text=ratio(faster),
            value=faster,
            detail=f"{number(baseline.output_tokens_per_s)} to {number(awq.output_tokens_per_s)} output tokens/s",
            origin="measured",
            tone=_speed_tone(inputs),
        ),
        KeyFigure(
            label="Weights smaller by",
            text=ratio(memory.times_smaller),
            value=memory.times_smaller,
            detail=f"{size(memory.baseline_bytes)} to {size(memory.awq_bytes)}",
            origin="measured",
            tone=tones["Memory"],
        ),
        KeyFigure(
            label="Per million output tokens",
            text=usd(per_mtok[1]),
            value=per_mtok[1],
            detail=f"baseline {usd(per_mtok[0])}; machine always busy",
            origin="modelled",
        ),
        KeyFigure(
            label="Saving at this load",
            text=f"{usd(saving)}/month",
            value=saving,
            detail=f"{plural(machines[0], 'machine')} before, {count(machines[1])} with AWQ",
            origin="modelled",
            tone=tones["Cost"],
        ),
    )


def _speed_tone(inputs: Inputs) -> Tone:
    """Judge highest against highest throughput by the repeats' ranges, as each concurrency is."""
    load, baseline, awq = inputs.load, inputs.load.best(BASELINE), inputs.load.best(AWQ)
    tones: dict[Direction, Tone] = {"faster": "good", "slower": "bad"}
    return tones.get(speed_ratio(baseline, awq, load.repeats).direction, "plain")


def _accuracy_figure(accuracy: EvalResult, tone: Tone) -> tuple[KeyFigure, ...]:
    """Return the task that is furthest from a pass; where AWQ was not scored, what the alarm measured."""
    if accuracy.stopped is not None:
        return tuple(_alarm_figure(one, tone) for one in accuracy.fidelity if one.arm == GATED)
    task = gravest(accuracy.gated)
    scores = f"{task.metric} {score(task.baseline.value)} to {score(task.candidate.value)}"
    return (
        KeyFigure(
            label=f"Accuracy, {task.task}",
            text=change(task.delta),
            value=task.delta,
            detail=f"{scores}; {loss_bound(task)}, agreed margin {margin_text(task)}",
            origin="measured",
            tone=tone,
        ),
    )


def _alarm_figure(awq: Fidelity, tone: Tone) -> KeyFigure:
    return KeyFigure(
        label="Divergence of AWQ",
        text=f"{number(awq.mean_kl_nats, 2)} nats",
        value=awq.mean_kl_nats,
        detail=f"of its token probabilities from the baseline's; {share(awq.top1_agreement)} same most likely token",
        origin="measured",
        tone=tone,
    )
