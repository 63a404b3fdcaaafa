"""The verdict up front, in plain words. Pure functions: figures in, sentences out."""

from eval.accuracy.result import EvalResult
from eval.bench.comparison import speed_ratios
from eval.bench.result import BenchResult
from pipeline.base.format import ratio, size
from pipeline.base.results import Origin
from pipeline.quantize.result import QuantizeResult
from pipeline.recipe.arms import AWQ, BASELINE
from pipeline.report.chapters.acceptance import acceptance_findings
from pipeline.report.chapters.accuracy_finding import accuracy_findings
from pipeline.report.chapters.alarm import agreement_field
from pipeline.report.chapters.binding import binding_findings
from pipeline.report.chapters.cost_finding import cost_finding
from pipeline.report.chapters.crossover_finding import with_crossover
from pipeline.report.chapters.dummy_weights import dummy_findings
from pipeline.report.chapters.load_evidence import void_findings
from pipeline.report.chapters.soak_finding import soak_findings
from pipeline.report.chapters.speed_finding import (
    keys_of,
    latency_finding,
    latency_keys,
    latency_of,
    speed_finding,
    uncompared_findings,
)
from pipeline.report.comparison import WeightMemory, weight_memory
from pipeline.report.cost_figures import figure_keys
from pipeline.report.document import Finding
from pipeline.report.evidence import Keys, in_stage
from pipeline.report.inputs import Inputs
from pipeline.report.language.language import Language
from pipeline.roi.result import RoiResult
from serve.result import ServeResult

_NOTICEABLE = 1.05


def findings_of(inputs: Inputs) -> tuple[Finding, ...]:
    """Return the verdicts in the order a client asks for them; of what is not there, that it is not known."""
    return (
        *dummy_findings(inputs),
        *_accuracy(inputs),
        *checkpoint_findings(inputs),
        *_speed_and_memory(inputs),
        *(soak_findings(inputs) if inputs.has(BenchResult) else ()),
        _cost(inputs),
        _endpoint(inputs),
        *acceptance_findings(inputs),
    )


def _accuracy(inputs: Inputs) -> tuple[Finding, ...]:
    say = inputs.say.findings
    if not inputs.has(EvalResult):
        return (_unknown(say.accuracy, say.no_accuracy, EvalResult.STAGE),)
    accuracy, of_all = inputs.accuracy, inputs.evidence.of_all
    scores = of_all((row, field) for row in accuracy.gated for field in ("baseline/value", "candidate/value", "loss"))
    alarms = of_all((one, field) for one in accuracy.fidelity for field in ("mean_kl_nats", agreement_field(one)))
    verdict, *raised = accuracy_findings(accuracy, inputs.say)
    return (
        _grounded(verdict, "measured", scores if accuracy.stopped is None else alarms),
        *(_grounded(alarm, "measured", alarms) for alarm in raised),
    )


def _speed_and_memory(inputs: Inputs) -> tuple[Finding, ...]:
    say = inputs.say.findings
    if not inputs.has(BenchResult):
        return (_unknown(say.speed, say.no_speed, BenchResult.STAGE),)
    if not inputs.load.has_arms(BASELINE, AWQ):
        return (*uncompared_findings(inputs), *void_findings(inputs))
    ratios, latencies, evidence = speed_ratios(inputs.load), latency_of(inputs.load), inputs.evidence
    speed = (
        with_crossover(
            _grounded(speed_finding(ratios, inputs.load, say), "measured", keys_of(ratios, evidence)), inputs
        ),
        _grounded(latency_finding(*latencies, inputs.load, say), "measured", latency_keys(*latencies, evidence)),
        *void_findings(inputs),
    )
    memory = weight_memory(inputs.quantize_or_none, inputs.load)
    if memory is None:
        return (*speed, *binding_findings(inputs))
    found = _grounded(memory_finding(memory, inputs.say), memory.origin, evidence.of_all(memory.found_in))
    return (*speed, found, *binding_findings(inputs))


