"""Why a load must not be used, and what could not be checked of it."""

from collections.abc import Mapping, Sequence


class ValiditySentences:
    """Conditions of the honesty gate, and one phrase per way in which a load fails them."""

    conditions: Mapping[str, str] = {
        "every request answered": "every request answered",
        "answers of the length asked for": "answers of the length asked for",
        "token counts of client and engine": "token counts of client and engine",
        "no prompts from the prefix cache": "no prompts from the prefix cache",
        "concurrency as asked for": "concurrency as asked for",
        "requests came at the rate asked for": "requests came at the rate asked for",
        "client below its limits": "client below its limits",
        "nobody else on the machine": "nobody else on the machine",
        "healthy machine": "healthy machine",
    }
    """By the name that records keep."""

    def condition_name(self, name: str) -> str:
        """Return how a condition is called."""
        return self.conditions.get(name, name)

    def not_all_sent(self, *, sent: str, asked: str) -> str:
        return f"{sent} of {asked} requests were sent"

    def requests_failed(self, error: Sequence[str], *, failed: str, sent: str) -> str:
        return f"{failed} of {sent} requests failed: {''.join(error)}"

    def turns_too_early(self, *, early: str, turns: str) -> str:
        return f"{early} of {turns} turns were sent before the one before was answered"

    def no_reason_given(self) -> str:
        return "no reason was given"

    def no_stream_of_tokens(self) -> str:
        return "what came was no stream of tokens as OpenAI's; check the address and what the server says in its log"

    def connection_dropped(self, *, error: str) -> str:
        return f"{error} (a server that drops connections which are kept open needs the header `Connection: close`)"

    def answers_too_short(self, *, short: str, answered: str) -> str:
        return (
            f"{short} of {answered} answers ended before the length asked for (a server that does not know ignore_eos "
            f"needs natural lengths)"
        )

    def answers_too_long(self, *, long: str, answered: str) -> str:
        return f"{long} of {answered} answers count more tokens than were asked for"

    def pieces_beyond_tokens(self, *, answers: str, answered: str) -> str:
        return f"{answers} of {answered} answers have more pieces than tokens"

    def counters_lost(self) -> str:
        return "the server's counters could not be read any more after the load"

    def counters_anew(self) -> str:
        return "the engine's counters began anew: it was started again while the load ran"

    def output_tokens_differ(self, *, client: str, engine: str) -> str:
        return f"the client counts {client} output tokens, the engine {engine}"

    def prompt_tokens_differ(self, *, client: str, engine: str) -> str:
        return f"the client counts {client} prompt tokens, the engine {engine}"

    def no_counters(self) -> str:
        return "the server offers no counters"

    def cached_prompts(self, *, share: str) -> str:
        return f"{share} of the prompt tokens came from the prefix cache"

    def cached_beyond_history(self, *, share: str, history: str) -> str:
        return f"{self.cached_prompts(share=share)}, and only {history} are what conversations sent before"

    def no_cache_counters(self) -> str:
        return "the server does not count them"

    def too_few_under_way(self, build_up: Sequence[str], *, most: str, asked: str) -> str:
        return f"at most {most} of {asked} requests were under way at one time{''.join(build_up)}"

    def built_up_slowly(self, *, connections: str) -> str:
        return (
            f"; it was built up by {connections} new connections a second: send more requests, or raise that rate "
            f"(--connections-per-second)"
        )

    def too_few_in_engine(self, *, most: str, asked: str) -> str:
        return f"the engine never had more than {most} of {asked} requests"

    def came_late(self, *, seen: str, asked: str) -> str:
        return f"requests came at {seen} a second instead of {asked}"

    def no_rate(self) -> str:
        return "a single request has no rate"

    def not_calibrated(self) -> str:
        return "the client is not calibrated; the machine was too busy"

    def above_ceiling(self, *, rate: str, ceiling: str) -> str:
        return (
            f"{rate} tokens/s are above the {ceiling} that the client measures rightly on this machine "
            f"(`bench --calibrate --force` finds it out again)"
        )

    def client_busy(self, *, share: str) -> str:
        return f"the client itself took {share} of the processors"

    def server_not_found(self) -> str:
        return "the server's processes on this machine are not found"

    def run_too_short(self) -> str:
        return "the run is too short"

    def others_busy(self, *, share: str) -> str:
        return f"other processes took {share} of this machine's processors; stop them, or measure when they are done"

    def health_unread(self) -> str:
        return "its health was not read"

    def too_few_descriptors(self, *, connections: str, needed: str, limit: str) -> str:
        return (
            f"{connections} connections need {needed} file descriptors, and the limit here is {limit}; raise it "
            f"(`ulimit -Hn`, or LimitNOFILE of the service)"
        )

    def too_few_ports(self, *, connections: str, ports: str) -> str:
        return (
            f"{connections} connections need as many local ports, and there are {ports}; widen the range "
            f"(`sysctl net.ipv4.ip_local_port_range='1024 65535'`)"
        )

    def no_whole_answer(self, *, patience: str) -> str:
        return f"no answer was whole within {patience} s (--patience)"

    def lighter_load_endless(self) -> str:
        return "not measured, because a lighter load did not end"

    def may_be_cached(self) -> str:
        return (
            "an earlier load had some of the prompts, and the server has no counters that would show whether it "
            "answered from a cache; give more prompts"
        )

    def soak_too_short(self, *, requests: str) -> str:
        return f"{requests} requests at once did not last beyond the first ones; ask for more minutes"

    def sizing_unanswered(self) -> str:
        return "no request of the load that sizes the soak was answered"
