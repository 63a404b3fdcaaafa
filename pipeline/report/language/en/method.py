"""What the chapter on the method says."""

from collections.abc import Mapping

from eval.bench.load.result import ThroughputOver
from pipeline.base.results import Outcome
from pipeline.report.language.en.words import Words


class Method(Words):
    """How accuracy, speed and costs were found, and the gates."""

    title = "Method"
    rounding = "Nothing is rounded before it is compared; figures are rounded when printed."
    gates = "Gates"
    gates_columns = ("Stage", "Gate", "Result", "Statement")
    outcomes: Mapping[Outcome, str] = {"passed": "passed", "failed": "failed", "inconclusive": "inconclusive"}

    def runs(self, runs: str, warm_up: str) -> str:
        return f"{runs} per concurrency after at least {warm_up}"

    def speed(self, engine: str, runs: str, seed: str) -> str:
        return (
            f"Speed: vLLM's load client against {engine}; a fixed number of requests is in flight, a new "
            f"one starts when one ends; {runs} (seed {seed})."
        )

    def same_machine(self, arguments: str) -> str:
        return (
            f"Speed of the arms: on the same machine, never two at a time, with the same engine arguments: {arguments}."
        )

    def counters(self, difference: str) -> str:
        return f"Check of the load client: its token counts and the server's own differ by at most {difference}."

    over: Mapping[ThroughputOver, str] = {
        "steady state": (
            "Output throughput: in the steady state, while at least 95 % of the requests asked for were in flight; "
            "ramp up and drain are left out."
        ),
        "whole run": "Output throughput: over whole runs, ramp up and drain included.",
    }

    def costs(self, hours: str) -> str:
        return f"Costs: whole machines for the peak load, {hours} hours a month; prices stay as stated in all years."

    chat_template = "through the chat template of its tokenizer, few-shot examples as earlier turns"
    plain_text = "as plain text, without a chat template"
    shots_of_task = "few-shot count of the task"
    was_scored = "was scored"
    ran = "ran"
    no_arguments = "none"

    def shots(self, shots: str) -> str:
        return f"{shots}-shot"

    def first_items(self, items: str) -> str:
        return f" (first {items} items)"

    def task(self, task: str, shots: str, limit: str) -> str:
        return f"{task}, {shots}{limit}"

    def stopped(self, lm_eval: str, tasks: str) -> str:
        return f"Accuracy: the alarm stopped AWQ before lm-eval {lm_eval} asked {tasks}."

    def asked(self, lm_eval: str, tasks: str, seed: str, template: str) -> str:
        return (
            f"Accuracy: lm-eval {lm_eval} against a running server, once per arm, on {tasks} (seed "
            f"{seed}). The model was asked {template}."
        )

    def served(self, did: str, engine: str, arguments: str) -> str:
        return (
            f"Every arm {did} on {engine} with the same engine arguments, the path of its "
            f"weights and how they are cast excepted: {arguments}."
        )

    def judged(self, sure: str, methods: str) -> str:
        return (
            f"Verdict: a non-inferiority test on the differences of single items. Intervals are two-sided at {sure}; "
            f"each bound of the gate is one-sided at {sure}. Methods: {methods}."
        )

    def several(self, tasks: str) -> str:
        return (
            f"Several tasks: a pass needs no correction, because all {tasks} tasks must pass. A fail of any one is "
            f"enough to reject, so its p-values are corrected by Holm's method over the {tasks} tasks, and so are "
            f"those of the differences."
        )

    def few(self, enough: str, tasks: str, risk: str) -> str:
        return (
            f"Fewer than {enough} items or groups were resampled on {tasks}: the gate's {risk} chance to pass a loss "
            f"of just the margin is nominal there, and somewhat larger for strongly skewed losses."
        )

    second_look = (
        "Measuring more items after an undecided verdict is a second look at the same question, and a little more "
        "likely to pass by chance than a first: agree on the final number of items beforehand."
    )

    def times(self, times: str, arm: str) -> str:
        return f"{times} for {arm}"

    def recalled_of(self, responses: str, arm: str) -> str:
        return f"{responses} of {arm}"

    def restarted(self, arms: str) -> str:
        return f"the engine died and was started again {arms}"

    def recalled(self, arms: str) -> str:
        return f"responses kept from an earlier attempt were used: {arms}"

    def interrupted(self, parts: str) -> str:
        return f"Interruptions of the evaluation: {parts}."