def _cost(inputs: Inputs) -> Finding:
    say = inputs.say.findings
    if not inputs.has(RoiResult):
        return _unknown(say.cost, _no_costs(inputs), RoiResult.STAGE)
    saving = inputs.saving
    figures = (saving.saving_per_month_usd, saving.break_even_requests_per_day)
    keys = tuple(key for one in figures for key in figure_keys(one, inputs.evidence))
    found = cost_finding(inputs.costs, saving, inputs.recipe.roi.load.requests_per_day, inputs.say)
    return _grounded(found, saving.saving_per_month_usd.origin, keys)


def _no_costs(inputs: Inputs) -> str:
    """Return why there are none."""
    say = inputs.say.findings
    if not inputs.has(BenchResult):
        return say.no_costs
    if not inputs.load.has_arms(BASELINE, AWQ):
        return say.costs_not_compared
    return say.costs_of_overload if any(map(inputs.load.only_overload, (BASELINE, AWQ))) else say.no_costs


def _endpoint(inputs: Inputs) -> Finding:
    say = inputs.say.findings
    if not inputs.has(ServeResult):
        return _unknown(say.endpoint, say.no_endpoint, ServeResult.STAGE)
    return _grounded(
        endpoint_finding(inputs.endpoint, inputs.say), "measured", inputs.evidence.of(inputs.endpoint, "checks")
    )


def _grounded(finding: Finding, origin: Origin, evidence: Keys) -> Finding:
    return finding.model_copy(update={"origin": origin, "evidence": evidence})


def _unknown(topic: str, headline: str, stage: str) -> Finding:
    return Finding(topic=topic, stage=stage, headline=headline, tone="caution")


def checkpoint_findings(inputs: Inputs) -> tuple[Finding, ...]:
    """Say that the checkpoint failed a gate of its own; nothing where it passed them."""
    failed = [gate for stage, gate in inputs.gates if stage == "quantize" and not gate.passed]
    if not failed:
        return ()
    return (
        Finding(
            topic=inputs.say.findings.checkpoint,
            stage=QuantizeResult.STAGE,
            headline=inputs.say.findings.failed_audit(inputs.say.findings.amount(len(failed), "gate")),
            detail=" ".join(inputs.say.stored.text(gate.said, gate.statement) for gate in failed),
            tone="bad",
            origin="measured",
            evidence=in_stage(QuantizeResult.STAGE, "gates"),
        ),
    )


def memory_finding(memory: WeightMemory, language: Language) -> Finding:
    """Say by how much the weights shrank, and on what basis."""
    say, basis = language.findings, language.memory.basis[memory.basis]
    detail = say.weights(size(memory.baseline_bytes), size(memory.awq_bytes), basis)
    smaller = memory.times_smaller
    if smaller < 1:
        return Finding(
            topic=say.memory,
            stage=QuantizeResult.STAGE,
            headline=say.larger(ratio(1 / smaller)),
            detail=detail,
            tone="bad",
        )
    if smaller < _NOTICEABLE:
        return Finding(
            topic=say.memory, stage=QuantizeResult.STAGE, headline=say.same_memory, detail=detail, tone="caution"
        )
    return Finding(
        topic=say.memory, stage=QuantizeResult.STAGE, headline=say.smaller(ratio(smaller)), detail=detail, tone="good"
    )


def endpoint_finding(endpoint: ServeResult, language: Language) -> Finding:
    """Say whether the endpoint answered as it must."""
    say, checks = language.findings, len(endpoint.checks)
    failed = [language.stored.check_name(check.name) for check in endpoint.checks if not check.passed]
    if failed:
        headline = say.checks_failed(str(len(failed)), say.amount(checks, "endpoint check"))
        detail = say.failed_checks(say.listing(failed))
        return Finding(topic=say.endpoint, stage=ServeResult.STAGE, headline=headline, detail=detail, tone="bad")
    headline = say.checks_passed(say.amount(checks, "check"))
    return Finding(topic=say.endpoint, stage=ServeResult.STAGE, headline=headline, detail=say.smoke_test, tone="good")
