"""Why it is recommended: what forbids to deploy, what is missing to say more, and what the findings come to."""

from eval.accuracy.result import EvalResult
from eval.bench.comparison import speed_ratios
from eval.bench.result import BenchResult
from pipeline.base.format import certainty
from pipeline.base.results import Payload
from pipeline.recipe.arms import AWQ, BASELINE
from pipeline.report.chapters.accuracy_finding import by_verdict, named
from pipeline.report.chapters.crossover_finding import expectation
from pipeline.report.chapters.decision_facts import awq_facts, clauses_that_count, decision_of, fp8_arm, fp8_facts
from pipeline.report.chapters.speed_finding import concurrencies
from pipeline.report.decision import Decided
from pipeline.report.inputs import Inputs
from pipeline.report.verdicts import remedy
from pipeline.roi.result import RoiResult
from serve.result import ServeResult

_NEEDED: tuple[type[Payload], ...] = (EvalResult, BenchResult, RoiResult)
MANY_REPEATS = 10
"""Repeats from which more of them hardly decide anything."""
SOME_REPEATS = 5


def recommendation(inputs: Inputs) -> str:
    """Return why the decision is what it is, and what would decide it where nothing does, in few sentences."""
    if inputs.has_dummies:
        return f"{inputs.say.dummy_weights.recommendation} {inputs.say.dummy_weights.next_step}"
    found, name, say = decision_of(inputs), fp8_arm(inputs), inputs.say.recommendation
    if name is not None and "AWQ or FP8" in found.because:
        fp8 = say.title_of(name)
        said = {"deploy AWQ": say.awq_better(fp8), "deploy FP8": say.fp8_better(fp8), "not decided": say.both(fp8)}
        first, second = said[found.choice], ""
    else:
        first, second = _of_awq(inputs), "" if name is None else _of_fp8(name, found, inputs)
    if found.choice == "deploy FP8" and second:
        first, second = second, first
    return " ".join(filter(None, (first, second, *deciding(found, inputs))))


def _of_fp8(name: str, found: Decided, inputs: Inputs) -> str:
    """Return what is known of FP8 beside AWQ."""
    say, fp8 = inputs.say.recommendation, fp8_facts(name, inputs)
    arm = say.title_of(name)
    if found.choice == "deploy FP8":
        return say.deploy_fp8(arm)
    if fp8.standing == "open":
        return say.fp8_open(arm, say.listing([say.grounds[ground] for ground in fp8.grounds]))
    return say.fp8_unfit(arm) if fp8.standing == "unfit" else ""


def deciding(found: Decided, inputs: Inputs) -> tuple[str, ...]:
    """Return what would decide what is not decided, with its commands.

    Missing results are not among it: that they are missing is said with the commands that make them.
    """
    if found.choice != "not decided":
        return ()
    say, name, awq = inputs.say.recommendation, inputs.recipe.name, awq_facts(inputs)
    open_tasks = by_verdict(inputs.accuracy.gated, "inconclusive") if inputs.has(EvalResult) else []
    accuracy = "accuracy" in found.because and awq.accuracy == "not decided"
    return (
        *((remedy(row, inputs.say.verdicts) for row in open_tasks) if accuracy else ()),
        *((say.then_run(f"`awqctl eval {name}`"),) if accuracy else ()),
        *((_costs_step(inputs),) if "costs" in found.because and awq.money == "not decided" else ()),
        *((say.mend_endpoint(f"`awqctl run {name}`"),) if "endpoint" in found.because else ()),
        *((_acceptance_step(inputs),) if "acceptance" in found.because else ()),
        *((say.compare_savings(f"`awqctl roi {name}`"),) if "AWQ or FP8" in found.because else ()),
    )


def _acceptance_step(inputs: Inputs) -> str:
    """Return the commands that settle clauses which are open; empty where none has one."""
    say, clauses = inputs.say.recommendation, clauses_that_count(inputs)
    commands = dict.fromkeys(f"`{one.command}`" for one in clauses if one.outcome != "passed" and one.command)
    return say.run(say.listing(list(commands))) if commands else ""


def _costs_step(inputs: Inputs) -> str:
    """Return what would decide whether AWQ pays."""
    say, repeats, name = inputs.say.recommendation, inputs.load.repeats, inputs.recipe.name
    if repeats >= MANY_REPEATS:
        return say.other_load(f"`awqctl roi {name}`")
    return say.more_repeats(str(max(SOME_REPEATS, 2 * repeats)), f"`awqctl bench {name}`", f"`awqctl roi {name}`")


def _of_awq(inputs: Inputs) -> str:
    """Return what to do with the AWQ checkpoint."""
    say = inputs.say.recommendation
    refusal = objection(inputs) or _terms_failed(inputs)
    if refusal:
        return refusal
    if inputs.has(BenchResult) and not inputs.load.has_arms(BASELINE, AWQ):
        return say.uncompared(say.listing([say.title_of(arm.arm) for arm in inputs.load.arms]))
    if missing := missing_results(inputs):
        topics = say.listing([say.topics[kind.STAGE] for kind in missing])
        return say.missing(topics, commands_for(missing, inputs), one=len(missing) == 1 and missing != (RoiResult,))
    if inputs.has(ServeResult) and not all(check.passed for check in inputs.endpoint.checks):
        return say.failed_endpoint
    if unsettled := [one.id for one in clauses_that_count(inputs) if one.outcome != "passed"]:
        return say.acceptance_open(say.listing(unsettled))
    return _by_costs_and_speed(inputs)


def _terms_failed(inputs: Inputs) -> str:
    """Return that what was agreed is not met; empty where it is, or is not known."""
    failed = [one.id for one in clauses_that_count(inputs) if one.outcome == "failed"]
    say = inputs.say.recommendation
    return say.acceptance_failed(say.listing(failed)) if failed else ""


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
