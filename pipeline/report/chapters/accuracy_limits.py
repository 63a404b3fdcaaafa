"""What the evaluation did not measure, one sentence each."""

from eval.accuracy.result import AGAIN, BASELINE, CONTROL, GATED
from eval.bench.result import BenchResult
from pipeline.base.format import count, listed
from pipeline.report.inputs import Inputs


def accuracy_limits(inputs: Inputs) -> tuple[str, ...]:
    """Return what the figures of accuracy do not answer; empty sentences where they do."""
    return (
        _tasks(inputs),
        _samples(inputs),
        "Long contexts, languages, safety and the wording of answers, unless a task above covers them.",
        (
            "Sampled answers: lm-eval's tasks let the model answer greedily unless they say otherwise; a temperature "
            "in production makes answers vary."
        ),
        _kernels(inputs),
        _floor(inputs),
        _alarm(inputs),
        _control(inputs),
        _alternatives(inputs),
    )


def _tasks(inputs: Inputs) -> str:
    if inputs.accuracy.stopped is not None:
        return "Accuracy: the alarm stopped AWQ before any task was asked."
    names = listed([task.task for task in inputs.accuracy.gated])
    return f"Accuracy beyond {names}. A client's own task can behave differently; add it to the recipe."


def _samples(inputs: Inputs) -> str:
    cut = [task for task in inputs.accuracy.gated if task.items < task.items_available]
    parts = [f"{count(task.items_available - task.items)} of {task.task}" for task in cut]
    return f"Items left out by the recipe's limit: {listed(parts)}." if parts else ""


def _kernels(inputs: Inputs) -> str:
    """Say what the CPU leaves open, where the chapter on throughput does not."""
    if not inputs.on_cpu or inputs.has(BenchResult):
        return ""
    return "Accuracy on a GPU: the weights are the same, but GPU kernels round differently."


def _floor(inputs: Inputs) -> str:
    if inputs.accuracy.noise_floor or inputs.accuracy.stopped is not None:
        return ""
    return (
        "The noise floor of accuracy: the baseline was measured once, so how far it differs from itself is not known. "
        "Set `eval.noise_floor: true` in the recipe to measure it."
    )


def _alarm(inputs: Inputs) -> str:
    if inputs.accuracy.fidelity:
        return ""
    return "Token probabilities on held-out text: the recipe switched the alarm off."


def _control(inputs: Inputs) -> str:
    if inputs.accuracy.control:
        benched = not inputs.has(BenchResult) or CONTROL in _benched(inputs)
        return "" if benched else "Speed of the round-to-nearest control: only its accuracy was measured."
    if inputs.accuracy.stopped is not None and inputs.recipe.wants("rtn"):
        return "What AWQ bought over plain rounding: neither was scored."
    return (
        "What AWQ bought over plain rounding: the same model rounded to nearest was not measured. Add `rtn` to the "
        "recipe's `arms` to measure it."
    )


def _alternatives(inputs: Inputs) -> str:
    others = [arm for arm in inputs.accuracy.arms if arm not in (BASELINE, GATED, CONTROL, AGAIN)]
    if not others:
        return "Alternatives to AWQ: GPTQ and FP8 were not run."
    others = [arm for arm in others if arm not in _benched(inputs)] if inputs.has(BenchResult) else []
    unseen = f"Speed and costs of {listed(others)}: only accuracy was measured. " if others else ""
    return f"{unseen}Other alternatives to AWQ were not run."


def _benched(inputs: Inputs) -> set[str]:
    return {one.arm for one in inputs.load.arms}
