"""What the findings and the key figures say."""

from collections.abc import Mapping, Sequence

from eval.bench.assessment import Resource
from eval.bench.comparison import Direction
from pipeline.report.language.en.words import Words


class Findings(Words):
    """The verdicts up front, and the few figures beside them."""

    accuracy = "Accuracy"
    alarm = "Alarm"
    checkpoint = "Checkpoint"
    speed = "Speed"
    memory = "Memory"
    cost = "Cost"
    endpoint = "Endpoint"

    hardware = "Hardware"
    bound_by: Mapping[Resource, str] = {
        "client": "Where AWQ is fastest, the load client is the limit.",
        "KV cache": "Where AWQ is fastest, the workload is bound by capacity: the memory for the KV cache.",
        "queue": "Where AWQ is fastest, the workload is bound by the queue: the settings of the engine.",
        "memory bandwidth": "Where AWQ is fastest, the workload is bound by memory bandwidth.",
        "compute": "Where AWQ is fastest, the workload is bound by compute.",
        "not known": "Whether bandwidth, compute or capacity binds the workload is not known on this hardware.",
    }

    no_accuracy = "Accuracy was not measured in this run."
    no_speed = "Speed was not measured in this run."
    no_costs = "Costs were not calculated in this run."
    costs_not_compared = "Costs were not compared: that takes the speed of both AWQ and the baseline."
    costs_of_overload = (
        "No costs: an arm was measured in overload alone, more requests than its engine serves at once, and that is no "
        "capacity to price."
    )
    no_endpoint = "The endpoint was not tested in this run."

    not_scored = "AWQ was not scored, so its accuracy is not known."
    no_margin = "no margin was agreed"
    the_one_task = "the one task"
    alarm_raised = "The alarm on token probabilities was raised. It is no verdict, but a reason to look."

    def gate_failed(self, tasks: str) -> str:
        return f"The accuracy gate failed on {tasks}."

    def not_decided(self, tasks: str) -> str:
        return f"Not decided: {tasks}."

    def undecided(self, tasks: str) -> str:
        return f"Not shown to be within the agreed margin: {tasks}. Nor is it shown to be beyond it."

    def gate_passed(self, tasks: str) -> str:
        return f"The accuracy gate passed: on {tasks} the loss is shown to be within the agreed margin."

    def each_task(self, tasks: str) -> str:
        return f"each of the {tasks} tasks"

    def other_tasks(self, tasks: str) -> str:
        return f"The other {tasks} are further from theirs."

    def margin(self, margin: str) -> str:
        return f"the agreed margin is {margin}"

    def scores(self, task: str, metric: str, before: str, after: str, change: str, bound: str, margin: str) -> str:
        return f"{task}: {metric} {before} before, {after} with AWQ ({change}); {bound}, {margin}."

    def inside_floor(self, tasks: str) -> str:
        return f"On {tasks} the difference is inside the noise floor: measuring the baseline twice explains as much."

    def failed_audit(self, gates: str) -> str:
        return f"The checkpoint failed {gates} of its audit."

    speed_words: Mapping[Direction, str] = {"faster": "faster", "slower": "slower", "not decided": "not decided"}
    speed_everywhere: Mapping[Direction, str] = {
        "faster": "AWQ is faster at every concurrency measured.",
        "slower": "AWQ is slower at every concurrency measured.",
        "not decided": "Whether AWQ is faster or slower is not decided at any concurrency measured.",
    }
    not_repeated = "Speed was measured once per point, or its runs were not kept, so it cannot be told from chance."
    uncompared_detail = (
        "AWQ and the baseline were not both measured, so nothing is said of one against the other. Name both in "
        "bench.arms to compare them."
    )

    def uncompared(self, speeds: str) -> str:
        return f"Highest output throughput: {speeds}."

    def arm_speed(self, arm: str, tokens: str, concurrency: str, *, beyond: bool) -> str:
        overload = ", more requests than the engine serves at once" if beyond else ""
        return f"{arm} {tokens} tokens/s at concurrency {concurrency}{overload}"

    not_shared = "No concurrency has figures of both arms."
    overloaded = "At every concurrency with figures of both arms one of them was overloaded, so nothing is compared."

    def at_concurrency(self, what: str, concurrencies: str) -> str:
        return f"{what} at concurrency {concurrencies}"

    def mixed(self, parts: str) -> str:
        return f"AWQ is {parts}."

    def ratios(self, ratios: str) -> str:
        return f"Output throughput of AWQ over the baseline: {ratios}."

    def extreme_ratios(self, worst: str, best: str, amount: str) -> str:
        return f"between {worst} and {best}; the table has all {amount}"

    def ratio(self, ratio: str, concurrency: str) -> str:
        return f"{ratio} at {concurrency}"

    def interval(self, interval: str) -> str:
        return f" ({interval})"

    latency = "Latency"
    ttft = "Time to first token"
    tpot = "Time per output token"
    latency_words: Mapping[Direction, str] = {"faster": "shorter", "slower": "longer", "not decided": "not decided"}
    latency_everywhere: Mapping[Direction, str] = {
        "faster": "shorter at every concurrency measured",
        "slower": "longer at every concurrency measured",
        "not decided": "not decided at any concurrency measured",
    }
    latency_not_repeated = "Latency was measured once per point, or its runs were not kept, so nothing is decided."

    def both(self, names: Sequence[str]) -> str:
        return self.listing([name if place == 0 else name.lower() for place, name in enumerate(names)])

    def latency_is(self, name: str, directions: str) -> str:
        return f"{name} with AWQ: {directions}."

    def latency_ratios(self, name: str, ratios: str) -> str:
        return f"{name} (p50), AWQ over the baseline: {ratios}."

    same_memory = "The weights take about the same memory."

    def weights(self, before: str, after: str, basis: str) -> str:
        return f"{before} before, {after} with AWQ, {basis}."

    def larger(self, ratio: str) -> str:
        return f"The weights are {ratio} larger with AWQ."

    def smaller(self, ratio: str) -> str:
        return f"The weights are {ratio} smaller."

    pays = "The count of machines follows from the load, not from the highest throughput."

    no_break_even = "No load was found at which it would pay: its throughput is not shown to be higher."

    def first_pays(self, requests: str) -> str:
        return f"Break-even: {requests}."

    def pays_elsewhere(self, requests: str, load: str) -> str:
        return (
            f"It first pays at {requests}, but machines are whole: at this load of "
            f"{load} the saving is too small again."
        )

    smoke_test = "A smoke test with single requests, not a load test."

    def checks_failed(self, failed: str, checks: str) -> str:
        return f"{failed} of {checks} failed."

    def failed_checks(self, names: str) -> str:
        return f"Failed: {names}."

    def checks_passed(self, checks: str) -> str:
        return f"The endpoint passed {checks}."

    throughput_label = "Highest throughput"
    beyond_capacity = "beyond what the engine serves at once; "
    memory_label = "Weights smaller by"
    cost_label = "Per million output tokens, machine always busy"
    saving_label = "Saving at this load"
    divergence_label = "Divergence of AWQ"

    def accuracy_label(self, task: str) -> str:
        return f"Accuracy, {task}"

    def accuracy_detail(self, metric: str, before: str, after: str, bound: str, margin: str) -> str:
        return f"{metric} {before} to {after}; {bound}, agreed margin {margin}"

    def throughput_detail(self, before: str, after: str, interval: str) -> str:
        return f"{interval}{before} to {after} output tokens/s"

    def interval_detail(self, interval: str) -> str:
        return f"interval {interval}; "

    no_interval_detail = "not repeated; "

    users_label = "Users at once within the service level"
    users_unknown = "not known"

    def users_detail(self, baseline: str) -> str:
        return f"shown with AWQ; baseline {baseline}"

    latency_names: Mapping[str, str] = {"ttft": "Time to first token", "tpot": "Time per token"}

    def latency_label(self, name: str, concurrency: str) -> str:
        return f"{name} at concurrency {concurrency}"

    def latency_detail(self, before: str, after: str, interval: str) -> str:
        return f"{interval}p50 {before} to {after} ms"

    def memory_detail(self, before: str, after: str) -> str:
        return f"{before} to {after}"

    def cost_detail(self, awq: str, baseline: str) -> str:
        return f"{awq}baseline {baseline}"

    def saving_text(self, usd: str) -> str:
        return f"{usd}/month"

    def saving_detail(self, saving: str, before: str, after: str) -> str:
        return f"{saving}machines: {before} before, {after} with AWQ"

    saving_undecided = "not decided"
    no_range = "range not known; "

    def range(self, ends: str) -> str:
        return f"range {ends}; "

    def divergence_detail(self, agreement: str) -> str:
        return f"of its token probabilities from the baseline's; {agreement} same most likely token"
