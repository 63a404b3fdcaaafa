"""The terms of a record held against its results, clause by clause."""

from collections.abc import Callable
from typing import Any, Literal

from eval.accuracy.result import EvalResult
from eval.bench.result import BenchResult
from pipeline.base.results import Origin, Phrase, Result
from pipeline.quantize.result import QuantizeResult
from pipeline.recipe.acceptance import (
    AcceptanceTerms,
    AccuracyClause,
    Clause,
    ClauseBase,
    CostClause,
    ErrorsClause,
    LatencyClause,
    MemoryClause,
    SignedOff,
    SpeedUpClause,
    TemperatureClause,
    ThroughputClause,
    UptimeClause,
    UtilisationClause,
)
from pipeline.record.record import AcceptanceVersion, RunRecord
from pipeline.report.acceptance.accuracy import accuracy, accuracy_limit
from pipeline.report.acceptance.errors import errors, errors_limit, uptime, uptime_limit
from pipeline.report.acceptance.judgement import Bound, Found, Limit, Missing, Outcome, Unit, outcome
from pipeline.report.acceptance.measured import Measured
from pipeline.report.acceptance.resources import (
    cost,
    cost_limit,
    memory,
    memory_limit,
    temperature,
    temperature_limit,
    utilisation,
    utilisation_limit,
)
from pipeline.report.acceptance.speed import (
    latency,
    latency_limit,
    speed_up,
    speed_up_limit,
    throughput,
    throughput_limit,
)
from pipeline.report.acceptance.versions import (
    agreed_before,
    came_after,
    changed_clauses,
    measured_at,
    stage_of,
    terms_of,
)
from pipeline.report.evidence import in_terms
from pipeline.report.inputs import Inputs
from pipeline.roi.result import RoiResult

Standing = Literal["before", "after", "nothing measured"]
"""Whether the terms were recorded before what they are held against was measured."""
_Kind = tuple[Callable[[Any], Limit], Callable[[Any, Measured], Found | Missing]]
KINDS: dict[type[ClauseBase], _Kind] = {
    AccuracyClause: (accuracy_limit, accuracy),
    LatencyClause: (latency_limit, latency),
    ThroughputClause: (throughput_limit, throughput),
    SpeedUpClause: (speed_up_limit, speed_up),
    CostClause: (cost_limit, cost),
    MemoryClause: (memory_limit, memory),
    TemperatureClause: (temperature_limit, temperature),
    UtilisationClause: (utilisation_limit, utilisation),
    ErrorsClause: (errors_limit, errors),
    UptimeClause: (uptime_limit, uptime),
}
"""By clause: what it asks for, and what was measured of it."""


class ClauseJudgement(Result):
    """One clause."""

    id: str
    clause: Clause
    required: bool
    """Whether what is not decided or not measured stops a run, too."""
    outcome: Outcome
    bound: Bound
    limit: float
    unit: Unit
    value: float | None = None
    """None where it is not measured."""
    low: float | None = None
    high: float | None = None
    """With `low`, what the figure can be; None where that is not known."""
    origin: Origin | None = None
    reason: Phrase | None = None
    """Why it is not decided or not measured."""
    command: str = ""
    """That would decide or measure it."""
    evidence: tuple[str, ...] = ()
    """File and JSON pointer of each figure."""
    agreed_in: tuple[str, ...]
    """The same of the limit."""
    earlier: Outcome | None = None
    """By the clause of this id that stood before the measurement, where it asked for something else."""

    @property
    def stops(self) -> bool:
        """Whether a run ends with 3 for it."""
        return self.outcome == "failed" or (self.required and self.outcome != "passed")


class AcceptanceJudgement(Result):
    """All clauses, by the terms in force."""

    title: str
    source: str
    sha256: str
    recorded_at: str
    signed_off: SignedOff | None
    standing: Standing
    changed: tuple[str, ...] = ()
    """Ids of clauses that came or changed after what they are held against had been measured, and of those that were
    taken out."""
    agreed_sha256: str | None = None
    """Of the terms that stood before the measurement, where those in force came after it; None without any."""
    clauses: tuple[ClauseJudgement, ...]

    def of(self, *outcomes: Outcome) -> tuple[ClauseJudgement, ...]:
        """Return the clauses with these outcomes."""
        return tuple(one for one in self.clauses if one.outcome in outcomes)

    @property
    def word(self) -> str:
        """Return in a word what all clauses say together."""
        gravest = ("failed", "not decided", "not measured", "passed")
        return next((one for one in gravest if any(clause.outcome == one for clause in self.clauses)), "none")

    @property
    def stopping(self) -> tuple[ClauseJudgement, ...]:
        """Return the clauses for which a run ends with 3."""
        return tuple(one for one in self.clauses if one.stops)


