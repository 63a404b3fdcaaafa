"""What the chapter on acceptance says; `gates.xml` and the terminal take its words, too."""

from collections.abc import Mapping

from pipeline.report.language.en.words import Words


class AcceptanceSentences(Words):
    """Clauses, outcomes, and why one is not decided or not measured."""

    title = "Acceptance"
    table = "Clauses"
    columns = ("Clause", "About", "Agreed", "Found", "Outcome")
    outcomes: Mapping[str, str] = {
        "passed": "passed",
        "failed": "failed",
        "not decided": "not decided",
        "not measured": "not measured",
    }
    latencies: Mapping[str, str] = {
        "ttft": "time to first token",
        "tpot": "time per output token",
        "e2e": "end-to-end latency",
    }
    memories: Mapping[str, str] = {"weights": "memory of the weights", "peak": "highest memory of the engine"}
    cost_names: Mapping[str, str] = {"month": "cost a month", "mtok": "cost per million output tokens"}
    every_task = "every task that was measured"
    at_best = "the concurrency of the highest throughput"
    at_every_level = "every concurrency"
    uptime = "uptime of the endpoint"
    tokens_per_s = "tok/s"
    nothing_found = "not measured"
    note = "A clause passes where its whole interval is within the limit, and fails where none of it is."

    def at_most(self, limit: str) -> str:
        return f"at most {limit}"

    def at_least(self, limit: str) -> str:
        return f"at least {limit}"

    def with_interval(self, value: str, ends: str) -> str:
        return f"{value} ({ends})"

    def at_level(self, concurrency: str) -> str:
        return f"concurrency {concurrency}"

    def recovery(self, arm: str, task: str) -> str:
        return f"share of the baseline's accuracy that {arm} keeps, {task}"

    def loss(self, arm: str, task: str) -> str:
        return f"loss of accuracy of {arm}, {task}"

    def latency(self, of: str, percentile: str, concurrency: str, arm: str) -> str:
        return f"{percentile} of the {of} of {arm} at concurrency {concurrency}"

    def throughput(self, level: str, arm: str) -> str:
        return f"output throughput of {arm} at {level}"

    def speed_up(self, arm: str, reference: str, level: str) -> str:
        return f"throughput of {arm} over {reference} at {level}"

    def cost(self, of: str, arm: str) -> str:
        return f"{of} with {arm}, at the load of the recipe"

    def memory(self, of: str, arm: str) -> str:
        return f"{of}, {arm}"

    def temperature(self, arm: str) -> str:
        return f"temperature of the hottest GPU under the load of {arm}"

    def utilisation(self, arm: str, level: str) -> str:
        return f"lowest mean GPU utilisation under the load of {arm} at {level}"

    def errors(self, arm: str, level: str) -> str:
        return f"failed requests of {arm} at {level}"

    def line(self, about: str, agreed: str, found: str, outcome: str) -> str:
        return f"{about[:1].upper()}{about[1:]}: {outcome}. Agreed {agreed}; found {found}."

    def run_this(self, command: str) -> str:
        return f"`{command}` would tell."

    def counts(self, passed: str, failed: str, undecided: str, missing: str) -> str:
        return f"{passed} passed, {failed} failed, {undecided} not decided, {missing} not measured."

    def headline(self, passed: str, clauses: str, failed: str) -> str:
        return f"{passed} of {clauses} clauses passed, {failed} failed."

    def failed_clauses(self, clauses: str) -> str:
        return f"Failed: {clauses}."

    def open_clauses(self, undecided: str, missing: str) -> str:
        return f"{undecided} not decided, {missing} not measured."

    def terms(self, source: str, sha256: str, recorded_at: str) -> str:
        return f"Terms: {source}, SHA-256 {sha256}, recorded {recorded_at} UTC."

    def signed(self, name: str, date: str) -> str:
        return f"Signed off by {name} on {date}, as the file says."

    def person(self, name: str, role: str) -> str:
        return f"{name} ({role})"

    late = "The terms were recorded after the measurements."
    unsigned = "Not signed off."
    not_signed = "Not signed off: nobody is named as having agreed to these clauses."
    standing_before = "They were recorded before the measurements."
    standing_after = (
        "They were recorded after the measurements that they are held against had begun. Who saw the figures first can "
        "choose limits that they pass."
    )
    signed_after = "The signature is dated after the day of the measurements."
    nothing_measured = "Nothing that they are about has been measured yet."
    none_before = "No terms were on record when the measurements began."

    def changed(self, sha256: str, clauses: str) -> str:
        return f"On record when the measurements began was SHA-256 {sha256}. Since then changed: {clauses}."

    def unchanged(self, sha256: str) -> str:
        return f"On record when the measurements began was SHA-256 {sha256}, with the same clauses."

    def earlier(self, outcome: str, before: str) -> str:
        return f"{outcome} (as agreed before: {before})"

    def client_words(self, clause: str, words: str) -> str:
        return f"{clause}: {words}"

    def why_open(self, clause: str, reason: str) -> str:
        return f"{clause}: {reason}"

    def no_result(self, *, stage: str) -> str:
        return f"The stage {stage} has no result."

    def arm_not_measured(self, *, arm: str) -> str:
        return f"The arm {arm} was not benchmarked: name it in bench.arms."

    def void_at(self, *, concurrency: str) -> str:
        return f"The measurement at concurrency {concurrency} is void; the chapter on throughput says why."

    def all_void(self) -> str:
        return "Every measurement is void."

    def overloaded(self, *, concurrency: str) -> str:
        return (
            f"Concurrency {concurrency} is beyond what one of both engines serves at once, so speeds are not compared "
            f"there."
        )

    def concurrency_not_measured(self, *, concurrency: str, arm: str) -> str:
        return f"{arm} was not measured at concurrency {concurrency}."

    def too_few_requests(self, *, percentile: str, requests: str) -> str:
        return f"{requests} requests a run are too few for a {percentile}."

    def runs_too_small(self, *, percentile: str, requests: str) -> str:
        return (
            f"All runs together tell the {percentile}, and no single one does with {requests} requests, so there is no "
            f"interval."
        )

    def repeats_do_not_tell(self, *, repeats: str) -> str:
        return f"The limit lies within what the figure can be, or {repeats} repeats do not tell what that is."

    def costs_do_not_tell(self) -> str:
        return "The limit lies within what the cost can be, or the repeats of the benchmark do not tell what that is."

    def alarm_stopped(self) -> str:
        return "The alarm stopped the evaluation before any task was scored."

    def task_not_measured(self, *, task: str) -> str:
        return f"{task} was not evaluated: name it in eval.tasks."

    def no_error_known(self, *, task: str) -> str:
        return f"The loss on {task} has no standard error."

    def beyond_chance(self, *, task: str) -> str:
        return f"On {task} guessed answers would pass: the limit is as large as all that the baseline is above chance."

    def items_do_not_tell(self, *, task: str, items: str) -> str:
        return f"On {task} the limit lies within the bounds that {items} items give: raise its `limit`, or add tasks."

    def not_priced(self, *, arm: str) -> str:
        return f"{arm} has no price."

    def no_peak(self) -> str:
        return "The engine's memory was not sampled under load."

    def gpu_tells_nothing(self) -> str:
        return "The GPU's driver reports no such readings."

    def no_gpu(self) -> str:
        return "No readings of a GPU: the run was not on one, or by a version that took none."

    def some_loads(self) -> str:
        return "Some loads keep the limit, and others do not."

    def no_requests_counted(self) -> str:
        return "No run kept a count of its requests."

    def requests_do_not_tell(self, *, failed: str, sent: str, needed: str) -> str:
        return (
            f"{failed} of {sent} requests failed, which does not decide it: {needed} without any failure would pass, "
            f"with 95 % confidence."
        )

    def uptime_is_operated(self) -> str:
        return (
            "A run of minutes says nothing of uptime: it is measured in operation, by what watches the served endpoint."
        )
