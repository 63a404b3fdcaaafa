"""The verdict up front, in plain words. Pure functions: figures in, sentences out."""

from eval.accuracy.result import EvalResult
from eval.bench.result import BenchResult
from pipeline.base.format import count, listed, plural, ratio, ratio_span, size
from pipeline.base.results import Origin
from pipeline.quantize.result import QuantizeResult
from pipeline.report.chapters.accuracy_finding import accuracy_findings
from pipeline.report.comparison import (
    Direction,
    SpeedRatio,
    WeightMemory,
    concurrencies,
    speed_ratios,
    weight_memory,
)
from pipeline.report.document import Finding, Tone
from pipeline.report.evidence import Keys, in_stage
from pipeline.report.inputs import Inputs
from pipeline.report.language.en.findings import Findings
from pipeline.roi.result import RoiResult, Saving
from serve.result import ServeResult

_NOTICEABLE = 1.05
_FEW = 4
"""Ratios that fit a sentence."""
_CLAIMS: tuple[Direction, ...] = ("faster", "slower", "no clear difference")


def findings_of(inputs: Inputs) -> tuple[Finding, ...]:
    """Return the verdicts in the order a client asks for them; of what is not there, that it is not known."""
    return (
        *_accuracy(inputs),
        *checkpoint_findings(inputs),
        *_speed_and_memory(inputs),
        _cost(inputs),
        _endpoint(inputs),
    )


def _accuracy(inputs: Inputs) -> tuple[Finding, ...]:
    say = inputs.say.findings
    if not inputs.has(EvalResult):
        return (_unknown(say.accuracy, say.no_accuracy),)
    accuracy, of_all = inputs.accuracy, inputs.evidence.of_all
    scores = of_all((row, field) for row in accuracy.gated for field in ("baseline/value", "candidate/value", "loss"))
    alarms = of_all((one, field) for one in accuracy.fidelity for field in ("mean_kl_nats", "top1_agreement"))
    verdict, *raised = accuracy_findings(accuracy, inputs.say)
    return (
        _grounded(verdict, "measured", scores if accuracy.stopped is None else alarms),
        *(_grounded(alarm, "measured", alarms) for alarm in raised),
    )


def _speed_and_memory(inputs: Inputs) -> tuple[Finding, ...]:
    say = inputs.say.findings
    if not inputs.has(BenchResult):
        return (_unknown(say.speed, say.no_speed),)
    ratios, of_all = speed_ratios(inputs.load), inputs.evidence.of_all
    points = of_all((point, "output_tokens_per_s") for one in ratios for point in one.points)
    speed = _grounded(speed_finding(ratios, say), "measured", points)
    if not inputs.has(QuantizeResult):
        return (speed,)
    memory = weight_memory(inputs.quantize, inputs.load)
    return (speed, _grounded(memory_finding(memory, say), "measured", of_all(memory.found_in)))


def _cost(inputs: Inputs) -> Finding:
    say = inputs.say.findings
    if not inputs.has(RoiResult):
        return _unknown(say.cost, say.no_costs)
    saving = inputs.saving
    keys = inputs.evidence.of(saving, "saving_per_month_usd/value", "break_even_requests_per_day/value")
    return _grounded(cost_finding(saving, inputs.recipe.roi.load.requests_per_day, say), "modelled", keys)


def _endpoint(inputs: Inputs) -> Finding:
    say = inputs.say.findings
    if not inputs.has(ServeResult):
        return _unknown(say.endpoint, say.no_endpoint)
    return _grounded(endpoint_finding(inputs.endpoint, say), "measured", inputs.evidence.of(inputs.endpoint, "checks"))


def _grounded(finding: Finding, origin: Origin, evidence: Keys) -> Finding:
    return finding.model_copy(update={"origin": origin, "evidence": evidence})


def _unknown(topic: str, headline: str) -> Finding:
    return Finding(topic=topic, headline=headline, tone="caution")


def checkpoint_findings(inputs: Inputs) -> tuple[Finding, ...]:
    """Say that the checkpoint failed a gate of its own; nothing where it passed them."""
    failed = [gate for stage, gate in inputs.gates if stage == "quantize" and not gate.passed]
    if not failed:
        return ()
    return (
        Finding(
            topic=inputs.say.findings.checkpoint,
            headline=inputs.say.findings.failed_audit(plural(len(failed), "gate")),
            detail=" ".join(gate.statement for gate in failed),
            tone="bad",
            origin="measured",
            evidence=in_stage(QuantizeResult.STAGE, "gates"),
        ),
    )


