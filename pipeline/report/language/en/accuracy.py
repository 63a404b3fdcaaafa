"""What the chapter on accuracy says."""

from collections.abc import Mapping

from pipeline.base.format import MINUS, PLUS_MINUS
from pipeline.report.language.en.words import Words


class Accuracy(Words):
    """The chapter itself, its tables of verdicts, scores and changes, and what was not measured."""

    title = "Accuracy"
    absent = "Accuracy was not measured: `awqctl eval` was not run."
    arms: Mapping[str, str] = {
        "baseline": "the baseline",
        "rtn": "the rounded control",
        "again": "the baseline once more",
    }
    """How arms are called where a sentence lists them; others by their names."""

    def answered(self, arms: str) -> str:
        return f"{arms[:1].upper()}{arms[1:]} answered the same items through the same server settings."

    def gate(self, sure: str) -> str:
        return (
            f"The gate asks whether AWQ's loss is within the margin agreed in the recipe. A task passes when the loss "
            f"is below its margin with {sure} confidence, and fails when it is beyond it with {sure} confidence; in "
            f"between the items do not decide it, which is neither a pass nor a proof of harm."
        )

    def shared_run(self, words: str) -> str:
        return f"share a run of {words} words with the calibration text"

    def overlapping_items(self, overlapping: str, items: str, task: str) -> str:
        return f"{overlapping} of {items} items of {task}"

    def no_overlap(self, shared: str) -> str:
        return f"No item of these tasks was found to {shared}."

    def overlap(self, seen: str, shared: str) -> str:
        return f"{seen} {shared}: on these AWQ may look better than on text it was not calibrated on."

    task = "Task"
    metric = "Metric"
    arm = "Arm"
    items = "Items"
    loss = "Loss"
    margin = "Agreed margin"
    baseline = "Baseline"
    recovery = "Recovery"
    verdict = "Verdict"
    verdicts = "Verdicts"
    others = "Other arms against the baseline"
    by_margin = "By AWQ's margin"
    scores = "Scores"
    score_of_arm = "Arm's score"
    score_of_awq = "AWQ"
    difference = "Difference"
    difference_of_awq = f"AWQ {MINUS} baseline"
    changes = "Items that changed, and chance"
    changed = ("Right to wrong", "Wrong to right", "Share changed", "p", "p, Holm")

    def interval(self, sure: str) -> str:
        return f"{sure} interval"

    def bounds(self, sure: str) -> str:
        return f"Bounds of the gate, {sure}"

    def verdicts_note(self, sure: str) -> str:
        return (
            f"Loss: how much worse AWQ is, in the metric's unit; negative is better. The interval is two-sided. Each "
            f"bound of the gate holds with {sure} confidence: a task passes when the upper one is below the "
            f"margin and fails when the lower one is above it; where several tasks are compared, a fail must also "
            f"hold after Holm's correction."
        )

    others_note = "For comparison: no margin was agreed for these arms, and no gate applies to them."

    def scores_note(self, paired: str) -> str:
        return (
            f"Score {PLUS_MINUS} standard error; the error of the difference is {paired}. Recovery: the score "
            f"as a share of the baseline's, the other way round where lower is better."
        )

    paired = "paired by item"
    partly_paired = "paired by item where items are scored"
    changes_note = (
        "An unchanged score can hide answers that changed in both directions. p: how often chance alone would give "
        "a difference as large if both were equally good, alone and corrected for the number of tasks. A large p "
        "is no proof that they are equal; the interval above says what can be ruled out."
    )

    limit_stopped = "Accuracy: the alarm stopped AWQ before any task was asked."

    def limit_tasks(self, names: str) -> str:
        return f"Accuracy beyond {names}. A client's own task can behave differently; add it to the recipe."

    def limit_items(self, parts: str) -> str:
        return f"Items left out by the recipe's limit: {parts}."

    def left_out(self, items: str, task: str) -> str:
        return f"{items} of {task}"

    limit_kinds = "Long contexts, languages, safety and the wording of answers, unless a task above covers them."
    limit_greedy = (
        "Sampled answers: lm-eval's tasks let the model answer greedily unless they say otherwise; a temperature "
        "in production makes answers vary."
    )
    limit_kernels = "Accuracy on a GPU: the weights are the same, but GPU kernels round differently."
    limit_floor = (
        "The noise floor of accuracy: the baseline was measured once, so how far it differs from itself is not known. "
        "Set `eval.noise_floor: true` in the recipe to measure it."
    )
    limit_alarm = "Token probabilities on held-out text: the recipe switched the alarm off."
    limit_control_speed = "Speed of the round-to-nearest control: only its accuracy was measured."
    limit_control_stopped = "What AWQ bought over plain rounding: neither was scored."
    limit_control = (
        "What AWQ bought over plain rounding: the same model rounded to nearest was not measured. Add `rtn` to the "
        "recipe's `arms` to measure it."
    )
    limit_no_alternative = "Alternatives to AWQ: GPTQ and FP8 were not run."
    limit_alternatives = "Other alternatives to AWQ were not run."

    def limit_not_scored(self, arms: str) -> str:
        return f"Accuracy of {arms}: only speed was measured. "

    def limit_arms(self, arms: str) -> str:
        return f"Speed and costs of {arms}: only accuracy was measured. "
