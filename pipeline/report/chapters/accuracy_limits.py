"""What the evaluation did not measure, one sentence each."""

from eval.accuracy.result import AGAIN, BASELINE, CONTROL, GATED
from eval.bench.result import BenchResult
from pipeline.base.format import count
from pipeline.report.inputs import Inputs


def accuracy_limits(inputs: Inputs) -> tuple[str, ...]:
    """Return what the figures of accuracy do not answer; empty sentences where they do."""
    say, accuracy = inputs.say.accuracy, inputs.accuracy
    stopped = accuracy.stopped is not None
    return (
        say.limit_stopped if stopped else say.limit_tasks(say.listing([task.task for task in accuracy.gated])),
        _items(inputs),
        say.limit_kinds,
        say.limit_greedy,
        say.limit_kernels if inputs.on_cpu and not inputs.has(BenchResult) else "",
        "" if accuracy.noise_floor or stopped else say.limit_floor,
        "" if accuracy.fidelity else say.limit_alarm,
        _control(inputs),
        _alternatives(inputs),
    )


def _items(inputs: Inputs) -> str:
    say = inputs.say.accuracy
    cut = [task for task in inputs.accuracy.gated if task.items < task.items_available]
    parts = [say.left_out(count(task.items_available - task.items), task.task) for task in cut]
    return say.limit_items(say.listing(parts)) if parts else ""


def _control(inputs: Inputs) -> str:
    say = inputs.say.accuracy
    if inputs.accuracy.control:
        benched = not inputs.has(BenchResult) or CONTROL in _benched(inputs)
        return "" if benched else say.limit_control_speed
    if inputs.accuracy.stopped is not None and inputs.recipe.wants("rtn"):
        return say.limit_control_stopped
    return say.limit_control


def _alternatives(inputs: Inputs) -> str:
    say = inputs.say.accuracy
    ours = (BASELINE, GATED, CONTROL, AGAIN)
    others = [arm for arm in inputs.accuracy.arms if arm not in ours]
    fast = [arm for arm in sorted(_benched(inputs)) if arm not in (*ours, *others)] if inputs.has(BenchResult) else []
    if fast:
        return f"{say.limit_not_scored(say.listing(fast))}{say.limit_alternatives}"
    if not others:
        return say.limit_no_alternative
    others = [arm for arm in others if arm not in _benched(inputs)] if inputs.has(BenchResult) else []
    unseen = say.limit_arms(say.listing(others)) if others else ""
    return f"{unseen}{say.limit_alternatives}"


def _benched(inputs: Inputs) -> set[str]:
    return {one.arm for one in inputs.load.arms}
