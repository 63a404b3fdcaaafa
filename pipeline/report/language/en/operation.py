"""What the report from operation says."""

from collections.abc import Mapping

from pipeline.report.language.en.words import Words
from serve.monitoring.drift import Verdict as DriftVerdict
from serve.monitoring.incidents import Kind
from serve.monitoring.operation import Period
from serve.monitoring.service_levels import LevelName, Verdict


class OperationSentences(Words):
    """Cover, findings, chapters and recommendations."""

    title = "Report from operation"
    endpoint = "Endpoint"
    period = "Period"
    periods: Mapping[Period, str] = {"week": "week", "month": "month", "quarter": "quarter"}
    models = "Models"
    operator = "For the operator"

    def served(self, model: str, release: str) -> str:
        return f"{model}, release {release}"

    def days(self, period: str, first: str, last: str) -> str:
        return f"{period}, {first} to {last} (UTC)"

    levels: Mapping[LevelName, str] = {
        "p95": "p95 of answers",
        "errors": "Share of errors",
        "availability": "Availability",
    }
    levels_within: Mapping[LevelName, str] = {
        "p95": "p95 of answers",
        "errors": "the share of errors",
        "availability": "availability",
    }
    """Within a sentence."""
    shares: Mapping[LevelName, str] = {
        "p95": "slower than the limit",
        "errors": "failed",
        "availability": "ready",
    }
    verdicts: Mapping[Verdict, str] = {"kept": "kept", "missed": "missed", "undecided": "undecided"}

    def at_most(self, limit: str) -> str:
        return f"at most {limit}"

    def at_least(self, limit: str) -> str:
        return f"at least {limit}"

    def level_headline(self, level: str, verdict: str, limit: str) -> str:
        return f"{level}: {verdict} ({limit} is promised)."

    def level_without_value(self, verdict: str, limit: str) -> str:
        return f"{verdict[:1].upper()}{verdict[1:]} ({limit} is promised)."

    def bounds(self, low: str, high: str, what: str) -> str:
        return f"Between {low} and {high} {what}, each bound with 95 % confidence."

    def bounds_of_time(self, low: str, high: str, what: str) -> str:
        return f"Between {low} and {high} {what}: what nobody saw counts as down for the one, as ready for the other."

    def all_seen(self, samples: str) -> str:
        return f"By {samples}; no time went unseen."

    def nothing_seen(self) -> str:
        return "Nothing was seen that could decide it."

    def incidents_headline(self, amount: str) -> str:
        return f"Incidents: {amount}."

    incidents_topic = "Incidents"
    no_incidents = "No incident was recorded."

    def summary_kept(self, days: str) -> str:
        return f"Over {days} days every promised level was kept."

    def summary_missed(self, levels: str) -> str:
        return f"Promised and not kept: {levels}."

    def summary_undecided(self, levels: str) -> str:
        return f"Not decided, because too little was seen: {levels}."

    key_availability = "Availability"
    key_p95 = "p95 of answers"
    key_errors = "Share of errors"
    key_requests = "Requests answered"
    key_tokens = "Output tokens"
    key_cost = "Cost per million output tokens"
    of_seen = "of the time that was seen"
    at_the_door = "from the arrival at the door to the last byte"
    of_counted = "of answered and failed requests"
    in_period = "in the whole period"
    of_machine = "the machine's hours, over all output tokens"

    service_title = "Service levels"

    def service_method(self) -> str:
        return (
            "Every request has a line in the audit, so latencies and errors are counted and not sampled. Errors are "
            "5xx, no answer, and answers that were cut; 4xx are the client's, 429 the key's limit. A level is kept or "
            "missed where exact bounds with 95 % confidence say so, otherwise it is undecided. Availability is the "
            "share of ten-second samples in which every model had a replica that takes requests."
        )

    def time_spent(self, ready: str, down: str, unknown: str, planned: str) -> str:
        return (
            f"Ready for {ready} h, not ready for {down} h, unknown for {unknown} h (it should have run and nobody was "
            f"there to see), stopped on request or starting for {planned} h."
        )

    service_table = "Levels over the whole period"
    service_columns = ("Level", "Promised", "Measured", "Share", "Lowest", "Highest", "Of", "Verdict")
    days_table = "Levels by day"
    days_columns = (
        "Day",
        "Answered",
        "Failed",
        "p95, s",
        "Errors",
        "Available",
        "p95 kept",
        "Errors kept",
        "Availability kept",
    )
    days_note = "A day by itself has fewer requests than the period, so that more of it stays undecided."

    keys_title = "Keys"
    keys_table = "Requests, tokens and cost by key"
    keys_columns = ("Key", "Answered", "Failed", "Limited", "Refused", "Input tokens", "Output tokens", "Cost")
    no_requests = "No request came with a valid key."

    def priced(self, hourly: str, total: str) -> str:
        return (
            f"The machine costs {hourly} an hour, {total} over the period. It is shared out by output tokens, and idle "
            "hours are in it: what a key costs depends on what the others use."
        )

    def planned_cost(self, planned: str) -> str:
        return f"The record of the release planned {planned} per million output tokens at its load."

    not_priced = (
        "Not priced: the record of the release has no costs. Name the price of the machine with "
        "`awqctl serve report --usd-per-hour USD`."
    )

    drift_title = "Speed against the benchmark"
    drift_table = "Time per output token, median"
    drift_columns = (
        "Concurrency",
        "Benchmark, ms",
        "Operation, ms",
        "Lowest, ms",
        "Highest, ms",
        "Change",
        "Requests",
        "Verdict",
    )
    drift_verdicts: Mapping[DriftVerdict, str] = {
        "slower": "slower",
        "faster": "faster",
        "alike": "alike",
        "undecided": "undecided",
        "not comparable": "not comparable",
    }
    drift_method = (
        "Only like is compared with like: streamed answers at times when an engine had within 25 % of the benchmark's "
        "concurrency, with prompts at most twice as long or as short, 60 of them at least. Alike is within 10 %, by "
        "the exact interval of the median. That it is the benchmark's machine is not checked."
    )
    no_benchmark = "Not compared: the record beside the checkpoint has no benchmark (`awqctl bench RECIPE`)."

    load_title = "Load"
    load_table = "How full the endpoint was"
    load_facts = ("Samples", "With requests that waited", "With a KV cache above 95 %", "Most requests at once")

    incidents_title = "Incidents"
    incidents_table = "What went wrong"
    incidents_columns = ("Time (UTC)", "What", "Amount")
    incident_kinds: Mapping[Kind, str] = {
        "restart": "Engine died and was started again",
        "hung": "Engine stood still and was killed",
        "door_restart": "HAProxy died and was started again",
        "audit_loss": "Lines of the audit lost",
        "down": "No replica took requests, s",
        "unseen": "Nobody was there to see, s",
    }

    recommendations_title = "Recommendations"

    def decide_longer(self, level: str, seen: str, needed: str) -> str:
        return f"{level} is undecided after {seen}: {needed} could decide it."

    def keep_supervised(self, hours: str) -> str:
        return (
            f"For {hours} h the supervisor was not there although nobody had stopped it: let systemd keep it up "
            "(`awqctl serve export systemd RECIPE`)."
        )

    def add_replica(self, share: str) -> str:
        return f"Requests waited in {share} of the samples: add a replica, or lower the limits of keys."

    def more_cache(self, share: str) -> str:
        return (
            f"A KV cache was above 95 % in {share} of the samples: lower engine.max_model_len or engine.max_num_seqs, "
            "or add a replica."
        )

    def look_at_errors(self, failed: str) -> str:
        return f"{failed} requests failed: see the audit's lines with a status from 500 on, and the incidents."

    def raise_limits(self, key: str, limited: str, share: str) -> str:
        return f"{key} was limited, {limited} ({share} of its requests): raise its limits, or ask what it sends."

    def slower(self, change: str, concurrency: str) -> str:
        return (
            f"At {concurrency} requests at once a token takes {change} longer than in the benchmark: look at "
            "`awqctl doctor --gpu`, then measure again with `awqctl bench RECIPE`."
        )

    def look_at_engines(self, amount: str) -> str:
        return f"Engines died or stood still, {amount}: their logs have the root cause (`awqctl serve status`)."

    def verify_audit(self, lines: str) -> str:
        return f"{lines} lines of the audit were lost: see `awqctl audit verify`, and consider serve.audit.strict."

    nothing_to_do = "No figure calls for a change."
