"""The honesty gate: may the figures of a load be used? Pure arithmetic."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from eval.bench.load.result import EngineLoad, LoadResult, MachineLoad
from pipeline.base.quiet import OTHERS_SHARE
from pipeline.base.results import Result

_DROPPED = "connection closed before message completed"
_EMPTY = "Never received a valid chunk"
_NO_STREAM = "what came was no stream of tokens as OpenAI's; check the address and what the server says in its log"
_KEPT_CONNECTION = " (a server that drops connections which are kept open needs the header `Connection: close`)"


@dataclass(frozen=True)
class Limits:
    """How far a load may be from what it claims to be."""

    failed_share: float = 0.0
    """Of the requests."""
    token_difference: float = 0.01
    """Between client and engine, relative to the engine."""
    cached_share: float = 0.01
    """Of the prompt tokens."""
    concurrency_share: float = 0.95
    """Of the concurrency asked for, that must have been there at one time."""
    arrival_share: float = 0.95
    """Of the rate asked for, that requests must have come at; a client that cannot keep up offers an easier load."""
    client_cpu_share: float = 0.5
    """Of the machine's processor time."""
    foreign_cpu_share: float = OTHERS_SHARE
    """The same, of other processes and the hypervisor together."""
    ceiling_share: float = 1.0
    """Of the highest output rate that the client was seen to measure rightly."""
    short_request_ms: float = 500.0
    """Gauges that are sampled say nothing of requests shorter than this, many of which are always on their way."""
    fewest_samples: int = 12
    """Gauges that were read less often are not judged: requests of one length come and go together, and a few readings
    fall between two waves of them."""
    short_run_s: float = 1.0
    """Runs shorter than this are not judged by processor time, which has no such resolution."""


class Evidence(Result):
    """All that is known of one load; None for what could not be learned."""

    result: LoadResult
    engine: EngineLoad | None
    machine: MachineLoad | None
    tokenizer_known: bool
    """Whether the client counts prompt tokens as the engine does."""
    ceiling_tokens_per_s: float | None
    unhealthy: tuple[str, ...] | None = None
    """What failed of GPUs, memory and heat meanwhile; None where nobody looked."""
    counters_lost: bool = False
    """Whether the server counted before the load, and did not answer for it afterwards."""


class Check(Result):
    """One condition."""

    name: str
    checked: bool
    """False where it could not be."""
    reason: str | None = None
    """Why the load is void, or why it was not checked; None where it is satisfied."""


def checks(evidence: Evidence, limits: Limits | None = None) -> tuple[Check, ...]:
    """Return every condition with what came of it."""
    return tuple(check(evidence, limits or Limits()) for check in _CHECKS)


def void_reasons(found: tuple[Check, ...]) -> tuple[str, ...]:
    """Return why a load must not be used, one phrase each; empty when it may."""
    return tuple(check.reason for check in found if check.checked and check.reason)


def not_checked(found: tuple[Check, ...]) -> dict[str, str]:
    """Return the conditions that could not be checked, and why."""
    return {check.name: check.reason or "" for check in found if not check.checked}


def token_difference(client: float, engine: float) -> float:
    """Return how far two counts of tokens are apart, relative to the engine's."""
    return abs(client - engine) / engine if engine else float(client != 0)


def _satisfied(name: str, problems: Iterator[str]) -> Check:
    return Check(name=name, checked=True, reason="; ".join(problems) or None)


def _unknown(name: str, why: str) -> Check:
    return Check(name=name, checked=False, reason=why)


def _delivery(evidence: Evidence, limits: Limits) -> Check:
    result = evidence.result

    def problems() -> Iterator[str]:
        if result.sent != (result.spec.requests or result.sent):
            yield f"{result.sent} of {result.spec.requests} requests were sent"
        if not result.answered or result.failed > limits.failed_share * result.sent:
            first = next(iter(result.errors), "no reason was given")
            first = _NO_STREAM if _EMPTY in first else first
            first += _KEPT_CONNECTION if _DROPPED in first else ""
            yield f"{result.failed} of {result.sent} requests failed: {first}"
        if result.turns_too_early:
            yield f"{result.turns_too_early} of {result.turns} turns were sent before the one before was answered"

    return _satisfied("every request answered", problems())


def _lengths(evidence: Evidence, _limits: Limits) -> Check:
    result = evidence.result

    def problems() -> Iterator[str]:
        if result.spec.ignore_eos and result.answers_too_short:
            yield (
                f"{result.answers_too_short} of {result.answered} answers ended before the length asked for "
                f"(a server that does not know ignore_eos needs natural lengths)"
            )
        if result.answers_too_long:
            yield f"{result.answers_too_long} of {result.answered} answers count more tokens than were asked for"
        if result.pieces_beyond_tokens:
            yield f"{result.pieces_beyond_tokens} of {result.answered} answers have more pieces than tokens"

    return _satisfied("answers of the length asked for", problems())


