"""The recommendation and the next steps that follow from the findings."""

from pipeline.base.format import certainty, count
from pipeline.report.chapters.accuracy_finding import by_verdict, named
from pipeline.report.comparison import concurrencies, speed_ratios
from pipeline.report.inputs import Inputs
from pipeline.report.verdicts import remedy


def recommendation(inputs: Inputs) -> str:
    """Return what to do with the AWQ checkpoint, in two sentences at most."""
    objection = _objection(inputs)
    if objection:
        return objection
    if inputs.endpoint and not all(check.passed for check in inputs.endpoint.checks):
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


def _objection(inputs: Inputs) -> str:
    """Return what forbids to deploy on the ground of accuracy or weights; empty where nothing does."""
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
    if not _audited(inputs):
        return "Do not deploy this AWQ checkpoint: it failed the audit of its weights, whatever its scores."
    if undecided:
        return (
            f"Do not deploy yet: the items measured do not show that the loss on {named(undecided)} is within the "
            f"agreed margin, nor that it is beyond it. Decide that first."
        )
    return ""


def next_steps(inputs: Inputs) -> tuple[str, ...]:
    """Return what to do next, in order."""
    steps = (
        _audit_step(inputs),
        _accuracy_step(inputs),
        *map(remedy, by_verdict(inputs.accuracy.gated, "inconclusive")),
        "Repeat the run on the GPU that is meant for production; speed and costs from a CPU do not carry over."
        if inputs.on_cpu
        else "",
        "Replace assumed prices and loads in the recipe by quoted or measured ones, then run `awqctl roi` again."
        if "assumed" in (inputs.recipe.roi.hourly.origin, inputs.recipe.roi.load.origin)
        else "",
        _load_step(inputs),
        "Before switching over, run AWQ beside the baseline on a part of the real traffic." if _ready(inputs) else "",
        "Test the endpoint with `awqctl serve` before it is handed over." if inputs.endpoint is None else "",
        "Sign the last page, or state what is missing for a signature.",
    )
    return tuple(step for step in steps if step)


def _ready(inputs: Inputs) -> bool:
    """Return whether nothing measured so far speaks against AWQ."""
    return inputs.saving.pays and not _objection(inputs)


def _audited(inputs: Inputs) -> bool:
    """Return whether the checkpoint passed the gates of the quantize stage."""
    return all(gate.passed for stage, gate in inputs.gates if stage == "quantize")


def _audit_step(inputs: Inputs) -> str:
    if _audited(inputs):
        return ""
    return "Find out why the checkpoint failed its audit, and quantize again, perhaps with the other quantize.backend."


def _accuracy_step(inputs: Inputs) -> str:
    if inputs.accuracy.stopped is not None:
        return "Find out why AWQ was not scored: compare the names and scales of its weights with those of the source."
    if not by_verdict(inputs.accuracy.gated, "fail"):
        return ""
    return (
        "Quantize again with a smaller group size or calibration text that is closer to the task, and measure "
        "again; otherwise agree on another margin before looking at new figures."
    )


def _load_step(inputs: Inputs) -> str:
    requests = inputs.saving.break_even_requests_per_day.value
    if inputs.saving.pays or requests is None or requests <= inputs.recipe.roi.load.requests_per_day:
        return ""
    return f"Look again when the load comes near the break-even of {count(requests)} requests a day."
