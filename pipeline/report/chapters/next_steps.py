"""The next steps that follow from the findings."""

from eval.accuracy.result import EvalResult
from pipeline.base.format import count
from pipeline.report.chapters.accuracy_finding import by_verdict
from pipeline.report.chapters.recommendation import audited, commands_for, missing_results, objection
from pipeline.report.inputs import Inputs
from pipeline.report.language.language import Language
from pipeline.report.verdicts import remedy
from pipeline.roi.result import RoiResult
from serve.result import ServeResult


def next_steps(inputs: Inputs) -> tuple[str, ...]:
    """Return what to do next, in order."""
    missing = missing_results(inputs)
    steps = (
        _audit_step(inputs),
        *(_accuracy_steps(inputs.accuracy, inputs.say) if inputs.has(EvalResult) else ()),
        commands_for(missing, inputs) if missing else "",
        "Repeat the run on the GPU that is meant for production; speed and costs from a CPU do not carry over."
        if inputs.on_cpu
        else "",
        *(_cost_steps(inputs) if inputs.has(RoiResult) else ()),
        "Before switching over, run AWQ beside the baseline on a part of the real traffic." if _ready(inputs) else "",
        "" if inputs.has(ServeResult) else "Test the endpoint with `awqctl serve` before it is handed over.",
        "Sign the last page, or state what is missing for a signature.",
    )
    return tuple(step for step in steps if step)


def _ready(inputs: Inputs) -> bool:
    """Return whether all that a recommendation takes was measured, and nothing speaks against AWQ."""
    return not missing_results(inputs) and inputs.saving.pays and not objection(inputs)


def _audit_step(inputs: Inputs) -> str:
    if audited(inputs):
        return ""
    return "Find out why the checkpoint failed its audit, and quantize again, perhaps with the other quantize.backend."


def _accuracy_steps(accuracy: EvalResult, say: Language) -> tuple[str, ...]:
    if accuracy.stopped is not None:
        return (
            "Find out why AWQ was not scored: compare the names and scales of its weights with those of the source.",
        )
    again = (
        "Quantize again with a smaller group size or calibration text that is closer to the task, and measure "
        "again; otherwise agree on another margin before looking at new figures."
    )
    failed, undecided = (by_verdict(accuracy.gated, verdict) for verdict in ("fail", "inconclusive"))
    return (*([again] if failed else []), *(remedy(row, say.verdicts) for row in undecided))


def _cost_steps(inputs: Inputs) -> tuple[str, ...]:
    roi = inputs.recipe.roi
    assumed = "assumed" in (roi.hourly.origin, roi.load.origin)
    requests = inputs.saving.break_even_requests_per_day.value
    near = requests is not None and not inputs.saving.pays and requests > roi.load.requests_per_day
    return (
        "Replace assumed prices and loads in the recipe by quoted or measured ones, then run `awqctl roi` again."
        if assumed
        else "",
        f"Look again when the load comes near the break-even of {count(requests or 0)} requests a day." if near else "",
    )