def acceptance_of(inputs: Inputs) -> AcceptanceJudgement | None:
    """Return every clause judged; None where nothing was agreed, or by terms that this version does not read."""
    versions = inputs.record.acceptance
    terms = terms_of(versions[-1]) if versions else None
    if terms is None:
        return None
    measured, latest = measured_of(inputs), versions[-1]
    moment = _first_measured(inputs.record, terms)
    after = came_after(versions, moment)
    agreed = agreed_before(versions, moment) if after else None
    before = terms_of(agreed) if agreed else None
    earlier = {one.id: one for one in before.clauses} if before else {}
    changed = changed_clauses(before, terms) if before else ()
    return AcceptanceJudgement(
        title=terms.title,
        source=latest.source,
        sha256=latest.sha256,
        recorded_at=latest.recorded_at,
        signed_off=terms.signed_off,
        standing="nothing measured" if moment is None else "after" if after else "before",
        changed=changed,
        agreed_sha256=agreed.sha256 if agreed else None,
        clauses=tuple(
            _judged(
                one,
                place,
                measured,
                inputs,
                strict=terms.strict,
                earlier=earlier.get(one.id) if one.id in changed else None,
            )
            for place, one in enumerate(terms.clauses)
        ),
    )


def measured_of(inputs: Inputs) -> Measured:
    """Return the results that clauses are held against."""
    return Measured(
        made=inputs.quantize if inputs.has(QuantizeResult) else None,
        accuracy=inputs.accuracy if inputs.has(EvalResult) else None,
        load=inputs.load if inputs.has(BenchResult) else None,
        costs=inputs.costs if inputs.has(RoiResult) else None,
    )


def agreed_version(record: RunRecord) -> AcceptanceVersion | None:
    """Return the terms in force; None where nothing was agreed."""
    return record.acceptance[-1] if record.acceptance else None


def _first_measured(record: RunRecord, terms: AcceptanceTerms) -> str | None:
    """Return when the first figure began to be measured that a clause is held against; None where none was."""
    moments = {measured_at(record, stage_of(one)) for one in terms.clauses}
    return min((one for one in moments if one), default=None)


def _judged(
    clause: Any, place: int, measured: Measured, inputs: Inputs, *, strict: bool, earlier: ClauseBase | None
) -> ClauseJudgement:
    limit_of, find = KINDS[type(clause)]
    limit, found = limit_of(clause), find(clause, measured)
    facts: dict[str, Any] = {
        "id": clause.id,
        "clause": clause,
        "required": clause.required or strict,
        "outcome": _outcome(limit, found),
        "bound": limit.bound,
        "limit": limit.value,
        "unit": limit.unit,
        "agreed_in": in_terms(len(inputs.record.acceptance) - 1, place, _limit_field(clause)),
        "earlier": None if earlier is None else _earlier(earlier, measured),
    }
    if isinstance(found, Missing):
        return ClauseJudgement(**facts, reason=found.why, command=found.command)
    low, high = found.interval or (None, None)
    undecided = facts["outcome"] == "not decided"
    return ClauseJudgement(
        **facts,
        value=found.value,
        low=low,
        high=high,
        origin=found.origin,
        reason=found.why_undecided if undecided else None,
        command=found.command if undecided else "",
        evidence=inputs.evidence.of_all(found.parts),
    )


def _limit_field(clause: ClauseBase) -> str:
    """Return the key that has the limit."""
    given = (name for name in type(clause).model_fields if getattr(clause, name) is not None)
    return next(name for name in given if name.startswith(("max_", "min_")))


def _earlier(clause: ClauseBase, measured: Measured) -> Outcome:
    limit_of, find = KINDS[type(clause)]
    return _outcome(limit_of(clause), find(clause, measured))


def _outcome(limit: Limit, found: Found | Missing) -> Outcome:
    if isinstance(found, Missing):
        return "not measured"
    return found.outcome or outcome(limit, found.interval)
