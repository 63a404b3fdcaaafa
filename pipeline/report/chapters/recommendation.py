"""The recommendation: what forbids to deploy, what is missing to say more, and what the findings come to."""

from eval.accuracy.result import EvalResult
from eval.bench.result import BenchResult
from pipeline.base.format import certainty, listed
from pipeline.base.results import Payload
from pipeline.report.chapters.accuracy_finding import by_verdict, named
from pipeline.report.comparison import concurrencies, speed_ratios
from pipeline.report.inputs import Inputs
from pipeline.roi.result import RoiResult
from serve.result import ServeResult

_NEEDED: tuple[type[Payload], ...] = (EvalResult, BenchResult, RoiResult)


def recommendation(inputs: Inputs) -> str:
    """Return what to do with the AWQ checkpoint, in two sentences at most."""
    say = inputs.say.recommendation
    refusal = objection(inputs)
    if refusal:
        return refusal
    if missing := missing_results(inputs):
        topics = listed([say.topics[kind.STAGE] for kind in missing])
        return say.missing(topics, commands_for(missing, inputs), one=len(missing) == 1 and missing != (RoiResult,))
    if inputs.has(ServeResult) and not all(check.passed for check in inputs.endpoint.checks):
        return say.failed_endpoint
    ratios = speed_ratios(inputs.load)
    faster, slower = (concurrencies(ratios, direction) for direction in ("faster", "slower"))
    if inputs.saving.pays:
        return say.deploy + (say.slower(slower) if slower else "")
    where = say.here if inputs.on_cpu else say.at_this_load
    return say.for_speed(where, faster) if faster else say.keep(where)


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
        return say.failed(certainty(failed[0].confidence), named(failed))
    if not audited(inputs):
        return say.failed_audit
    return say.undecided(named(undecided)) if undecided else ""


def missing_results(inputs: Inputs) -> tuple[type[Payload], ...]:
    """Return the results without which nothing is recommended."""
    return tuple(kind for kind in _NEEDED if not inputs.has(kind))


def commands_for(kinds: tuple[type[Payload], ...], inputs: Inputs) -> str:
    """Return in a sentence how to get results that are missing."""
    name, say = inputs.recipe.name, inputs.say.recommendation
    commands = listed([f"`awqctl {kind.STAGE} {name}`" for kind in kinds])
    sections = [f"`{kind.STAGE}`" for kind in kinds if not inputs.recipe.has(kind.STAGE)]
    return say.add_and_run(listed(sections), commands) if sections else say.run(commands)


def audited(inputs: Inputs) -> bool:
    """Return whether the checkpoint passed the gates of the quantize stage."""
    return all(gate.passed for stage, gate in inputs.gates if stage == "quantize")
