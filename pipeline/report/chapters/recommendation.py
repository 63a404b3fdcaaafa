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

_NEEDED: dict[type[Payload], str] = {EvalResult: "accuracy", BenchResult: "speed", RoiResult: "costs"}
_FAILED_AUDIT = "Do not deploy this AWQ checkpoint: it failed the audit of its weights, whatever its scores."


def recommendation(inputs: Inputs) -> str:
    """Return what to do with the AWQ checkpoint, in two sentences at most."""
    refusal = objection(inputs)
    if refusal:
        return refusal
    if missing := missing_results(inputs):
        return _missing(missing, inputs)
    if inputs.has(ServeResult) and not all(check.passed for check in inputs.endpoint.checks):
        return "Do not deploy yet: the AWQ checkpoint passed the accuracy gate, but its endpoint failed a check."
    ratios = speed_ratios(inputs.load)
    faster, slower = (concurrencies(ratios, direction) for direction in ("faster", "slower"))
    if inputs.saving.pays:
        warning = f" Expect it to be slower at concurrency {slower}." if slower else ""
        return f"Deploy the AWQ checkpoint: it passed the accuracy gate and pays at this load.{warning}"
    where = "on this machine at this load" if inputs.on_cpu else "at this load"
    if faster:
        return (
            f"AWQ saves no money {where}. It passed the accuracy gate and is faster at concurrency {faster}: deploy it "
            f"for speed or memory, not for cost; otherwise keep the baseline."
        )
    return (
        f"Keep the baseline {where} unless memory is the limit: the AWQ checkpoint passed the accuracy "
        f"gate, but it saves no money here."
    )


def objection(inputs: Inputs) -> str:
    """Return what forbids to deploy on the ground of accuracy or weights; empty where nothing does."""
    if not inputs.has(EvalResult):
        return "" if audited(inputs) else _FAILED_AUDIT
    tasks = inputs.accuracy.gated
    failed, undecided = by_verdict(tasks, "fail"), by_verdict(tasks, "inconclusive")
    if inputs.accuracy.stopped is not None:
        return (
            "Do not deploy this AWQ checkpoint: its token probabilities are so far from the baseline's that it was not "
            "scored."
        )
    if failed:
        sure = certainty(failed[0].confidence)
        lost = f"with {sure} confidence it loses more than was agreed on {named(failed)}"
        return f"Do not deploy this AWQ checkpoint: {lost}."
    if not audited(inputs):
        return _FAILED_AUDIT
    if undecided:
        return (
            f"Do not deploy yet: the items measured do not show that the loss on {named(undecided)} is within the "
            f"agreed margin, nor that it is beyond it. Decide that first."
        )
    return ""


def missing_results(inputs: Inputs) -> tuple[type[Payload], ...]:
    """Return the results without which nothing is recommended."""
    return tuple(kind for kind in _NEEDED if not inputs.has(kind))


def _missing(kinds: tuple[type[Payload], ...], inputs: Inputs) -> str:
    known = listed([_NEEDED[kind] for kind in kinds])
    verb = "is" if len(kinds) == 1 and kinds != (RoiResult,) else "are"
    return (
        f"No recommendation yet: {known} {verb} not known, and one takes accuracy, speed and costs. "
        f"{commands_for(kinds, inputs)}"
    )


def commands_for(kinds: tuple[type[Payload], ...], inputs: Inputs) -> str:
    """Return in a sentence how to get results that are missing."""
    name = inputs.recipe.name
    sections = [f"`{kind.STAGE}`" for kind in kinds if not inputs.recipe.has(kind.STAGE)]
    added = f"Add {listed(sections)} to the recipe, then run" if sections else "Run"
    return f"{added} {listed([f'`awqctl {kind.STAGE} {name}`' for kind in kinds])}."


def audited(inputs: Inputs) -> bool:
    """Return whether the checkpoint passed the gates of the quantize stage."""
    return all(gate.passed for stage, gate in inputs.gates if stage == "quantize")
