"""The next steps that follow from the findings."""

from eval.accuracy.result import EvalResult
from eval.bench.comparison import speed_ratios
from eval.bench.result import BenchResult
from pipeline.report.chapters.accuracy_finding import by_verdict
from pipeline.report.chapters.decision_facts import clauses_that_count
from pipeline.report.chapters.recommendation import (
    MANY_REPEATS,
    SOME_REPEATS,
    audited,
    commands_for,
    missing_results,
    objection,
)
from pipeline.report.cost_figures import ranged, requests_a_day
from pipeline.report.inputs import Inputs
from pipeline.report.language.language import Language
from pipeline.report.verdicts import remedy
from pipeline.roi.result import RoiResult
from serve.result import ServeResult


def next_steps(inputs: Inputs) -> tuple[str, ...]:
    """Return what to do next, in order."""
    if inputs.has_dummies:
        return (inputs.say.dummy_weights.next_step,)
    missing, say = missing_results(inputs), inputs.say.recommendation
    steps = (
        "" if audited(inputs) else say.step_audit,
        *(_accuracy_steps(inputs.accuracy, inputs.say) if inputs.has(EvalResult) else ()),
        commands_for(missing, inputs) if missing else "",
        say.step_gpu if inputs.on_cpu else "",
        say.step_void if inputs.has(BenchResult) and inputs.load.void_loads else "",
        _repeats_step(inputs) if inputs.has(BenchResult) else "",
        _soak_step(inputs) if inputs.has(BenchResult) else "",
        *(_cost_steps(inputs) if inputs.has(RoiResult) else ()),
        _terms_step(inputs),
        say.step_traffic if _ready(inputs) else "",
        "" if inputs.has(ServeResult) else say.step_endpoint,
        say.step_sign,
    )
    return tuple(step for step in steps if step)


def _terms_step(inputs: Inputs) -> str:
    """Return what follows from clauses that failed; empty where none did."""
    failed, say = [one.id for one in clauses_that_count(inputs) if one.outcome == "failed"], inputs.say.recommendation
    return say.step_terms(say.listing(failed)) if failed else ""


def _ready(inputs: Inputs) -> bool:
    """Return whether all that a recommendation takes was measured, and nothing speaks against AWQ."""
    return not missing_results(inputs) and inputs.saving.decision == "pays" and not objection(inputs)


def _accuracy_steps(accuracy: EvalResult, say: Language) -> tuple[str, ...]:
    if accuracy.stopped is not None:
        return (say.recommendation.step_not_scored,)
    failed, undecided = (by_verdict(accuracy.gated, verdict) for verdict in ("fail", "inconclusive"))
    again = [say.recommendation.step_again] if failed else []
    return (*again, *(remedy(row, say.verdicts) for row in undecided))


def _repeats_step(inputs: Inputs) -> str:
    """Return how many repeats to make where those of today leave something open, up to what a benchmark can take."""
    say, repeats = inputs.say.recommendation, inputs.load.repeats
    speed = any(one.direction in ("not decided", "not repeated") for one in speed_ratios(inputs.load))
    costs = inputs.has(RoiResult) and inputs.saving.decision == "not decided"
    undecided = [*([say.the_speed] if speed else []), *([say.the_costs] if costs else [])]
    if not undecided or repeats >= MANY_REPEATS:
        return ""
    return say.step_repeats(str(max(SOME_REPEATS, 2 * repeats)), say.listing(undecided))


def _soak_step(inputs: Inputs) -> str:
    """Return what to do about an arm that drifts, or of which it is not decided; nothing about stable ones."""
    say, verdicts = inputs.say.recommendation, {soak.verdict for soak in inputs.load.soaks}
    if "drifting" in verdicts:
        return say.step_drift
    return say.step_longer_soak if "undecided" in verdicts else ""


def _cost_steps(inputs: Inputs) -> tuple[str, ...]:
    roi, say = inputs.recipe.roi, inputs.say.recommendation
    assumed = "assumed" in (roi.hourly.origin, roi.load.origin)
    even = inputs.saving.break_even_requests_per_day
    first = even.value if even.low is None else even.low
    near = inputs.saving.decision == "does not pay" and (first or 0.0) > roi.load.requests_per_day
    return (
        say.step_prices if assumed else "",
        say.step_load(ranged(even, requests_a_day(inputs.say.costs), inputs.say.costs)) if near else "",
    )