def _tokens(evidence: Evidence, limits: Limits) -> Check:
    name = "token counts of client and engine"
    engine, result = evidence.engine, evidence.result
    if evidence.counters_lost:
        return _satisfied(name, iter(["the server's counters could not be read any more after the load"]))
    if engine is None:
        return _unknown(name, "the server offers no counters")
    if min(engine.output_tokens, engine.prompt_tokens) < 0:
        return _satisfied(name, iter(["the engine's counters began anew: it was started again while the load ran"]))
    pairs = [("output", result.output_tokens, engine.output_tokens)]
    pairs += [("prompt", result.input_tokens, engine.prompt_tokens)] if evidence.tokenizer_known else []

    def problems() -> Iterator[str]:
        for kind, client, served in pairs:
            if token_difference(client, served) > limits.token_difference:
                yield f"the client counts {client} {kind} tokens, the engine {served:.0f}"

    return _satisfied(name, problems())


def _cache(evidence: Evidence, limits: Limits) -> Check:
    name = "no prompts from the prefix cache"
    engine = evidence.engine
    if engine is None:
        return _unknown(name, "the server offers no counters")
    share = engine.cached_share
    if share is None:
        return _unknown(name, "the server does not count them")
    result = evidence.result
    history = result.history_tokens / result.input_tokens if result.input_tokens else 0.0
    found = (
        [f"{share:.1%} of the prompt tokens came from the prefix cache"]
        if share > limits.cached_share + history
        else []
    )
    if found and history:
        found = [f"{found[0]}, and only {history:.1%} are what conversations sent before"]
    return _satisfied(name, iter(found))


def _concurrency(evidence: Evidence, limits: Limits) -> Check:
    name = "concurrency as asked for"
    result, engine = evidence.result, evidence.engine
    asked = result.spec.concurrency
    if asked is None or result.spec.arrivals is not None:
        return _arrivals(evidence, limits)
    least = limits.concurrency_share * min(asked, result.sent)
    lasting = (result.e2e_ms.mean or 0.0) >= limits.short_request_ms
    sampled = engine is not None and lasting and engine.samples >= limits.fewest_samples

    def problems() -> Iterator[str]:
        if result.peak_concurrency < least:
            yield f"at most {result.peak_concurrency} of {asked} requests were under way at one time{_build_up(result)}"
        if engine is not None and sampled and engine.peak_requests < least:
            yield f"the engine never had more than {engine.peak_requests:.0f} of {asked} requests"

    return _satisfied(name, problems())


def _build_up(result: LoadResult) -> str:
    if result.spec.build_up is None:
        return ""
    return (
        f"; it was built up by {result.spec.connections_per_s:g} new connections a second: send more requests, or "
        f"raise that rate (--connections-per-second)"
    )


def _arrivals(evidence: Evidence, limits: Limits) -> Check:
    name = "requests came at the rate asked for"
    result = evidence.result
    asked, seen = result.spec.arrivals, result.arrival_rate_per_s
    if asked is None or seen is None:
        return _unknown(name, "a single request has no rate")
    late = f"requests came at {seen:.2f} a second instead of {asked.mean_rate_per_s:.2f}"
    return _satisfied(name, iter([late] if seen < limits.arrival_share * asked.mean_rate_per_s else []))


def _client(evidence: Evidence, limits: Limits) -> Check:
    name = "client below its limits"
    result, machine, ceiling = evidence.result, evidence.machine, evidence.ceiling_tokens_per_s
    if ceiling is None:
        return _unknown(name, "the client is not calibrated; the machine was too busy")

    def problems() -> Iterator[str]:
        rate = result.output_tokens_per_s
        if rate > limits.ceiling_share * ceiling:
            yield (
                f"{rate:.0f} tokens/s are above the {ceiling:.0f} that the client measures rightly on this machine "
                f"(`bench --calibrate --force` finds it out again)"
            )
        if machine is not None and machine.wall_s >= limits.short_run_s:
            share = machine.share_of(result.client_cpu_s) or 0.0
            if share > limits.client_cpu_share:
                yield f"the client itself took {share:.0%} of the processors"

    return _satisfied(name, problems())


def _neighbours(evidence: Evidence, limits: Limits) -> Check:
    name = "nobody else on the machine"
    machine = evidence.machine
    share = machine.foreign_share if machine else None
    if machine is None or share is None:
        return _unknown(name, "the server's processes on this machine are not found")
    if machine.wall_s < limits.short_run_s:
        return _unknown(name, "the run is too short")
    busy = f"other processes took {share:.0%} of this machine's processors; stop them, or measure when they are done"
    return _satisfied(name, iter([busy] if share > limits.foreign_cpu_share else []))


def _health(evidence: Evidence, _limits: Limits) -> Check:
    name = "healthy machine"
    if evidence.unhealthy is None:
        return _unknown(name, "its health was not read")
    return _satisfied(name, iter(evidence.unhealthy))


_CHECKS: tuple[Callable[[Evidence, Limits], Check], ...] = (
    _delivery,
    _lengths,
    _tokens,
    _cache,
    _concurrency,
    _client,
    _neighbours,
    _health,
)
