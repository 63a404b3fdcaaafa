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
from pipeline.roi.result import RoiResult, Saving
from serve.result import ServeResult

_NOTICEABLE = 1.05
_FEW = 4
"""Ratios that fit a sentence."""
_CLAIMS: dict[Direction, str] = {
    "faster": "faster",
    "slower": "slower",
    "no clear difference": "no clear difference",
    "not repeated": "",
}
_UNKNOWN = {
    "Accuracy": "Accuracy was not measured in this run.",
    "Speed": "Speed was not measured in this run.",
    "Cost": "Costs were not calculated in this run.",
    "Endpoint": "The endpoint was not tested in this run.",
}


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
    if not inputs.has(EvalResult):
        return (_unknown("Accuracy"),)
    accuracy, of_all = inputs.accuracy, inputs.evidence.of_all
    scores = of_all((row, field) for row in accuracy.gated for field in ("baseline/value", "candidate/value", "loss"))
    alarms = of_all((one, field) for one in accuracy.fidelity for field in ("mean_kl_nats", "top1_agreement"))
    verdict, *raised = accuracy_findings(accuracy, inputs.say)
    return (
        _grounded(verdict, "measured", scores if accuracy.stopped is None else alarms),
        *(_grounded(alarm, "measured", alarms) for alarm in raised),
    )


def _speed_and_memory(inputs: Inputs) -> tuple[Finding, ...]:
    if not inputs.has(BenchResult):
        return (_unknown("Speed"),)
    ratios, of_all = speed_ratios(inputs.load), inputs.evidence.of_all
    points = of_all((point, "output_tokens_per_s") for one in ratios for point in one.points)
    speed = _grounded(speed_finding(ratios), "measured", points)
    if not inputs.has(QuantizeResult):
        return (speed,)
    memory = weight_memory(inputs.quantize, inputs.load)
    return (speed, _grounded(memory_finding(memory), "measured", of_all(memory.found_in)))


def _cost(inputs: Inputs) -> Finding:
    if not inputs.has(RoiResult):
        return _unknown("Cost")
    saving = inputs.saving
    keys = inputs.evidence.of(saving, "saving_per_month_usd/value", "break_even_requests_per_day/value")
    return _grounded(cost_finding(saving, inputs.recipe.roi.load.requests_per_day), "modelled", keys)


def _endpoint(inputs: Inputs) -> Finding:
    if not inputs.has(ServeResult):
        return _unknown("Endpoint")
    return _grounded(endpoint_finding(inputs.endpoint), "measured", inputs.evidence.of(inputs.endpoint, "checks"))


def _grounded(finding: Finding, origin: Origin, evidence: Keys) -> Finding:
    return finding.model_copy(update={"origin": origin, "evidence": evidence})


def _unknown(topic: str) -> Finding:
    return Finding(topic=topic, headline=_UNKNOWN[topic], tone="caution")


def checkpoint_findings(inputs: Inputs) -> tuple[Finding, ...]:
    """Say that the checkpoint failed a gate of its own; nothing where it passed them."""
    failed = [gate for stage, gate in inputs.gates if stage == "quantize" and not gate.passed]
    if not failed:
        return ()
    return (
        Finding(
            topic="Checkpoint",
            headline=f"The checkpoint failed {plural(len(failed), 'gate')} of its audit.",
            detail=" ".join(gate.statement for gate in failed),
            tone="bad",
            origin="measured",
            evidence=in_stage(QuantizeResult.STAGE, "gates"),
        ),
    )


def speed_finding(ratios: tuple[SpeedRatio, ...]) -> Finding:
    """Say at which concurrencies AWQ is faster or slower, and where the repeats do not tell."""
    groups = {word: [one for one in ratios if one.direction == word] for word in _CLAIMS}
    if not ratios:
        return Finding(topic="Speed", headline="No concurrency was measured with both arms.", tone="caution")
    if groups["not repeated"]:
        return Finding(
            topic="Speed",
            headline="Speed was measured once per point, so it cannot be told from chance.",
            detail=_ratios_sentence(ratios),
            tone="caution",
        )
    parts = [f"{_CLAIMS[word]} at concurrency {concurrencies(ratios, word)}" for word in _CLAIMS if groups[word]]
    headline = f"AWQ is {'; '.join(parts)}." if len(parts) > 1 else _one_direction(groups)
    return Finding(topic="Speed", headline=headline, detail=_ratios_sentence(ratios), tone=_speed_tone(groups))


