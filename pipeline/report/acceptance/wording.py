"""Clauses in words: what one is about, what it asks for, what was found, and why it is not decided."""

from collections.abc import Callable
from typing import Any

from pipeline.base.format import (
    as_given,
    count,
    extent,
    number,
    percent,
    ratio,
    recovery,
    score,
    usd,
    usd_as_given,
)
from pipeline.base.manner import manner
from pipeline.base.results import Phrase
from pipeline.recipe.acceptance import (
    AccuracyClause,
    Clause,
    ClauseBase,
    CostClause,
    ErrorsClause,
    LatencyClause,
    MemoryClause,
    SpeedUpClause,
    TemperatureClause,
    ThroughputClause,
    UptimeClause,
    UtilisationClause,
)
from pipeline.report.acceptance.judge import ClauseJudgement
from pipeline.report.acceptance.judgement import Unit
from pipeline.report.language.en.acceptance import AcceptanceSentences

_TOKENS = "tok/s"
_AS_MEASURED: dict[Unit, Callable[[float], str]] = {
    "loss": score,
    "recovery": recovery,
    "ms": lambda value: f"{number(value)} ms",
    "tokens/s": lambda value: f"{number(value)} {_TOKENS}",
    "ratio": ratio,
    "USD/month": usd,
    "USD/Mtok": usd,
    "GiB": lambda value: f"{number(value)} GiB",
    "C": lambda value: f"{count(value)} °C",
    "percent": lambda value: f"{number(value)}{manner().percent}",
    "share": percent,
}
_AS_AGREED: dict[Unit, Callable[[float], str]] = {
    "loss": as_given,
    "recovery": lambda value: f"{as_given(value * 100)}{manner().percent}",
    "ms": lambda value: f"{as_given(value)} ms",
    "tokens/s": lambda value: f"{as_given(value)} {_TOKENS}",
    "ratio": lambda value: f"{as_given(value)}\N{MULTIPLICATION SIGN}",
    "USD/month": usd_as_given,
    "USD/Mtok": usd_as_given,
    "GiB": lambda value: f"{as_given(value)} GiB",
    "C": lambda value: f"{as_given(value)} °C",
    "percent": lambda value: f"{as_given(value)}{manner().percent}",
    "share": lambda value: f"{as_given(value * 100)}{manner().percent}",
}
"""What was agreed is never rounded: 99.5 % must not read as 100 %."""


def reason_text(reason: Phrase | None, say: AcceptanceSentences) -> str:
    """Return why a clause is not decided or not measured."""
    return "" if reason is None else str(getattr(say, reason.key)(**reason.figures))


def limit_text(one: ClauseJudgement, say: AcceptanceSentences) -> str:
    """Return what is asked for."""
    agreed = _in_words(_AS_AGREED[one.unit](one.limit), say)
    return say.at_most(agreed) if one.bound == "at most" else say.at_least(agreed)


def found_text(one: ClauseJudgement, say: AcceptanceSentences) -> str:
    """Return the figure with what it can be, or that there is none."""
    return say.nothing_found if one.value is None else _in_words(_found(one, one.value, say), say)


def _found(one: ClauseJudgement, value: float, say: AcceptanceSentences) -> str:
    form = _AS_MEASURED[one.unit]
    if one.low == one.high == value:
        return form(value)
    ends = say.interval_unknown if one.low is None or one.high is None else extent(one.low, one.high, form)
    return say.with_interval(form(value), ends)


def _in_words(figure: str, say: AcceptanceSentences) -> str:
    """Return a figure with its unit in the language."""
    return figure.replace(_TOKENS, say.tokens_per_s)


def about_text(clause: Clause, say: AcceptanceSentences) -> str:
    """Return what a clause is about."""
    return _ABOUT[type(clause)](clause, say)


def _accuracy(clause: AccuracyClause, say: AcceptanceSentences) -> str:
    about = say.recovery if clause.max_loss is None else say.loss
    return about(say.name_of(clause.arm), clause.task or say.every_task)


def _latency(clause: LatencyClause, say: AcceptanceSentences) -> str:
    of = say.latencies[clause.of]
    return say.latency(of, clause.percentile, str(clause.concurrency), say.name_of(clause.arm))


def _throughput(clause: ThroughputClause, say: AcceptanceSentences) -> str:
    return say.throughput(_level(clause.concurrency, say, say.at_best), say.name_of(clause.arm))


def _speed_up(clause: SpeedUpClause, say: AcceptanceSentences) -> str:
    level = _level(clause.concurrency, say, say.at_best)
    return say.speed_up(say.name_of(clause.arm), say.name_of(clause.reference), level)


def _cost(clause: CostClause, say: AcceptanceSentences) -> str:
    return say.cost(say.cost_names[clause.per], say.name_of(clause.arm))


def _memory(clause: MemoryClause, say: AcceptanceSentences) -> str:
    return say.memory(say.memories[clause.of], say.name_of(clause.arm))


def _temperature(clause: TemperatureClause, say: AcceptanceSentences) -> str:
    return say.temperature(say.name_of(clause.arm))


def _utilisation(clause: UtilisationClause, say: AcceptanceSentences) -> str:
    return say.utilisation(say.name_of(clause.arm), _level(clause.concurrency, say, say.at_every_level))


def _errors(clause: ErrorsClause, say: AcceptanceSentences) -> str:
    return say.errors(say.name_of(clause.arm), _level(clause.concurrency, say, say.at_every_level))


def _uptime(_clause: UptimeClause, say: AcceptanceSentences) -> str:
    return say.uptime


_ABOUT: dict[type[ClauseBase], Callable[[Any, AcceptanceSentences], str]] = {
    AccuracyClause: _accuracy,
    LatencyClause: _latency,
    ThroughputClause: _throughput,
    SpeedUpClause: _speed_up,
    CostClause: _cost,
    MemoryClause: _memory,
    TemperatureClause: _temperature,
    UtilisationClause: _utilisation,
    ErrorsClause: _errors,
    UptimeClause: _uptime,
}


def sentence(one: ClauseJudgement, say: AcceptanceSentences) -> str:
    """Return a clause in a line: what is asked for, what was found, what came of it."""
    facts = say.line(about_text(one.clause, say), limit_text(one, say), found_text(one, say), say.outcomes[one.outcome])
    reason = reason_text(one.reason, say)
    way = say.run_this(one.command) if reason and one.command else ""
    return " ".join(filter(None, (facts, reason, way)))


def _level(concurrency: int | None, say: AcceptanceSentences, otherwise: str) -> str:
    return otherwise if concurrency is None else say.at_level(str(concurrency))
