"""What the first page recommends, and the next steps."""

from collections.abc import Mapping

from pipeline.report.decision import Ground
from pipeline.report.language.en.words import Words


class Recommendation(Words):
    """The recommendation, what forbids it, what it lacks, and what to do next."""

    topics: Mapping[str, str] = {"eval": "accuracy", "bench": "speed", "roi": "costs"}
    """What is known by the result of a stage."""
    grounds: Mapping[Ground, str] = {
        "checkpoint": "the audit of its weights",
        "accuracy": "accuracy",
        "acceptance": "the acceptance",
        "speed": "speed",
        "endpoint": "the endpoint",
        "costs": "costs",
        "dummy weights": "the weights",
        "AWQ or FP8": "which of both is better",
    }
    """What a decision waits for."""
    failed_audit = "Do not deploy this AWQ checkpoint: it failed the audit of its weights, whatever its scores."
    not_scored = (
        "Do not deploy this AWQ checkpoint: its token probabilities are so far from the baseline's that it was not "
        "scored."
    )

    def acceptance_failed(self, clauses: str) -> str:
        return f"Do not deploy this AWQ checkpoint: of what was agreed for it, this is not met: {clauses}."

    def acceptance_open(self, clauses: str) -> str:
        return f"Do not deploy yet: of what was agreed, this is not shown either way: {clauses}."

    failed_endpoint = "Do not deploy yet: the AWQ checkpoint passed the accuracy gate, but its endpoint failed a check."
    here = "on this machine at this load"
    at_this_load = "at this load"

    def uncompared(self, arms: str) -> str:
        return (
            f"No recommendation: one compares AWQ with the baseline, and the speed measured is that of {arms}. Name "
            f"both in bench.arms, then run `awqctl bench`."
        )

    def missing(self, topics: str, commands: str, *, one: bool) -> str:
        verb = "is" if one else "are"
        return f"No recommendation yet: {topics} {verb} not known, and one takes accuracy, speed and costs. {commands}"

    def run(self, commands: str) -> str:
        return f"Run {commands}."

    def add_and_run(self, sections: str, commands: str) -> str:
        return f"Add {sections} to the recipe, then run {commands}."

    def failed(self, sure: str, tasks: str) -> str:
        return f"Do not deploy this AWQ checkpoint: with {sure} confidence it loses more than was agreed on {tasks}."

    def undecided(self, tasks: str) -> str:
        return (
            f"Do not deploy yet: the items measured do not show that the loss on {tasks} is within the "
            f"agreed margin, nor that it is beyond it. Decide that first."
        )

    deploy = "Deploy the AWQ checkpoint: it passed the accuracy gate and pays at this load."

    def deploy_fp8(self, arm: str) -> str:
        return (
            f"Deploy {arm}, the model that the engine casts to FP8: it loses no more than was agreed for AWQ, and pays "
            f"at this load."
        )

    def fp8_better(self, arm: str) -> str:
        return (
            f"Deploy {arm}, the model that the engine casts to FP8. AWQ passed the accuracy gate and pays, too, but "
            f"{arm} is shown to save more, or to be faster for the same money."
        )

    def awq_better(self, arm: str) -> str:
        return (
            f"Deploy the AWQ checkpoint: it passed the accuracy gate and pays at this load. {arm} does, too, but AWQ "
            f"is shown to save more, or to be faster for the same money."
        )

    def both(self, arm: str) -> str:
        return (
            f"AWQ and {arm} both lose no more than was agreed and pay at this load, and neither is shown to save more, "
            f"or to be faster for the same money."
        )

    def fp8_open(self, arm: str, what: str) -> str:
        return f"Of {arm}, the model that the engine casts to FP8, this is open: {what}."

    def fp8_unfit(self, arm: str) -> str:
        return f"{arm}, the model that the engine casts to FP8, loses more than was agreed, or does not pay, either."

    def then_run(self, command: str) -> str:
        return f"Then run {command}."

    def mend_endpoint(self, command: str) -> str:
        return f"Mend what the failed check names, then run {command}, which tries the endpoint again."

    def compare_savings(self, command: str) -> str:
        return f"Raise `bench.repeats`, or set `roi.load` to the load expected in a year, then run {command}."

    def more_repeats(self, repeats: str, bench: str, roi: str) -> str:
        return f"What may decide it: set `bench.repeats` to {repeats}, then run {bench} and {roi}."

    def other_load(self, roi: str) -> str:
        return (
            f"So many repeats do not decide it, because machines are whole: set `roi.load` to the load expected in a "
            f"year, then run {roi}."
        )

    def slower(self, concurrencies: str) -> str:
        return f" Expect AWQ to be slower at concurrency {concurrencies}."

    def no_saving(self, where: str) -> str:
        return f"AWQ saves no money {where}."

    def not_paid_back(self, where: str) -> str:
        return f"What AWQ saves {where} does not pay back the engagement price within three years."

    def not_decided(self, where: str) -> str:
        return f"It is not decided whether AWQ saves money {where}."

    def for_speed(self, concurrencies: str) -> str:
        return (
            f" Keep the baseline, unless speed at concurrency {concurrencies} or memory is the limit: AWQ passed the "
            f"accuracy gate and is faster there."
        )

    for_known_speed = " Keep the baseline, unless speed or memory is the limit: AWQ passed the accuracy gate."
    keep = " Keep the baseline, unless memory is the limit: AWQ passed the accuracy gate."

    step_audit = (
        "Find out why the checkpoint failed its audit, and quantize again, perhaps with the other quantize.backend."
    )
    step_not_scored = (
        "Find out why AWQ was not scored: compare the names and scales of its weights with those of the source."
    )
    step_again = (
        "Quantize again with a smaller group size or calibration text that is closer to the task, and measure "
        "again; otherwise agree on another margin before looking at new figures."
    )
    step_gpu = "Repeat the run on the GPU that is meant for production; speed and costs from a CPU do not carry over."
    step_prices = (
        "Replace assumed prices and loads in the recipe by quoted or measured ones, then run `awqctl roi` again."
    )
    step_traffic = "Before switching over, run AWQ beside the baseline on a part of the real traffic."
    step_endpoint = "Test the endpoint with `awqctl serve` before it is handed over."

    def step_terms(self, clauses: str) -> str:
        return (
            f"Settle what follows from the clauses that failed ({clauses}): another checkpoint, another machine, or "
            f"other terms before new figures are looked at."
        )

    step_sign = "Sign the last page, or state what is missing for a signature."

    step_void = (
        "Mend what made points of the benchmark void and run `awqctl bench` again: only those are measured, the others "
        "are kept."
    )

    step_drift = (
        "Find out what drifts under load before anybody depends on it: hold the load longer (`bench.soak.minutes`) and "
        "see whether it ends."
    )
    step_longer_soak = "Hold the load longer (`bench.soak.minutes`): the soak does not decide whether it is stable."

    def step_repeats(self, repeats: str, undecided: str) -> str:
        return (
            f"Set `bench.repeats` to {repeats} and run `awqctl bench` again, if it matters: the repeats made so far do "
            f"not decide {undecided}."
        )

    the_speed = "the speed"
    the_costs = "the costs"

    def step_load(self, requests: str) -> str:
        return f"Look again when the load comes near the break-even: {requests}."