def _one_direction(groups: dict[Direction, list[SpeedRatio]]) -> str:
    if groups["faster"]:
        return "AWQ is faster at every concurrency measured."
    if groups["slower"]:
        return "AWQ is slower at every concurrency measured."
    return "There is no clear difference in speed at any concurrency measured."


def _speed_tone(groups: dict[Direction, list[SpeedRatio]]) -> Tone:
    if groups["slower"]:
        return "caution" if groups["faster"] else "bad"
    return "good" if groups["faster"] else "plain"


def _ratios_sentence(ratios: tuple[SpeedRatio, ...]) -> str:
    if len(ratios) <= _FEW:
        return f"Output throughput of AWQ over the baseline: {listed([_ratio_phrase(one) for one in ratios])}."
    best, worst = (choose(ratios, key=lambda one: one.median) for choose in (max, min))
    return (
        f"Output throughput of AWQ over the baseline: between {_ratio_phrase(worst)} and {_ratio_phrase(best)}; "
        f"the table has all {len(ratios)}."
    )


def _ratio_phrase(one: SpeedRatio) -> str:
    repeats = "" if one.direction == "not repeated" else f" (repeats {ratio_span(one.low, one.high)})"
    return f"{ratio(one.median)} at {one.concurrency}{repeats}"


def memory_finding(memory: WeightMemory) -> Finding:
    """Say by how much the weights shrank, and on what basis."""
    detail = f"{size(memory.baseline_bytes)} before, {size(memory.awq_bytes)} with AWQ, {memory.basis}."
    if memory.times_smaller < 1:
        return Finding(
            topic="Memory",
            headline=f"The weights are {ratio(1 / memory.times_smaller)} larger with AWQ.",
            detail=detail,
            tone="bad",
        )
    if memory.times_smaller < _NOTICEABLE:
        return Finding(
            topic="Memory", headline="The weights take about the same memory.", detail=detail, tone="caution"
        )
    return Finding(
        topic="Memory",
        headline=f"The weights are {ratio(memory.times_smaller)} smaller.",
        detail=detail,
        tone="good",
    )


def cost_finding(saving: Saving, requests_per_day: float) -> Finding:
    """Say whether AWQ pays at the recipe's load, and where it would."""
    requests = saving.break_even_requests_per_day.value
    if saving.pays:
        detail = "The count of machines follows from the load, not from the highest throughput."
    elif requests is None:
        detail = f"Break-even: {saving.break_even_requests_per_day.basis}."
    elif requests > requests_per_day:
        detail = f"It would first pay at {count(requests)} requests a day."
    else:
        detail = (
            f"It first pays at {count(requests)} requests a day, but machines are whole: at this load of "
            f"{count(requests_per_day)} the saving is too small again."
        )
    return Finding(topic="Cost", headline=saving.verdict, detail=detail, tone="good" if saving.pays else "bad")


def endpoint_finding(endpoint: ServeResult) -> Finding:
    """Say whether the endpoint answered as it must."""
    failed = [check.name for check in endpoint.checks if not check.passed]
    if failed:
        return Finding(
            topic="Endpoint",
            headline=f"{len(failed)} of {plural(len(endpoint.checks), 'endpoint check')} failed.",
            detail=f"Failed: {listed(failed)}.",
            tone="bad",
        )
    return Finding(
        topic="Endpoint",
        headline=f"The endpoint passed {plural(len(endpoint.checks), 'check')}.",
        detail="A smoke test with single requests, not a load test.",
        tone="good",
    )