def speed_finding(ratios: tuple[SpeedRatio, ...], say: Findings) -> Finding:
    """Say at which concurrencies AWQ is faster or slower, and where the repeats do not tell."""
    if not ratios:
        return Finding(topic=say.speed, headline=say.not_shared, tone="caution")
    found, detail = {one.direction for one in ratios}, _ratios_sentence(ratios, say)
    if "not repeated" in found:
        return Finding(topic=say.speed, headline=say.not_repeated, detail=detail, tone="caution")
    return Finding(topic=say.speed, headline=_directions(ratios, say), detail=detail, tone=_speed_tone(found))


def _directions(ratios: tuple[SpeedRatio, ...], say: Findings) -> str:
    claims = dict(zip(_CLAIMS, (say.faster, say.slower, say.no_clear_difference), strict=True))
    everywhere = (say.faster_everywhere, say.slower_everywhere, say.no_difference_anywhere)
    found = [direction for direction in _CLAIMS if any(one.direction == direction for one in ratios)]
    if len(found) == 1:
        return everywhere[_CLAIMS.index(found[0])]
    return say.mixed("; ".join(say.at_concurrency(claims[one], concurrencies(ratios, one)) for one in found))


def _speed_tone(found: set[Direction]) -> Tone:
    if "slower" in found:
        return "caution" if "faster" in found else "bad"
    return "good" if "faster" in found else "plain"


def _ratios_sentence(ratios: tuple[SpeedRatio, ...], say: Findings) -> str:
    if len(ratios) <= _FEW:
        return say.ratios(listed([_ratio_phrase(one, say) for one in ratios]))
    best, worst = (choose(ratios, key=lambda one: one.median) for choose in (max, min))
    return say.extreme_ratios(_ratio_phrase(worst, say), _ratio_phrase(best, say), str(len(ratios)))


def _ratio_phrase(one: SpeedRatio, say: Findings) -> str:
    repeats = "" if one.direction == "not repeated" else say.repeats(ratio_span(one.low, one.high))
    return say.ratio(ratio(one.median), str(one.concurrency), repeats)


def memory_finding(memory: WeightMemory, say: Findings) -> Finding:
    """Say by how much the weights shrank, and on what basis."""
    detail = say.weights(size(memory.baseline_bytes), size(memory.awq_bytes), memory.basis)
    smaller = memory.times_smaller
    if smaller < 1:
        return Finding(topic=say.memory, headline=say.larger(ratio(1 / smaller)), detail=detail, tone="bad")
    if smaller < _NOTICEABLE:
        return Finding(topic=say.memory, headline=say.same_memory, detail=detail, tone="caution")
    return Finding(topic=say.memory, headline=say.smaller(ratio(smaller)), detail=detail, tone="good")


def cost_finding(saving: Saving, requests_per_day: float, say: Findings) -> Finding:
    """Say whether AWQ pays at the recipe's load, and where it would."""
    requests = saving.break_even_requests_per_day.value
    if saving.pays:
        detail = say.pays
    elif requests is None:
        detail = say.break_even(saving.break_even_requests_per_day.basis)
    elif requests > requests_per_day:
        detail = say.first_pays(count(requests))
    else:
        detail = say.pays_elsewhere(count(requests), count(requests_per_day))
    return Finding(topic=say.cost, headline=saving.verdict, detail=detail, tone="good" if saving.pays else "bad")


def endpoint_finding(endpoint: ServeResult, say: Findings) -> Finding:
    """Say whether the endpoint answered as it must."""
    failed, checks = [check.name for check in endpoint.checks if not check.passed], len(endpoint.checks)
    if failed:
        headline = say.checks_failed(str(len(failed)), plural(checks, "endpoint check"))
        detail = say.failed_checks(listed(failed))
        return Finding(topic=say.endpoint, headline=headline, detail=detail, tone="bad")
    headline = say.checks_passed(plural(checks, "check"))
    return Finding(topic=say.endpoint, headline=headline, detail=say.smoke_test, tone="good")
