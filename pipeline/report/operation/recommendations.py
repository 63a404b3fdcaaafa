"""What follows from the figures of the operation: each recommendation carries the figure that it follows from."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pipeline.base.format import count, decimal, percent
from pipeline.base.format import drift as as_change
from pipeline.report.operation.chapters import Operation

if TYPE_CHECKING:
    from pipeline.report.language.en.words import Noun

_OFTEN = 0.05
"""Share of the samples from which on something is no accident."""
_LIMITED = 0.01
"""Share of a key's requests."""
_UNSEEN_S = 60.0
_HOUR = 3600


def recommendations(operation: Operation) -> tuple[str, ...]:
    """Return what to do, the most urgent first; that nothing is to be done where no figure calls for it."""
    found = (*_incidents(operation), *_load(operation), *_drift(operation), *_keys(operation), *_undecided(operation))
    return found or (operation.say.nothing_to_do,)


def _incidents(operation: Operation) -> Iterator[str]:
    say, result = operation.say, operation.result
    amounts = {kind: sum(one.amount for one in result.incidents if one.kind == kind) for kind in say.incident_kinds}
    if lost := amounts["audit_loss"]:
        yield say.verify_audit(count(lost))
    if result.unknown_s > _UNSEEN_S:
        yield say.keep_supervised(decimal(result.unknown_s / _HOUR, 1))
    if deaths := amounts["restart"]:
        yield say.look_at_engines(say.amount(round(deaths), "time"))
    errors = next(one for one in result.levels if one.level == "errors")
    if errors.verdict == "missed":
        yield say.look_at_errors(count(result.requests.failed))


def _load(operation: Operation) -> Iterator[str]:
    say, load = operation.say, operation.result.load
    if load.queued > _OFTEN * load.samples:
        yield say.add_replica(percent(load.queued / load.samples))
    if load.cache_full > _OFTEN * load.samples:
        yield say.more_cache(percent(load.cache_full / load.samples))


def _drift(operation: Operation) -> Iterator[str]:
    for one in operation.result.drift:
        if one.verdict == "slower" and one.change is not None:
            yield operation.say.slower(as_change(one.change), count(one.concurrency))


def _keys(operation: Operation) -> Iterator[str]:
    for use in operation.result.keys:
        sent = use.requests.counted + use.requests.limited
        if sent and use.requests.limited > _LIMITED * sent:
            limited = use.requests.limited
            yield operation.say.raise_limits(use.key, operation.say.amount(limited, "time"), percent(limited / sent))


def _undecided(operation: Operation) -> Iterator[str]:
    say = operation.say
    for one in operation.result.levels:
        if one.verdict == "undecided" and one.needed:
            noun: Noun = "sample" if one.level == "availability" else "request"
            yield say.decide_longer(say.levels[one.level], say.amount(one.of, noun), say.amount(one.needed, noun))
