"""The recommendation: what forbids to deploy, what is missing to say more, and what the findings come to."""

from eval.accuracy.result import EvalResult
from eval.bench.comparison import speed_ratios
from eval.bench.result import BenchResult
from pipeline.base.format import certainty
from pipeline.base.results import Payload
from pipeline.recipe.arms import AWQ, BASELINE
from pipeline.report.chapters.accuracy_finding import by_verdict, named
from pipeline.report.chapters.crossover_finding import expectation
from pipeline.report.chapters.speed_finding import concurrencies
from pipeline.report.inputs import Inputs
from pipeline.roi.result import RoiResult
from serve.result import ServeResult

_NEEDED: tuple[type[Payload], ...] = (EvalResult, BenchResult, RoiResult)


def recommendation(inputs: Inputs) -> str:
    """Return what to do with the AWQ checkpoint, in few sentences."""
    say = inputs.say.recommendation
    if inputs.has_dummies:
        return inputs.say.dummy_weights.recommendation
    refusal = objection(inputs)
    if refusal:
        return refusal
    if inputs.has(BenchResult) and not inputs.load.has_arms(BASELINE, AWQ):
        return say.uncompared(say.listing([say.title_of(arm.arm) for arm in inputs.load.arms]))
    if missing := missing_results(inputs):
        topics = say.listing([say.topics[kind.STAGE] for kind in missing])
        return say.missing(topics, commands_for(missing, inputs), one=len(missing) == 1 and missing != (RoiResult,))
    if inputs.has(ServeResult) and not all(check.passed for check in inputs.endpoint.checks):
        return say.failed_endpoint
    return _by_costs_and_speed(inputs)


def _by_costs_and_speed(inputs: Inputs) -> str:
    """Return what costs and speed come to, where nothing forbids to deploy."""
    say, saving = inputs.say.recommendation, inputs.saving
    ratios = speed_ratios(inputs.load)
    faster, slower = (concurrencies(ratios, direction, say) for direction in ("faster", "slower"))
    crossing = expectation(inputs)
    expect = f" {crossing}" if crossing else say.slower(slower) if slower else ""
    if saving.decision == "pays":
        return say.deploy + expect
    where = say.here if inputs.on_cpu else say.at_this_load
    if saving.decision == "not decided":
        costs = say.not_decided(where)
    else:
        costs = say.not_paid_back(where) if (saving.saving_per_month_usd.low or 0.0) > 0 else say.no_saving(where)
    if faster:
        return costs + (say.for_known_speed if crossing else say.for_speed(faster)) + expect
    return costs + say.keep + expect


def objection(inputs: Inputs) -> str:
    """Return what forbids to deploy on the ground of accuracy or weights; empty where nothing does."""
    say = inputs.say.recommendation
    if not inputs.has(EvalResult):
        return "" if audited(inputs) else say.failed_audit
    tasks = inputs.accuracy.gated
    failed, undecided = by_verdict(tasks, "fail"), by_verdict(tasks, "inconclusive")
    if inputs.accuracy.stopped is not None:
        return say.not_scored
    if failed:
        return say.failed(certainty(failed[0].confidence), named(failed, say))
    if not audited(inputs):
        return say.failed_audit
    return say.undecided(named(undecided, say)) if undecided else ""


def missing_results(inputs: Inputs) -> tuple[type[Payload], ...]:
    """Return the results without which nothing is recommended.

    A benchmark that is void, or all overload, is none, and has no costs.
    """
    void = (
        inputs.has(BenchResult)
        and not inputs.has(RoiResult)
        and (not inputs.load.has_points(BASELINE, AWQ) or any(map(inputs.load.only_overload, (BASELINE, AWQ))))
    )
    return tuple(kind for kind in _NEEDED if not inputs.has(kind) or (void and kind is BenchResult))


def commands_for(kinds: tuple[type[Payload], ...], inputs: Inputs) -> str:
    """Return in a sentence how to get results that are missing."""
    name, say = inputs.recipe.name, inputs.say.recommendation
    commands = say.listing([f"`awqctl {kind.STAGE} {name}`" for kind in kinds])
    sections = [f"`{kind.STAGE}`" for kind in kinds if not inputs.recipe.has(kind.STAGE)]
    return say.add_and_run(say.listing(sections), commands) if sections else say.run(commands)


def audited(inputs: Inputs) -> bool:
    """Return whether the checkpoint passed the gates of the quantize stage."""
    return all(gate.passed for stage, gate in inputs.gates if stage == "quantize")
