"""What the run did not measure, derived from the record where it can be."""

from eval.accuracy.result import AGAIN, BASELINE, CONTROL, GATED
from pipeline.base.format import count, listed
from pipeline.recipe.arms import AWQ
from pipeline.report.document import Section
from pipeline.report.inputs import Inputs


def not_measured_section(inputs: Inputs) -> Section:
    """Return the limits of the report, one sentence each."""
    return Section(
        id="not-measured",
        title="What was not measured",
        paragraphs=("No figure in this report answers the following.",),
        bullets=tuple(sentence for sentence in _limits(inputs) if sentence),
    )


def _limits(inputs: Inputs) -> tuple[str, ...]:
    load, bench = inputs.load, inputs.recipe.bench
    highest = max(point.concurrency for point in load.of(AWQ).points)
    return (
        _hardware(inputs),
        (
            f"One machine: {inputs.hardware}. Several machines behind a balancer were not measured; the costs assume "
            f"that n machines carry n times the load."
        ),
        "Spare machines, failover and uptime: nothing was switched off during the run, and no spare is priced.",
        (
            f"Other lengths: every request had {count(load.input_tokens)} input and {count(load.output_tokens)} output "
            f"tokens. Real traffic mixes lengths."
        ),
        (
            f"Real traffic: prompts were synthetic and at most {count(highest)} requests were in flight. Bursts and "
            f"queues beyond that were not measured."
        ),
        _duration(inputs),
        _accuracy(inputs),
        _samples(inputs),
        "Long contexts, languages, safety and the wording of answers, unless a task above covers them.",
        (
            "Sampled answers: lm-eval's tasks let the model answer greedily unless they say otherwise; a temperature "
            "in production makes answers vary."
        ),
        _floor(inputs),
        _alarm(inputs),
        _control(inputs),
        _alternatives(inputs),
        "Energy, power and temperature.",
        _single(bench.repeats),
        "Network, storage, staff and taxes are not part of the costs; only the hourly price of the machine is.",
        _quality_of_prices(inputs),
        _endpoint(inputs),
    )


def _hardware(inputs: Inputs) -> str:
    if not inputs.on_cpu:
        return ""
    return (
        "GPU speed: the run used the CPU. Its throughput, latency and costs say nothing about a GPU, where other "
        "kernels run. The accuracy figures are of the same weights, but GPU kernels round differently."
    )


def _duration(inputs: Inputs) -> str:
    points = (*inputs.load.of(BASELINE).points, *inputs.load.of(AWQ).points)
    longest = max(point.duration_s for point in points)
    return f"Long runs: the longest single run took {count(longest)} s. Behaviour over hours was not measured."


def _accuracy(inputs: Inputs) -> str:
    if inputs.accuracy.stopped is not None:
        return "Accuracy: the alarm stopped AWQ before any task was asked."
    names = listed([task.task for task in inputs.accuracy.gated])
    return f"Accuracy beyond {names}. A client's own task can behave differently; add it to the recipe."


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


def _alternatives(inputs: Inputs) -> str:
    others = [arm for arm in inputs.accuracy.arms if arm not in (BASELINE, GATED, CONTROL, AGAIN)]
    if not others:
        return "Alternatives to AWQ: GPTQ and FP8 were not run."
    others = [arm for arm in others if arm not in {one.arm for one in inputs.load.arms}]
    unseen = f"Speed and costs of {listed(others)}: only accuracy was measured. " if others else ""
    return f"{unseen}Other alternatives to AWQ were not run."


def _control(inputs: Inputs) -> str:
    if inputs.accuracy.control and CONTROL in {one.arm for one in inputs.load.arms}:
        return ""
    if inputs.accuracy.control:
        return "Speed of the round-to-nearest control: only its accuracy was measured."
    if inputs.accuracy.stopped is not None and inputs.recipe.wants("rtn"):
        return "What AWQ bought over plain rounding: neither was scored."
    return (
        "What AWQ bought over plain rounding: the same model rounded to nearest was not measured. Add `rtn` to the "
        "recipe's `arms` to measure it."
    )


def _samples(inputs: Inputs) -> str:
    cut = [task for task in inputs.accuracy.gated if task.items < task.items_available]
    parts = [f"{count(task.items_available - task.items)} of {task.task}" for task in cut]
    return f"Items left out by the recipe's limit: {listed(parts)}." if parts else ""


def _single(repeats: int) -> str:
    quantized = "One quantization with one calibration set and one seed was measured."
    return f"{quantized} Each speed was measured once." if repeats == 1 else quantized


def _quality_of_prices(inputs: Inputs) -> str:
    roi = inputs.recipe.roi
    assumed = [
        name
        for name, origin in (("the hourly price", roi.hourly.origin), ("the load", roi.load.origin))
        if origin == "assumed"
    ]
    if roi.engagement and roi.engagement.origin == "assumed":
        assumed.append("the engagement price")
    if not assumed:
        return ""
    verb = "is an assumption" if len(assumed) == 1 else "are assumptions"
    return f"{listed(assumed).capitalize()} {verb}; the costs move with {'it' if len(assumed) == 1 else 'them'}."


def _endpoint(inputs: Inputs) -> str:
    if inputs.endpoint is None:
        return "The endpoint: gateway, TLS and API keys were not tested in this run."
    return "Speed through the gateway: throughput and latency were measured at the engine, without TLS and API keys."
