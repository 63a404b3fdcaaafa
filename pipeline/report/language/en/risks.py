"""What the chapter on risks says: each risk as a sentence, and what reduces it as another."""

from collections.abc import Mapping
from typing import Literal

from pipeline.report.language.en.words import Words

Severity = Literal["high", "medium", "low"]


class Risks(Words):
    """Each risk is a fact of the run; figures and commands come in printed."""

    title = "Risks"
    paragraph = (
        "Each line follows from a fact of this run, and names where it stands. High: do not go on before it is dealt "
        "with. Medium: deal with it before all traffic depends on it. Low: know it."
    )
    table = "What can go wrong, and what reduces it"
    columns = ("Risk", "Severity", "What reduces it", "Where the fact stands")
    severities: Mapping[Severity, str] = {"high": "high", "medium": "medium", "low": "low"}

    dummy_weights = "The weights were made up by the engine: nothing is known of what the model answers."
    measure_model = "Measure the model itself: a recipe with `quantize` and `eval`, without dummy weights."

    no_accuracy = "It is not known what quantization costs in accuracy."
    failed_audit = "The weights of the checkpoint failed their audit."

    def run(self, command: str) -> str:
        return f"Run {command}."

    def accuracy_failed(self, tasks: str) -> str:
        return f"AWQ loses more than was agreed on {tasks}."

    not_scored = "AWQ answers so unlike the baseline that it was not scored."

    def quantize_again(self, command: str) -> str:
        return f"Stay on 16 bit, or quantize again with other settings: {command}."

    def accuracy_open(self, tasks: str) -> str:
        return f"On {tasks} the loss may be larger than was agreed: the items do not decide it."

    def more_items(self, command: str) -> str:
        return f"Raise `limit` or add tasks under `eval`, then run {command}."

    def other_tasks(self, tasks: str) -> str:
        return f"Accuracy was measured on {tasks}; on the work that the model is meant for the loss may be another."

    def own_questions(self, command: str) -> str:
        return f"Add questions of your own (`eval.tasks`, key `questions`), then run {command}."

    def calibrated_on(self, source: str) -> str:
        return f"The scales were chosen on {source}; text that is unlike it may lose more."

    def own_calibration(self, command: str) -> str:
        return f"Name text of your own in `quantize.calibration`, then run {command}."

    no_speed = "It is not known how fast AWQ is against the baseline."

    def void_loads(self, void: str, loads: str) -> str:
        return f"{void} of {loads} loads of the benchmark are void, so speed is known at fewer than were asked for."

    def on_cpu(self, machine: str) -> str:
        return f"Speed was measured without a GPU ({machine}); it says nothing of a GPU, and costs with it."

    def production_gpu(self, command: str) -> str:
        return f"Run {command} on the GPU that is meant for production."

    def one_machine(self, machine: str) -> str:
        return f"All was measured on one machine ({machine}); others of the same kind may be slower or fail."

    def repeat_elsewhere(self, command: str) -> str:
        return f"Run {command} on a second machine with another `--out`, and compare."

    def made_up_prompts(self, tokens: str, answer: str) -> str:
        return f"Speed was measured with made-up prompts ({tokens} tokens, answers {answer}), not with your traffic."

    def own_prompts(self, command: str) -> str:
        return f"Name a file of your prompts in `bench.prompts`, then run {command}."

    no_soak = "The load was never held for minutes: heat, leaks and drift would not have shown."

    def soak_drifts(self, arms: str) -> str:
        return f"Under a load held for minutes {arms} drifted."

    find_drift = "Find out what drifts, then hold the load again for longer (`bench.soak.minutes`)."

    no_service_level = "No limit on latency was agreed, so no count of users is a promise."

    def agree_level(self, command: str) -> str:
        return f"Agree on `bench.service_level`, then run {command}."

    def quantized_cache(self, dtype: str) -> str:
        return (
            f"The KV cache is stored as {dtype} in every arm, the baseline too: what that costs in accuracy is in no "
            f"comparison."
        )

    def unquantized_cache(self, command: str) -> str:
        return f"Set `engine.kv_cache_dtype` to null, run {command} with another `--out`, and compare the scores."

    no_costs = "It is not known whether AWQ saves money."
    costs_open = "It is not decided whether AWQ saves money: the repeats leave both answers open."

    def more_repeats(self, repeats: str, command: str) -> str:
        return f"Set `bench.repeats` to {repeats}, then run {command}; or price the load expected in a year."

    def assumed(self, what: str) -> str:
        return f"Costs rest on assumptions: {what}."

    price = "the price of the machine"
    load = "the load"
    engagement = "the engagement price"

    def quote(self, command: str) -> str:
        return f"Put quoted or measured figures into `roi`, then run {command}."

    def stale_price(self, day: str, days: str) -> str:
        return f"The price of the machine is of {day}, {days} days before the run."

    undated_price = "The source of the machine's price names no date, so nobody can tell how old it is."

    def date_price(self, command: str) -> str:
        return f"Ask for the price again, write the day into `roi.hourly.source`, then run {command}."

    no_endpoint = "The endpoint was not tried: TLS, keys and routes are not known to work."

    def endpoint_failed(self, checks: str) -> str:
        return f"The endpoint failed: {checks}."

    def served_despite(self, times: str) -> str:
        return f"The checkpoint was served {times} although it had not passed its gates."

    stop_serving = "Stop that endpoint, and serve without `--despite-gates`."

    no_licence = "No licence of the model was found, so nobody can tell whether this use is allowed."
    find_licence = "Ask the model's author, and write the answer into `model.licence`."

    def licence(self, licence: str) -> str:
        return f"The model's licence is {licence}; whether it allows this use, and the quantized copy, was not checked."

    read_licence = "Let somebody who may judge it read the licence that is beside the checkpoint."

    def foreign_code(self, commit: str) -> str:
        return f"The model brings Python code that runs on the machine (commit {commit})."

    read_code = "Read that code before each update, and keep `model.revision` at the commit that was read."

    def sick_machine(self, checks: str) -> str:
        return f"Before the benchmark the machine was not well: {checks}."

    def look_at_machine(self, doctor: str, command: str) -> str:
        return f"Run {doctor}, mend what it names, then run {command}."
