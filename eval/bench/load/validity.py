"""The honesty gate: may the figures of a load be used? Pure arithmetic."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from eval.bench.load.result import EngineLoad, LoadResult, MachineLoad
from pipeline.base.phrase import phrase, phrase_of, quoted
from pipeline.base.quiet import OTHERS_SHARE
from pipeline.base.results import Phrase, Result
from pipeline.base.sentences.common import CommonSentences
from pipeline.base.sentences.stored import ENGLISH
from pipeline.base.sentences.validity import ValiditySentences

_DROPPED = "connection closed before message completed"
_EMPTY = "Never received a valid chunk"
_SAY = ValiditySentences


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
    unhealthy: tuple[Phrase, ...] | None = None
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
    said: Phrase | None = None
    """The reason for other languages; None where there is none, and in results of earlier versions."""

    @property
    def phrase(self) -> Phrase:
        """Return the reason as a phrase."""
        return self.said or quoted(self.reason or "")


def checks(evidence: Evidence, limits: Limits | None = None) -> tuple[Check, ...]:
    """Return every condition with what came of it."""
    return tuple(check(evidence, limits or Limits()) for check in _CHECKS)


def void_reasons(found: tuple[Check, ...]) -> tuple[str, ...]:
    """Return why a load must not be used, one phrase each; empty when it may."""
    return tuple(check.reason for check in found if check.checked and check.reason)


def void_phrases(found: tuple[Check, ...]) -> tuple[Phrase, ...]:
    """Return the same as phrases, in the same order."""
    return tuple(check.phrase for check in found if check.checked and check.reason)


def not_checked(found: tuple[Check, ...]) -> dict[str, str]:
    """Return the conditions that could not be checked, and why."""
    return {check.name: check.reason or "" for check in found if not check.checked}


def not_checked_phrases(found: tuple[Check, ...]) -> dict[str, Phrase]:
    """Return the same with phrases."""
    return {check.name: check.phrase for check in found if not check.checked}


def token_difference(client: float, engine: float) -> float:
    """Return how far two counts of tokens are apart, relative to the engine's."""
    return abs(client - engine) / engine if engine else float(client != 0)


def _satisfied(name: str, problems: Iterable[Phrase]) -> Check:
    found = tuple(problems)
    if not found:
        return Check(name=name, checked=True)
    said = found[0] if len(found) == 1 else phrase_of(CommonSentences.several, found)
    return Check(name=name, checked=True, reason=ENGLISH.text(said), said=said)


def _unknown(name: str, why: Phrase) -> Check:
    return Check(name=name, checked=False, reason=ENGLISH.text(why), said=why)


def _delivery(evidence: Evidence, limits: Limits) -> Check:
    result = evidence.result

    def problems() -> Iterator[Phrase]:
        if result.sent != (result.spec.requests or result.sent):
            yield phrase(_SAY.not_all_sent, sent=str(result.sent), asked=str(result.spec.requests))
        if not result.answered or result.failed > limits.failed_share * result.sent:
            error = _error(next(iter(result.errors), None))
            yield phrase_of(_SAY.requests_failed, (error,), failed=str(result.failed), sent=str(result.sent))
        if result.turns_too_early:
            yield phrase(_SAY.turns_too_early, early=str(result.turns_too_early), turns=str(result.turns))

    return _satisfied("every request answered", problems())


def _error(first: str | None) -> Phrase:
    """Return what the first request that failed says."""
    if first is None:
        return phrase(_SAY.no_reason_given)
    if _EMPTY in first:
        return phrase(_SAY.no_stream_of_tokens)
    return phrase(_SAY.connection_dropped, error=first) if _DROPPED in first else quoted(first)


def _lengths(evidence: Evidence, _limits: Limits) -> Check:
    result = evidence.result
    answered = str(result.answered)

    def problems() -> Iterator[Phrase]:
        if result.spec.ignore_eos and result.answers_too_short:
            yield phrase(_SAY.answers_too_short, short=str(result.answers_too_short), answered=answered)
        if result.answers_too_long:
            yield phrase(_SAY.answers_too_long, long=str(result.answers_too_long), answered=answered)
        if result.pieces_beyond_tokens:
            yield phrase(_SAY.pieces_beyond_tokens, answers=str(result.pieces_beyond_tokens), answered=answered)

    return _satisfied("answers of the length asked for", problems())


def _tokens(evidence: Evidence, limits: Limits) -> Check:
    name = "token counts of client and engine"
    engine, result = evidence.engine, evidence.result
    if evidence.counters_lost:
        return _satisfied(name, [phrase(_SAY.counters_lost)])
    if engine is None:
        return _unknown(name, phrase(_SAY.no_counters))
    if min(engine.output_tokens, engine.prompt_tokens) < 0:
        return _satisfied(name, [phrase(_SAY.counters_anew)])
    pairs = [(_SAY.output_tokens_differ, result.output_tokens, engine.output_tokens)]
    pairs += [(_SAY.prompt_tokens_differ, result.input_tokens, engine.prompt_tokens)] * evidence.tokenizer_known

    def problems() -> Iterator[Phrase]:
        for sentence, client, served in pairs:
            if token_difference(client, served) > limits.token_difference:
                yield phrase(sentence, client=str(client), engine=f"{served:.0f}")

    return _satisfied(name, problems())


def _cache(evidence: Evidence, limits: Limits) -> Check:
    name = "no prompts from the prefix cache"
    engine = evidence.engine
    if engine is None:
        return _unknown(name, phrase(_SAY.no_counters))
    share = engine.cached_share
    if share is None:
        return _unknown(name, phrase(_SAY.no_cache_counters))
    result = evidence.result
    history = result.history_tokens / result.input_tokens if result.input_tokens else 0.0
    if share <= limits.cached_share + history:
        return _satisfied(name, ())
    cached = f"{share:.1%}"
    found = phrase(_SAY.cached_prompts, share=cached)
    if history:
        found = phrase(_SAY.cached_beyond_history, share=cached, history=f"{history:.1%}")
    return _satisfied(name, [found])


def _concurrency(evidence: Evidence, limits: Limits) -> Check:
    name = "concurrency as asked for"
    result, engine = evidence.result, evidence.engine
    asked = result.spec.concurrency
    if asked is None or result.spec.arrivals is not None:
        return _arrivals(evidence, limits)
    least = limits.concurrency_share * min(asked, result.sent)
    lasting = (result.e2e_ms.mean or 0.0) >= limits.short_request_ms
    sampled = engine is not None and lasting and engine.samples >= limits.fewest_samples

    def problems() -> Iterator[Phrase]:
        if result.peak_concurrency < least:
            most = str(result.peak_concurrency)
            yield phrase_of(_SAY.too_few_under_way, (_build_up(result),), most=most, asked=str(asked))
        if engine is not None and sampled and engine.peak_requests < least:
            yield phrase(_SAY.too_few_in_engine, most=f"{engine.peak_requests:.0f}", asked=str(asked))

    return _satisfied(name, problems())


def _build_up(result: LoadResult) -> Phrase:
    if result.spec.build_up is None:
        return phrase(CommonSentences.nothing)
    return phrase(_SAY.built_up_slowly, connections=f"{result.spec.connections_per_s:g}")


def _arrivals(evidence: Evidence, limits: Limits) -> Check:
    name = "requests came at the rate asked for"
    result = evidence.result
    asked, seen = result.spec.arrivals, result.arrival_rate_per_s
    if asked is None or seen is None:
        return _unknown(name, phrase(_SAY.no_rate))
    late = phrase(_SAY.came_late, seen=f"{seen:.2f}", asked=f"{asked.mean_rate_per_s:.2f}")
    return _satisfied(name, [late] if seen < limits.arrival_share * asked.mean_rate_per_s else [])


def _client(evidence: Evidence, limits: Limits) -> Check:
    name = "client below its limits"
    result, machine, ceiling = evidence.result, evidence.machine, evidence.ceiling_tokens_per_s
    if ceiling is None:
        return _unknown(name, phrase(_SAY.not_calibrated))

    def problems() -> Iterator[Phrase]:
        rate = result.output_tokens_per_s
        if rate > limits.ceiling_share * ceiling:
            yield phrase(_SAY.above_ceiling, rate=f"{rate:.0f}", ceiling=f"{ceiling:.0f}")
        if machine is not None and machine.wall_s >= limits.short_run_s:
            share = machine.share_of(result.client_cpu_s) or 0.0
            if share > limits.client_cpu_share:
                yield phrase(_SAY.client_busy, share=f"{share:.0%}")

    return _satisfied(name, problems())


def _neighbours(evidence: Evidence, limits: Limits) -> Check:
    name = "nobody else on the machine"
    machine = evidence.machine
    share = machine.foreign_share if machine else None
    if machine is None or share is None:
        return _unknown(name, phrase(_SAY.server_not_found))
    if machine.wall_s < limits.short_run_s:
        return _unknown(name, phrase(_SAY.run_too_short))
    busy = phrase(_SAY.others_busy, share=f"{share:.0%}")
    return _satisfied(name, [busy] if share > limits.foreign_cpu_share else [])


def _health(evidence: Evidence, _limits: Limits) -> Check:
    name = "healthy machine"
    if evidence.unhealthy is None:
        return _unknown(name, phrase(_SAY.health_unread))
    return _satisfied(name, evidence.unhealthy)


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
